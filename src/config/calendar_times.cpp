// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "config/calendar_times.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "util/calendar.h"
#include "util/text.h"
#include "util/time_zone.h"

namespace tocsin {
namespace {

constexpr int kOccasionsLookedAt = 10;

// Five words, or a word that begins with @, are a line of a crontab; all else is systemd's
// notation, which has three words at the most.
bool is_cron(std::string_view text) {
  std::size_t words = 0;
  bool blank = true;
  for (const char c : text) {
    const bool is_blank = c == ' ' || c == '\t';
    if (blank && !is_blank) ++words;
    blank = is_blank;
  }
  return words >= 5 || text.starts_with('@');
}

std::optional<Calendar> read_calendar(Section& section, std::string_view missing,
                                      std::string& written) {
  written = section.text("at");
  if (section.node("at") == nullptr) {
    section.error(std::string(missing));
    return std::nullopt;
  }
  if (!section.given("at")) return std::nullopt;
  written = std::string(trim(written));
  ParsedCalendar parsed =
      is_cron(written) ? Calendar::parse_cron(written) : Calendar::parse_systemd(written);
  if (!parsed.calendar) section.error("at", parsed.mistake);
  return parsed.calendar;
}

std::optional<TimeZone> read_zone(Section& section) {
  const std::string name = section.text("time_zone");
  if (!section.given("time_zone")) return TimeZone::local();
  auto zone = TimeZone::find(name);
  if (!zone) {
    section.error("time_zone", "no time zone is called \"" + printable(name, 60) +
                                   "\"; one is called Europe/Berlin");
  }
  return zone;
}

}  // namespace

std::optional<CalendarTimes> read_times(Section& section, std::string_view missing) {
  CalendarTimes out;
  const auto calendar = read_calendar(section, missing, out.at);
  const auto zone = read_zone(section);
  if (!calendar || !zone) return std::nullopt;
  out.zone = zone->name();
  out.next_after = [calendar = calendar->each_once(), zone = *zone](WallTime moment) {
    return calendar.next_after(moment, zone);
  };
  return out;
}

Upcoming look_ahead(const CalendarTimes& times) {
  Upcoming out;
  auto at = times.next_after(std::chrono::floor<Millis>(std::chrono::system_clock::now()));
  out.any = at.has_value();
  for (int i = 0; at && i < kOccasionsLookedAt; ++i) {
    const auto next = times.next_after(*at);
    if (!next) break;
    const auto distance = std::chrono::duration_cast<Millis>(*next - *at);
    out.least = std::min(out.least.value_or(distance), distance);
    at = next;
  }
  return out;
}

}  // namespace tocsin
