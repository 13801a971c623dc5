// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/sink_alert.h"

namespace tocsin {
namespace {

// It may be up at the moment, and the alert is still about what it is at other moments.
State flapping_state(const Message& message) noexcept {
  const State worse = badness(message.to) > badness(message.from) ? message.to : message.from;
  if (is_bad(worse)) return worse;
  return is_bad(message.worst) ? message.worst : State::down;
}

}  // namespace

AlertMove alert_move(Kind kind) noexcept {
  switch (kind) {
    case Kind::down:
    case Kind::degraded:
    case Kind::unknown:
    case Kind::flapping:
    case Kind::reminder: return AlertMove::raise;
    case Kind::acknowledged: return AlertMove::acknowledge;
    case Kind::up:
    case Kind::over:
    case Kind::unwatched: return AlertMove::close;
    case Kind::info:
    case Kind::digest:
    case Kind::daemon:
    case Kind::test: return AlertMove::tell;
  }
  return AlertMove::tell;
}

std::string alert_key(const Notification& notification) {
  const std::string& key = notification.thread_key;
  const std::string& check = notification.message->check;
  if (check.empty() || key == check || key.starts_with(check + " #")) return key;
  return key.empty() ? check : key + " / " + check;
}

State alert_state(const Message& message) noexcept {
  if (message.kind == Kind::up || message.kind == Kind::over) {
    return message.worst == State::pending ? message.from : message.worst;
  }
  switch (message.kind) {
    case Kind::down: return State::down;
    case Kind::degraded: return State::degraded;
    case Kind::unknown: return State::unknown;
    case Kind::flapping: return flapping_state(message);
    default: return message.to;
  }
}

bool changed_while_open(const Message& message) noexcept {
  const bool tells_state = message.kind == Kind::down || message.kind == Kind::degraded ||
                           message.kind == Kind::unknown || message.kind == Kind::flapping;
  return tells_state && is_bad(message.from) && message.from != alert_state(message);
}

std::string text_below(const Words& words, FittedText out) {
  for (const std::string& line : words.lines) {
    if (!out.text().empty()) out.add("\n");
    out.add(line);
  }
  return out.text();
}

}  // namespace tocsin
