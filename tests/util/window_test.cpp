// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// What is beside tocsin/window.h: a window that a calendar gives, as the configuration makes it.
// And tocsin/hold.h's words, which need no library either.
#include "tocsin/window.h"

#include <set>

#include "tocsin/hold.h"
#include "util/calendars.h"

using namespace tocsin;
using namespace std::chrono_literals;

namespace {

TimeWindow window(const char* times, Millis lasts, const TimeZone& zone = berlin()) {
  const Calendar calendar = systemd(times).each_once();
  return {.shown = times,
          .next_after = [calendar, zone](WallTime from) { return calendar.next_after(from, zone); },
          .lasts = lasts};
}

// The stretch's end in UTC, or "-".
std::string end_at(const TimeWindow& window, WallTime now) {
  const auto end = window.open_until(now);
  return end ? text_of(*end) : "-";
}

}  // namespace

TEST_CASE("window: it is open from its beginning on and no more at its end", "[util]") {
  const TimeWindow night = window("Mon..Fri 22:00", 9h, TimeZone::utc());
  const std::string end = "2026-12-02 07:00:00";  // 1 December is a Tuesday
  CHECK(end_at(night, at(2026, 12, 1, 22) - 1ms) == "-");
  CHECK(end_at(night, at(2026, 12, 1, 22)) == end);
  CHECK(end_at(night, at(2026, 12, 2, 0)) == end);
  CHECK(end_at(night, at(2026, 12, 2, 7) - 1ms) == end);
  CHECK(end_at(night, at(2026, 12, 2, 7)) == "-");
  CHECK(end_at(night, at(2026, 12, 5, 6)) == "2026-12-05 07:00:00");  // Friday's
  CHECK(end_at(night, at(2026, 12, 5, 23)) == "-");
}

TEST_CASE("window: one that follows another at once leaves no gap", "[util]") {
  const TimeWindow always = window("*-*-* 00:00", 24h, TimeZone::utc());
  CHECK(end_at(always, at(2026, 12, 2) - 1ms) == "2026-12-02 00:00:00");
  CHECK(end_at(always, at(2026, 12, 2)) == "2026-12-03 00:00:00");
}

TEST_CASE("window: it lasts as long as it says in the night in which clocks go forward", "[util]") {
  // 28 March 2027, 02:00 CET is 03:00 CEST: 01:00 UTC.
  const TimeWindow night = window("22:00", 9h);
  CHECK(end_at(night, at(2027, 3, 27, 21) - 1ms) == "-");
  CHECK(end_at(night, at(2027, 3, 27, 21)) == "2027-03-28 06:00:00");  // 08:00 there
  CHECK(end_at(night, at(2027, 3, 28, 6) - 1ms) == "2027-03-28 06:00:00");
  CHECK(end_at(night, at(2027, 3, 28, 6)) == "-");
  CHECK(end_at(night, at(2027, 3, 28, 20)) == "2027-03-29 05:00:00");  // 22:00 there again

  SECTION("and one whose time is left out that night begins when the clocks have jumped") {
    const TimeWindow sunday = window("Sun 02:30", 1h);
    CHECK(end_at(sunday, at(2027, 3, 21, 1, 30)) == "2027-03-21 02:30:00");
    CHECK(end_at(sunday, at(2027, 3, 28, 1) - 1ms) == "-");
    CHECK(end_at(sunday, at(2027, 3, 28, 1)) == "2027-03-28 02:00:00");
    CHECK(end_at(sunday, at(2027, 3, 28, 2)) == "-");
    CHECK(end_at(sunday, at(2027, 4, 4, 0, 30)) == "2027-04-04 01:30:00");
  }
}

TEST_CASE("window: it lasts as long as it says in the night in which clocks go back", "[util]") {
  // 31 October 2027, 03:00 CEST is 02:00 CET: 01:00 UTC.
  const TimeWindow night = window("22:00", 9h);
  CHECK(end_at(night, at(2027, 10, 30, 20) - 1ms) == "-");
  CHECK(end_at(night, at(2027, 10, 30, 20)) == "2027-10-31 05:00:00");  // 06:00 there
  CHECK(end_at(night, at(2027, 10, 31, 5)) == "-");
  CHECK(end_at(night, at(2027, 10, 31, 20)) == "-");
  CHECK(end_at(night, at(2027, 10, 31, 21)) == "2027-11-01 06:00:00");

  SECTION("and one whose time comes twice that night is open once") {
    const TimeWindow sunday = window("Sun 02:30", 30min);
    CHECK(end_at(sunday, at(2027, 10, 31, 0, 30)) == "2027-10-31 01:00:00");
    CHECK(end_at(sunday, at(2027, 10, 31, 1, 0)) == "-");
    CHECK(end_at(sunday, at(2027, 10, 31, 1, 30)) == "-");
  }
}

TEST_CASE("window: one that never comes again, or has no calendar, is not open", "[util]") {
  const TimeWindow once = window("2026-12-01 03:00", 2h, TimeZone::utc());
  CHECK(end_at(once, at(2026, 12, 1, 4)) == "2026-12-01 05:00:00");
  CHECK(end_at(once, at(2026, 12, 1, 5)) == "-");
  CHECK(end_at(TimeWindow{}, at(2026, 12, 1, 4)) == "-");
}

TEST_CASE("hold: each has a word of its own, which is read as it", "[util]") {
  std::set<std::string_view> words;
  for (const Hold hold : kHolds) {
    CHECK(parse_hold(to_string(hold)) == hold);
    words.insert(to_string(hold));
  }
  CHECK(words.size() == std::size(kHolds));
  // They are kept on disk as they stand, none of them is left out of the list, and the last is:
  CHECK(kHolds[std::size(kHolds) - 1] == Hold::nobody);
  for (std::size_t i = 0; i < std::size(kHolds); ++i) {
    CHECK(kHolds[i] == static_cast<Hold>(i));
  }
}

TEST_CASE("hold: what is no such word is none", "[util]") {
  for (const char* word : {"", "Silenced", "silenced ", "parent", "7"}) {
    CHECK(parse_hold(word) == Hold::none);
  }
}
