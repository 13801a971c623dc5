// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Checks that leave and come back, reminders, and the daemon about itself.
#include "incident/incident.h"

#include <catch2/catch.hpp>

#include "incident/test_desk.h"

using namespace tocsin;
using namespace std::chrono_literals;

TEST_CASE("incident: a check that leaves while not up tells those who were told", "[incident]") {
  World world({"ops"});
  world.go(State::down, "refused");
  world.notify({"someone-else"});
  Change change;
  stop_watching(world.check, world.held, world.desk.desk(), change);
  REQUIRE(told_in(change) == Names{"ops"});
  const Message& message = *change.notifications[0]->message;
  CHECK(message.kind == Kind::unwatched);
  CHECK(message.from == State::down);
  CHECK(message.reason == "refused");
  CHECK(message.incident == 41);
  CHECK(message.target == "https://web-01/health");
  REQUIRE(change.checks.size() == 1);
  CHECK(change.checks[0].state == State::down);
  CHECK(change.checks[0].told == State::pending);
  CHECK(change.checks[0].gone_since == world.desk.now);
  CHECK(change.checks[0].incident == 41);
  CHECK(change.incidents.empty());
  CHECK(world.held.incident);

  // Gone is gone: nothing is told twice.
  Change again;
  stop_watching(world.check, world.held, world.desk.desk(), again);
  CHECK(again.checks.empty());
  CHECK(again.notifications.empty());
}

TEST_CASE("incident: a check that leaves while up or pending goes quietly", "[incident]") {
  World world({"ops"});
  Change pending;
  stop_watching(world.check, world.held, world.desk.desk(), pending);
  CHECK(pending.checks.empty());
  CHECK_FALSE(world.held.record.gone_since);

  world.go(State::up, "");
  Change up;
  stop_watching(world.check, world.held, world.desk.desk(), up);
  CHECK(up.notifications.empty());
  REQUIRE(up.checks.size() == 1);
  CHECK(up.checks[0].gone_since == world.desk.now);
  CHECK(up.checks[0].told == State::up);
}

TEST_CASE("incident: found gone at a start, its thread is told where it still can be",
          "[incident]") {
  World world({"ops", "gone-too"});
  world.go(State::down, "refused");
  Change change;
  stop_watching(world.held, {"ops", "new"}, world.desk.desk(), change);
  REQUIRE(told_in(change) == Names{"ops"});
  CHECK(change.notifications[0]->thread_key == "web-01/http");
  CHECK(change.notifications[0]->message->kind == Kind::unwatched);
  CHECK(change.notifications[0]->message->check == "web-01/http");
  CHECK(change.notifications[0]->message->incident == 41);
  CHECK(change.checks.at(0).gone_since == world.desk.now);
  CHECK(change.checks.at(0).told == State::pending);
}

TEST_CASE("incident: a check that comes back still not up is told anew, in its incident",
          "[incident]") {
  World world({"ops"});
  world.go(State::down, "refused");
  Change gone;
  stop_watching(world.check, world.held, world.desk.desk(), gone);
  world.desk.pass(1h);
  world.notify({"ops", "pager"});
  Change change;
  tell_again(world.check, 1, Finding("still refused"), world.held, world.desk.desk(), change);
  REQUIRE(told_in(change) == Names{"ops", "pager"});
  const Message& message = *change.notifications[0]->message;
  CHECK(message.kind == Kind::down);
  CHECK(message.from == State::pending);
  CHECK(message.to == State::down);
  CHECK(message.reason == "still refused");
  CHECK(message.failed_probes == 1);
  CHECK(message.incident == 41);
  CHECK(change.incidents.at(0).told == Names{"ops", "pager"});
  CHECK(change.checks.at(0).told == State::down);
  CHECK_FALSE(change.checks.at(0).gone_since);
  CHECK(told_in(world.go(State::up, "")) == Names{"ops", "pager"});
}

TEST_CASE("incident: a check that comes back up closes its incident, and its thread hears it",
          "[incident]") {
  World world({"ops"});
  world.go(State::down, "refused");
  Change gone;
  stop_watching(world.check, world.held, world.desk.desk(), gone);
  const Change change = world.go(State::up, "");
  CHECK(told_in(change) == Names{"ops"});
  CHECK(change.incidents.at(0).closed_at);
  CHECK_FALSE(change.checks.at(0).gone_since);
}

