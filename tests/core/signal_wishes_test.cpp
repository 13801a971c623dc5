// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// What people wished to be told, and whom, and when not: silences, windows, escalation, routes.
#include <algorithm>
#include <catch2/catch.hpp>

#include "core/signal_rig.h"

using namespace tocsin;
using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

namespace {

// A window that is open from `from` until `until` and never again.
TimeWindowPtr once(WallTime from, WallTime until) {
  auto window = std::make_shared<TimeWindow>();
  window->shown = "once";
  window->lasts = until - from;
  window->next_after = [from](WallTime moment) {
    return moment < from ? std::optional(from) : std::nullopt;
  };
  return window;
}

SilenceWish wish(std::string pattern, Millis lasts) {
  return {.is_maintenance = false,
          .match = {{std::move(pattern)}, {}},
          .lasts = lasts,
          .by = "bob",
          .why = "moving house"};
}

SilenceAnswer silence(SignalRig& rig, const SilenceWish& what) {
  SilenceAnswer out;
  rig.core->silence(what, [&](SilenceAnswer answer) { out = std::move(answer); });
  return out;
}

}  // namespace

TEST_CASE("core: a silence holds bad news back until its end, restarts or not", "[core]") {
  SignalRig rig;
  for (const char* name : {"db-1", "db-10"}) rig.add(name);
  rig.start();
  rig.pass(60s);
  const SilenceAnswer answer = silence(rig, wish("db-1", 1h));
  CHECK(answer.fate == SilenceAnswer::Fate::durable);
  CHECK(answer.checks == 1);
  for (const char* name : {"db-1", "db-10"}) rig.find(name, Verdict::down);
  rig.pass(10min);
  CHECK(rig.told() == Lines{"down db-10 > ops"});
  CHECK(has(rig.withheld(), "down db-1: silenced"));
  rig.restart();
  rig.pass(10min);
  CHECK(rig.told().empty());

  SECTION("what is not up at its end is told then") {
    rig.pass(1h);
    CHECK(rig.told() == Lines{"down db-1 > ops"});
    CHECK(rig.last_note().find("while it was silenced (until 2026-01-02 04:05:0") !=
          std::string::npos);
    CHECK(rig.last_note().find(", by bob: moving house)") != std::string::npos);
  }
  SECTION("it ends by the wall clock, whatever steps that makes") {
    rig.clock.step_wall(2h);
    rig.pass(2s);
    CHECK(rig.told() == Lines{"down db-1 > ops"});
  }
  SECTION("it can be ended before its time") {
    SilenceAnswer ended;
    rig.core->end_silence(answer.silence.id, [&](SilenceAnswer it) { ended = std::move(it); });
    CHECK(ended.fate == SilenceAnswer::Fate::durable);
    rig.pass(2s);
    CHECK(rig.told() == Lines{"down db-1 > ops"});
    rig.core->end_silence(answer.silence.id, [&](SilenceAnswer it) { ended = std::move(it); });
    CHECK(ended.fate == SilenceAnswer::Fate::no_such);
  }
  SECTION("what is up before its end is never told") {
    rig.find("db-1", Verdict::up);
    rig.pass(2h);
    CHECK(rig.told().empty());
    CHECK(has(rig.withheld(), "up db-1: over"));
  }
}

TEST_CASE("core: who was told before a silence is told the end in it, and reminded at its end",
          "[core]") {
  SignalRig rig;
  rig.add("db-1");
  rig.start();
  rig.pass(60s);
  rig.find("db-1", Verdict::down);
  rig.pass(60s);
  CHECK(rig.told() == Lines{"down db-1 > ops"});
  silence(rig, wish("db-*", 1h));
  SECTION("up") {
    rig.find("db-1", Verdict::up);
    rig.pass(60s);
    CHECK(rig.told() == Lines{"up db-1 > ops"});
  }
  SECTION("still down") {
    rig.pass(2h);
    CHECK(rig.told() == Lines{"reminder db-1 > ops"});
  }
}

TEST_CASE("core: a silence that means no check is refused", "[core]") {
  SignalRig rig;
  rig.add("db-1");
  rig.start();
  CHECK(silence(rig, wish("web-*", 1h)).fate == SilenceAnswer::Fate::matches_none);
  CHECK(rig.core->snapshot()->silences.empty());
}

TEST_CASE("core: in a maintenance window nothing bad is told; what outlasts it is", "[core]") {
  SignalRig rig;
  rig.add("db-1");
  const WallTime now = rig.clock.wall();
  rig.config().maintenance = {{"backup", {{"db-*"}, {}}, once(now + 1h, now + 2h)}};
  rig.start();
  rig.pass(61min);
  rig.find("db-1", Verdict::down);
  rig.pass(30min);
  CHECK(rig.told().empty());
  CHECK(has(rig.withheld(), "down db-1: maintenance"));
  rig.pass(30min);
  CHECK(rig.told() == Lines{"down db-1 > ops"});
  CHECK(rig.last_note().find("during maintenance (backup, until 2026-01-02 05:04:05 UTC)") !=
        std::string::npos);
}

