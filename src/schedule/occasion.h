// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <functional>
#include <optional>

#include "tocsin/time.h"

namespace tocsin {

// The first occasion after a moment; nothing if there is none.
using NextOccasion = std::function<std::optional<WallTime>(WallTime)>;

// What is due of something that happens at calendar times.
struct DueOccasion {
  std::optional<WallTime> tell;  // the latest occasion that is not too late
  std::size_t earlier = 0;       // earlier ones for which it stands
  // The first of those that were missed for longer than that; nothing if there are none.
  std::optional<WallTime> skipped;
  WallTime done{};               // up to here, occasions are dealt with now
  std::optional<WallTime> next;  // the first after that
};

// Decides at `now`, when all occasions up to `done` are dealt with already. Every occasion is dealt
// with once: told, stood for by a later one, or skipped. So a clock that is set back repeats
// nothing, and one that is set forward, or a daemon that was away, makes one message of what was
// missed within `grace`. Pure; asks for no more occasions than there are within `grace`.
DueOccasion due_occasion(const NextOccasion& next_after, WallTime done, WallTime now, Millis grace);

}  // namespace tocsin
