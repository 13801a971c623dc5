// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// What comes out of the keys that decide who is told, when, and what is held back. Their mistakes
// are in bad/.
#include <catch2/catch.hpp>

#include "config/fake_types.h"

using namespace tocsin;
using namespace tocsin::test;
using namespace std::chrono_literals;

namespace {

using Names = std::vector<std::string>;

const char* const kTwo = "notifiers: [{name: ops, console: {}}, {name: boss, console: {}}]\n";

std::shared_ptr<const Config> config_of(const std::string& text) {
  const Folder folder;
  const Loaded loaded = load(folder.write("tocsin.yaml", kTwo + text));
  INFO(lines(loaded, folder.path()));
  REQUIRE(loaded.config);
  return loaded.config;
}

WallTime utc(int month, int day, std::chrono::minutes time) {
  return std::chrono::sys_days(std::chrono::year(2026) / month / day) + time;
}

// The quiet hours of a check with these.
TimeWindowPtr window_of(const std::string& text) {
  const auto config =
      config_of("checks:\n  - {name: a, tcp: 'a:1', notify: [ops], quiet_hours: " + text + "}\n");
  REQUIRE(config->checks[0]->quiet_hours);
  return config->checks[0]->quiet_hours;
}

}  // namespace

TEST_CASE("signal: a check without these keys is critical, looked at for flapping, and no more",
          "[config]") {
  const auto config = config_of("defaults: {notify: [ops]}\nchecks: [{name: a, tcp: 'a:1'}]\n");
  const Check& check = *config->checks[0];
  CHECK(check.severity == CheckSeverity::critical);
  CHECK(check.timing.flap_window == 30min);
  CHECK(check.timing.flap_high == 25);
  CHECK(check.timing.flap_low == 10);
  CHECK_FALSE(check.own_notify);
  CHECK_FALSE(check.own_escalate);
  CHECK_FALSE(check.escalate);
  CHECK_FALSE(check.quiet_hours);
  CHECK(config->routes.empty());
  CHECK(config->maintenance.empty());
  CHECK(config->uplink.checks.empty());
  CHECK(config->alive.url.empty());
}

TEST_CASE("signal: a check's own keys stand before the defaults, one by one", "[config]") {
  const auto config = config_of(
      "defaults:\n"
      "  {notify: [ops], severity: warning, flapping: {window: 2h, high: 50, low: 5},\n"
      "   escalate: [{after: 10m, notify: [boss]}], quiet_hours: {at: '22:00', lasts: 9h}}\n"
      "checks:\n"
      "  - {name: a, tcp: 'a:1'}\n"
      "  - {name: b, tcp: 'a:1', notify: [], severity: info, flapping: 5m, escalate: [],\n"
      "     quiet_hours: none}\n"
      "  - {name: c, tcp: 'a:1', flapping: {low: 40}, escalate: [{after: 1s, notify: ops},\n"
      "     {after: 30d, notify: [ops, boss]}]}\n"
      "  - {name: d, tcp: 'a:1', flapping: 0}\n");
  const Check& a = *config->checks[0];
  const Check& b = *config->checks[1];
  const Check& c = *config->checks[2];
  CHECK(a.severity == CheckSeverity::warning);
  CHECK(a.timing.flap_window == 2h);
  CHECK(a.timing.flap_high == 50);
  CHECK(a.timing.flap_low == 5);
  CHECK_FALSE(a.own_notify);
  CHECK_FALSE(a.own_escalate);
  REQUIRE(a.escalate);
  CHECK(a.escalate->at(0).after == 10min);
  CHECK(*a.escalate->at(0).notify == Names{"boss"});
  CHECK(a.quiet_hours);

  CHECK(b.severity == CheckSeverity::info);
  CHECK(b.timing.flap_window == 5min);
  CHECK(b.timing.flap_high == 50);
  CHECK(b.own_notify);
  CHECK(b.notify->empty());
  CHECK(b.own_escalate);
  CHECK_FALSE(b.escalate);
  CHECK_FALSE(b.quiet_hours);

  CHECK(c.timing.flap_window == 2h);
  CHECK(c.timing.flap_low == 40);
  CHECK_FALSE(c.own_notify);
  CHECK(c.own_escalate);
  REQUIRE(c.escalate->size() == 2);
  CHECK(c.escalate->at(1).after == 30 * 24h);
  CHECK(*c.escalate->at(1).notify == Names{"ops", "boss"});
  CHECK(config->checks[3]->timing.flap_window == 0ms);
}

