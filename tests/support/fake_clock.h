// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <atomic>

#include "tocsin/time.h"

namespace tocsin {

// A clock that stands until it is turned. Thread-safe. Begins at 2026-01-02 03:04:05 UTC.
class FakeClock final : public Clock {
 public:
  SteadyTime steady() const noexcept override {
    return SteadyTime{} + std::chrono::hours{1} + elapsed();
  }
  WallTime wall() const noexcept override {
    return WallTime{std::chrono::seconds{1'767'323'045}} + elapsed() + Millis{step_.load()};
  }
  void advance(Millis by) noexcept { elapsed_ += by.count(); }
  // What an administrator or NTP does: the wall clock jumps, the steady one does not.
  void step_wall(Millis by) noexcept { step_ += by.count(); }

 private:
  Millis elapsed() const noexcept { return Millis{elapsed_.load()}; }
  std::atomic<Millis::rep> elapsed_{0};
  std::atomic<Millis::rep> step_{0};
};

}  // namespace tocsin
