// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "util/time_zone.h"

#include <date/tz.h>

#include <algorithm>
#include <stdexcept>

namespace tocsin {
namespace {

// Names are looked for in a folder: nothing that could lead out of it.
bool is_zone_name(std::string_view name) noexcept {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/";
  return !name.empty() && name.front() != '/' &&
         name.find_first_not_of(kAllowed) == std::string_view::npos;
}

}  // namespace

std::optional<TimeZone> TimeZone::find(std::string_view name) {
  if (name == "UTC") return utc();
  if (!is_zone_name(name)) return std::nullopt;
  try {
    const date::time_zone* zone = date::locate_zone(std::string(name));
    zone->get_info(date::sys_seconds{});  // reads its file, which may be broken
    return TimeZone(zone->name(), zone);
  } catch (const std::runtime_error&) {
    return std::nullopt;
  }
}

TimeZone TimeZone::local() {
  try {
    const date::time_zone* zone = date::current_zone();
    zone->get_info(date::sys_seconds{});
    return {zone->name(), zone};
  } catch (const std::runtime_error&) {
    return utc();
  }
}

TimeZone::Span TimeZone::at(std::chrono::sys_seconds moment) const {
  using std::chrono::sys_seconds;
  if (zone_ == nullptr) return {sys_seconds::min(), sys_seconds::max(), std::chrono::seconds{0}};
  const date::sys_info info = zone_->get_info(moment);
  return {info.begin, std::max(info.end, moment + std::chrono::seconds{1}), info.offset};
}

std::string TimeZone::abbreviation(std::chrono::sys_seconds moment) const {
  return zone_ == nullptr ? "UTC" : zone_->get_info(moment).abbrev;
}

}  // namespace tocsin
