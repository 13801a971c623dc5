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
  // One deploy for each second of the checks' interval.
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
  SECTION("what stays broken after the deploy is told") {
    outage.find("web-02", 10min, 42min, Verdict::down, "answered 502");
    outage.run_until(4h);
    CHECK(outage.told() == Lines{"00:10:35 ops down web-02", "00:52:20 ops up web-02"});
  }
  SECTION("with the retries that are built in it would be") {
    for (const auto& check : checks) check->timing.retry_interval = 5s;
    outage.run_until(15min);
    CHECK(outage.told() ==
          Lines{"00:10:13 ops down web-05", "00:10:15 ops down web-02", "00:10:16 ops down web-06",
                "00:10:18 ops down web-03", "00:10:19 ops down web-01", "00:10:22 ops down web-04",
                "00:10:38 ops up web-05", "00:10:40 ops up web-02", "00:10:41 ops up web-06",
                "00:10:43 ops up web-03", "00:10:44 ops up web-01", "00:10:47 ops up web-04"});
  }
}

TEST_CASE("replay: a slow burn of latency is DEGRADED, then DOWN, then UP", "[replay]") {
  Outage outage;
  outage.add("shop");
  // From 01:00 on now and then a slow answer, from 02:00 on only those, from 03:00 on now and then
  // none, from 04:00 on none at all; mended at 04:30.
  for (Millis from = 1h; from < 2h; from += 70s) {
    outage.find("shop", from, 7s, Verdict::degraded, "slow: 1.3 s", Micros{1'300'000});
  }
  outage.find("shop", 2h, 150min, Verdict::degraded, "slow: 2.9 s", Micros{2'900'000});
  for (Millis from = 3h; from < 4h; from += 70s) {
    outage.find("shop", from, 7s, Verdict::down, "no answer within 10 s", Micros{10'000'000});
  }
  outage.find("shop", 4h, 30min, Verdict::down, "no answer within 10 s", Micros{10'000'000});
  outage.run_until(8h);
  CHECK(outage.told() ==
        Lines{"02:00:29 ops degraded shop", "04:00:50 ops down shop", "04:30:15 ops up shop"});
  CHECK(outage.withheld() == Lines{});
}

TEST_CASE("replay: a flapping disk is told as such, and again when it is calm", "[replay]") {
  Outage outage;
  const auto disk = outage.add("disk");
  disk->looks_here = true;
  disk->timing.flap_window = 1h;
  SECTION("and well") {
    for (int i = 0; i < 15; ++i) outage.find("disk", 1h + i * 8min, 4min, Verdict::down, "full");
    outage.run_until(8h);
    // The fifth change within the hour makes a quarter of its weights. The last one comes at 02:56;
    // a quarter of the window later (five of its slots of 3 min) it is calm.
    CHECK(outage.told() == Lines{"01:00:25 ops down disk", "01:04:20 ops up disk",
                                 "01:08:25 ops down disk", "01:12:20 ops up disk",
                                 "01:16:25 ops flapping disk", "03:09:00 ops up disk"});
    CHECK(outage.last().note == "25 changes in 1 h 52 min were not told; it is calm now");
    CHECK(outage.withheld() == Lines{"down disk: flapping", "up disk: flapping"});
  }
  SECTION("and still full") {
    for (int i = 0; i < 15; ++i) outage.find("disk", 1h + i * 8min, 4min, Verdict::down, "full");
    outage.find("disk", 2h + 52min, 2h, Verdict::down, "full");
    outage.run_until(8h);
    CHECK(outage.told() == Lines{"01:00:25 ops down disk", "01:04:20 ops up disk",
                                 "01:08:25 ops down disk", "01:12:20 ops up disk",
                                 "01:16:25 ops flapping disk", "03:06:00 ops down disk",
                                 "04:52:20 ops up disk"});
  }
}

namespace {

// What is told when the sink is back, once each, in whatever order of threads; within the longest
// pause after a failure, and a second for each message.
void expect_at_return(Outage& outage, Lines wanted) {
  Lines told = outage.told();
  for (const std::string& line : told) {
    CAPTURE(line);
    CHECK((line.starts_with("1d+01:00:") || line.starts_with("1d+01:01:1")));
  }
  told = Outage::without_times(told);
  std::sort(told.begin(), told.end());
  std::sort(wanted.begin(), wanted.end());
  CHECK(told == wanted);
}

}  // namespace

TEST_CASE("replay: what happened while a sink was away for a day is told once it is back",
          "[replay]") {
  Outage outage;
  for (int i = 1; i <= 40; ++i) outage.add(web(i));
  outage.sink("ops").away = {{outage.at(1h), outage.at(25h)}};
  outage.down("web-01", 30min, 5h);  // down before, up meanwhile
  outage.down("web-02", 2h, 3h);     // down and up meanwhile
  outage.down("web-03", 20h, 20h);   // down meanwhile, and up after
  outage.run_until(1h);
  CHECK(outage.told() == Lines{"00:30:18 ops down web-01"});
  SECTION("each as what it is now, and what is decided later in its time") {
    outage.run_until(26h);
    expect_at_return(outage, {"ops down web-03", "ops over web-02", "ops up web-01"});
    CHECK(outage.simulation().waiting() == 0);
    outage.run_until(48h);
    CHECK(outage.told() == Lines{"1d+16:00:13 ops up web-03"});
  }
  SECTION("a restart meanwhile loses nothing and repeats nothing") {
    outage.run_until(10h);
    outage.simulation().restart(1min);
    outage.run_until(26h);
    expect_at_return(outage, {"ops down web-03", "ops over web-02", "ops up web-01"});
  }
}

TEST_CASE("replay: of what a sink missed for a day no reminder is told behind its DOWN",
          "[replay]") {
  Outage outage;
  outage.add("web-03")->timing.remind_every = 1h;
  outage.sink("ops").away = {{outage.at(1h), outage.at(25h)}};
  outage.down("web-03", 20h, 20h);
  outage.run_until(25h + 10min);
  expect_at_return(outage, {"ops down web-03"});
}

TEST_CASE("replay: of a storm that a sink missed for a day, each check is told once, as over",
          "[replay]") {
  Outage outage;
  for (int i = 4; i <= 40; ++i) outage.add(web(i));
  outage.sink("ops").away = {{outage.at(1h), outage.at(25h)}};
  for (int i = 4; i <= 40; ++i) outage.down(web(i), 3h, 1h);
  outage.run_until(48h);
  const Lines told = Outage::without_times(outage.told());
  for (const std::string& line : told) UNSCOPED_INFO(line);
  const auto digests = std::count_if(told.begin(), told.end(), [](const std::string& line) {
    return line.starts_with("ops digest DOWN and UP ");
  });
  CHECK(digests == 1);
  // And each in its own thread, once.
  for (int i = 4; i <= 40; ++i)
    CHECK(std::count(told.begin(), told.end(), "ops over " + web(i)) == 1);
  // The digest that waited is told first, though it is no longer so: it is not made anew.
  CHECK(told.size() == 39);
  CHECK(told.front().starts_with("ops digest DOWN "));
}

TEST_CASE("replay: a sink that is away does not hold up another one", "[replay]") {
  Outage outage;
  outage.add("web-02")->notify = std::make_shared<const Lines>(Lines{"ops", "pager"});
  outage.sink("ops").away = {{outage.at(1h), outage.at(25h)}};
  outage.down("web-02", 2h, 3h);
  outage.run_until(24h);
  CHECK(outage.told() == Lines{"02:00:15 pager down web-02", "05:00:10 pager up web-02"});
}
