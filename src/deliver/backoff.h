// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <optional>
#include <random>

#include "tocsin/time.h"

namespace tocsin {

// How long to leave a sink alone after it put us off: 1 s, 2 s, 4 s … 60 s, each ± 25 % so that
// many daemons do not knock in step. A value type; not thread-safe.
class Backoff {
 public:
  static constexpr Millis kFirst{1000};
  static constexpr Millis kMost{60'000};
  // What a sink asks for is honoured up to this: a page is not put off for a day by a wrong header.
  static constexpr Millis kMostAsked{3'600'000};

  explicit Backoff(std::uint64_t seed) : random_(seed) {}

  // The next wait; at least what the sink asked for.
  Millis next(std::optional<Millis> asked);
  // Something was delivered.
  void reset() noexcept { failures_ = 0; }
  // Put off so often since the last reset.
  unsigned failures() const noexcept { return failures_; }

 private:
  std::minstd_rand random_;
  unsigned failures_ = 0;
};

}  // namespace tocsin
