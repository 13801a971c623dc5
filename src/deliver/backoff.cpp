// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "deliver/backoff.h"

#include <algorithm>

namespace tocsin {

Millis Backoff::next(std::optional<Millis> asked) {
  constexpr unsigned kDoublings = 6;  // 64 s is above kMost already
  const Millis plain = std::min(kMost, kFirst * (1 << std::min(failures_, kDoublings)));
  ++failures_;
  std::uniform_int_distribution<Millis::rep> percent(75, 125);
  const Millis wait = plain * percent(random_) / 100;
  return std::max(wait, std::min(asked.value_or(Millis::zero()), kMostAsked));
}

}  // namespace tocsin
