// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <catch2/catch.hpp>

#include "incident/incident.h"
#include "incident/test_desk.h"

using namespace tocsin;
using namespace std::chrono_literals;

namespace {

// web-01 is down, ops and pager know, and a reminder is due every ten minutes.
World down_world() {
  World world({"ops", "pager"});
  world.check.timing.remind_every = 10min;
  world.go(State::up, "");
  world.go(State::down, "connection refused");
  return world;
}

Change acknowledge(World& world, const Acknowledgement& ack) {
  Change change;
  acknowledge(world.check, ack, world.held, world.desk.desk(), change);
  return change;
}

}  // namespace

TEST_CASE("acknowledge: those who were told are told who looks after it, in its thread",
          "[incident]") {
  World world = down_world();
  world.notify({"ops", "pager", "new"});
  const Acknowledgement ack{"Ann", "disk is on order", world.desk.now, {}};
  const Change change = acknowledge(world, ack);
  CHECK(told_in(change) == Names{"ops", "pager"});
  const Notification& told = *change.notifications[0];
  CHECK(told.thread_key == "web-01/http");
  CHECK(told.message->kind == Kind::acknowledged);
  CHECK(told.message->reason == "by Ann: disk is on order");
  CHECK(told.message->incident == 41);
  CHECK(told.message->from == State::down);
  CHECK(told.message->to == State::down);
  CHECK(told.message->worst_reason == "connection refused");
  CHECK(told.message->decided_at == world.desk.now);
  REQUIRE(change.incidents.size() == 1);
  CHECK(change.incidents[0].acknowledged == ack);
  CHECK(change.checks.empty());
}

TEST_CASE("acknowledge: what is not said of it is left out", "[incident]") {
  const auto reason = [](const Acknowledgement& ack) {
    World world = down_world();
    return acknowledge(world, ack).notifications[0]->message->reason;
  };
  const WallTime until{std::chrono::seconds{1'767'323'045}};
  CHECK(reason({}) == "somebody looks after it");
  CHECK(reason({.by = "Ann"}) == "by Ann");
  CHECK(reason({.why = "known"}) == "known");
  CHECK(reason({.until = until}) == "until 2026-01-02 03:04:05 UTC");
  CHECK(reason({.by = "Ann", .why = "known", .until = until}) ==
        "by Ann until 2026-01-02 03:04:05 UTC: known");
}

TEST_CASE("acknowledge: no reminder comes until it is over", "[incident]") {
  World world = down_world();
  REQUIRE(next_reminder(world.check, world.held));
  acknowledge(world, {});
  CHECK_FALSE(next_reminder(world.check, world.held));
  world.go(State::up, "");
  world.go(State::down, "refused again");
  CHECK_FALSE(world.held.incident->acknowledged);
  CHECK(next_reminder(world.check, world.held));
}

TEST_CASE("acknowledge: when its time is over, the reminder that was held back comes",
          "[incident]") {
  World world = down_world();
  const WallTime usual = *next_reminder(world.check, world.held);
  acknowledge(world, {.until = usual + 1h});
  CHECK(next_reminder(world.check, world.held) == usual + 1h);
  acknowledge(world, {.until = usual - 5min});
  CHECK(next_reminder(world.check, world.held) == usual);
}

TEST_CASE("acknowledge: it ends when things get worse than they were, not when they ease",
          "[incident]") {
  World world({"ops"});
  world.go(State::up, "");
  world.go(State::degraded, "slow");
  acknowledge(world, {.by = "Ann"});
  world.go(State::down, "refused");
  CHECK_FALSE(world.held.incident->acknowledged);
  acknowledge(world, {.by = "Ann"});
  world.go(State::degraded, "slow");
  world.go(State::down, "refused");
  CHECK(world.held.incident->acknowledged);
}

TEST_CASE("acknowledge: taking it back is not told, and reminders go on", "[incident]") {
  World world = down_world();
  acknowledge(world, {.by = "Ann"});
  Change change;
  take_back_acknowledgement(world.held, change);
  CHECK(change.notifications.empty());
  REQUIRE(change.incidents.size() == 1);
  CHECK_FALSE(change.incidents[0].acknowledged);
  CHECK(next_reminder(world.check, world.held));
}
