// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "incident/incident.h"

#include <catch2/catch.hpp>

#include "incident/test_desk.h"

using namespace tocsin;
using namespace std::chrono_literals;

TEST_CASE("incident: pending to up is quiet and remembered", "[incident]") {
  World world({"ops"});
  const Change change = world.go(State::up, "");
  CHECK(change.notifications.empty());
  CHECK(change.incidents.empty());
  REQUIRE(change.checks.size() == 1);
  CHECK(change.checks[0].name == "web-01/http");
  CHECK(change.checks[0].state == State::up);
  CHECK(change.checks[0].told == State::up);
  CHECK_FALSE(change.checks[0].incident);
}

TEST_CASE("incident: leaving up opens an incident and tells everyone the check names",
          "[incident]") {
  World world({"ops", "pager", "ops"});
  world.go(State::up, "");
  const WallTime decided = world.desk.now;
  const Change change = world.go(State::down, "connection refused");

  REQUIRE(change.incidents.size() == 1);
  const IncidentRecord& incident = change.incidents[0];
  CHECK(incident.id == 41);
  CHECK(incident.check == "web-01/http");
  CHECK(incident.since == decided - 10s);
  CHECK(incident.opened_at == decided);
  CHECK_FALSE(incident.closed_at);
  CHECK(incident.worst == State::down);
  CHECK(incident.reason == "connection refused");
  CHECK(incident.told == Names{"ops", "pager"});

  REQUIRE(change.checks.size() == 1);
  CHECK(change.checks[0].state == State::down);
  CHECK(change.checks[0].told == State::down);
  CHECK(change.checks[0].since == decided);
  CHECK(change.checks[0].reason == "connection refused");
  CHECK(change.checks[0].incident == 41);

  CHECK(told_in(change) == Names{"ops", "pager"});
  const Notification& first = *change.notifications[0];
  const Notification& second = *change.notifications[1];
  CHECK(first.id == 701);
  CHECK(second.id == 702);
  CHECK(first.uid == "uid-1");
  CHECK(second.uid == "uid-2");
  CHECK(first.thread_key == "web-01/http");
  CHECK(first.created_at == decided);
  CHECK(first.message == second.message);

  const Message& message = *first.message;
  CHECK(message.kind == Kind::down);
  CHECK(message.instance == "mon-1");
  CHECK(message.check == "web-01/http");
  CHECK(message.type == "http");
  CHECK(message.target == "https://web-01/health");
  CHECK(message.description == "the web shop");
  CHECK(message.runbook == "https://wiki/shop");
  CHECK(message.labels.size() == 1);
  CHECK(message.reason == "connection refused");
  CHECK(message.from == State::up);
  CHECK(message.to == State::down);
  CHECK(message.decided_at == decided);
  CHECK(message.since == decided - 10s);
  CHECK(message.failed_probes == 3);
  CHECK(message.incident == 41);
  CHECK(message.durable);
}

TEST_CASE("incident: a check that is bad from the start is told", "[incident]") {
  for (const auto& [state, kind] : {std::pair{State::down, Kind::down},
                                    {State::degraded, Kind::degraded},
                                    {State::unknown, Kind::unknown}}) {
    World world({"ops"});
    const Change change = world.go(state, "bad");
    REQUIRE(change.notifications.size() == 1);
    CHECK(change.notifications[0]->message->kind == kind);
    CHECK(change.notifications[0]->message->from == State::pending);
    CHECK(change.incidents.size() == 1);
  }
}

TEST_CASE("incident: being up again closes it and says what it was about", "[incident]") {
  World world({"ops"});
  world.go(State::down, "refused");
  const WallTime since = world.held.incident->since;
  const WallTime decided = world.desk.now;
  const Change change = world.go(State::up, "", 2);
  REQUIRE(change.incidents.size() == 1);
  CHECK(change.incidents[0].closed_at == decided);
  CHECK_FALSE(world.held.incident);
  CHECK_FALSE(change.checks.at(0).incident);
  REQUIRE(change.notifications.size() == 1);
  const Message& message = *change.notifications[0]->message;
  CHECK(message.kind == Kind::up);
  CHECK(message.from == State::down);
  CHECK(message.to == State::up);
  CHECK(message.incident == 41);
  CHECK(message.since == since);
  CHECK(message.decided_at == decided);
  CHECK(message.worst == State::down);
  CHECK(message.worst_reason == "refused");
  CHECK(message.failed_probes == 0);
  // The next one is another one.
  CHECK(world.go(State::down, "again").incidents.at(0).id == 42);
}

