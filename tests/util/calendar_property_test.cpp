// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Calendars against a model, against noise, and against systemd itself.
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>

#include "util/calendars.h"
#include "util/text.h"

using namespace tocsin;
using namespace std::chrono;

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
