// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "util/calendar.h"

#include <catch2/catch.hpp>

#include "util/calendars.h"

using namespace tocsin;
using namespace std::chrono;

TEST_CASE("calendar: a cron line's times", "[util]") {
  const WallTime from = at(2026, 11, 21, 12, 7, 30);  // a Saturday
  CHECK(next(cron("*/15 * * * *"), from, 3) ==
        Texts{"2026-11-21 12:15:00", "2026-11-21 12:30:00", "2026-11-21 12:45:00"});
  CHECK(next(cron("*/15 2 * * *"), from, 2) == Texts{"2026-11-22 02:00:00", "2026-11-22 02:15:00"});
  CHECK(next(cron("0 8 * * mon-fri"), from, 2) ==
        Texts{"2026-11-23 08:00:00", "2026-11-24 08:00:00"});
  CHECK(next(cron("30 4 29 2 *"), from, 2) == Texts{"2028-02-29 04:30:00", "2032-02-29 04:30:00"});
  CHECK(next(cron("0 0 1,15 * Wed"), from, 4) == Texts{"2026-11-25 00:00:00", "2026-12-01 00:00:00",
                                                       "2026-12-02 00:00:00",
                                                       "2026-12-09 00:00:00"});
  CHECK(next(cron("0 0 */10 * Wed"), at(2026, 12, 1), 2) ==
        Texts{"2027-03-31 00:00:00", "2027-04-21 00:00:00"});  // a star makes it both
  CHECK(next(cron("5-59/20 0 * jan,JUL 7"), from, 2) ==
        Texts{"2027-01-03 00:05:00", "2027-01-03 00:25:00"});
  CHECK(next(cron("0 0 * * fri-sun"), from, 3) ==
        Texts{"2026-11-22 00:00:00", "2026-11-27 00:00:00", "2026-11-28 00:00:00"});
  CHECK(next(cron("  0\t0 * *  5-7 "), from, 1) == Texts{"2026-11-22 00:00:00"});
  CHECK(next(cron("@weekly"), from, 1) == Texts{"2026-11-22 00:00:00"});
  CHECK(next(cron("@Hourly"), from, 1) == Texts{"2026-11-21 13:00:00"});
  CHECK(next(cron("@annually"), from, 1) == Texts{"2027-01-01 00:00:00"});
}

TEST_CASE("calendar: the next time is after the moment, never at it", "[util]") {
  const Calendar daily = cron("0 3 * * *");
  CHECK(daily.next_after(at(2026, 1, 1, 3), TimeZone::utc()) == at(2026, 1, 2, 3));
  CHECK(daily.next_after(at(2026, 1, 1, 3) - Millis{1}, TimeZone::utc()) == at(2026, 1, 1, 3));
  CHECK(daily.next_after(at(2026, 1, 1, 3) + Millis{999}, TimeZone::utc()) == at(2026, 1, 2, 3));
}

TEST_CASE("calendar: what is no cron line is refused, and it says what is wrong", "[util]") {
  for (const char* text : {"",
                           "* * * *",
                           "* * * * * *",
                           "60 * * * *",
                           "* 24 * * *",
                           "* * 0 * *",
                           "* * 32 * *",
                           "* * * 13 *",
                           "* * * * 8",
                           "*/0 * * * *",
                           "5/15 * * * *",
                           "10-5 * * * *",
                           "1- * * * *",
                           "-1 * * * *",
                           "1,,2 * * * *",
                           ", * * * *",
                           "+1 * * * *",
                           "1.5 * * * *",
                           "? * * * *",
                           "* * L * *",
                           "* * * * 5#2",
                           "* * * foo *",
                           "* * * * mo",
                           "*5 * * * *",
                           "*-5 * * * *",
                           "*/99999999999 * * * *",
                           "0 0 30 2 *",
                           "0 0 31 4,6 *",
                           "@reboot",
                           "@every 5m"}) {
    const ParsedCalendar parsed = Calendar::parse_cron(text);
    INFO(text);
    CHECK_FALSE(parsed.calendar);
    CHECK_FALSE(parsed.mistake.empty());
  }
  CHECK(
      Calendar::parse_cron("0 25 * * *").mistake ==
      "\"25\" is no hour: *, 0 to 23, lists (1,15), ranges (1-5) and steps of them (*/5, 10-20/2) "
      "are");
  CHECK(Calendar::parse_cron("0 0 30 2 *").mistake == "there is no such day");
}

