// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "incident/holding.h"

#include <catch2/catch.hpp>
#include <functional>
#include <utility>
#include <vector>

#include "incident/test_desk.h"

using namespace tocsin;
using namespace std::chrono_literals;

namespace {

Around bad() {
  Around out;
  out.state = State::degraded;
  out.parent_name = "switch-1";
  return out;
}

// Every reason that there is, as it comes about: the one that says most first.
const std::vector<std::pair<Hold, std::function<void(Around&)>>> kReasons = {
    {Hold::blind, [](Around& it) { it.uplink = Footing::gone; }},
    {Hold::no_resolver, [](Around& it) { it.no_resolver = true; }},
    {Hold::parent_down, [](Around& it) { it.parent = Footing::gone; }},
    {Hold::awaiting_uplink, [](Around& it) { it.uplink = Footing::awaited; }},
    {Hold::awaiting_parent, [](Around& it) { it.parent = Footing::awaited; }},
    {Hold::parent_back, [](Around& it) { it.parent = Footing::back; }},
    {Hold::maintenance, [](Around& it) { it.maintenance = "backup, until …"; }},
    {Hold::silenced, [](Around& it) { it.silence = "until …"; }},
    {Hold::flapping, [](Around& it) { it.flapping = true; }},
    {Hold::quiet_hours, [](Around& it) { it.quiet_until = WallTime{8h}; }},
};

}  // namespace

TEST_CASE("holding: each reason holds what is bad, and nothing holds what is not", "[incident]") {
  CHECK(hold_of(bad()).why == Hold::none);
  for (const auto& [why, set] : kReasons) {
    Around around = bad();
    set(around);
    CHECK(hold_of(around).why == why);
    CHECK_FALSE(hold_of(around).detail.empty());
    for (const State state : {State::up, State::pending}) {
      around.state = state;
      CHECK(hold_of(around).why == Hold::none);
    }
  }
}

TEST_CASE("holding: of two reasons the one that says more is given", "[incident]") {
  for (std::size_t first = 0; first < kReasons.size(); ++first) {
    for (std::size_t second = first + 1; second < kReasons.size(); ++second) {
      const bool same_place = (kReasons[first].first == Hold::blind &&
                               kReasons[second].first == Hold::awaiting_uplink) ||
                              kReasons[first].first == Hold::parent_down ||
                              kReasons[first].first == Hold::awaiting_parent;
      if (same_place) continue;  // one footing is not two things at once
      Around around = bad();
      kReasons[second].second(around);
      kReasons[first].second(around);
      CHECK(hold_of(around).why == kReasons[first].first);
    }
  }
}

TEST_CASE("holding: quiet hours are for what is merely degraded", "[incident]") {
  Around around = bad();
  around.quiet_until = WallTime{8h};
  for (const State state : {State::down, State::unknown}) {
    around.state = state;
    CHECK(hold_of(around).why == Hold::none);
  }
}

TEST_CASE("holding: what held the news back is told with it", "[incident]") {
  const auto note = [](Hold why, std::string detail, std::uint32_t changes = 1) {
    return note_of({why, std::move(detail), WallTime{1h}, changes}, WallTime{1h + 4min});
  };
  CHECK(note(Hold::parent_down, "switch-1 is down") ==
        "not told for 4 min, while switch-1 was down");
  CHECK(note(Hold::parent_back, "switch-1 was down until now", 3) ==
        "not told for 4 min, while switch-1 was down; 3 changes of state meanwhile");
  CHECK(note(Hold::parent_back, "this monitor was cut off until now") ==
        "not told for 4 min, while this monitor was cut off");
  CHECK(note(Hold::blind, "") == "not told for 4 min, while this monitor was cut off");
  CHECK(note(Hold::no_resolver, "") == "not told for 4 min, while our resolver did not answer");
  CHECK(note(Hold::maintenance, "backup, until 04:00") ==
        "not told for 4 min, during maintenance (backup, until 04:00)");
  CHECK(note(Hold::silenced, "until 04:00, by bob: tests") ==
        "not told for 4 min, while it was silenced (until 04:00, by bob: tests)");
  CHECK(note(Hold::flapping, "", 12) ==
        "not told for 4 min, while it was flapping; 12 changes of state meanwhile");
  CHECK(note(Hold::quiet_hours, "") == "not told for 4 min, during quiet hours");
  CHECK(note(Hold::awaiting_parent, "").empty());
  CHECK(note(Hold::none, "").empty());
  // The clock was set back meanwhile.
  CHECK(note_of({Hold::blind, "", WallTime{2h}, 0}, WallTime{1h}) ==
        "not told for 0 ms, while this monitor was cut off");
}

TEST_CASE("holding: what is held is written down once for each reason and state", "[incident]") {
  World world({"ops", "chat"});
  const HoldReason silenced{Hold::silenced, "until …"};
  world.go(State::up, "");
  Change change;
  const Transition down{
      .from = State::up, .to = State::down, .since = world.desk.now, .row = 3, .failed = 3};
  apply_transition(world.check, down, Finding("refused"), silenced, world.held, world.desk.desk(),
                   change);
  CHECK(change.notifications.empty());
  REQUIRE(change.withheld.size() == 1);
  CHECK(change.withheld[0] == Withheld{.id = 0,
                                       .at = world.desk.now,
                                       .check = "web-01/http",
                                       .incident = 41,
                                       .kind = Kind::down,
                                       .to = State::down,
                                       .why = Hold::silenced,
                                       .detail = "until …",
                                       .notifiers = {"ops", "chat"}});
  CHECK(world.held.record.told == State::up);
  CHECK_FALSE(world.held.incident->told_at);
  world.desk.pass(1s);
  Change again;
  hold_back(world.check, silenced, world.held, world.desk.desk(), again);
  CHECK(again.withheld.empty());
  CHECK(again.checks.empty());
  hold_back(world.check, {Hold::parent_down, "switch is down"}, world.held, world.desk.desk(),
            again);
  CHECK(again.withheld.size() == 1);
  Change told;
  release(world.check, 3, Finding("refused"), world.held, world.desk.desk(), told);
  CHECK(told_in(told) == Names{"ops", "chat"});
  CHECK(told.notifications[0]->message->kind == Kind::down);
  CHECK(told.notifications[0]->message->failed_probes == 3);
  CHECK(world.held.record.held == Held{});
  CHECK(world.held.incident->told_at == world.desk.now);
  release(world.check, 3, Finding("refused"), world.held, world.desk.desk(), told);
  CHECK(told.notifications.size() == 2);
}