TEST_CASE("signal: equal escalations, windows and lists are one object each", "[config]") {
  const std::string same =
      "escalate: [{after: 10m, notify: [boss]}], quiet_hours: {at: '22:00', lasts: 9h}";
  const auto config = config_of(
      "defaults: {notify: [ops], " + same + "}\nchecks:\n  - {name: a, tcp: 'a:1', " + same +
      "}\n  - {name: b, tcp: 'a:1'}\n  - {name: c, tcp: 'a:1', escalate: [{after: 11m, notify: "
      "[boss]}], quiet_hours: {at: '22:00', lasts: 10h}}\n"
      "routes: [{notify: [ops], escalate: [{after: 10m, notify: [boss]}], times: {at: '22:00', "
      "lasts: 9h}}]\n");
  const Check& a = *config->checks[0];
  const Check& b = *config->checks[1];
  const Check& c = *config->checks[2];
  CHECK(a.escalate == b.escalate);
  CHECK(a.quiet_hours == b.quiet_hours);
  CHECK(c.escalate != a.escalate);
  CHECK(c.quiet_hours != a.quiet_hours);
  CHECK(config->routes[0].escalate == a.escalate);
  CHECK(config->routes[0].times == a.quiet_hours);
  CHECK(config->routes[0].notify == a.notify);
  CHECK(a.escalate->at(0).notify == c.escalate->at(0).notify);
}

TEST_CASE("signal: a route says what it matches, and knows where it stands", "[config]") {
  const auto config = config_of(
      "checks: [{name: web-1, tcp: 'a:1', labels: {team: shop}}]\n"
      "routes:\n"
      "  - {match: web-*, notify: [ops]}\n"
      "  - match: {name: [web-1, db-*], labels: {team: sh*}}\n"
      "    state: [down, unknown]\n"
      "    severity: critical\n"
      "    times: {at: 'Mon..Fri 08:00', lasts: 10h, time_zone: UTC}\n"
      "    notify: []\n"
      "    continue: true\n"
      "  - {escalate: [{after: 1m, notify: boss}]}\n");
  REQUIRE(config->routes.size() == 3);
  const RouteRule& first = config->routes[0];
  CHECK(first.place == "tocsin.yaml:4");
  CHECK(first.match.names == Names{"web-*"});
  CHECK(first.states.empty());
  CHECK(first.severities.empty());
  CHECK_FALSE(first.times);
  CHECK_FALSE(first.escalate);
  CHECK_FALSE(first.goes_on);
  const RouteRule& second = config->routes[1];
  CHECK(second.place == "tocsin.yaml:5");
  CHECK(second.match.names == Names{"web-1", "db-*"});
  CHECK(second.match.labels == std::vector<std::pair<std::string, std::string>>{{"team", "sh*"}});
  CHECK(second.states == std::vector<State>{State::down, State::unknown});
  CHECK(second.severities == std::vector<CheckSeverity>{CheckSeverity::critical});
  CHECK(second.times->shown == "Mon..Fri 08:00 for 10h (UTC)");
  REQUIRE(second.notify);
  CHECK(second.notify->empty());
  CHECK(second.goes_on);
  CHECK_FALSE(config->routes[2].notify);
  CHECK(config->routes[2].escalate);
}

TEST_CASE("signal: without a default, whom a route names is told of the daemon's troubles",
          "[config]") {
  const auto config =
      config_of("checks: [{name: a, tcp: 'a:1'}]\nroutes: [{match: a, notify: [boss]}]\n");
  CHECK(config->own_notify == Names{"boss"});
}