TEST_CASE("incident: worsening and easing are told within the same incident", "[incident]") {
  World world({"ops"});
  world.go(State::degraded, "slow");
  const Change worse = world.go(State::down, "refused");
  const Change eased = world.go(State::degraded, "slow again");
  const Change blind = world.go(State::unknown, "no descriptors");
  CHECK(worse.notifications.at(0)->message->kind == Kind::down);
  CHECK(eased.notifications.at(0)->message->kind == Kind::degraded);
  CHECK(blind.notifications.at(0)->message->kind == Kind::unknown);
  for (const Change* change : {&worse, &eased, &blind}) {
    CHECK(change->incidents.at(0).id == 41);
    CHECK(change->notifications.at(0)->message->incident == 41);
    CHECK(change->notifications.at(0)->message->since == change->incidents.at(0).since);
  }
  CHECK(world.desk.incidents == 41);
}

TEST_CASE("incident: the worst state stands with its first reason", "[incident]") {
  World world({"ops"});
  world.go(State::unknown, "no resolver");
  CHECK(world.held.incident->worst == State::unknown);
  world.go(State::degraded, "slow");
  CHECK(world.held.incident->worst == State::degraded);
  world.go(State::down, "refused");
  world.go(State::unknown, "no resolver");
  world.go(State::down, "timed out");
  CHECK(world.held.incident->worst == State::down);
  CHECK(world.held.incident->reason == "refused");
}

TEST_CASE("incident: its end goes to exactly those who were told of it", "[incident]") {
  World world({"ops", "pager"});
  world.go(State::degraded, "slow");
  world.notify({"chat", "ops"});
  CHECK(told_in(world.go(State::down, "refused")) == Names{"chat", "ops"});
  world.notify({"nobody-yet"});
  CHECK(told_in(world.go(State::up, "")) == Names{"ops", "pager", "chat"});
}

TEST_CASE("incident: a check without notifiers has incidents all the same", "[incident]") {
  World world({});
  const Change change = world.go(State::down, "refused");
  CHECK(change.notifications.empty());
  CHECK(change.incidents.size() == 1);
  CHECK(change.checks.size() == 1);
  CHECK(world.go(State::up, "").incidents.at(0).closed_at);
}

TEST_CASE("incident: if the store lost it, its end is told to those the check names",
          "[incident]") {
  World world({"ops"});
  world.go(State::down, "refused");
  world.held.incident.reset();
  const Change change = world.go(State::up, "");
  REQUIRE(change.notifications.size() == 1);
  CHECK(change.notifications[0]->message->incident == 41);
  CHECK(change.incidents.empty());
  CHECK_FALSE(change.checks.at(0).incident);
}

TEST_CASE("incident: if the store lost it, worsening makes it anew under its number",
          "[incident]") {
  World world({"ops"});
  world.go(State::degraded, "slow");
  world.held.incident.reset();
  const Change change = world.go(State::down, "refused");
  CHECK(change.incidents.at(0).id == 41);
  CHECK(world.desk.incidents == 41);
}

TEST_CASE("incident: if the store lost it, telling anew makes it anew", "[incident]") {
  World world({"ops"});
  world.go(State::down, "refused");
  const WallTime since = world.held.record.since;
  world.held.incident.reset();
  world.held.record.told = State::pending;
  Change change;
  tell_again(world.check, 1, Finding("timed out"), world.held, world.desk.desk(), change);
  const IncidentRecord& incident = change.incidents.at(0);
  CHECK(incident.id == 41);
  CHECK(incident.since == since);
  CHECK(incident.worst == State::down);
  CHECK(incident.reason == "timed out");
  CHECK(incident.told == Names{"ops"});
}

TEST_CASE("incident: the thread key is the name, the thread, or name and number", "[incident]") {
  Check check = make_check({});
  CHECK(thread_key(check, 12) == "web-01/http");
  check.thread = "shop";
  CHECK(thread_key(check, 12) == "shop");
  check.thread.clear();
  check.thread_per_incident = true;
  CHECK(thread_key(check, 12) == "web-01/http #12");
  CHECK(thread_key(check, 0) == "web-01/http");
}

TEST_CASE("incident: all that is told of an incident has its key", "[incident]") {
  World world({"ops"});
  world.check.thread_per_incident = true;
  Names keys;
  const auto note = [&keys](const Change& change) {
    keys.push_back(change.notifications.at(0)->thread_key);
  };
  note(world.go(State::degraded, "slow"));
  note(world.go(State::down, "refused"));
  note(world.go(State::up, ""));
  note(world.go(State::down, "refused"));
  CHECK(keys == Names{"web-01/http #41", "web-01/http #41", "web-01/http #41", "web-01/http #42"});
}
