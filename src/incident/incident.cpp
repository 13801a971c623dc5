// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// From decisions to words for people, without any words: who is told what, in facts.
//
// An incident is the unit that people are told of. It opens when a check leaves up (or pending) for
// a bad state and closes when the check is up again; worsening, easing and a loss of sight are told
// within it. Everyone who was told anything of it is remembered in `told`, and its end goes to
// exactly those, whatever the configuration says by then: nobody is left with a DOWN, and nobody
// gets an UP out of the blue.
//
// `worst` is ranked by badness(). Of equal ones the first stands, with its reason: it began the
// trouble.
//
// What was told is part of the record (`told`), and the record is stored in the same transaction as
// the notifications. So told and decided never part, except while a check is gone from the
// configuration: then its thread was told that nobody watches, `told` is pending, and the incident
// stays open in the record until the check comes back, or is forgotten.
#include "incident/incident.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "util/duration.h"

namespace tocsin {
namespace {

Kind kind_of(State state) noexcept {
  switch (state) {
    case State::down: return Kind::down;
    case State::degraded: return Kind::degraded;
    case State::unknown: return Kind::unknown;
    case State::up:
    case State::pending: return Kind::up;
  }
  return Kind::up;
}

// Adds those who are not in the list yet, in their order.
void add_missing(const std::vector<std::string>& names, std::vector<std::string>& list) {
  for (const std::string& name : names) {
    if (std::find(list.begin(), list.end(), name) == list.end()) list.push_back(name);
  }
}

std::vector<std::string> without_repeats(const std::vector<std::string>& names) {
  std::vector<std::string> out;
  add_missing(names, out);
  return out;
}

// What every message about the held check begins with. `kind` and the states are the caller's.
Message message_of(const Case& held, const Finding& finding, const Desk& desk) {
  Message message;
  message.instance = desk.instance;
  message.check = held.record.name;
  message.reason = finding.reason;
  message.details = finding.details;
  message.decided_at = held.record.since;
  message.since = held.incident ? held.incident->since : held.record.since;
  message.incident = held.incident ? held.incident->id : held.record.incident.value_or(0);
  return message;
}

Message message_of(const Check& check, const Case& held, const Finding& finding, const Desk& desk) {
  Message message = message_of(held, finding, desk);
  message.check = check.name;
  message.type = check.type;
  message.target = check.target;
  message.description = check.description;
  message.runbook = check.runbook;
  message.labels = check.labels;
  return message;
}

// One notification each, about one shared message.
void tell(Message message, const std::vector<std::string>& notifiers, const std::string& key,
          const Desk& desk, Change& change) {
  const auto shared = std::make_shared<const Message>(std::move(message));
  for (const std::string& notifier : notifiers) {
    auto notification = std::make_shared<Notification>();
    notification->id = desk.next_notification();
    notification->uid = desk.new_uid();
    notification->notifier = notifier;
    notification->thread_key = key;
    notification->created_at = desk.now;
    notification->message = shared;
    change.notifications.push_back(std::move(notification));
  }
}

// Everyone whom the check names hears this, and so will hear the incident's end.
std::vector<std::string> audience(const Check& check, IncidentRecord& incident) {
  auto notifiers = without_repeats(*check.notify);
  add_missing(notifiers, incident.told);
  return notifiers;
}

// Where all of an incident is told: where it began, so that an end is found by those who look there
// although `thread` may have changed meanwhile.
const std::string& thread_of(const Check& check, IncidentRecord& incident) {
  if (incident.thread_key.empty()) incident.thread_key = thread_key(check, incident.id);
  return incident.thread_key;
}

void open_incident(WallTime since, Case& held, const Desk& desk) {
  IncidentRecord incident;
  // An incident that the record names and that was not found keeps its number in people's threads.
  incident.id = held.record.incident ? *held.record.incident : desk.next_incident();
  incident.check = held.record.name;
  incident.since = since;
  incident.opened_at = desk.now;
  held.record.incident = incident.id;
  held.incident = std::move(incident);
}

// What is worse than all that was acknowledged is news again.
void note_worst(State state, const Finding& finding, IncidentRecord& incident) {
  if (badness(state) <= badness(incident.worst)) return;
  incident.acknowledged.reset();
  incident.worst = state;
  incident.reason = finding.reason;
  incident.details = finding.details;
}

void tell_bad(const Check& check, const Transition& transition, const Finding& finding, Case& held,
              const Desk& desk, Change& change) {
  if (!held.incident) open_incident(transition.since, held, desk);
  IncidentRecord& incident = *held.incident;
  note_worst(transition.to, finding, incident);
  const auto notifiers = audience(check, incident);

  Message message = message_of(check, held, finding, desk);
  message.kind = kind_of(transition.to);
  message.from = transition.from;
  message.to = transition.to;
  message.failed_probes = transition.failed;
  tell(std::move(message), notifiers, thread_of(check, incident), desk, change);
  change.incidents.push_back(incident);
}

void tell_up(const Check& check, State from, Case& held, const Desk& desk, Change& change) {
  Message message = message_of(check, held, Finding(held.record.reason), desk);
  message.kind = Kind::up;
  message.from = from;
  message.to = State::up;
  held.record.incident.reset();
  if (!held.incident) {
    // The store lost the incident, and with it who was told: those who are to be told now.
    const std::string key = thread_key(check, message.incident);
    tell(std::move(message), without_repeats(*check.notify), key, desk, change);
    return;
  }
  IncidentRecord incident = *std::exchange(held.incident, std::nullopt);
  incident.closed_at = desk.now;
  message.worst = incident.worst;
  message.worst_reason = incident.reason;
  tell(std::move(message), incident.told, thread_of(check, incident), desk, change);
  change.incidents.push_back(std::move(incident));
}

// The state is left as it is; nothing stands in the threads any more.
void unwatch(Message message, const std::vector<std::string>& notifiers, const std::string& key,
             const Desk& desk, Case& held, Change& change) {
  if (is_bad(held.record.told)) {
    message.kind = Kind::unwatched;
    message.from = held.record.state;
    message.to = held.record.state;
    tell(std::move(message), notifiers, key, desk, change);
  }
  if (is_bad(held.record.state)) held.record.told = State::pending;
  held.record.gone_since = desk.now;
  change.checks.push_back(held.record);
}

// Nothing is known of a check that was never decided, and one that is gone is gone already.
bool can_go(const Case& held) noexcept {
  return held.record.state != State::pending && !held.record.gone_since;
}

}  // namespace

void apply_transition(const Check& check, const Transition& transition, const Finding& finding,
                      Case& held, const Desk& desk, Change& change) {
  CheckRecord& record = held.record;
  record.name = check.name;
  record.state = transition.to;
  record.told = transition.to;
  record.since = desk.now;
  record.reason = finding.reason;
  record.gone_since.reset();
  if (is_bad(transition.to)) {
    tell_bad(check, transition, finding, held, desk, change);
  } else if (is_bad(transition.from)) {
    tell_up(check, transition.from, held, desk, change);
  }
  change.checks.push_back(record);
}

void tell_again(const Check& check, std::uint32_t failed_probes, const Finding& finding, Case& held,
                const Desk& desk, Change& change) {
  CheckRecord& record = held.record;
  const State before = std::exchange(record.told, record.state);
  record.gone_since.reset();
  if (is_bad(record.state)) {
    record.reason = finding.reason;
    if (!held.incident) open_incident(record.since, held, desk);
    IncidentRecord& incident = *held.incident;
    note_worst(record.state, finding, incident);
    incident.reminded_at = desk.now;
    const auto notifiers = audience(check, incident);
    Message message = message_of(check, held, finding, desk);
    message.kind = kind_of(record.state);
    message.from = before;
    message.to = record.state;
    message.failed_probes = failed_probes;
    tell(std::move(message), notifiers, thread_of(check, incident), desk, change);
    change.incidents.push_back(incident);
  }
  change.checks.push_back(record);
}

void stop_watching(const Check& check, Case& held, const Desk& desk, Change& change) {
  if (!can_go(held)) return;
  Message message = message_of(check, held, Finding(held.record.reason), desk);
  const std::string key =
      held.incident ? thread_of(check, *held.incident) : thread_key(check, message.incident);
  const auto notifiers = held.incident ? held.incident->told : without_repeats(*check.notify);
  unwatch(std::move(message), notifiers, key, desk, held, change);
}

void stop_watching(Case& held, const std::vector<std::string>& notifiers, const Desk& desk,
                   Change& change) {
  if (!can_go(held)) return;
  std::vector<std::string> told;
  if (held.incident) told = held.incident->told;
  std::erase_if(told, [&](const std::string& name) {
    return std::find(notifiers.begin(), notifiers.end(), name) == notifiers.end();
  });
  Message message = message_of(held, Finding(held.record.reason), desk);
  const bool known = held.incident && !held.incident->thread_key.empty();
  const std::string key = known ? held.incident->thread_key : held.record.name;
  unwatch(std::move(message), told, key, desk, held, change);
}

std::optional<WallTime> next_reminder(const Check& check, const Case& held) noexcept {
  const CheckRecord& record = held.record;
  const Millis every = check.timing.remind_every;
  if (every <= Millis::zero() || !held.incident) return std::nullopt;
  if (!is_bad(record.state) || record.told != record.state) return std::nullopt;
  // A worsening was told, too: nobody needs a reminder right behind it.
  const WallTime last_told = held.incident->reminded_at.value_or(held.incident->opened_at);
  const WallTime due = std::max(last_told, record.since) + every;
  const auto& ack = held.incident->acknowledged;
  if (!ack) return due;
  if (!ack->until) return std::nullopt;
  return std::max(due, *ack->until);
}

void remind(const Check& check, const std::string& reason, Case& held, const Desk& desk,
            Change& change) {
  if (!held.incident || !is_bad(held.record.state)) return;
  IncidentRecord& incident = *held.incident;
  ++incident.reminders;
  incident.reminded_at = desk.now;
  const auto notifiers = audience(check, incident);
  Message message = message_of(check, held, Finding(reason), desk);
  message.kind = Kind::reminder;
  message.from = held.record.state;
  message.to = held.record.state;
  tell(std::move(message), notifiers, thread_of(check, incident), desk, change);
  change.incidents.push_back(incident);
}

void acknowledge(const Check& check, Acknowledgement ack, Case& held, const Desk& desk,
                 Change& change) {
  IncidentRecord& incident = *held.incident;
  std::string reason = ack.by.empty() ? std::string() : "by " + ack.by;
  if (ack.until) reason += (reason.empty() ? "until " : " until ") + human_time(*ack.until);
  if (reason.empty()) reason = ack.why.empty() ? "somebody looks after it" : ack.why;
  if (!ack.why.empty() && reason != ack.why) reason += ": " + ack.why;
  incident.acknowledged = std::move(ack);
  Message message = message_of(check, held, Finding(reason), desk);
  message.kind = Kind::acknowledged;
  message.from = held.record.state;
  message.to = held.record.state;
  message.decided_at = desk.now;
  message.worst = incident.worst;
  message.worst_reason = incident.reason;
  tell(std::move(message), incident.told, thread_of(check, incident), desk, change);
  change.incidents.push_back(incident);
}

void take_back_acknowledgement(Case& held, Change& change) {
  held.incident->acknowledged.reset();
  change.incidents.push_back(*held.incident);
}

void tell_news(const Check& check, const std::string& reason, const std::string& details,
               const Case& held, const Desk& desk, Change& change) {
  Message message = message_of(check, held, Finding(reason), desk);
  message.kind = Kind::info;
  message.details = details;
  message.from = held.record.state;
  message.to = held.record.state;
  message.decided_at = desk.now;
  message.since = {};
  message.incident = 0;  // told in the thread of one that is open, and no part of it
  const bool open = held.incident && !held.incident->thread_key.empty();
  const std::string key = open ? held.incident->thread_key : thread_key(check, 0);
  tell(std::move(message), without_repeats(*check.notify), key, desk, change);
}

void tell_own_message(const OwnMessage& own, const std::vector<std::string>& notifiers,
                      const Desk& desk, Change& change) {
  Message message;
  message.kind = Kind::info;
  message.instance = desk.instance;
  message.reason = own.text;
  message.details = own.details;
  message.runbook = own.link;
  message.decided_at = desk.now;
  tell(std::move(message), without_repeats(notifiers), own.thread, desk, change);
}

void tell_own(const std::string& reason, const std::vector<std::string>& notifiers, bool durable,
              const Desk& desk, Change& change) {
  Message message;
  message.kind = Kind::daemon;
  message.instance = desk.instance;
  message.reason = reason;
  message.decided_at = desk.now;
  message.since = desk.now;
  message.durable = durable;
  tell(std::move(message), without_repeats(notifiers), "tocsin/" + desk.instance, desk, change);
}

std::string thread_key(const Check& check, std::int64_t incident) {
  if (check.thread_per_incident && incident != 0) {
    return check.name + " #" + std::to_string(incident);
  }
  return check.thread.empty() ? check.name : check.thread;
}

}  // namespace tocsin
