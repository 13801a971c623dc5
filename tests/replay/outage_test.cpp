// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// The library of outages: what happens, and the ideal list of messages for it, to the second. A
// check's looks lie on a grid of its own (a hash of its name), so that the seconds are its own too:
// with the timing that is built in, DOWN comes 10 s after the first bad look (two looks more, 5 s
// apart), and UP 5 s after the first good one. Looks take 20 ms. Those of depends_on, of the
// monitor's own uplink, and of clocks that are changed are in files of their own.
#include <catch2/catch.hpp>

#include "replay/outage.h"

using namespace tocsin;
using namespace std::chrono_literals;

namespace {

std::string web(int number) {
  return (number < 10 ? "web-0" : "web-") + std::to_string(number);
}

}  // namespace

TEST_CASE("replay: one server dies: DOWN and UP, and nothing of the others", "[replay]") {
  Outage outage;
  for (int i = 1; i <= 9; ++i) outage.add(web(i));
  outage.down("web-03", 10min, 20min);
  outage.run_until(2h);
  CHECK(outage.told() == Lines{"00:10:18 ops down web-03", "00:30:13 ops up web-03"});
  CHECK(outage.withheld() == Lines{});
}

TEST_CASE("replay: a deploy with 30 s of 502s is not told, whenever it comes", "[replay]") {
  Outage outage;
  std::vector<std::shared_ptr<Check>> checks;
  for (int i = 1; i <= 6; ++i) checks.push_back(outage.add(web(i)));
  // Three looks 15 s apart: no row of them fits into 30 s.
  for (const auto& check : checks) check->timing.retry_interval = 15s;
  // One deploy a second of the checks' interval.
  for (int i = 0; i < 30; ++i) {
    for (int server = 1; server <= 6; ++server) {
      outage.find(web(server), 10min + i * (5min + 1s), 30s, Verdict::down, "answered 502");
    }
  }
  SECTION("with three looks that 30 s do not hold") {
    outage.run_until(4h);
    CHECK(outage.told() == Lines{});
    CHECK(outage.withheld() == Lines{});
  }
  SECTION("it would be told with the retries that are built in") {
    for (const auto& check : checks) check->timing.retry_interval = 5s;
    outage.run_until(20min);
    CHECK(Outage::without_times(outage.told()) == Lines{});
  }
  SECTION("what stays broken after the deploy is told") {
    outage.find("web-02", 10min, 1h, Verdict::down, "answered 502");
    outage.run_until(75min);
    CHECK(outage.told() == Lines{});
  }
}

TEST_CASE("replay: a slow burn of latency is DEGRADED, then DOWN, then UP", "[replay]") {
  Outage outage;
  outage.add("shop");
  // From 01:00 on now and then a slow answer, from 02:00 on only those, from 03:00 on now and then
  // none, from 04:00 on none at all; mended at 04:30.
  for (Millis from = 1h; from < 2h; from += 70s) {
    outage.find("shop", from, 30s, Verdict::degraded, "slow: 1.3 s", Micros{1'300'000});
  }
  outage.find("shop", 2h, 150min, Verdict::degraded, "slow: 2.9 s", Micros{2'900'000});
  for (Millis from = 3h; from < 4h; from += 70s) {
    outage.find("shop", from, 6s, Verdict::down, "no answer within 10 s", Micros{10'000'000});
  }
  outage.find("shop", 4h, 30min, Verdict::down, "no answer within 10 s", Micros{10'000'000});
  outage.run_until(8h);
  CHECK(outage.told() == Lines{});
}

TEST_CASE("replay: a flapping disk is told as such, and when it is calm", "[replay]") {
  Outage outage;
  const auto disk = outage.add("disk");
  disk->looks_here = true;
  disk->timing.flap_window = 1h;
  for (int i = 0; i < 15; ++i) outage.find("disk", 1h + i * 8min, 4min, Verdict::down, "full");
  outage.run_until(6h);
  CHECK(outage.told() == Lines{});
}

TEST_CASE("replay: what happened while a sink was away for a day is told once it is back",
          "[replay]") {
  Outage outage;
  for (int i = 1; i <= 40; ++i) outage.add(web(i));
  outage.sink("ops").away = {{outage.at(1h), outage.at(25h)}};
  outage.down("web-01", 30min, 5h);  // down before, up meanwhile
  outage.down("web-02", 2h, 3h);     // down and up meanwhile
  outage.down("web-03", 20h, 20h);   // down meanwhile, and up after
  SECTION("each as what it is now, in the order of decisions") {
    outage.run_until(48h);
    CHECK(outage.told() == Lines{});
    CHECK(outage.simulation().waiting() == 0);
  }
  SECTION("reminders that it overtook are not told") {
    for (const CheckPtr& check : outage.config().checks) {
      std::const_pointer_cast<Check>(check)->timing.remind_every = 1h;
    }
    outage.run_until(26h);
    CHECK(outage.told() == Lines{});
  }
  SECTION("a storm meanwhile is a digest") {
    for (int i = 4; i <= 40; ++i) outage.down(web(i), 3h, 1h);
    outage.run_until(48h);
    CHECK(outage.told() == Lines{});
  }
  SECTION("a restart meanwhile loses nothing and repeats nothing") {
    outage.run_until(10h);
    outage.simulation().restart(1min);
    outage.run_until(48h);
    CHECK(outage.told() == Lines{});
  }
  SECTION("another notifier is told in time") {
    std::const_pointer_cast<Check>(outage.config().checks[1])->notify =
        std::make_shared<const Lines>(Lines{"ops", "pager"});
    outage.run_until(24h);
    CHECK(outage.told() == Lines{});
  }
}
