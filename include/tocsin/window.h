// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "tocsin/time.h"

namespace tocsin {

// A stretch of time that comes again at calendar times: "at Mon..Fri 22:00 (Europe/Berlin) for 9h".
// Immutable; safe from every thread. Occasions lie farther apart than a stretch is long.
struct TimeWindow {
  std::string shown;  // for people: "Mon..Fri 22:00 for 9h (Europe/Berlin)"
  // When a stretch begins that begins after this moment; nothing if none does.
  std::function<std::optional<WallTime>(WallTime)> next_after;
  Millis lasts{0};

  // When the stretch ends that holds `now`; nothing if none does.
  std::optional<WallTime> open_until(WallTime now) const {
    const auto begin = next_after ? next_after(now - lasts) : std::nullopt;
    if (!begin || *begin > now) return std::nullopt;
    return *begin + lasts;
  }
};

using TimeWindowPtr = std::shared_ptr<const TimeWindow>;

}  // namespace tocsin
