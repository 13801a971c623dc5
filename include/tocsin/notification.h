// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tocsin/state.h"
#include "tocsin/time.h"

namespace tocsin {

// Why people are told. The word that stands in capitals in the message's first line.
enum class Kind : std::uint8_t {
  down,
  degraded,
  unknown,
  up,
  reminder,      // still not up
  acknowledged,  // somebody looks after it: `reason` says who and why
  over,          // opened and closed while the sink was away: DOWN and UP in one message
  flapping,      // changes too often: changes are counted, not told, until that ends
  unwatched,     // the check left the configuration while not up
  info,          // news that is no change of state: a job has finished
  digest,        // many at once, folded
  daemon,        // about Tocsin itself
  test,          // tocsin test-notify
};

constexpr std::string_view to_string(Kind kind) noexcept {
  switch (kind) {
    case Kind::down: return "down";
    case Kind::degraded: return "degraded";
    case Kind::unknown: return "unknown";
    case Kind::up: return "up";
    case Kind::reminder: return "reminder";
    case Kind::acknowledged: return "acknowledged";
    case Kind::over: return "over";
    case Kind::flapping: return "flapping";
    case Kind::unwatched: return "unwatched";
    case Kind::info: return "info";
    case Kind::digest: return "digest";
    case Kind::daemon: return "daemon";
    case Kind::test: return "test";
  }
  return "test";
}

inline constexpr Kind kKinds[] = {
    Kind::down,         Kind::degraded, Kind::unknown,  Kind::up,        Kind::reminder,
    Kind::acknowledged, Kind::over,     Kind::flapping, Kind::unwatched, Kind::info,
    Kind::digest,       Kind::daemon,   Kind::test};

// What happened, in facts; notifiers make words of it. Immutable, shared by the notifications of
// one event and between threads. Texts may hold whatever a target sent: each notifier escapes for
// its sink.
struct Message {
  Kind kind = Kind::test;
  std::string instance;  // which Tocsin speaks
  std::string check;     // empty: about the daemon
  std::string type;      // the check's type
  std::string target;    // secrets hidden
  std::string description;
  std::string runbook;
  std::vector<std::pair<std::string, std::string>> labels;
  std::string reason;
  std::string details;  // lines that go with it, or nothing
  // Why it is told now, or to these people, in lines: what held it back, that nobody acknowledged
  // it, what cannot be reached besides. Mostly empty.
  std::string note;
  State from = State::pending;      // what was held before
  State to = State::pending;        // what is held now; for a reminder: still
  WallTime decided_at{};            // when the state changed
  WallTime since{};                 // when the incident's first bad result came
  std::uint32_t failed_probes = 0;  // bad results in a row that led here
  std::int64_t incident = 0;        // its number; 0: none
  std::string worst_reason;         // for up and over: what the incident was about
  State worst = State::pending;     // for up and over: the worst state of the incident
  bool durable = true;  // false: could not be stored first; may be lost or repeated by a restart
};

// One thing to tell one notifier: a row of the outbox. Immutable; shared between threads.
struct Notification {
  std::int64_t id = 0;  // rising in the order of decisions
  std::string uid;      // a UUID made with it: the idempotency key of every attempt
  std::string notifier;
  std::string thread_key;
  WallTime created_at{};
  std::shared_ptr<const Message> message;
};

using NotificationPtr = std::shared_ptr<const Notification>;

// What came of one attempt at one sink.
struct Outcome {
  enum class What : std::uint8_t { sent, later, rejected };
  What what = What::later;
  // For people, free of secrets and of the URL. Of `sent`: what is wrong all the same, if anything.
  std::string reason;
  std::optional<Millis> retry_after;  // what the sink asked for
  bool in_doubt = false;              // later, but the sink may have taken it (no answer came)
  std::string thread_ref;             // how the sink names the thread ("spaces/…/threads/…")
  std::string message_ref;            // how it names the message
};

}  // namespace tocsin
