// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// The nights on which clocks are changed in Berlin: 2026-03-29, when 02:00 is followed by 03:00,
// and 2026-10-25, when 03:00 is followed by 02:00, both at 01:00 UTC. Windows begin by the clock on
// the wall and last as long as they say.
#include <catch2/catch.hpp>

#include "replay/outage.h"
#include "util/calendar.h"

using namespace tocsin;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::sys_days kSpring = std::chrono::year{2026} / 3 / 28;
constexpr std::chrono::sys_days kAutumn = std::chrono::year{2026} / 10 / 24;

// As the configuration makes it.
TimeWindowPtr in_berlin(const std::string& at, Millis lasts) {
  const auto parsed = Calendar::parse_systemd(at);
  const auto zone = TimeZone::find("Europe/Berlin");
  auto window = std::make_shared<TimeWindow>();
  window->shown = at;
  window->lasts = lasts;
  window->next_after = [calendar = parsed.calendar->each_once(), zone = *zone](WallTime moment) {
    return calendar.next_after(moment, zone);
  };
  return window;
}

}  // namespace

TEST_CASE("replay: quiet hours on the nights on which clocks are changed", "[replay]") {
  const bool spring = GENERATE(true, false);
  Outage outage(spring ? kSpring : kAutumn);
  outage.add("db")->quiet_hours = in_berlin("22:00", 9h);
  // All times in UTC, of the day before. In spring the hours are 21:00 … 06:00, in autumn 20:00 …
  // 05:00; the next night's are 20:00 … 05:00 and 21:00 … 06:00.
  const Millis begin = spring ? 21h : 20h;
  const Millis end = begin + 9h;
  const Millis next_begin = spring ? 44h : 45h;
  SECTION("what was degraded in them is told at their end") {
    outage.find("db", begin + 30min, 11h, Verdict::degraded, "slow");
    outage.run_until(48h);
    CHECK(outage.told() == (spring
                                ? Lines{"1d+06:00:00 ops degraded db", "1d+08:30:23 ops up db"}
                                : Lines{"1d+05:00:00 ops degraded db", "1d+07:30:23 ops up db"}));
  }
  SECTION("what was degraded right before them is told, right behind them too") {
    outage.find("db", begin - 2min, 1h, Verdict::degraded, "slow");
    outage.find("db", end + 1min, 1h, Verdict::degraded, "slow");
    outage.run_until(48h);
    CHECK(outage.told() == (spring
                                ? Lines{"20:58:28 ops degraded db", "21:58:23 ops up db",
                                        "1d+06:01:28 ops degraded db", "1d+07:01:23 ops up db"}
                                : Lines{"19:58:28 ops degraded db", "20:58:23 ops up db",
                                        "1d+05:01:28 ops degraded db", "1d+06:01:23 ops up db"}));
  }
  SECTION("what was degraded in them alone is not told, and what was down is") {
    outage.find("db", begin + 1min, 1h, Verdict::degraded, "slow");
    outage.find("db", end - 90min, 1h, Verdict::down, "refused");
    outage.find("db", next_begin + 1min, 1h, Verdict::degraded, "slow");
    outage.run_until(48h);
    CHECK(outage.told() == (spring ? Lines{"1d+04:30:28 ops down db", "1d+05:30:23 ops up db"}
                                   : Lines{"1d+03:30:28 ops down db", "1d+04:30:23 ops up db"}));
    CHECK(outage.withheld() == Lines{"degraded db: quiet_hours", "up db: over"});
  }
}

TEST_CASE("replay: maintenance at a time that does not exist, or comes twice", "[replay]") {
  const bool spring = GENERATE(true, false);
  Outage outage(spring ? kSpring : kAutumn);
  outage.add("db");
  outage.add("web");
  outage.config().maintenance = {{"backup", {{"db"}, {}}, in_berlin("Sun 02:30", 1h)}};
  // In spring 02:30 is when the clocks have jumped over it, 01:00 UTC; in autumn the first of two,
  // 00:30 UTC.
  const Millis begin = spring ? 25h : 24h + 30min;
  SECTION("what is down in it is not told if it is back before its end; others are") {
    for (const char* name : {"db", "web"}) outage.down(name, begin + 5min, 40min);
    outage.run_until(48h);
    CHECK(outage.told() == (spring ? Lines{"1d+01:05:31 ops down web", "1d+01:45:26 ops up web"}
                                   : Lines{"1d+00:35:31 ops down web", "1d+01:15:26 ops up web"}));
    CHECK(outage.withheld() == Lines{"down db: maintenance", "up db: over"});
  }
  SECTION("what outlasts it is told at its end") {
    outage.down("db", begin + 5min, 2h);
    outage.run_until(48h);
    CHECK(outage.told() == (spring ? Lines{"1d+02:00:00 ops down db", "1d+03:05:23 ops up db"}
                                   : Lines{"1d+01:30:00 ops down db", "1d+02:35:23 ops up db"}));
  }
  SECTION("it does not come a second time") {
    outage.down("db", begin + 61min, 30min);
    outage.run_until(48h);
    CHECK(outage.told() == (spring ? Lines{"1d+02:01:28 ops down db", "1d+02:31:23 ops up db"}
                                   : Lines{"1d+01:31:28 ops down db", "1d+02:01:23 ops up db"}));
  }
}
