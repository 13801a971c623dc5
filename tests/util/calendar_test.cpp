// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "util/calendar.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>

#include "util/duration.h"
#include "util/text.h"

using namespace tocsin;
using namespace std::chrono;

namespace {

using Texts = std::vector<std::string>;

Calendar cron(std::string_view text) {
  ParsedCalendar parsed = Calendar::parse_cron(text);
  INFO(text << ": " << parsed.mistake);
  REQUIRE(parsed.calendar);
  return *parsed.calendar;
}

Calendar systemd(std::string_view text) {
  ParsedCalendar parsed = Calendar::parse_systemd(text);
  INFO(text << ": " << parsed.mistake);
  REQUIRE(parsed.calendar);
  return *parsed.calendar;
}

TimeZone berlin() {
  const auto zone = TimeZone::find("Europe/Berlin");
  REQUIRE(zone);
  return *zone;
}

WallTime at(int y, unsigned m, unsigned d, int h = 0, int min = 0, int s = 0) {
  return WallTime{sys_days{year{y} / month{m} / day{d}} + hours{h} + minutes{min} + seconds{s}};
}

// "2026-11-21 03:04:05" in UTC.
std::string text_of(WallTime time) {
  return human_time(time).substr(0, 19);
}

Texts next(const Calendar& calendar, WallTime from, int count,
           const TimeZone& zone = TimeZone::utc()) {
  Texts out;
  for (int i = 0; i < count; ++i) {
    const auto found = calendar.next_after(from, zone);
    if (!found) break;
    out.push_back(text_of(*found));
    from = *found;
  }
  return out;
}

}  // namespace

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

namespace {

// A rule as plain lists, made at random, and its cron line: the model that the parser and the
// search are held against.
struct Model {
  std::string line;
  std::vector<bool> minute = std::vector<bool>(60);
  std::vector<bool> hour = std::vector<bool>(24);
  std::vector<bool> day = std::vector<bool>(32);
  std::vector<bool> month = std::vector<bool>(13);
  std::vector<bool> weekday = std::vector<bool>(8);
  bool day_star = false, weekday_star = false, wild = false;
};

class ModelMaker {
 public:
  explicit ModelMaker(unsigned seed) : random_(seed) {}

  Model make() {
    Model out;
    const std::string minute = field(out.minute, 0, 59);
    const std::string hour = field(out.hour, 0, 23);
    const std::string day = field(out.day, 1, 31);
    const std::string month = up_to(2) == 0 ? field(out.month, 1, 12) : star(out.month);
    const std::string weekday = field(out.weekday, 0, 7);
    if (out.weekday[7]) out.weekday[0] = true;
    out.day_star = day[0] == '*';
    out.weekday_star = weekday[0] == '*';
    out.wild = minute[0] == '*' || hour[0] == '*';
    out.line = minute + " " + hour + " " + day + " " + month + " " + weekday;
    return out;
  }
  int up_to(int most) { return std::uniform_int_distribution<int>(0, most)(random_); }

 private:
  static std::string star(std::vector<bool>& set) {
    set.assign(set.size(), true);
    return "*";
  }
  std::string field(std::vector<bool>& set, int least, int most) {
    if (up_to(2) == 0) return star(set);
    std::string out;
    for (int parts = up_to(2); parts >= 0; --parts) {
      const int first = least + up_to(most - least);
      const int last = up_to(1) == 0 ? first : first + up_to(most - first);
      const int step = 1 + up_to(6);
      for (int i = first; i <= last; i += step) set[static_cast<std::size_t>(i)] = true;
      out += std::to_string(first);
      if (first != last) out += "-" + std::to_string(last) + "/" + std::to_string(step);
      if (parts > 0) out += ",";
    }
    return out;
  }

  std::mt19937 random_;
};

bool is_civil(const Model& model, sys_seconds civil) {
  const auto day = floor<days>(civil);
  const year_month_day date{day};
  const hh_mm_ss clock{civil - day};
  const bool of_month = model.day[unsigned(date.day())];
  const bool of_week = model.weekday[weekday{day}.c_encoding()];
  const bool either = !model.day_star && !model.weekday_star;
  return clock.seconds().count() == 0 &&
         model.minute[static_cast<std::size_t>(clock.minutes().count())] &&
         model.hour[static_cast<std::size_t>(clock.hours().count())] &&
         model.month[unsigned(date.month())] &&
         (either ? of_month || of_week : of_month && of_week);
}

// Whether cron(8) runs the line at this minute, by its own words: looks at the clock minute by
// minute, and at what the clock has jumped over or shows again.
bool runs_at(const Model& model, const TimeZone& zone, sys_seconds minute) {
  const seconds offset = zone.at(minute).offset;
  const seconds before = zone.at(minute - seconds{60}).offset;
  if (!model.wild) {
    for (sys_seconds civil = minute + before; civil < minute + offset; civil += seconds{60}) {
      if (is_civil(model, civil)) return true;  // jumped over
    }
    const seconds lately = zone.at(minute - hours{3}).offset;
    const bool again = lately > offset && zone.at(minute - (lately - offset)).offset == lately;
    if (again) return false;
  }
  return is_civil(model, minute + offset);
}

}  // namespace