TEST_CASE("signal: a window is open for so long by the clock, and not a moment longer",
          "[config]") {
  const TimeWindowPtr window = window_of("{at: '22:00', lasts: 9h, time_zone: Europe/Berlin}");
  CHECK(window->shown == "22:00 for 9h (Europe/Berlin)");
  CHECK(window->lasts == 9h);
  const WallTime begin = utc(1, 10, 21h);  // 22:00 CET
  CHECK_FALSE(window->open_until(begin - 1ms));
  CHECK(window->open_until(begin) == begin + 9h);
  CHECK(window->open_until(begin + 9h - 1ms) == begin + 9h);
  CHECK_FALSE(window->open_until(begin + 9h));
}

TEST_CASE("signal: over a night on which clocks change a window is open once, and as long as ever",
          "[config]") {
  SECTION("the night has an hour less") {
    const TimeWindowPtr window = window_of("{at: '22:00', lasts: 9h, time_zone: Europe/Berlin}");
    CHECK(window->open_until(utc(3, 28, 23h)) == utc(3, 29, 6h));  // 08:00 CEST
    CHECK_FALSE(window->open_until(utc(3, 29, 6h)));
    CHECK(window->open_until(utc(3, 29, 20h)) == utc(3, 30, 5h));
  }
  SECTION("the night has an hour more") {
    const TimeWindowPtr window = window_of("{at: '22:00', lasts: 9h, time_zone: Europe/Berlin}");
    CHECK(window->open_until(utc(10, 24, 20h)) == utc(10, 25, 5h));  // 06:00 CET
    CHECK_FALSE(window->open_until(utc(10, 25, 5h)));
  }
  for (const char* at : {"'02:30'", "'30 2 * * *'"}) {
    const TimeWindowPtr window =
        window_of("{at: " + std::string(at) + ", lasts: 1h, time_zone: Europe/Berlin}");
    INFO(at);
    // There is no 02:30: it begins when the clocks have jumped from 02:00 to 03:00.
    CHECK_FALSE(window->open_until(utc(3, 29, 1h) - 1ms));
    CHECK(window->open_until(utc(3, 29, 1h)) == utc(3, 29, 2h));
    CHECK_FALSE(window->open_until(utc(3, 29, 2h)));
    // 02:30 comes twice, and the first is meant.
    CHECK(window->open_until(utc(10, 25, 30min)) == utc(10, 25, 90min));
    CHECK_FALSE(window->open_until(utc(10, 25, 90min)));
  }
}

TEST_CASE("signal: a window may begin when the one before it ends", "[config]") {
  const TimeWindowPtr window = window_of("{at: '@hourly', lasts: 1h, time_zone: UTC}");
  CHECK(window->open_until(utc(1, 1, 90min)) == utc(1, 1, 2h));
  CHECK(window->open_until(utc(1, 1, 2h)) == utc(1, 1, 3h));
}

TEST_CASE("signal: maintenance, uplink and alive come out as they are written", "[config]") {
  const auto config = config_of(
      "defaults: {notify: [ops]}\nchecks: [{name: a, tcp: 'a:1'}, {name: b, tcp: 'a:1'}]\n"
      "maintenance:\n"
      "  - {name: sunday, match: {name: a}, at: 'Sun 03:00', lasts: 2h, time_zone: UTC}\n"
      "uplink: {checks: [b, a]}\n"
      "alive: 'https://user:hunter2@alive.example.net/'\n");
  REQUIRE(config->maintenance.size() == 1);
  CHECK(config->maintenance[0].name == "sunday");
  CHECK(config->maintenance[0].match.names == Names{"a"});
  CHECK(config->maintenance[0].window->shown == "Sun 03:00 for 2h (UTC)");
  CHECK(config->uplink.checks == Names{"b", "a"});
  CHECK(config->alive.url.value() == "https://user:hunter2@alive.example.net/");
  CHECK(config->alive.url.shown().find("hunter2") == std::string::npos);
  CHECK(config->alive.method == "GET");
  CHECK(config->alive.every == 1min);
  CHECK(config->alive.timeout == 10s);
}

