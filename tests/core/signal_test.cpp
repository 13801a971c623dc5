// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// What is told of what happens, and what is not: the whole core on a fake clock in a made-up world.
#include <algorithm>
#include <catch2/catch.hpp>

#include "core/signal_rig.h"

using namespace tocsin;
using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

TEST_CASE("core: a dead parent is one page that names its children, whoever is noticed first",
          "[core]") {
  SignalRig rig;
  rig.add("switch");
  for (const char* name : {"a", "b", "c"}) rig.add(name, {"switch"});
  rig.start();
  rig.pass(60s);
  REQUIRE(rig.told().empty());
  const bool children_first = GENERATE(true, false);
  for (const char* name : {"a", "b", "c"}) rig.find(name, Verdict::down);
  if (children_first) rig.core->look_again(1);
  rig.find("switch", Verdict::down);
  if (!children_first) rig.core->look_again(0);
  rig.pass(5min);
  CHECK(rig.told() == Lines{"down switch > ops"});
  CHECK(rig.last_note() == "3 checks depend on it and are not told of while it is down: a, b, c");
  CHECK(has(rig.withheld(), "down a: parent_down"));
  CHECK(rig.core->snapshot()->checks[0]->state == State::down);
  CHECK(rig.core->snapshot()->checks[0]->held.detail == "switch is down");

  SECTION("children that are back with it are not told of") {
    for (const char* name : {"switch", "a", "b", "c"}) rig.find(name, Verdict::up);
    rig.pass(10min);
    CHECK(rig.told() == Lines{"up switch > ops"});
    CHECK(has(rig.withheld(), "up a: over"));
  }
  SECTION("a child that is still down when it is back is told then") {
    for (const char* name : {"switch", "a", "b"}) rig.find(name, Verdict::up);
    rig.pass(10min);
    CHECK(rig.told() == Lines{"up switch > ops", "down c > ops"});
    CHECK(rig.last_note().starts_with("not told for "));
    CHECK(rig.last_note().ends_with(", while switch was down"));
    rig.find("c", Verdict::up);
    rig.pass(5min);
    CHECK(rig.told() == Lines{"up c > ops"});
  }
  SECTION("a restart meanwhile tells nothing") {
    rig.restart();
    rig.pass(10min);
    CHECK(rig.told().empty());
    for (const char* name : {"switch", "a", "b"}) rig.find(name, Verdict::up);
    rig.pass(10min);
    CHECK(rig.told() == Lines{"up switch > ops", "down c > ops"});
  }
}

TEST_CASE("core: a child whose parent is well is told at once, after one look at the parent",
          "[core]") {
  SignalRig rig;
  rig.add("switch")->timing.interval = 1h;
  rig.add("a", {"switch"});
  rig.start();
  rig.pass(2h);
  rig.find("a", Verdict::down);
  rig.core->look_again(1);
  rig.pass(12s);
  CHECK(rig.told() == Lines{"down a > ops"});
}

TEST_CASE("core: what is behind a dead grandparent names the one farthest up", "[core]") {
  SignalRig rig;
  rig.add("router");
  rig.add("switch", {"router"});
  rig.add("a", {"switch"});
  rig.start();
  rig.pass(60s);
  for (const char* name : {"router", "switch", "a"}) rig.find(name, Verdict::down);
  rig.pass(5min);
  CHECK(rig.told() == Lines{"down router > ops"});
  CHECK(rig.core->snapshot()->checks[0]->held.detail == "router is down");
}

TEST_CASE("core: while all of the uplink's references are gone, nobody is called down", "[core]") {
  SignalRig rig;
  for (const char* name : {"gateway", "far"}) rig.add(name);
  for (int i = 0; i < 20; ++i) rig.add("web-" + std::to_string(i));
  auto here = rig.add("nginx");
  here->looks_here = true;
  rig.config().uplink.checks = {"gateway", "far"};
  rig.start();
  rig.pass(60s);
  const auto all = [&](Verdict verdict) {
    for (const char* name : {"gateway", "far"}) rig.find(name, verdict);
    for (int i = 0; i < 20; ++i) rig.find("web-" + std::to_string(i), verdict);
  };
  all(Verdict::down);
  rig.find("nginx", Verdict::down);
  rig.pass(10min);
  CHECK(rig.told() == Lines{"down nginx > ops"});
  CHECK(rig.core->snapshot()->blind_since.has_value());
  all(Verdict::up);
  rig.find("web-7", Verdict::down);
  rig.pass(10min);
  const Lines told = rig.told();
  REQUIRE(told.size() == 2);
  CHECK(told[0].starts_with("daemon blind from 2026-01-02 "));
  CHECK(told[0].find("gateway, far were all gone at once") != std::string::npos);
  CHECK(told[1] == "down web-7 > ops");
  CHECK(rig.last_note().ends_with(", while this monitor was cut off"));
  CHECK(has(rig.withheld(), "down web-3: blind"));
  CHECK_FALSE(rig.core->snapshot()->blind_since.has_value());
}