TEST_CASE("core: in quiet hours what is merely degraded waits, and what is down does not",
          "[core]") {
  SignalRig rig;
  const WallTime now = rig.clock.wall();
  for (const char* name : {"a", "b"}) rig.add(name)->quiet_hours = once(now, now + 8h);
  rig.start();
  rig.pass(60s);
  rig.find("a", Verdict::degraded);
  rig.find("b", Verdict::down);
  rig.pass(1h);
  CHECK(rig.told() == Lines{"down b > ops"});
  rig.pass(8h);
  CHECK(rig.told() == Lines{"degraded a > ops"});
}

TEST_CASE("core: steps of escalation are told once each, and up to all who were told", "[core]") {
  SignalRig rig;
  rig.config().notifiers.push_back(
      {.name = "pager", .type = "console", .fallback = {}, .notifier = nullptr});
  auto check = rig.add("shop");
  check->escalate = std::make_shared<const std::vector<EscalationStep>>(
      std::vector<EscalationStep>{{10min, names({"pager"})}, {1h, names({"ops", "boss"})}});
  rig.start();
  rig.pass(60s);
  rig.find("shop", Verdict::down);
  rig.pass(9min);
  CHECK(rig.told() == Lines{"down shop > ops"});
  rig.pass(2min);
  CHECK(rig.told() == Lines{"down shop > pager"});
  CHECK(rig.last_note() == "escalated: nobody has acknowledged it for 10 min");

  SECTION("all of them") {
    rig.pass(2h);
    CHECK(rig.told() == Lines{"reminder shop > ops", "down shop > boss"});
    rig.find("shop", Verdict::up);
    rig.pass(60s);
    CHECK(rig.told() == Lines{"up shop > ops", "up shop > pager", "up shop > boss"});
  }
  SECTION("a restart repeats none") {
    rig.restart();
    rig.pass(30min);
    CHECK(rig.told().empty());
  }
  SECTION("an acknowledgement stops them, which is written down") {
    rig.core->acknowledge("shop", AckWish{"ann", "on it", {}}, [](AckFate) {});
    rig.pass(3h);
    CHECK(rig.told() == Lines{"acknowledged shop > ops", "acknowledged shop > pager"});
    CHECK(has(rig.withheld(), "down shop: acknowledged"));
  }
  SECTION("one with an end only puts them off") {
    rig.core->acknowledge("shop", AckWish{"ann", "on it", 2h}, [](AckFate) {});
    rig.told();
    rig.pass(119min);
    CHECK(rig.told().empty());
    rig.pass(2min);
    CHECK(rig.told() == Lines{"reminder shop > ops", "down shop > boss"});
  }
}

TEST_CASE("core: a check that no route and no notify tells is written down", "[core]") {
  SignalRig rig;
  rig.add("a")->notify = names({});
  rig.start();
  rig.pass(60s);
  rig.find("a", Verdict::down);
  rig.pass(60s);
  rig.find("a", Verdict::up);
  rig.pass(60s);
  CHECK(rig.told().empty());
  CHECK(rig.withheld() == Lines{"down a: nobody"});
}

TEST_CASE("core: routes say who is told of which state", "[core]") {
  SignalRig rig;
  rig.config().routes.push_back(
      {.place = "t.yaml:1", .match = {}, .states = {State::degraded}, .notify = names({"chat"})});
  rig.config().routes.push_back({.place = "t.yaml:2", .match = {}, .notify = names({"pager"})});
  rig.add("a");
  rig.start();
  rig.pass(60s);
  rig.find("a", Verdict::degraded);
  rig.pass(2min);
  rig.find("a", Verdict::down);
  rig.pass(2min);
  rig.find("a", Verdict::up);
  rig.pass(2min);
  CHECK(rig.told() == Lines{"degraded a > chat", "down a > pager", "up a > chat", "up a > pager"});
}

TEST_CASE("core: what is just coming back is not called down when a silence ends", "[core]") {
  SignalRig rig;
  rig.add("db-1")->timing.up_after = 1000;  // so that it stays down for long
  rig.start();
  rig.pass(60s);
  silence(rig, wish("db-1", 10min));
  rig.find("db-1", Verdict::down);
  rig.pass(5min);
  rig.find("db-1", Verdict::up);
  rig.pass(10min);
  CHECK(rig.told().empty());
  rig.find("db-1", Verdict::down);
  rig.pass(60s);
  CHECK(rig.told() == Lines{"down db-1 > ops"});
}