TEST_CASE("calendar: systemd's calendar events", "[util]") {
  const WallTime from = at(2026, 11, 21, 12, 7, 30);
  CHECK(next(systemd("Mon..Fri 08:00"), from, 2) ==
        Texts{"2026-11-23 08:00:00", "2026-11-24 08:00:00"});
  CHECK(next(systemd("*:0/15"), from, 2) == Texts{"2026-11-21 12:15:00", "2026-11-21 12:30:00"});
  CHECK(next(systemd("*:*:0/20"), from, 2) == Texts{"2026-11-21 12:07:40", "2026-11-21 12:08:00"});
  CHECK(next(systemd("*-*-01,15 03:30"), from, 2) ==
        Texts{"2026-12-01 03:30:00", "2026-12-15 03:30:00"});
  CHECK(next(systemd("2027-02-03"), from, 2) == Texts{"2027-02-03 00:00:00"});
  CHECK(next(systemd("*-02~01"), from, 2) == Texts{"2027-02-28 00:00:00", "2028-02-29 00:00:00"});
  CHECK(next(systemd("Mon *-05~07/1"), from, 2) ==
        Texts{"2027-05-31 00:00:00", "2028-05-29 00:00:00"});  // the last Monday in May
  CHECK(next(systemd("*-*~01..03"), from, 4) == Texts{"2026-11-28 00:00:00", "2026-11-29 00:00:00",
                                                      "2026-11-30 00:00:00",
                                                      "2026-12-29 00:00:00"});
  CHECK(next(systemd("2028/4-01-01"), from, 2) ==
        Texts{"2028-01-01 00:00:00", "2032-01-01 00:00:00"});
  CHECK(next(systemd("sat,Sunday *-*-* 0..2:00"), from, 2) ==
        Texts{"2026-11-22 00:00:00", "2026-11-22 01:00:00"});
  CHECK(next(systemd("Fri"), from, 1) == Texts{"2026-11-27 00:00:00"});
  CHECK(next(systemd("10-25 12:00:30"), from, 1) == Texts{"2027-10-25 12:00:30"});
  CHECK(next(systemd("quarterly"), from, 1) == Texts{"2027-01-01 00:00:00"});
  CHECK(next(systemd("Weekly"), from, 1) == Texts{"2026-11-23 00:00:00"});
  CHECK(next(systemd("minutely"), from, 1) == Texts{"2026-11-21 12:08:00"});
}

TEST_CASE("calendar: what is no calendar event of systemd's is refused", "[util]") {
  for (const char* text : {"",
                           "often",
                           "Mon..",
                           "Fri..Mon",
                           "Mo",
                           "8",
                           "25:00",
                           "12:60",
                           "12:00:60",
                           "12:00:00.5",
                           "12:00:00:00",
                           "12:",
                           ":30",
                           "*-13-01",
                           "*-00-01",
                           "*-01-32",
                           "26-01-01",
                           "2200-01-01",
                           "*-01-01-01",
                           "-01-01",
                           "01-",
                           "12:*/15",
                           "12:30/0",
                           "12:5..2",
                           "*-02-30",
                           "*-02~30",
                           "08:00 Europe/Berlin",
                           "Mon 08:00 x",
                           "@1234",
                           "Mon Tue 08:00",
                           "1..5",
                           "*-*-*"}) {
    const ParsedCalendar parsed = Calendar::parse_systemd(text);
    INFO(text);
    if (std::string_view(text) == "*-*-*") {
      CHECK(parsed.calendar);
      continue;
    }
    CHECK_FALSE(parsed.calendar);
    CHECK_FALSE(parsed.mistake.empty());
  }
  CHECK(Calendar::parse_systemd("08:00 Europe/Berlin").mistake ==
        "\"Europe/Berlin\" is more than days of the week, a date and a time; a time zone is given "
        "apart");
}

