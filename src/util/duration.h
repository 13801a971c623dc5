// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tocsin/time.h"

namespace tocsin {

// "500ms", "30s", "5m", "2h", "1d", or a bare 0. Whole numbers, one unit. Nothing if it is none of
// these or does not fit.
std::optional<Millis> parse_duration(std::string_view text) noexcept;
// As the configuration writes it, in the largest unit that is exact: "90s", "5m", "0".
std::string write_duration(Millis duration);
// For people, two units at the most: "42 s", "12 min", "3 h 20 min", "2 d 4 h"; below a second "350
// ms".
std::string human_duration(Millis duration);
// The same with a language's own signs for the units.
struct DurationUnits {
  std::string_view ms, s, min, h, d;
};
std::string human_duration(Millis duration, const DurationUnits& units);
// RFC 3339 in UTC with milliseconds: "2026-11-21T03:04:05.678Z".
std::string rfc3339(WallTime time);
// What RFC 3339 allows: "2026-11-21T05:00:00Z", or with an offset; a fraction is left out. Nothing
// if it is no such time.
std::optional<WallTime> parse_rfc3339(std::string_view text) noexcept;
// For people: "2026-11-21 03:04:05 UTC".
std::string human_time(WallTime time);
// "64KiB", "1MiB", "2MB", "3GB", "4TiB", or bare bytes. Nothing if it is none of these or does not
// fit.
std::optional<std::uint64_t> parse_size(std::string_view text) noexcept;

}  // namespace tocsin
