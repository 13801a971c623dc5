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
#include <utility>

#include "evaluate/flapping.h"
#include "incident/tell.h"
#include "util/duration.h"

namespace tocsin {
namespace {

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

FlapLimits limits_of(const Check& check) noexcept {
  return {.window = check.timing.flap_window,
          .high = check.timing.flap_high,
          .low = check.timing.flap_low};
}

// Tells the state that the record holds. REQUIRES held.incident.
void tell_bad(const Check& check, State from, std::uint32_t failed, const Finding& finding,
              Case& held, const Desk& desk, Change& change) {
  IncidentRecord& incident = *held.incident;
  const auto names = listeners(check, held.record.state, desk);
  held.record.told = held.record.state;
  held.record.held = {};
  Message message = message_of(check, held, finding, desk);
  message.kind = kind_of(held.record.state);
  message.from = from;
  message.to = held.record.state;
  message.failed_probes = failed;
  if (names.empty()) {
    withhold(message.kind, {Hold::nobody, "no notify and no route names anybody"}, {}, held, desk,
             change);
  }
  note_told(names, incident, desk);
  tell(std::move(message), names, thread_of(check, incident), desk, change);
}

// FLAPPING is told in the place of the change that began it.
void tell_flapping(const Check& check, const Transition& transition, const HoldReason& hold,
                   Case& held, const Desk& desk, Change& change) {
  IncidentRecord& incident = *held.incident;
  const auto names = listeners(check, incident.worst, desk);
  held.record.told = State::pending;  // of what comes while it flaps, nothing is told
  held.record.held = {Hold::flapping, "changes too often", desk.now, 0};
  if (hold.why != Hold::none) return withhold(Kind::flapping, hold, names, held, desk, change);
  const std::string reason =
      "changes too often between good and bad: changes are counted, not told, until it is calm";
  Message message = message_of(check, held, Finding(reason), desk);
  message.kind = Kind::flapping;
  message.from = transition.from;
  message.to = transition.to;
  message.worst = incident.worst;
  message.worst_reason = incident.reason;
  note_told(names, incident, desk);
  tell(std::move(message), names, thread_of(check, incident), desk, change);
}

void go_bad(const Check& check, const Transition& transition, const Finding& finding,
            const HoldReason& hold, Case& held, const Desk& desk, Change& change) {
  if (!held.incident) open_incident(transition.since, held, desk);
  note_worst(transition.to, finding, *held.incident);
  Held& back = held.record.held;
  if (held.record.told == transition.to) {
    // It was held back that it had got worse, and now it is what people know it to be.
    back = {};
  } else if (hold.why == Hold::none) {
    tell_bad(check, transition.from, transition.failed, finding, held, desk, change);
  } else {
    if (back.why != Hold::none) ++back.changes;
    back.detail.clear();  // another state is written down anew
    hold_back(check, hold, held, desk, change);
  }
}

// Up again: those who were told are told, and the incident is closed.
void tell_up(const Check& check, State from, std::string_view note, Case& held, const Desk& desk,
             Change& change) {
  Finding finding(held.record.reason);
  finding.note = note;
  Message message = message_of(check, held, finding, desk);
  message.kind = Kind::up;
  message.from = from;
  message.to = State::up;
  if (!held.incident) {
    // The store lost the incident, and with it who was told: those who are to be told now.
    const std::string key = thread_key(check, message.incident);
    const auto names = listeners(check, from, desk);
    held.record.incident.reset();
    tell(std::move(message), names, key, desk, change);
    return;
  }
  if (held.incident->told.empty() && held.record.held.why != Hold::none) {
    withhold(Kind::up, {Hold::over, {}}, listeners(check, held.incident->worst, desk), held, desk,
             change);
  }
  held.record.held = {};
  held.record.incident.reset();
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
  if (is_bad(held.record.told) || held.record.flaps.since) {
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
                      const HoldReason& hold, Case& held, const Desk& desk, Change& change) {
  CheckRecord& record = held.record;
  record.name = check.name;
  record.state = transition.to;
  record.since = desk.now;
  record.reason = finding.reason;
  record.gone_since.reset();
  const bool bad = is_bad(transition.to);
  const bool turned = bad != is_bad(transition.from) && transition.from != State::pending;
  const bool flapped = record.flaps.since.has_value();
  const bool begins = turned && note_change(record.flaps, limits_of(check), desk.now);
  if (bad && (begins || flapped)) {
    if (!held.incident) open_incident(transition.since, held, desk);
    note_worst(transition.to, finding, *held.incident);
  }
  if (begins && held.incident) {
    tell_flapping(check, transition, hold, held, desk, change);
  } else if (flapped && held.incident) {
    held.record.held.changes += 1;
    withhold(kind_of(transition.to), {Hold::flapping, "changes too often"}, held.incident->told,
             held, desk, change);
  } else if (bad) {
    go_bad(check, transition, finding, hold, held, desk, change);
  } else {
    record.told = transition.to;
    if (is_bad(transition.from)) tell_up(check, transition.from, {}, held, desk, change);
  }
  if (held.incident) change.incidents.push_back(*held.incident);
  change.checks.push_back(record);
}

bool calm_down(const Check& check, Case& held, const Desk& desk, Change& change) {
  CheckRecord& record = held.record;
  const auto began = record.flaps.since;
  if (!calms_down(record.flaps, limits_of(check), desk.now)) return false;
  const std::string note = std::to_string(record.flaps.changes) + " changes in " +
                           human_duration(desk.now - *began) + " were not told; it is calm now";
  if (!is_bad(record.state)) {
    record.told = record.state;
    const State worst = held.incident ? held.incident->worst : State::down;
    tell_up(check, worst, note, held, desk, change);
  } else {
    record.held.changes = record.flaps.changes;
  }
  change.checks.push_back(record);
  return true;
}

void tell_again(const Check& check, std::uint32_t failed_probes, const Finding& finding, Case& held,
                const Desk& desk, Change& change) {
  CheckRecord& record = held.record;
  const State before = std::exchange(record.told, record.state);
  record.gone_since.reset();
  if (is_bad(record.state)) {
    record.reason = finding.reason;
    if (!held.incident) open_incident(record.since, held, desk);
    note_worst(record.state, finding, *held.incident);
    held.incident->reminded_at = desk.now;
    tell_bad(check, before, failed_probes, finding, held, desk, change);
    change.incidents.push_back(*held.incident);
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
  tell(std::move(message), listeners(check, State::up, desk), key, desk, change);
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
