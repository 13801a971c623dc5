// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tocsin/check.h"
#include "tocsin/state.h"
#include "tocsin/time.h"

namespace tocsin {

// What a check finds when it looks. A value type.
struct Sight {
  Verdict verdict = Verdict::up;
  std::string reason;
  std::string details;
  Micros took{20'000};       // at least a millisecond is taken
  bool no_resolver = false;  // Result::no_resolver
};

// What a check would find if it looked at that moment. When it looks is the schedule's to decide.
using World = std::function<Sight(const Check& check, WallTime at)>;

// A stretch of time; `until` is not part of it.
struct Stretch {
  WallTime from{};
  WallTime until{};
  bool holds(WallTime at) const noexcept { return from <= at && at < until; }
};

// How a simulated notifier's sink takes messages.
struct SinkPlan {
  std::string notifier;
  std::string lane;             // notifiers of one lane share its pace; empty: a lane of its own
  Millis spacing{1050};         // Pace::spacing
  bool foldable = true;         // Pace::foldable
  std::vector<Stretch> away{};  // when it takes nothing
};

}  // namespace tocsin
