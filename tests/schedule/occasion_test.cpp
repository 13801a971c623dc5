// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Which occasion of a scheduled message is told at a moment, and the days on which clocks change.
#include "schedule/occasion.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "util/calendar.h"
#include "util/duration.h"

using namespace tocsin;
using namespace std::chrono_literals;

namespace {

constexpr WallTime kNine{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + 9h};

NextOccasion at(const std::string& text, const std::string& zone = "UTC") {
  const bool cron = std::count(text.begin(), text.end(), ' ') == 4;
  const auto parsed = cron ? Calendar::parse_cron(text) : Calendar::parse_systemd(text);
  return [calendar = parsed.calendar.value().each_once(), where = TimeZone::find(zone).value()](
             WallTime moment) { return calendar.next_after(moment, where); };
}

// A daemon that looks every `step` from `from` to `until`: what it tells, as people are shown it.
std::vector<std::string> told(const NextOccasion& next, WallTime from, WallTime until,
                              Millis step) {
  std::vector<std::string> out;
  WallTime done = from;
  for (WallTime now = from; now <= until; now += step) {
    const DueOccasion due = due_occasion(next, done, now, 1h);
    CHECK(due.done >= done);
    done = due.done;
    if (due.tell) out.push_back(human_time(*due.tell));
  }
  return out;
}

}  // namespace

TEST_CASE("occasion: nothing is told before its time, and once at it", "[schedule]") {
  const auto next = at("Mon 09:00");
  DueOccasion due = due_occasion(next, kNine - 2h, kNine - 1ms, 1h);
  CHECK_FALSE(due.tell);
  CHECK(due.done == kNine - 2h);
  CHECK(due.next == kNine);
  due = due_occasion(next, kNine - 2h, kNine, 1h);
  CHECK(due.tell == kNine);
  CHECK(due.earlier == 0);
  CHECK_FALSE(due.skipped);
  CHECK(due.done == kNine);
  CHECK(due.next == kNine + 168h);
  due = due_occasion(next, due.done, kNine + 5s, 1h);
  CHECK_FALSE(due.tell);
}

TEST_CASE("occasion: what was missed is told within its grace, to the millisecond, else skipped",
          "[schedule]") {
  const auto next = at("Mon 09:00");
  CHECK(due_occasion(next, kNine - 1h, kNine + 1h, 1h).tell == kNine);
  const DueOccasion late = due_occasion(next, kNine - 1h, kNine + 1h + 1ms, 1h);
  CHECK_FALSE(late.tell);
  CHECK(late.skipped == kNine);
  CHECK(late.next == kNine + 168h);
  CHECK_FALSE(due_occasion(next, late.done, kNine + 1h + 1ms, 1h).skipped);
}

TEST_CASE("occasion: the latest stands for all that were missed within the grace", "[schedule]") {
  const auto next = at("*:0/15");
  const DueOccasion due = due_occasion(next, kNine - 300h, kNine + 1s, 1h);
  CHECK(due.tell == kNine);
  CHECK(due.earlier == 3);
  REQUIRE(due.skipped);
  CHECK(*due.skipped == kNine - 300h + 15min);
  CHECK(due.done == kNine);
  CHECK(due.next == kNine + 15min);
}

TEST_CASE("occasion: a clock that is set back repeats nothing", "[schedule]") {
  const auto next = at("Mon 09:00");
  const DueOccasion first = due_occasion(next, kNine - 1h, kNine, 1h);
  REQUIRE(first.tell);
  for (const Millis back : {Millis{1}, Millis{500}, Millis{10'000}, Millis{7'200'000}}) {
    const DueOccasion again = due_occasion(next, first.done, kNine - back, 1h);
    CHECK_FALSE(again.tell);
    CHECK(again.done == first.done);
  }
}

TEST_CASE("occasion: what never comes again is never due", "[schedule]") {
  const DueOccasion due = due_occasion(at("2020-01-01 00:00"), kNine, kNine + 1h, 1h);
  CHECK_FALSE(due.tell);
  CHECK_FALSE(due.next);
}

TEST_CASE("occasion: on the days on which clocks change, each is told once", "[schedule]") {
  const auto day = [](int month, int date) {
    return WallTime{std::chrono::sys_days{std::chrono::year{2027} / static_cast<unsigned>(month) /
                                          static_cast<unsigned>(date)}};
  };
  // Berlin: 2027-03-28 02:00 becomes 03:00; 2027-10-31 03:00 becomes 02:00.
  for (const char* daily : {"*-*-* 02:30", "30 2 * * *"}) {
    INFO(daily);
    const auto next = at(daily, "Europe/Berlin");
    CHECK(told(next, day(3, 27) + 12h, day(3, 29) + 12h, 30s) ==
          std::vector<std::string>{"2027-03-28 01:00:00 UTC", "2027-03-29 00:30:00 UTC"});
    CHECK(told(next, day(10, 30) + 12h, day(11, 1) + 12h, 30s) ==
          std::vector<std::string>{"2027-10-31 00:30:00 UTC", "2027-11-01 01:30:00 UTC"});
  }
  // One that comes every half hour pauses while the clocks repeat an hour.
  for (const char* often : {"*-*-* 01..03:0/30", "*/30 1-3 * * *"}) {
    INFO(often);
    const auto next = at(often, "Europe/Berlin");
    CHECK(told(next, day(10, 30) + 12h, day(10, 31) + 12h, 30s).size() == 6);
    CHECK(told(next, day(3, 27) + 12h, day(3, 28) + 12h, 30s) ==
          std::vector<std::string>{"2027-03-28 00:00:00 UTC", "2027-03-28 00:30:00 UTC",
                                   "2027-03-28 01:00:00 UTC", "2027-03-28 01:30:00 UTC"});
  }
}

TEST_CASE("occasion: however the looks fall, every occasion is dealt with exactly once",
          "[schedule]") {
  const auto next = at("*:0/10");
  for (const Millis step : {Millis{999}, Millis{61'000}, Millis{601'000}, Millis{3'000'000}}) {
    std::size_t dealt_with = 0;
    WallTime done = kNine;
    for (WallTime now = kNine; now <= kNine + 24h; now += step) {
      const DueOccasion due = due_occasion(next, done, now, 1h);
      dealt_with += (due.tell ? 1 : 0) + due.earlier;
      CHECK_FALSE(due.skipped);
      done = due.done;
    }
    const auto expected = static_cast<std::size_t>((done - kNine) / Millis{600'000});
    CHECK(dealt_with == expected);
    CHECK(dealt_with > 135);
  }
}