TEST_CASE("calendar: any cron line runs when a clock watched minute by minute says so", "[util]") {
  ModelMaker maker(20261121);
  const auto sydney = TimeZone::find("Australia/Lord_Howe");  // by half an hour
  REQUIRE(sydney);
  const TimeZone zones[] = {TimeZone::utc(), berlin(), *sydney};
  const sys_seconds begins[] = {floor<seconds>(at(2026, 3, 28)), floor<seconds>(at(2026, 10, 24)),
                                floor<seconds>(at(2026, 4, 4)), floor<seconds>(at(2026, 10, 3))};
  std::size_t found = 0;
  for (int i = 0; i < 600; ++i) {
    const Model model = maker.make();
    const ParsedCalendar parsed = Calendar::parse_cron(model.line);
    if (parsed.mistake == "there is no such day") continue;
    INFO(model.line << ": " << parsed.mistake);
    REQUIRE(parsed.calendar);
    const TimeZone& zone = zones[maker.up_to(2)];
    const sys_seconds begin = begins[maker.up_to(3)];
    Texts expected;
    for (sys_seconds minute = begin + seconds{60}; minute < begin + days{3};
         minute += seconds{60}) {
      if (runs_at(model, zone, minute)) expected.push_back(text_of(WallTime{minute}));
    }
    Texts told;
    for (auto at = parsed.calendar->next_after(WallTime{begin}, zone);
         at && *at < WallTime{begin} + days{3}; at = parsed.calendar->next_after(*at, zone)) {
      told.push_back(text_of(*at));
    }
    INFO(zone.name());
    REQUIRE(told == expected);
    found += told.size();
  }
  CHECK(found > 1000);
}

TEST_CASE("calendar: no text at all brings the parsers out of step", "[util]") {
  std::mt19937 random(7);
  const std::string_view letters = "0123456789*/-,.~:@ monfriMONjan?L#\t\xFF";
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (int n = std::uniform_int_distribution<int>(0, 24)(random); n > 0; --n) {
      text += letters[std::uniform_int_distribution<std::size_t>(0, letters.size() - 1)(random)];
    }
    for (const ParsedCalendar& parsed :
         {Calendar::parse_cron(text), Calendar::parse_systemd(text)}) {
      REQUIRE(parsed.calendar.has_value() == parsed.mistake.empty());
      REQUIRE(is_valid_utf8(parsed.mistake));
    }
  }
}

namespace {

// What systemd itself says, in UTC; nothing if it is not here.
std::optional<Texts> systemd_says(const std::string& event, const std::string& from) {
  const std::string command =
      "LC_ALL=C TZ=Europe/Berlin systemd-analyze calendar --iterations=12 "
      "--base-time='" +
      from + "' '" + event + "' 2>/dev/null";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  if (!pipe) return std::nullopt;
  Texts out;
  char line[512];
  while (std::fgets(line, sizeof line, pipe.get()) != nullptr) {
    const std::string text = line;
    const std::size_t utc = text.find("(in UTC): ");
    if (utc != std::string::npos) out.push_back(text.substr(utc + 14, 19));  // without "Sun "
  }
  if (out.empty()) return std::nullopt;
  return out;
}

}  // namespace

TEST_CASE("calendar: systemd-analyze says the same of calendar events", "[util]") {
  struct Base {
    const char* berlin;
    WallTime utc;
  };
  for (const Base& base : {Base{"2026-03-28 12:00:00", at(2026, 3, 28, 11)},
                           Base{"2026-10-24 12:00:00", at(2026, 10, 24, 10)},
                           Base{"2026-12-31 23:59:59", at(2026, 12, 31, 22, 59, 59)}}) {
    for (const char* event :
         {"02:30", "Sun 02:15", "*-*-* 02,05:00/20", "hourly", "Mon..Fri 08:00", "*-*~01 23:59:59",
          "Mon 2026..2036-05~07/1", "*-02-29 12:00", "*-*-1..20/9 03:00", "quarterly",
          "semiannually", "weekly", "2026..2030/2-1..6-05 1/6:30", "*-*-* 00/5:*/20:*/30",
          "Sat,Sun 0..3:00,30:15"}) {
      INFO(event << " from " << base.berlin);
      const ParsedCalendar ours = Calendar::parse_systemd(event);
      const auto theirs = systemd_says(event, base.berlin);
      if (!theirs && std::system("systemd-analyze --version >/dev/null 2>&1") != 0) {
        WARN("skipped: there is no systemd-analyze");
        return;
      }
      REQUIRE(ours.calendar.has_value() == theirs.has_value());
      if (ours.calendar) CHECK(next(*ours.calendar, base.utc, 12, berlin()) == *theirs);
    }
  }
}
