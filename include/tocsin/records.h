// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tocsin/acknowledgement.h"
#include "tocsin/hold.h"
#include "tocsin/state.h"
#include "tocsin/time.h"

namespace tocsin {

// How often a check changed of late: src/evaluate/flapping.h. A value type.
struct FlapRecord {
  std::uint64_t slots = 0;        // changes in each slot, three bits; lowest: the slot of `at`
  WallTime at{};                  // of the latest change
  std::optional<WallTime> since;  // since when it flaps
  std::uint32_t changes = 0;      // since then
  bool operator==(const FlapRecord&) const = default;
};

// What is remembered of a check across restarts.
struct CheckRecord {
  std::string name;
  State state = State::pending;
  // What its threads were last told; differs from `state` while something holds the news back.
  State told = State::pending;
  WallTime since{};
  std::string reason;
  std::optional<std::int64_t> incident;  // the open one
  std::optional<WallTime> gone_since;    // set while no configuration names it; kept for a day
  Held held;                             // what holds back that `told` becomes `state`
  FlapRecord flaps;
};

// From leaving `up` until being `up` again.
struct IncidentRecord {
  std::int64_t id = 0;
  std::string check;
  WallTime since{};      // the first bad result
  WallTime opened_at{};  // decided
  std::optional<WallTime> closed_at;
  State worst = State::pending;
  std::string reason;      // of the worst state
  std::string details;     // Result::details that came with `reason`
  std::string thread_key;  // where it is told; its end goes there, whatever `thread` says by then
  std::vector<std::string> told;    // the notifiers that were told; they are told of its end
  std::optional<WallTime> told_at;  // when anybody was first told of it
  std::uint32_t escalated = 0;      // steps of its escalation that are dealt with
  std::uint32_t reminders = 0;
  std::optional<WallTime> reminded_at;
  std::optional<Acknowledgement> acknowledged;
};

enum class DeliveryStatus : std::uint8_t { waiting, sent, dead, folded };

// What became of a notification so far; `folded`: told within another one (`folded_into`).
struct DeliveryRecord {
  std::int64_t notification = 0;
  DeliveryStatus status = DeliveryStatus::waiting;
  std::uint32_t attempts = 0;
  bool in_doubt = false;  // some attempt may have been taken without an answer
  std::string last_error;
  WallTime at{};                    // of the latest attempt
  std::optional<WallTime> next_at;  // not before this, while waiting
  std::string thread_ref;           // remembered per notifier and thread key when not empty
  std::string message_ref;
  std::int64_t folded_into = 0;
};

}  // namespace tocsin
