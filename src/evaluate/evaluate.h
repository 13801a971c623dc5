// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <optional>

#include "tocsin/state.h"
#include "tocsin/time.h"

namespace tocsin {

// The state machine of a check: pure, no clock, no I/O. Its rules, which the property tests
// restate:
//
//  * Ranks: up 0, degraded 1, down 2. A check worsens to rank L when the last `down_after` results
//    were all of rank >= L, and eases to rank L when the last `up_after` were all of rank <= L; the
//    farthest such L wins. So each level's threshold is kept exactly, and a mix of down and
//    degraded is degraded.
//  * `pending` worsens as if it were up; its first up result makes it up at once.
//  * `unknown` results say nothing about the target: they neither count nor break a row of others.
//    After `down_after` of them in a row the state is unknown.
//  * From `unknown`, rows are counted anew: up after `up_after`, bad after `down_after`; a mixed
//  row
//    that fits neither is degraded after the longer of the two, if any of it was bad.

// A number of zero is taken as one.
struct Policy {
  std::uint16_t down_after = 3;
  std::uint16_t up_after = 2;
};

// Where a check stands. A small value type: ten thousand of them live in the core. After a restart
// only `state` is known, and the rows begin anew.
struct Standing {
  State state = State::pending;
  // Rows of latest results: of rank >= 1, >= 2, <= 0, <= 1. Saturating.
  std::uint16_t bad = 0;
  std::uint16_t down = 0;
  std::uint16_t good = 0;
  std::uint16_t not_down = 0;
  std::uint16_t unknown = 0;  // the last results that were unknown
  std::uint16_t known = 0;    // those that were not, since the state became unknown
  // When the rows began: of bad or good, of down or not_down (of either two, one is empty), and of
  // unknown, or of known while the state is unknown. Meaningful while that row is not empty.
  WallTime side_since{};
  WallTime edge_since{};
  WallTime look_since{};
};

// A change of state.
struct Transition {
  State from = State::pending;
  State to = State::pending;
  WallTime since{};          // when the row that led here began
  std::uint16_t row = 0;     // how many results it took
  std::uint16_t failed = 0;  // the bad ones at its end: all of it, unless it eased or was mixed
};

struct Evaluation {
  Standing standing;
  std::optional<Transition> transition;
};

// What is held after one more result, and the change of state if it brought one.
Evaluation evaluate(const Standing& before, Verdict verdict, const Policy& policy,
                    WallTime now) noexcept;

// The soft state: the last result disagrees with the state, but not often enough yet.
bool suspected(const Standing& standing) noexcept;

}  // namespace tocsin
