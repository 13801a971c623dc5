// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "tocsin/time.h"

namespace tocsin {

// What is wrong with ourselves: starved of CPU, without a resolver. It says so, once when it begins
// and once when it ends, and says which results are not to be believed. The core's thread only; no
// clock.
class OwnFaults {
 public:
  // From here on, our own schedule is late: what was looked at meanwhile says nothing of others.
  static constexpr Millis kLate{1000};
  // It is told when it has gone on for so long, and is over when nothing was late for so long.
  static constexpr Millis kTellAfter{10'000};
  static constexpr Millis kOverAfter{30'000};
  // One check alone may have a name that nobody resolves: it is told of as itself, after so long
  // without a second one.
  static constexpr Millis kResolverGrace{30'000};
  static constexpr std::size_t kResolverChecks = 2;

  // Something of ours began so late.
  void note_late(Millis by, SteadyTime now, WallTime wall) noexcept;
  // Whether a look that began then cannot be believed: we stood still meanwhile.
  bool spoils(SteadyTime began) const noexcept {
    return stood_still_at_ && began < *stood_still_at_;
  }

  // How many checks are unknown since our resolver does not answer.
  void count_unresolved(std::size_t checks) noexcept { unresolved_ = checks; }
  // Whether that is the resolver's fault and not that of the only check's name; from then on until
  // the last of them is looked at again.
  bool resolver_is_gone() const noexcept {
    return unresolved_ >= kResolverChecks || no_resolver_since_.has_value();
  }

  // What people are to be told now; once a second.
  std::vector<std::string> turn(SteadyTime now, WallTime wall);

  std::optional<WallTime> starved_since() const noexcept { return starved_since_; }
  std::optional<WallTime> no_resolver_since() const noexcept { return no_resolver_since_; }

 private:
  std::optional<SteadyTime> stood_still_at_;  // the latest end of a standstill
  std::optional<SteadyTime> late_since_;
  WallTime late_since_wall_{};
  Millis latest_{0};  // by how much, at the worst
  std::optional<WallTime> starved_since_;
  std::size_t unresolved_ = 0;
  std::optional<WallTime> no_resolver_since_;
};

}  // namespace tocsin
