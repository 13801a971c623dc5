// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "incident/audience.h"

#include <catch2/catch.hpp>

#include "incident/test_desk.h"

using namespace tocsin;
using namespace std::chrono_literals;

namespace {

constexpr WallTime kNow{24h * 365 * 56};

NameList list(Names names) {
  return std::make_shared<const Names>(std::move(names));
}

Escalation steps(Names names) {
  return std::make_shared<const std::vector<EscalationStep>>(
      std::vector<EscalationStep>{{.after = 10min, .notify = list(std::move(names))}});
}

// A check that says nothing itself; `defaults` name a.
Check plain() {
  return make_check({"a"});
}

// A route for everything, at "r.yaml:LINE".
RouteRule route(int line, NameList notify, bool goes_on = false) {
  RouteRule out;
  out.place = "r.yaml:" + std::to_string(line);
  out.notify = std::move(notify);
  out.goes_on = goes_on;
  return out;
}

Audience audience(const Check& check, const std::vector<RouteRule>& routes,
                  State state = State::down, WallTime now = kNow) {
  return audience_of(check, state, now, routes);
}

// Whether a route like that, with its conditions, is the one that says.
bool is_asked(const RouteRule& route, const Check& check, State state = State::down,
              WallTime now = kNow) {
  return audience(check, {route}, state, now).names == *route.notify;
}

}  // namespace

TEST_CASE("audience: without routes it is as the defaults have it", "[incident]") {
  Check check = plain();
  check.escalate = steps({"pager"});
  const Audience got = audience(check, {});
  CHECK(got.names == Names{"a"});
  CHECK(got.because == Names{"defaults"});
  CHECK(got.escalate == check.escalate);
  CHECK(got.escalate_because == "defaults");
}

TEST_CASE("audience: what a check itself says stands before all routes", "[incident]") {
  RouteRule all = route(1, list({"b"}));
  all.escalate = steps({"boss"});
  Check check = plain();
  check.escalate = steps({"pager"});

  SECTION("notify and escalate") {
    check.own_notify = check.own_escalate = true;
    const Audience got = audience(check, {all});
    CHECK(got.names == Names{"a"});
    CHECK(got.because == Names{"its own notify"});
    CHECK(got.escalate == check.escalate);
    CHECK(got.escalate_because == "its own escalate");
  }
  SECTION("notify alone: routes say how it escalates") {
    check.own_notify = true;
    const Audience got = audience(check, {all});
    CHECK(got.names == Names{"a"});
    CHECK(got.because == Names{"its own notify"});
    CHECK(got.escalate == all.escalate);
    CHECK(got.escalate_because == "the route at r.yaml:1");
  }
  SECTION("escalate alone: routes say who is told") {
    check.own_escalate = true;
    const Audience got = audience(check, {all});
    CHECK(got.names == Names{"b"});
    CHECK(got.because == Names{"the route at r.yaml:1"});
    CHECK(got.escalate == check.escalate);
    CHECK(got.escalate_because == "its own escalate");
  }
  SECTION("that nobody is told, too, and that nothing escalates") {
    check.own_notify = check.own_escalate = true;
    check.notify = list({});
    check.escalate = nullptr;
    const Audience got = audience(check, {all});
    CHECK(got.names.empty());
    CHECK(got.because == Names{"its own notify"});
    CHECK(got.escalate == nullptr);
    CHECK(got.escalate_because == "its own escalate");
  }
}

TEST_CASE("audience: the first route that matches says, and no other", "[incident]") {
  RouteRule other = route(1, list({"x"}));
  other.match.names = {"db-*"};
  const Audience got = audience(plain(), {other, route(2, list({"b"})), route(3, list({"c"}))});
  CHECK(got.names == Names{"b"});
  CHECK(got.because == Names{"the route at r.yaml:2"});
}

TEST_CASE("audience: routes are asked on while they say continue, and each is told once",
          "[incident]") {
  const Audience got =
      audience(plain(), {route(1, list({"b", "c"}), true), route(2, list({"c", "d", "d"}), true),
                         route(3, list({"b"})), route(4, list({"e"}))});
  CHECK(got.names == Names{"b", "c", "d"});
  CHECK(got.because ==
        Names{"the route at r.yaml:1", "the route at r.yaml:2", "the route at r.yaml:3"});

  SECTION("a last one that says continue does not lead to the defaults") {
    CHECK(audience(plain(), {route(1, list({"b"}), true)}).names == Names{"b"});
  }
  SECTION("one that does not match does not end it") {
    RouteRule other = route(2, list({"x"}));
    other.match.names = {"db-*"};
    const Audience on =
        audience(plain(), {route(1, list({"b"}), true), other, route(3, list({"c"}))});
    CHECK(on.names == Names{"b", "c"});
  }
}

