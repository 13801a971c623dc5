// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>

#include "notify/notifier.h"
#include "tocsin/notification.h"

namespace tocsin {

// How much a message matters, in syslog's numbers (RFC 5424, table 2).
enum class Severity : std::uint8_t { critical = 2, error = 3, warning = 4, notice = 5, info = 6 };

// DOWN is critical, UNKNOWN and what is about Tocsin itself an error, DEGRADED and
// what flaps a warning, what ends or is being looked after a notice. A reminder and a digest are as bad as the state they tell of.
constexpr Severity severity_of(const Message& message) noexcept {
  const auto of_state = [](State state) {
    switch (state) {
      case State::down: return Severity::critical;
      case State::unknown: return Severity::error;
      case State::degraded: return Severity::warning;
      default: return Severity::notice;
    }
  };
  switch (message.kind) {
    case Kind::down: return Severity::critical;
    case Kind::unknown:
    case Kind::daemon: return Severity::error;
    case Kind::degraded:
    case Kind::flapping:
    case Kind::unwatched: return Severity::warning;
    case Kind::reminder:
    case Kind::digest: return of_state(message.to);
    case Kind::up:
    case Kind::over:
    case Kind::acknowledged: return Severity::notice;
    case Kind::info:
    case Kind::test: return Severity::info;
  }
  return Severity::notice;
}

}  // namespace tocsin
