// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <chrono>
#include <cstdint>

namespace tocsin {

// Two clocks, never mixed. Probe timing runs on the steady clock; whatever is stored or agreed with
// people runs on the wall clock and must survive its steps.
using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

// Settings are whole milliseconds, as the configuration writes them (500ms … 400d).
using Millis = std::chrono::milliseconds;
// Response times: 32 bits of microseconds reach 35 minutes, far above any timeout, and there are
// five of them for every check in memory.
using Micros = std::chrono::duration<std::int32_t, std::micro>;

// The time between two moments, as phases and results hold it; what does not fit is the most that
// does.
constexpr Micros micros_between(SteadyTime from, SteadyTime to) noexcept {
  const auto exact = std::chrono::duration_cast<std::chrono::microseconds>(to - from);
  if (exact < Micros::zero()) return Micros::zero();
  return exact > Micros::max() ? Micros::max() : Micros{static_cast<Micros::rep>(exact.count())};
}

// Where time comes from. Both calls are thread-safe. Tests turn a fake one by hand.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime steady() const noexcept = 0;
  virtual WallTime wall() const noexcept = 0;
};

}  // namespace tocsin
