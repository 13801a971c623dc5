// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <bitset>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/time.h"
#include "util/time_zone.h"

namespace tocsin {

struct ParsedCalendar;

// Times that people write down: "every 15 minutes from Monday to Friday", as a cron line or as
// systemd has it. A value; pure but for the zone's data.
//
// On the days on which clocks are changed it does what the programs do that the notation is from:
//
//                                     a time that does not exist     one that comes twice
//   cron, hour and minute fixed       once, when the clocks have     the first time only
//                                     jumped over it
//   cron, * in the hour or minute     not at all                     both times
//   systemd                           not at all                     the first time only
//
// (cron(8) of Debian, "clock changes of less than 3 hours", here of any size; systemd 252's own
// `systemd-analyze calendar`.)
class Calendar {
 public:
  // Five fields as crontab(5) of Debian has them — minute, hour, day of month, month, day of week;
  // *, lists, ranges, steps, names of months and days, Sunday as 0 or 7; days of month and of week
  // are alternatives where both are given — or @hourly, @daily, @midnight, @weekly, @monthly,
  // @yearly, @annually.
  static ParsedCalendar parse_cron(std::string_view text);
  // systemd.time(7), "Calendar events": "[days of week] [date] [time]", "Mon..Fri 08:00",
  // "*-*-01 03:00", "*:0/15", "*-02~01" (from the month's end), and its words from `minutely` to
  // `yearly`. Not: fractions of a second, time zones (they are given apart), @seconds.
  static ParsedCalendar parse_systemd(std::string_view text);

  // The same times, as who waits for a message means them: on the days on which clocks are changed,
  // one that does not exist when the clocks have jumped over it, one that comes twice the first
  // time only, whatever the notation.
  Calendar each_once() const {
    Calendar out = *this;
    out.gap_ = Gap::when_it_ends;
    out.repeated_ = Repeated::once;
    return out;
  }

  // The first time after that moment; nothing if there is none in the next hundred years.
  std::optional<WallTime> next_after(WallTime moment, const TimeZone& zone) const;

 private:
  friend class CronParser;
  friend class SystemdParser;
  Calendar() = default;

  using Civil = std::chrono::sys_seconds;  // what a clock on the wall shows, as if it were UTC
  struct Years {
    int first, last, step;
  };
  enum class Gap { skipped, when_it_ends };
  enum class Repeated { once, twice };

  bool is_day(std::chrono::year_month_day date) const;
  bool has_year(int year) const;
  std::optional<std::chrono::seconds> time_of_day(std::chrono::seconds from) const;
  std::optional<Civil> next_civil(Civil from, Civil until) const;

  std::bitset<60> seconds_;
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;
  std::bitset<32> days_from_end_;  // 1: the month's last
  std::bitset<13> months_;
  std::bitset<7> weekdays_;   // 0: Sunday
  bool either_day_ = false;   // days_ or weekdays_ instead of both
  std::vector<Years> years_;  // empty: every year
  Gap gap_ = Gap::skipped;
  Repeated repeated_ = Repeated::once;
};

// What came of a text: a calendar, or what is wrong with it, for the person who wrote it.
struct ParsedCalendar {
  std::optional<Calendar> calendar;
  std::string mistake;
};

}  // namespace tocsin