TEST_CASE("incident: gone once more before anything was told anew, nothing is said twice",
          "[incident]") {
  World world({"ops"});
  world.go(State::down, "refused");
  Change first;
  stop_watching(world.check, world.held, world.desk.desk(), first);
  world.held.record.gone_since.reset();  // back in the configuration, not probed yet
  Change second;
  stop_watching(world.check, world.held, world.desk.desk(), second);
  CHECK(second.notifications.empty());
  CHECK(second.checks.at(0).gone_since);
}

TEST_CASE("incident: telling anew of a check that is up is quiet", "[incident]") {
  World world({"ops"});
  world.go(State::up, "");
  world.held.record.told = State::pending;
  Change change;
  tell_again(world.check, 0, Finding(""), world.held, world.desk.desk(), change);
  CHECK(change.notifications.empty());
  CHECK(change.checks.at(0).told == State::up);
}

TEST_CASE("incident: reminders come remind_every after what was told last, then ever later",
          "[incident]") {
  World world({"ops"});
  CHECK_FALSE(next_reminder(world.check, world.held));
  world.check.timing.remind_every = 1h;
  world.go(State::up, "");
  CHECK_FALSE(next_reminder(world.check, world.held));
  const WallTime opened = world.desk.now;
  world.go(State::degraded, "slow");
  CHECK(next_reminder(world.check, world.held) == opened + 1h);
  world.desk.pass(30min);
  const WallTime worse = world.desk.now;
  world.go(State::down, "refused");
  CHECK(next_reminder(world.check, world.held) == worse + 1h);
  world.desk.pass(2h);
  Change change;
  remind(world.check, Finding("refused"), world.held, world.desk.desk(), change);
  for (const auto pause : {2h, 4h, 8h, 16h, 24h, 24h}) {
    CHECK(next_reminder(world.check, world.held) == world.desk.now + pause);
    world.desk.pass(pause);
    remind(world.check, Finding("refused"), world.held, world.desk.desk(), change);
  }
  world.check.timing.remind_every = std::chrono::hours{72};
  CHECK(next_reminder(world.check, world.held) == world.desk.now + std::chrono::hours{72});
  world.check.timing.remind_every = 0ms;
  CHECK_FALSE(next_reminder(world.check, world.held));
}

TEST_CASE("incident: what nobody watches is not reminded of", "[incident]") {
  World world({"ops"});
  world.check.timing.remind_every = 1h;
  world.go(State::down, "refused");
  Change change;
  stop_watching(world.check, world.held, world.desk.desk(), change);
  CHECK_FALSE(next_reminder(world.check, world.held));
  world.desk.pass(5h);
  tell_again(world.check, 1, Finding("refused"), world.held, world.desk.desk(), change);
  CHECK(next_reminder(world.check, world.held) == world.desk.now + 1h);
}

TEST_CASE("incident: a reminder is counted and told to those the check names", "[incident]") {
  World world({"ops"});
  world.go(State::down, "refused");
  world.notify({"ops", "pager"});
  Change change;
  remind(world.check, Finding("timed out"), world.held, world.desk.desk(), change);
  CHECK(told_in(change) == Names{"ops", "pager"});
  const Message& message = *change.notifications[0]->message;
  CHECK(message.kind == Kind::reminder);
  CHECK(message.from == State::down);
  CHECK(message.to == State::down);
  CHECK(message.reason == "timed out");
  CHECK(message.incident == 41);
  CHECK(message.since == world.held.incident->since);
  CHECK(change.incidents.at(0).reminders == 1);
  CHECK(change.incidents.at(0).reminded_at == world.desk.now);
  CHECK(change.incidents.at(0).told == Names{"ops", "pager"});
  CHECK(change.checks.empty());
}

TEST_CASE("incident: there is nothing to remind of while up", "[incident]") {
  World world({"ops"});
  world.go(State::up, "");
  Change change;
  remind(world.check, Finding(""), world.held, world.desk.desk(), change);
  CHECK(change.notifications.empty());
  CHECK(change.incidents.empty());
}

TEST_CASE("incident: about itself the daemon speaks in a thread of its own", "[incident]") {
  TestDesk desk;
  Change change;
  tell_own("disk full", {"ops", "ops", "pager"}, false, desk.desk(), change);
  CHECK(told_in(change) == Names{"ops", "pager"});
  const Notification& notification = *change.notifications[0];
  CHECK(notification.thread_key == "tocsin/mon-1");
  CHECK(notification.message->kind == Kind::daemon);
  CHECK(notification.message->check.empty());
  CHECK(notification.message->reason == "disk full");
  CHECK(notification.message->incident == 0);
  CHECK_FALSE(notification.message->durable);
  CHECK(change.checks.empty());
  CHECK(change.incidents.empty());
}