TEST_CASE("audience: notify and escalate are found apart from each other", "[incident]") {
  RouteRule only_steps = route(1, nullptr);
  only_steps.escalate = steps({"pager"});
  RouteRule later_steps = route(3, list({"c"}));
  later_steps.escalate = steps({"boss"});

  SECTION("a route without notify leaves that to the next") {
    const Audience got = audience(plain(), {only_steps, route(2, list({"b"})), later_steps});
    CHECK(got.names == Names{"b"});
    CHECK(got.because == Names{"the route at r.yaml:2"});
    CHECK(got.escalate == only_steps.escalate);
    CHECK(got.escalate_because == "the route at r.yaml:1");
  }
  SECTION("a route without escalate leaves that to the next") {
    const Audience got = audience(plain(), {route(2, list({"b"})), later_steps});
    CHECK(got.names == Names{"b"});
    CHECK(got.because == Names{"the route at r.yaml:2"});
    CHECK(got.escalate == later_steps.escalate);
    CHECK(got.escalate_because == "the route at r.yaml:3");
  }
  SECTION("continue is about notify: the first escalate stands") {
    only_steps.notify = list({"b"});
    only_steps.goes_on = true;
    const Audience got = audience(plain(), {only_steps, later_steps});
    CHECK(got.names == Names{"b", "c"});
    CHECK(got.escalate == only_steps.escalate);
    CHECK(got.escalate_because == "the route at r.yaml:1");
  }
  SECTION("what no route says is as the defaults have it") {
    Check check = plain();
    check.escalate = steps({"standby"});
    const Audience one = audience(check, {only_steps});
    CHECK(one.names == Names{"a"});
    CHECK(one.because == Names{"defaults"});
    const Audience other = audience(check, {route(2, list({"b"}))});
    CHECK(other.escalate == check.escalate);
    CHECK(other.escalate_because == "defaults");
  }
}

TEST_CASE("audience: a route that names nobody means nobody", "[incident]") {
  const Audience got = audience(plain(), {route(1, list({})), route(2, list({"b"}))});
  CHECK(got.names.empty());
  CHECK(got.because == Names{"the route at r.yaml:1"});

  SECTION("nobody further, if it says continue") {
    const Audience on = audience(plain(), {route(1, list({}), true), route(2, list({"b"}))});
    CHECK(on.names == Names{"b"});
    CHECK(audience(plain(), {route(1, list({}), true)}).names.empty());
  }
}

TEST_CASE("audience: the same notifier twice in notify is told once", "[incident]") {
  Check check = make_check({"a", "b", "a"});
  CHECK(audience(check, {}).names == Names{"a", "b"});
  check.own_notify = true;
  CHECK(audience(check, {}).names == Names{"a", "b"});
}

TEST_CASE("audience: a route is asked for its states only", "[incident]") {
  RouteRule down = route(1, list({"b"}));
  CHECK(is_asked(down, plain(), State::down));
  CHECK(is_asked(down, plain(), State::degraded));
  CHECK(is_asked(down, plain(), State::unknown));
  down.states = {State::unknown, State::down};
  CHECK(is_asked(down, plain(), State::down));
  CHECK(is_asked(down, plain(), State::unknown));
  CHECK_FALSE(is_asked(down, plain(), State::degraded));
}

TEST_CASE("audience: a route is asked for its severities only", "[incident]") {
  RouteRule some = route(1, list({"b"}));
  Check check = plain();
  check.severity = CheckSeverity::info;
  CHECK(is_asked(some, check));
  some.severities = {CheckSeverity::critical, CheckSeverity::warning};
  CHECK_FALSE(is_asked(some, check));
  check.severity = CheckSeverity::warning;
  CHECK(is_asked(some, check));
  check.severity = CheckSeverity::critical;
  CHECK(is_asked(some, check));
}

TEST_CASE("audience: a route is asked for its names and labels only", "[incident]") {
  RouteRule some = route(1, list({"b"}));
  some.match = {.names = {"web-*"}, .labels = {{"team", "sh*"}}};
  Check check = plain();  // web-01/http, team: shop
  CHECK(is_asked(some, check));
  check.name = "db-1";
  CHECK_FALSE(is_asked(some, check));
  check = plain();
  check.labels = {{"team", "mail"}};
  CHECK_FALSE(is_asked(some, check));
}

TEST_CASE("audience: a route is asked at its times only", "[incident]") {
  TimeWindow hour;  // one stretch
  hour.next_after = [](WallTime from) {
    return from < kNow ? std::optional<WallTime>{kNow} : std::nullopt;
  };
  hour.lasts = 1h;
  RouteRule some = route(1, list({"b"}));
  some.times = std::make_shared<const TimeWindow>(hour);
  CHECK_FALSE(is_asked(some, plain(), State::down, kNow - 1ms));
  CHECK(is_asked(some, plain(), State::down, kNow));
  CHECK(is_asked(some, plain(), State::down, kNow + 1h - 1ms));
  CHECK_FALSE(is_asked(some, plain(), State::down, kNow + 1h));
}
