// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "util/calendar.h"
#include "util/duration.h"

namespace tocsin {

// What the tests of calendars share.
using Texts = std::vector<std::string>;

inline Calendar cron(std::string_view text) {
  ParsedCalendar parsed = Calendar::parse_cron(text);
  INFO(text << ": " << parsed.mistake);
  REQUIRE(parsed.calendar);
  return *parsed.calendar;
}

inline Calendar systemd(std::string_view text) {
  ParsedCalendar parsed = Calendar::parse_systemd(text);
  INFO(text << ": " << parsed.mistake);
  REQUIRE(parsed.calendar);
  return *parsed.calendar;
}

inline TimeZone berlin() {
  const auto zone = TimeZone::find("Europe/Berlin");
  REQUIRE(zone);
  return *zone;
}

inline WallTime at(int y, unsigned m, unsigned d, int h = 0, int min = 0, int s = 0) {
  return WallTime{
      std::chrono::sys_days{std::chrono::year{y} / std::chrono::month{m} / std::chrono::day{d}} +
      std::chrono::hours{h} + std::chrono::minutes{min} + std::chrono::seconds{s}};
}

// "2026-11-21 03:04:05" in UTC.
inline std::string text_of(WallTime time) {
  return human_time(time).substr(0, 19);
}

inline Texts next(const Calendar& calendar, WallTime from, int count,
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

}  // namespace tocsin
