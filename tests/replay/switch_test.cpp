// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// A switch with twenty servers behind it dies: one page, whatever is noticed first.
#include <catch2/catch.hpp>
#include <random>

#include "replay/outage.h"

using namespace tocsin;
using namespace std::chrono_literals;

namespace {

constexpr int kServers = 20;

std::string server(int number) {
  return (number < 10 ? "srv-0" : "srv-") + std::to_string(number);
}

// A switch and what is behind it.
struct Rack {
  Outage outage;
  std::shared_ptr<Check> parent = outage.add("switch");
  std::vector<std::shared_ptr<Check>> servers;

  Rack() {
    for (int i = 0; i < kServers; ++i) servers.push_back(outage.add(server(i), {"switch"}));
  }
  void all_down(Millis from, Millis lasts, Micros took = Micros{10'000'000}) {
    outage.find("switch", from, lasts, Verdict::down, "no answer within 10 s", took);
    for (int i = 0; i < kServers; ++i) {
      outage.find(server(i), from, lasts, Verdict::down, "no answer within 10 s", took);
    }
  }
};

Lines one_page() {
  return {"ops down switch", "ops up switch"};
}

}  // namespace

TEST_CASE("replay: a switch dies: it is told, and not what is behind it", "[replay]") {
  Rack rack;
  rack.all_down(10min, 20min);
  SECTION("noticed as the grids have it") {
    rack.outage.run_until(2h);
    CHECK(rack.outage.told() == Lines{"00:10:41 ops down switch", "00:30:06 ops up switch"});
  }
  SECTION("noticed first itself") {
    rack.parent->timing.interval = 1s;
    for (const auto& it : rack.servers) it->timing.interval = 2min;
    rack.outage.run_until(2h);
    CHECK(rack.outage.told() == Lines{"00:10:32 ops down switch", "00:30:11 ops up switch"});
  }
  SECTION("noticed last itself") {
    rack.parent->timing.interval = 5min;
    for (const auto& it : rack.servers) it->timing.interval = 1s;
    rack.outage.run_until(2h);
    CHECK(rack.outage.told() == Lines{"00:11:07 ops down switch", "00:34:06 ops up switch"});
  }
  SECTION("its servers were decided long before it, since it is asked more often") {
    rack.parent->timing.down_after = 6;
    rack.outage.run_until(2h);
    CHECK(rack.outage.told() == Lines{"00:11:26 ops down switch", "00:30:06 ops up switch"});
  }
  // Each with its reasons: what it was held for, and that it was over before it could be told.
  const Lines withheld = rack.outage.withheld();
  for (int i = 0; i < kServers; ++i) {
    CHECK(std::count(withheld.begin(), withheld.end(), "down " + server(i) + ": parent_down") == 1);
    CHECK(std::count(withheld.begin(), withheld.end(), "up " + server(i) + ": over") == 1);
  }
}

TEST_CASE("replay: a switch that dies is one page, in every order of noticing", "[replay]") {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto any = [&](int from, int until) {
      return from + static_cast<int>(random() % static_cast<std::uint32_t>(until - from));
    };
    Rack rack;
    rack.parent->timing.interval = std::chrono::seconds{any(5, 120)};
    for (const auto& it : rack.servers) {
      it->timing.interval = std::chrono::seconds{any(5, 120)};
      it->timing.down_after = static_cast<std::uint16_t>(any(1, 5));
      it->timing.up_after = static_cast<std::uint16_t>(any(1, 4));
    }
    const Micros took{any(1, 3) == 1 ? 10'000'000 : any(1'000, 3'000'000)};
    rack.all_down(10min + Millis{any(0, 120'000)}, 20min, took);
    rack.outage.run_until(2h);
    CHECK(Outage::without_times(rack.outage.told()) == one_page());
  }
}

TEST_CASE("replay: a server that stays down when its switch is back is told then", "[replay]") {
  Rack rack;
  rack.all_down(10min, 20min);
  rack.outage.down("srv-07", 10min, 2h);
  rack.outage.run_until(4h);
  CHECK(rack.outage.told() == Lines{"00:10:41 ops down switch", "00:30:06 ops up switch",
                                    "00:30:17 ops down srv-07", "02:10:27 ops up srv-07"});
}

TEST_CASE("replay: a server that dies while its switch is well is told of as itself", "[replay]") {
  Rack rack;
  rack.outage.down("srv-07", 10min, 20min);
  rack.outage.run_until(2h);
  CHECK(rack.outage.told() == Lines{"00:10:32 ops down srv-07", "00:30:27 ops up srv-07"});
}

TEST_CASE("replay: restarts while a switch is down repeat nothing and lose nothing", "[replay]") {
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    Rack rack;
    rack.all_down(10min, 20min);
    Millis at = 9min;
    rack.outage.start();
    while (at < 40min) {
      at += std::chrono::seconds{1 + random() % 300};
      rack.outage.run_until(at);
      const Millis down = Millis{random() % 20'000};
      rack.outage.simulation().restart(down);
      at += down;
    }
    rack.outage.run_until(2h);
    CHECK(Outage::without_times(rack.outage.told()) == one_page());
  }
}
