// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evaluate/evaluate.h"
#include "tocsin/acknowledgement.h"
#include "tocsin/check.h"
#include "tocsin/heartbeat.h"
#include "tocsin/message.h"
#include "tocsin/notification.h"
#include "tocsin/result.h"
#include "tocsin/store.h"
#include "tocsin/time.h"

namespace tocsin {

// From a change of state to what is remembered and whom to tell: pure functions that fill a Change.
// The core calls them on its thread and commits the Change as one transaction.

// What the functions need besides the check: who speaks, when it is, and where numbers come from.
struct Desk {
  std::string instance;
  WallTime now{};
  std::function<std::int64_t()> next_incident;
  std::function<std::int64_t()> next_notification;
  std::function<std::string()> new_uid;  // a random UUID
};

// A check as the core holds it between results.
struct Case {
  CheckRecord record;
  std::optional<IncidentRecord> incident;  // the open one
  HeartbeatRecordPtr heartbeat;            // what its jobs told; null for all other types
};

// What the deciding result says of itself: Result::reason and Result::details. A view: for the
// length of a call only.
struct Finding {
  std::string_view reason;
  std::string_view details;

  Finding(const Result& result) noexcept  // NOLINT(google-explicit-constructor)
      : reason(result.reason), details(result.details) {}
  explicit Finding(std::string_view why) noexcept : reason(why) {}
};

// Brings `held` to the new state and appends to `change`: the check's record, its incident, and one
// notification a notifier that is to be told. pending → up is quiet. Leaving up opens an incident,
// being up again closes it and tells exactly those who were told, in the thread that the incident
// began in.
void apply_transition(const Check& check, const Transition& transition, const Finding& finding,
                      Case& held, const Desk& desk, Change& change);

// Tells of the present state anew: after the check had been gone from the configuration and came
// back still not up. Sets told.
void tell_again(const Check& check, std::uint32_t failed_probes, const Finding& finding, Case& held,
                const Desk& desk, Change& change);

// The check left the configuration (or was disabled): if it was not up, its threads are told.
void stop_watching(const Check& check, Case& held, const Desk& desk, Change& change);
// The same at a start, when only the record is left of the check. `notifiers`: those that exist
// now.
void stop_watching(Case& held, const std::vector<std::string>& notifiers, const Desk& desk,
                   Change& change);

// When the next reminder is due, if `remind_every` asks for any. None while the incident is
// acknowledged; when that runs out, at once.
std::optional<WallTime> next_reminder(const Check& check, const Case& held) noexcept;
void remind(const Check& check, const std::string& reason, Case& held, const Desk& desk,
            Change& change);

// Somebody looks after the open incident, or does no longer: those who were told of it are told
// that. An acknowledgement stands until the incident is over or gets worse than it ever was, or
// until its own time. Taking one back is not told. REQUIRES held.incident.
void acknowledge(const Check& check, Acknowledgement ack, Case& held, const Desk& desk,
                 Change& change);
void take_back_acknowledgement(Case& held, Change& change);

// News that is no change of state, in the check's thread: a job has finished.
void tell_news(const Check& check, const std::string& reason, const std::string& details,
               const Case& held, const Desk& desk, Change& change);

// A message of somebody's own, to each of the notifiers.
void tell_own_message(const OwnMessage& own, const std::vector<std::string>& notifiers,
                      const Desk& desk, Change& change);

// About Tocsin itself; thread key "tocsin/INSTANCE".
void tell_own(const std::string& reason, const std::vector<std::string>& notifiers, bool durable,
              const Desk& desk, Change& change);

// The thread key of a check's notifications: its name, its `thread`, or name and incident number.
std::string thread_key(const Check& check, std::int64_t incident);

}  // namespace tocsin