TEST_CASE("calendar: a time that does not exist on the day clocks go forward", "[util]") {
  // 2026-03-29, 02:00 to 03:00 in Berlin: 01:00 UTC is the moment.
  const WallTime from = at(2026, 3, 28, 12);
  // cron runs what was jumped over when the clocks have been changed …
  CHECK(next(cron("30 2 * * *"), from, 2, berlin()) ==
        Texts{"2026-03-29 01:00:00", "2026-03-30 00:30:00"});
  CHECK(next(cron("0,20,40 2 * * *"), from, 2, berlin()) ==
        Texts{"2026-03-29 01:00:00", "2026-03-30 00:00:00"});  // once, however many
  CHECK(next(cron("0 2,3 * * *"), from, 2, berlin()) ==
        Texts{"2026-03-29 01:00:00", "2026-03-30 00:00:00"});  // 03:00 is that moment
  // … but goes by the clock where the line has a star.
  CHECK(next(cron("*/30 2 * * *"), from, 1, berlin()) == Texts{"2026-03-30 00:00:00"});
  CHECK(next(cron("*/30 * * * *"), at(2026, 3, 29, 0, 30), 2, berlin()) ==
        Texts{"2026-03-29 01:00:00", "2026-03-29 01:30:00"});
  // systemd leaves it out.
  CHECK(next(systemd("02:30"), from, 1, berlin()) == Texts{"2026-03-30 00:30:00"});
}

TEST_CASE("calendar: a time that comes twice on the day clocks go back", "[util]") {
  // 2026-10-25, 03:00 to 02:00 in Berlin: 01:00 UTC is the moment.
  const WallTime from = at(2026, 10, 24, 12);
  CHECK(next(cron("30 2 * * *"), from, 2, berlin()) ==
        Texts{"2026-10-25 00:30:00", "2026-10-26 01:30:00"});
  CHECK(next(cron("*/30 2 * * *"), from, 5, berlin()) ==
        Texts{"2026-10-25 00:00:00", "2026-10-25 00:30:00", "2026-10-25 01:00:00",
              "2026-10-25 01:30:00", "2026-10-26 01:00:00"});
  CHECK(next(systemd("*:0/30"), at(2026, 10, 25, 0, 15), 2, berlin()) ==
        Texts{"2026-10-25 00:30:00", "2026-10-25 02:00:00"});
  CHECK(next(systemd("02:30"), from, 2, berlin()) ==
        Texts{"2026-10-25 00:30:00", "2026-10-26 01:30:00"});
  // Found from within the hour that is repeated, too.
  CHECK(next(cron("30 2 * * *"), at(2026, 10, 25, 1, 10), 1, berlin()) ==
        Texts{"2026-10-26 01:30:00"});
}

TEST_CASE("calendar: a day that a zone has skipped whole", "[util]") {
  const auto apia = TimeZone::find("Pacific/Apia");  // had no 2011-12-30
  REQUIRE(apia);
  CHECK(next(cron("0 12 * * *"), at(2011, 12, 29, 12), 3, *apia) ==
        Texts{"2011-12-29 22:00:00", "2011-12-30 10:00:00", "2011-12-30 22:00:00"});
  CHECK(next(systemd("12:00"), at(2011, 12, 29, 12), 2, *apia) ==
        Texts{"2011-12-29 22:00:00", "2011-12-30 22:00:00"});
}

TEST_CASE("time zone: only the names of the database are zones", "[util]") {
  CHECK(TimeZone::find("Europe/Berlin")->name() == "Europe/Berlin");
  CHECK(TimeZone::find("UTC")->at({}).offset == seconds{0});
  for (const char* name : {"", "Europe/Berln", "../../../etc/passwd", "/etc/passwd", "Europe",
                           "Mars/Base", "zone.tab", "europe/berlin\n"}) {
    INFO(name);
    CHECK_FALSE(TimeZone::find(name));
  }
  CHECK_FALSE(TimeZone::local().name().empty());
}
