// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// The monitor's own link: nobody is called down for it, and it is told when it can be.
#include <catch2/catch.hpp>
#include <random>

#include "replay/outage.h"

using namespace tocsin;
using namespace std::chrono_literals;

namespace {

// Thirty checks, and four references.
struct Net {
  Outage outage;
  Lines names;

  Net() {
    outage.config().uplink.checks = {"dns", "far-1", "far-2", "gateway"};
    names = outage.config().uplink.checks;
    for (int i = 10; i < 40; ++i) names.push_back("web-" + std::to_string(i));
    for (const std::string& name : names) outage.add(name);
  }
  void cut_off(Millis from, Millis lasts, Micros took = Micros{10'000'000}) {
    for (const std::string& name : names) {
      outage.find(name, from, lasts, Verdict::down, "no answer within 10 s", took);
    }
    outage.sink("ops").away.push_back({outage.at(from), outage.at(from + lasts)});
  }
};

}  // namespace

TEST_CASE("replay: the monitor's own link is cut: one message when it is back", "[replay]") {
  Net net;
  net.cut_off(1h, 20min);
  net.outage.run_until(4h);
  CHECK(net.outage.told() == Lines{"01:20:03 ops daemon blind from 2026-01-02 01:00:23 UTC to "
                                   "2026-01-02 01:20:03 UTC (19 min): dns, far-1, far-2, gateway "
                                   "were all gone at once, so this monitor itself was cut off; 34 "
                                   "checks looked bad meanwhile and will be told of if still bad"});
}

TEST_CASE("replay: the monitor's own link is cut, whenever and whatever is noticed first",
          "[replay]") {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    Net net;
    for (const CheckPtr& check : net.outage.config().checks) {
      auto& timing = std::const_pointer_cast<Check>(check)->timing;
      timing.interval = std::chrono::seconds{5 + random() % 60};
      timing.down_after = static_cast<std::uint16_t>(1 + random() % 4);
    }
    const Micros took{random() % 2 == 0 ? 10'000'000
                                        : static_cast<std::int32_t>(1'000 + random() % 3'000'000)};
    net.cut_off(1h + Millis{random() % 60'000}, 20min, took);
    net.outage.run_until(4h);
    const Lines told = Outage::without_times(net.outage.told());
    REQUIRE(told.size() == 1);
    CHECK(told[0].starts_with("ops daemon blind from 2026-01-02 01:0"));
  }
}

TEST_CASE("replay: what is really down when the link is back is told then", "[replay]") {
  Net net;
  net.cut_off(1h, 20min);
  net.outage.down("web-17", 70min, 60min);
  net.outage.run_until(4h);
  CHECK(net.outage.told() == Lines{"01:20:03 ops daemon blind from 2026-01-02 01:00:23 UTC to "
                                   "2026-01-02 01:20:03 UTC (19 min): dns, far-1, far-2, gateway "
                                   "were all gone at once, so this monitor itself was cut off; 34 "
                                   "checks looked bad meanwhile and will be told of if still bad",
                                   "01:20:14 ops down web-17", "02:10:26 ops up web-17"});
}

TEST_CASE("replay: while one reference answers, what is down is told", "[replay]") {
  Net net;
  net.cut_off(1h, 20min);
  net.outage.sink("ops").away.clear();
  net.outage.find("gateway", 0h, 4h, Verdict::up, "");
  net.outage.find("web-17", 0h, 4h, Verdict::up, "");
  net.outage.run_until(4h);
  const Lines told = net.outage.told();
  CHECK(told.size() >= 2);
  CHECK(std::none_of(told.begin(), told.end(), [](const std::string& line) {
    return line.find("gateway") != std::string::npos || line.find("blind") != std::string::npos;
  }));
  CHECK(net.outage.simulation().withheld().empty());
}
