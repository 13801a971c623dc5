// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// What was not told at once, and what is told again: news that something held back, reminders,
// escalation. What holds is found out by the core each second (Surroundings) and after each
// transition; what follows from it is here.
#include <algorithm>
#include <chrono>
#include <utility>

#include "incident/audience.h"
#include "incident/incident.h"
#include "incident/tell.h"
#include "util/duration.h"

namespace tocsin {
namespace {

constexpr Millis kLongestPause = std::chrono::hours{24};
constexpr std::uint32_t kMostDoublings = 16;

bool same_reason(const Held& held, const HoldReason& hold) noexcept {
  return held.why == hold.why && held.detail == hold.detail;
}

void tell_reminder(const Check& check, const Finding& finding,
                   const std::vector<std::string>& names, Case& held, const Desk& desk,
                   Change& change) {
  Message message = message_of(check, held, finding, desk);
  message.kind = Kind::reminder;
  message.from = held.record.state;
  message.to = held.record.state;
  tell(std::move(message), names, thread_of(check, *held.incident), desk, change);
}

// How long after the last reminder the next one comes.
Millis pause_after(Millis every, std::uint32_t reminders) noexcept {
  const Millis most = std::max(every, kLongestPause);
  const std::uint32_t doublings = std::min(reminders, kMostDoublings);
  return std::min(most, every * (std::int64_t{1} << doublings));
}

// Those who are in both lists, or in the first alone.
struct Split {
  std::vector<std::string> anew;
  std::vector<std::string> again;
};
Split split(const std::vector<std::string>& names, const std::vector<std::string>& told) {
  Split out;
  for (const std::string& name : without_repeats(names)) {
    const bool knows = std::find(told.begin(), told.end(), name) != told.end();
    (knows ? out.again : out.anew).push_back(name);
  }
  return out;
}

void escalate(const Check& check, const EscalationStep& step, Case& held, const Desk& desk,
              Change& change) {
  IncidentRecord& incident = *held.incident;
  const std::string note =
      "escalated: nobody has acknowledged it for " + human_duration(step.after);
  Finding finding(held.record.reason);
  finding.details = incident.details;
  finding.note = note;
  const Split names = split(*step.notify, incident.told);
  if (!names.again.empty()) tell_reminder(check, finding, names.again, held, desk, change);
  if (names.anew.empty()) return;
  Message message = message_of(check, held, finding, desk);
  message.kind = kind_of(held.record.state);
  message.from = State::up;
  message.to = held.record.state;
  note_told(names.anew, incident, desk);
  tell(std::move(message), names.anew, thread_of(check, incident), desk, change);
}

}  // namespace

void hold_back(const Check& check, const HoldReason& hold, Case& held, const Desk& desk,
               Change& change) {
  CheckRecord& record = held.record;
  if (!is_bad(record.state) || !held.incident) return;
  const bool known = record.told == record.state;
  if (known && !is_wished(hold.why)) return;
  if (same_reason(record.held, hold)) return;
  if (record.held.why == Hold::none) record.held.since = desk.now;
  record.held.why = hold.why;
  record.held.detail = hold.detail;
  if (!known && !is_awaiting(hold.why)) {
    withhold(kind_of(record.state), hold, listeners(check, record.state, desk), held, desk, change);
  }
  change.checks.push_back(record);
}

void release(const Check& check, std::uint32_t failed_probes, const Finding& finding, Case& held,
             const Desk& desk, Change& change) {
  CheckRecord& record = held.record;
  if (record.held.why == Hold::none || !held.incident) return;
  Finding told = finding;
  const std::string note = note_of(record.held, desk.now);
  const std::string all = note.empty() || told.note.empty() ? note + std::string(told.note)
                                                            : note + "\n" + std::string(told.note);
  told.note = all;
  const bool wished = is_wished(record.held.why);
  if (record.told != record.state)
    return tell_again(check, failed_probes, told, held, desk, change);
  record.held = {};
  if (wished && !held.incident->acknowledged) remind(check, told, held, desk, change);
  change.checks.push_back(record);
}

std::optional<WallTime> next_reminder(const Check& check, const Case& held) noexcept {
  const CheckRecord& record = held.record;
  const Millis every = check.timing.remind_every;
  if (every <= Millis::zero() || !held.incident) return std::nullopt;
  if (!is_bad(record.state) || record.told != record.state) return std::nullopt;
  // A worsening was told, too: nobody needs a reminder right behind it.
  const WallTime last_told = held.incident->reminded_at.value_or(held.incident->opened_at);
  const WallTime due =
      std::max(last_told, record.since) + pause_after(every, held.incident->reminders);
  const auto& ack = held.incident->acknowledged;
  if (!ack) return due;
  if (!ack->until) return std::nullopt;
  return std::max(due, *ack->until);
}

void remind(const Check& check, const Finding& finding, Case& held, const Desk& desk,
            Change& change) {
  if (!held.incident || !is_bad(held.record.state)) return;
  IncidentRecord& incident = *held.incident;
  ++incident.reminders;
  incident.reminded_at = desk.now;
  const auto names = listeners(check, held.record.state, desk);
  note_told(names, incident, desk);
  tell_reminder(check, finding, names, held, desk, change);
  change.incidents.push_back(incident);
}

void escalate_due(const Check& check, Case& held, const Desk& desk, Change& change) {
  if (!held.incident || !held.incident->told_at || desk.routes == nullptr) return;
  if (!is_bad(held.record.state) || held.record.told != held.record.state) return;
  IncidentRecord& incident = *held.incident;
  const Escalation steps = audience_of(check, held.record.state, desk.now, *desk.routes).escalate;
  if (!steps) return;
  const auto& ack = incident.acknowledged;
  const bool stopped = ack && !ack->until;
  if (ack && ack->until && desk.now < *ack->until) return;
  bool any = false;
  for (std::size_t i = incident.escalated; i < steps->size(); ++i) {
    const EscalationStep& step = (*steps)[i];
    if (desk.now < *incident.told_at + step.after) break;
    incident.escalated = static_cast<std::uint32_t>(i + 1);
    any = true;
    if (!stopped) {
      escalate(check, step, held, desk, change);
      continue;
    }
    const std::string by = ack->by.empty() ? std::string() : "by " + ack->by;
    withhold(kind_of(held.record.state), {Hold::acknowledged, by}, *step.notify, held, desk,
             change);
  }
  if (any) change.incidents.push_back(incident);
}

}  // namespace tocsin
