// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "incident/tell.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "incident/audience.h"

namespace tocsin {

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

Message message_of(const Case& held, const Finding& finding, const Desk& desk) {
  Message message;
  message.instance = desk.instance;
  message.check = held.record.name;
  message.reason = finding.reason;
  message.details = finding.details;
  message.note = finding.note;
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

std::vector<std::string> listeners(const Check& check, State state, const Desk& desk) {
  static const std::vector<RouteRule> kNoRoutes;
  const auto& routes = desk.routes != nullptr ? *desk.routes : kNoRoutes;
  return audience_of(check, state, desk.now, routes).names;
}

void note_told(const std::vector<std::string>& names, IncidentRecord& incident, const Desk& desk) {
  add_missing(names, incident.told);
  if (!names.empty() && !incident.told_at) incident.told_at = desk.now;
}

const std::string& thread_of(const Check& check, IncidentRecord& incident) {
  if (incident.thread_key.empty()) incident.thread_key = thread_key(check, incident.id);
  return incident.thread_key;
}

void withhold(Kind kind, const HoldReason& hold, const std::vector<std::string>& names,
              const Case& held, const Desk& desk, Change& change) {
  Withheld row;
  row.at = desk.now;
  row.check = held.record.name;
  row.incident = held.incident ? held.incident->id : held.record.incident.value_or(0);
  row.kind = kind;
  row.to = held.record.state;
  row.why = hold.why;
  row.detail = hold.detail;
  row.notifiers = names;
  change.withheld.push_back(std::move(row));
}

}  // namespace tocsin