TEST_CASE("signal: alive's timeout is at most the time between two of them", "[config]") {
  const std::string text =
      "defaults: {notify: [ops]}\nchecks: [{name: a, tcp: 'a:1'}]\nalive: {url: 'http://a/', ";
  CHECK(config_of(text + "every: 10s}\n")->alive.timeout == 10s);
  const auto config = config_of(text + "every: 1d, timeout: 2h, method: HEAD}\n");
  CHECK(config->alive.every == 24h);
  CHECK(config->alive.timeout == 2h);
  CHECK(config->alive.method == "HEAD");
}

TEST_CASE("signal: what alive's address hides is not printed", "[config]") {
  const Folder folder;
  const auto file =
      folder.write("tocsin.yaml", std::string(kTwo) +
                                      "checks: [{name: a, tcp: 'a:1', notify: [ops]}]\n"
                                      "alive: 'https://user:hunter2@alive.example.net/'\n");
  const std::string printed = print(file);
  CHECK(printed.find("alive.example.net") != std::string::npos);
  CHECK(printed.find("hunter2") == std::string::npos);
}

TEST_CASE("signal: an alive address that is not looked up yet is no mistake", "[config]") {
  const Folder folder;
  const auto file =
      folder.write("tocsin.yaml", std::string(kTwo) +
                                      "checks: [{name: a, tcp: 'a:1', notify: [ops]}]\n"
                                      "alive: {url: '${credential:nowhere}', every: 2m}\n");
  CHECK(lines(load(file, false), folder.path()).empty());
}

TEST_CASE("signal: what is printed tells a check's own notifiers from inherited ones", "[config]") {
  const Folder folder;
  const auto before = load(fixtures() / "good" / "signal.yaml").config;
  const auto after =
      load(folder.write("copy.yaml", print(fixtures() / "good" / "signal.yaml"))).config;
  REQUIRE(before);
  REQUIRE(after);
  for (std::size_t i = 0; i < before->checks.size(); ++i) {
    const Check& a = *before->checks[i];
    const Check& b = *after->checks[i];
    INFO(a.name);
    CHECK(a.own_notify == b.own_notify);
    CHECK(a.own_escalate == b.own_escalate);
    CHECK((a.escalate == nullptr) == (b.escalate == nullptr));
    CHECK((a.quiet_hours == nullptr) == (b.quiet_hours == nullptr));
    CHECK(a.timing.flap_window == b.timing.flap_window);
  }
  REQUIRE(after->routes.size() == before->routes.size());
  for (std::size_t i = 0; i < before->routes.size(); ++i) {
    CHECK(after->routes[i].match == before->routes[i].match);
    CHECK((after->routes[i].notify == nullptr) == (before->routes[i].notify == nullptr));
    CHECK((after->routes[i].escalate == nullptr) == (before->routes[i].escalate == nullptr));
  }
}

TEST_CASE("signal: the example loads without a word, and what it calls a default is one",
          "[config]") {
  const auto file = std::filesystem::path(TOCSIN_SOURCE_DIR) / "etc/examples/signal.yaml";
  const Loaded loaded = load(file);
  CHECK(lines(loaded, file.parent_path()).empty());
  REQUIRE(loaded.config);
  const Config& config = *loaded.config;
  const Timing built_in;
  CHECK(config.checks[0]->severity == CheckSeverity::critical);
  CHECK(config.checks[0]->timing.flap_window == built_in.flap_window);
  CHECK(config.checks[0]->timing.flap_high == built_in.flap_high);
  CHECK(config.checks[0]->timing.flap_low == built_in.flap_low);
  CHECK(config.alive.every == AliveSettings{}.every);
  CHECK(config.alive.timeout == AliveSettings{}.timeout);
  CHECK(config.alive.method == AliveSettings{}.method);
  CHECK(config.uplink.checks.size() == 3);
  CHECK(config.maintenance.size() == 1);
  CHECK(config.routes.size() == 2);
}
