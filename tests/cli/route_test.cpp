// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <catch2/catch.hpp>

#include "cli/signal_text.h"

using namespace tocsin;

namespace {

const WallTime kThen{std::chrono::seconds{1'795'262'400}};  // 2026-11-21T12:00:00Z

NameList names(std::vector<std::string> list) {
  return std::make_shared<const std::vector<std::string>>(std::move(list));
}

TimeWindowPtr open_at_noon() {
  const auto next = [](WallTime after) {
    return after < kThen ? std::optional<WallTime>(kThen) : std::nullopt;
  };
  return std::make_shared<const TimeWindow>(
      TimeWindow{"12:00 for 9h", next, std::chrono::hours{9}});
}

Check made_check() {
  Check check;
  check.name = "shop";
  check.notify = names({"ops"});
  return check;
}

}  // namespace

TEST_CASE("route: a check with nothing but defaults tells those of defaults", "[cli]") {
  CHECK(route_text(made_check(), Config{}, kThen) ==
        "shop at 2026-11-21 12:00:00 UTC, critical\n"
        "DOWN      ops (defaults)\n"
        "DEGRADED  ops (defaults)\n"
        "UNKNOWN   ops (defaults)\n"
        "UP        those who were told\n");
}

TEST_CASE("route: routes, steps, windows and parents are each shown with why", "[cli]") {
  Check check = made_check();
  check.severity = CheckSeverity::warning;
  check.enabled = false;
  check.quiet_hours = open_at_noon();
  check.depends_on = {"switch-1", "switch-2"};
  check.own_escalate = true;
  check.escalate = std::make_shared<const std::vector<EscalationStep>>(
      std::vector<EscalationStep>{{std::chrono::minutes{10}, names({"pager", "boss"})}});
  Config config;
  RouteRule rule;
  rule.place = "routes.yaml:12";
  rule.states = {State::down};
  rule.notify = names({"pager"});
  rule.goes_on = true;
  config.routes.push_back(rule);
  rule.place = "routes.yaml:15";
  rule.states = {State::down, State::unknown};
  rule.notify = names({});
  config.routes.push_back(rule);
  config.maintenance = {{"backup", {{"sh*"}, {}}, open_at_noon()},
                        {"other", {{"db*"}, {}}, open_at_noon()}};
  const std::string step =
      "          after 10 min besides, unless acknowledged: pager, boss (its own escalate)\n";
  CHECK(route_text(check, config, kThen) ==
        "shop at 2026-11-21 12:00:00 UTC, warning\n"
        "DOWN      pager (the route at routes.yaml:12, the route at routes.yaml:15)\n" +
            step + "DEGRADED  ops (defaults)\n" + step +
            "UNKNOWN   nobody (the route at routes.yaml:15)\n" + step +
            "UP        those who were told\n"
            "it is disabled: nobody looks at it\n"
            "maintenance backup is open until 2026-11-21 21:00:00 UTC: nothing bad is told before\n"
            "quiet hours until 2026-11-21 21:00:00 UTC: DEGRADED is not told before\n"
            "while switch-1, switch-2 are down, it is unreachable, and not told\n");
}

TEST_CASE("route: a window that is not open then holds nothing", "[cli]") {
  Check check = made_check();
  check.quiet_hours = open_at_noon();
  Config config;
  config.maintenance = {{"backup", {{"sh*"}, {}}, open_at_noon()}};
  const std::string text = route_text(check, config, kThen + std::chrono::hours{9});
  CHECK(text.ends_with("UP        those who were told\n"));
}
