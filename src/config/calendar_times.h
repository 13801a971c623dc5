// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "config/section.h"
#include "tocsin/time.h"

namespace tocsin {

// Times that somebody wrote down: the keys `at` and `time_zone` of a mapping. A value type.
struct CalendarTimes {
  std::string at;    // as it is written
  std::string zone;  // the zone's name, the machine's if none is given
  // Each occasion once, whatever the clocks do (Calendar::each_once). Safe from every thread.
  std::function<std::optional<WallTime>(WallTime)> next_after;
};

// Reads the two keys; `missing` is what is said if there is no `at`. Nothing if anything is wrong,
// which is reported.
std::optional<CalendarTimes> read_times(Section& section, std::string_view missing);

// What can be said of the next ten occasions.
struct Upcoming {
  bool any = false;             // is to come
  std::optional<Millis> least;  // from one to the next; nothing if fewer than two are to come
};
Upcoming look_ahead(const CalendarTimes& times);

}  // namespace tocsin
