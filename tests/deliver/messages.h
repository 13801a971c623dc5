// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "deliver/row.h"
#include "tocsin/notification.h"

namespace tocsin {

// Notifications as the incident room makes them, in short.
struct Telling {
  std::int64_t id = 1;
  Kind kind = Kind::down;
  std::string check = "web-01";
  std::int64_t incident = 1;
  std::string notifier = "ops";
  std::string thread;  // empty: the check's name
  std::string reason = "connection refused (10.0.0.1:80)";
  std::string note;
  WallTime at{std::chrono::seconds{1'767'323'045}};  // FakeClock's beginning
};

inline State state_told(Kind kind) {
  switch (kind) {
    case Kind::down:
    case Kind::reminder: return State::down;
    case Kind::degraded: return State::degraded;
    case Kind::unknown: return State::unknown;
    default: return State::up;
  }
}

inline NotificationPtr tell(const Telling& telling) {
  Message message;
  message.kind = telling.kind;
  message.instance = "mon-1";
  message.check = telling.check;
  message.type = "tcp";
  message.reason = telling.reason;
  message.note = telling.note;
  message.to = state_told(telling.kind);
  message.from = message.to == State::up ? State::down : State::up;
  message.decided_at = telling.at;
  message.since = telling.at - Millis{5000};
  message.failed_probes = message.to == State::up ? 0 : 3;
  message.incident = telling.incident;
  auto out = std::make_shared<Notification>();
  out->id = telling.id;
  out->uid = "uid-" + std::to_string(telling.id);
  out->notifier = telling.notifier;
  out->thread_key = telling.thread.empty() ? telling.check : telling.thread;
  out->created_at = telling.at;
  out->message = std::make_shared<const Message>(std::move(message));
  return out;
}

inline Row waiting(const Telling& telling) {
  return make_row(tell(telling));
}

}  // namespace tocsin
