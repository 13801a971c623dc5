// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include "tocsin/time.h"

namespace tocsin {

// The machine's clocks. Stateless and thread-safe.
class SystemClock final : public Clock {
 public:
  SteadyTime steady() const noexcept override { return std::chrono::steady_clock::now(); }
  WallTime wall() const noexcept override {
    return std::chrono::floor<Millis>(std::chrono::system_clock::now());
  }
};

}  // namespace tocsin
