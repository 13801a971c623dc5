// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tocsin {

// The outcome of one probe. `unknown` means the look itself failed on our side (no descriptors, no
// resolver answer): it says nothing about the target and never counts towards `down`.
enum class Verdict : std::uint8_t { up, degraded, down, unknown };

// What the daemon holds to be true of a check. `pending`: never decided yet.
enum class State : std::uint8_t { pending, up, degraded, down, unknown };

constexpr std::string_view to_string(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::up: return "up";
    case Verdict::degraded: return "degraded";
    case Verdict::down: return "down";
    case Verdict::unknown: return "unknown";
  }
  return "unknown";
}

constexpr std::string_view to_string(State state) noexcept {
  switch (state) {
    case State::pending: return "pending";
    case State::up: return "up";
    case State::degraded: return "degraded";
    case State::down: return "down";
    case State::unknown: return "unknown";
  }
  return "unknown";
}

// The state of that name, as to_string writes it; nothing if there is none.
constexpr std::optional<State> parse_state(std::string_view name) noexcept {
  for (const State state :
       {State::pending, State::up, State::degraded, State::down, State::unknown}) {
    if (to_string(state) == name) return state;
  }
  return std::nullopt;
}

// Whether somebody is to be told of it: not up, and decided.
constexpr bool is_bad(State state) noexcept {
  return state != State::pending && state != State::up;
}

// How bad, so that the worse of two is the greater. Down ranks above degraded above unknown: a
// target that was seen to be bad says more than one we could not look at.
constexpr int badness(State state) noexcept {
  switch (state) {
    case State::down: return 3;
    case State::degraded: return 2;
    case State::unknown: return 1;
    case State::up:
    case State::pending: return 0;
  }
  return 0;
}

// The state that enough results of this verdict lead to.
constexpr State state_of(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::up: return State::up;
    case Verdict::degraded: return State::degraded;
    case Verdict::down: return State::down;
    case Verdict::unknown: return State::unknown;
  }
  return State::unknown;
}

}  // namespace tocsin