TEST_CASE("core: while one reference of the uplink answers, what is down is told", "[core]") {
  SignalRig rig;
  for (const char* name : {"gateway", "far"}) rig.add(name);
  rig.add("web");
  rig.config().uplink.checks = {"gateway", "far"};
  rig.start();
  rig.pass(60s);
  rig.find("far", Verdict::down);
  rig.find("web", Verdict::down);
  rig.pass(2min);
  Lines told = rig.told();
  std::sort(told.begin(), told.end());
  CHECK(told == Lines{"down far > ops", "down web > ops"});
}

TEST_CASE("core: a resolver of ours that is gone is one message", "[core]") {
  SignalRig rig;
  for (const char* name : {"a", "b", "c"}) rig.add(name);
  rig.start();
  rig.pass(60s);
  rig.no_resolver(true);
  rig.pass(10min);
  Lines told = rig.told();
  REQUIRE(told.size() == 1);
  CHECK(told[0].starts_with("daemon our resolver does not answer: "));
  CHECK(has(rig.withheld(), "unknown a: no_resolver"));
  rig.no_resolver(false);
  rig.pass(10min);
  told = rig.told();
  REQUIRE(told.size() == 1);
  CHECK(told[0].starts_with("daemon our resolver answers again, after "));
}

TEST_CASE("core: a lone name that nobody resolves is told of as its check", "[core]") {
  SignalRig rig;
  rig.add("a");
  rig.start();
  rig.pass(60s);
  rig.no_resolver(true);
  rig.pass(10min);
  CHECK(rig.told() == Lines{"unknown a > ops"});
}

TEST_CASE("core: what was looked at while we stood still is not believed", "[core]") {
  SignalRig rig;
  rig.add("a")->timing.down_after = 1;
  rig.start();
  rig.pass(60s);
  std::vector<EndedProbe> late(1);
  late[0].result.verdict = Verdict::down;
  late[0].late = Micros{1'500'000};
  rig.core->on_ended(std::move(late));
  CHECK(rig.told().empty());
  // Begun before a standstill, ended after it.
  rig.clock.advance(5s);
  rig.core->tick();
  std::vector<EndedProbe> stalled(1);
  stalled[0].result.verdict = Verdict::down;
  stalled[0].result.took = Micros{4'000'000};
  rig.core->on_ended(std::move(stalled));
  CHECK(rig.told().empty());
  rig.find("a", Verdict::down);
  rig.pass(60s);
  CHECK(rig.told() == Lines{"down a > ops"});
}

TEST_CASE("core: being starved of CPU is told when it lasts, and when it is over", "[core]") {
  SignalRig rig;
  rig.add("a");
  rig.start();
  rig.pass(60s);
  for (int i = 0; i < 5; ++i) {
    rig.clock.advance(5s);
    rig.core->tick();
  }
  Lines told = rig.told();
  REQUIRE(told.size() == 1);
  CHECK(told[0] ==
        "daemon starved of CPU: probes and timers are up to 5 s late; nothing is called down for "
        "what was looked at meanwhile > ops");
  CHECK(rig.core->snapshot()->starved_since.has_value());
  rig.pass(40s);
  told = rig.told();
  REQUIRE(told.size() == 1);
  CHECK(told[0].starts_with("daemon no longer starved of CPU; that lasted "));
}

TEST_CASE("core: a flapping check is told as such, and again when it is calm", "[core]") {
  SignalRig rig;
  rig.add("disk")->timing.flap_window = 1h;
  rig.start();
  rig.pass(60s);
  for (int i = 0; i < 20; ++i) {
    rig.find("disk", i % 2 == 0 ? Verdict::down : Verdict::up);
    rig.pass(4min);
  }
  Lines told = rig.told();
  REQUIRE(told.size() >= 2);
  CHECK(told.back() == "flapping disk > ops");
  CHECK(std::count(told.begin(), told.end(), "flapping disk > ops") == 1);
  const auto downs = std::count(told.begin(), told.end(), "down disk > ops");
  const auto ups = std::count(told.begin(), told.end(), "up disk > ops");
  CHECK(downs + ups <= 5);
  CHECK(has(rig.withheld(), "down disk: flapping"));
  SECTION("calm and up") {
    rig.pass(2h);
    CHECK(rig.told() == Lines{"up disk > ops"});
    CHECK(rig.last_note().ends_with(" were not told; it is calm now"));
  }
  SECTION("calm and down") {
    rig.find("disk", Verdict::down);
    rig.pass(2h);
    CHECK(rig.told() == Lines{"down disk > ops"});
    CHECK(rig.last_note().find("while it was flapping") != std::string::npos);
    rig.find("disk", Verdict::up);
    rig.pass(2h);
    CHECK(rig.told() == Lines{"up disk > ops"});
  }
  SECTION("over a restart") {
    rig.restart();
    rig.pass(2h);
    CHECK(rig.told() == Lines{"up disk > ops"});
  }
}
