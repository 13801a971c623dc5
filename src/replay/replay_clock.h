// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <algorithm>
#include <chrono>

#include "tocsin/time.h"

namespace tocsin {

// Both clocks of a simulation: they stand until they are moved on. One thread's.
class ReplayClock final : public Clock {
 public:
  explicit ReplayClock(WallTime start) noexcept : start_(start) {}

  SteadyTime steady() const noexcept override { return kBegin + passed_; }
  WallTime wall() const noexcept override {
    return start_ + std::chrono::floor<Millis>(passed_) + step_;
  }

  // When the steady clock will show this, if the wall clock is not set meanwhile.
  SteadyTime when(WallTime wall) const noexcept { return kBegin + (wall - step_ - start_); }
  // Never backwards.
  void go_to(SteadyTime time) noexcept { passed_ = std::max(passed_, time - kBegin); }
  // What an administrator or NTP does.
  void step_wall(Millis by) noexcept { step_ += by; }

 private:
  static constexpr SteadyTime kBegin{std::chrono::hours{1}};

  WallTime start_;
  SteadyTime::duration passed_{};
  Millis step_{0};
};

}  // namespace tocsin
