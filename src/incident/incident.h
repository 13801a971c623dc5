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
#include "incident/holding.h"
#include "tocsin/acknowledgement.h"
#include "tocsin/check.h"
#include "tocsin/heartbeat.h"
#include "tocsin/message.h"
#include "tocsin/notification.h"
#include "tocsin/result.h"
#include "tocsin/routing.h"
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
  std::function<std::string()> new_uid;            // a random UUID
  const std::vector<RouteRule>* routes = nullptr;  // null: none
};

// A check as the core holds it between results.
struct Case {
  CheckRecord record;
  std::optional<IncidentRecord> incident;  // the open one
  HeartbeatRecordPtr heartbeat;            // what its jobs told; null for all other types
};

// What the deciding result says of itself: Result::reason and Result::details; and what there is to
// be said besides (Message::note). A view: for the length of a call only.
struct Finding {
  std::string_view reason;
  std::string_view details;
  std::string_view note = {};

  Finding(const Result& result) noexcept  // NOLINT(google-explicit-constructor)
      : reason(result.reason), details(result.details) {}
  explicit Finding(std::string_view why) noexcept : reason(why) {}
};

// Brings `held` to the new state and appends to `change`: the check's record, its incident, and one
// notification a notifier that is to be told, unless `hold` or flapping holds it back. pending → up
// is quiet. Leaving up opens an incident, being up again closes it and tells exactly those who were
// told, in the thread that the incident began in, whatever holds. While the check flaps its
// incident stays open.
void apply_transition(const Check& check, const Transition& transition, const Finding& finding,
                      const HoldReason& hold, Case& held, const Desk& desk, Change& change);

// The bad state that people were not told of is still not to be told, or (a silence, maintenance)
// no more of one that they were told of. Writes nothing if nothing is new.
void hold_back(const Check& check, const HoldReason& hold, Case& held, const Desk& desk,
               Change& change);

// Nothing holds the check's bad state back any more: it is told, if people do not know it; those
// who know it are reminded if somebody wished that it was not told. `failed_probes` and the finding
// are of the latest result.
void release(const Check& check, std::uint32_t failed_probes, const Finding& finding, Case& held,
             const Desk& desk, Change& change);

// Has the check calmed down, if it flaps? Then being up is told, and its incident closed; being bad
// is left to `release`. True if it has.
bool calm_down(const Check& check, Case& held, const Desk& desk, Change& change);

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

// When the next reminder is due, if `remind_every` asks for any: each waits twice as long as the
// one before, up to a day. None while the incident is acknowledged; when that runs out, at once.
std::optional<WallTime> next_reminder(const Check& check, const Case& held) noexcept;
void remind(const Check& check, const Finding& finding, Case& held, const Desk& desk,
            Change& change);

// The steps of escalation that are due: by age, since anybody was first told, of an incident that
// nobody acknowledged. Each is told once: to those who hear of it for the first time as what it is,
// to the others as a reminder. What an acknowledgement without an end stops is recorded as
// withheld; one with an end puts it off. Not to be called while anything holds the check's news
// back.
void escalate_due(const Check& check, Case& held, const Desk& desk, Change& change);

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
