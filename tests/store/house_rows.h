// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tocsin/store.h"

// Rows as tests put them into a store: every column has something in it.

namespace tocsin {

inline CheckRecord check_record(const std::string& name, State state = State::down) {
  CheckRecord check;
  check.name = name;
  check.state = state;
  check.told = State::up;
  check.since = WallTime{Millis{1'767'323'045'678}};
  check.reason = "connection refused (127.0.0.1:8080)";
  return check;
}

// Something holds its news back, and it flaps.
inline CheckRecord held_record(const std::string& name) {
  CheckRecord check = check_record(name);
  check.held = {Hold::parent_down, "switch-1 is down", WallTime{Millis{1'767'323'045'111}}, 7};
  check.flaps = {0x80001, WallTime{Millis{1'767'323'045'222}}, WallTime{Millis{1'767'323'045'333}},
                 9};
  return check;
}

inline Withheld withheld_row(const std::string& check, std::int64_t at = 1'767'323'045'444) {
  Withheld out;
  out.at = WallTime{Millis{at}};
  out.check = check;
  out.incident = 7;
  out.kind = Kind::reminder;
  out.to = State::down;
  out.why = Hold::silenced;
  out.detail = "until 09:00, by bob: \xE2\x9C\x93 moving 'house'";
  out.notifiers = {"ops", "pager \"2\""};
  return out;
}

inline Silence silence(std::int64_t id) {
  Silence out;
  out.id = id;
  out.is_maintenance = id % 2 == 0;
  out.match.names = {"web-*", "db-[12]"};
  out.match.labels = {{"team", "shop*"}, {"a=b", ""}, {"team", "\xC3\xBC"}};
  out.from = WallTime{Millis{1'767'323'045'555}};
  out.until = WallTime{Millis{1'767'326'645'555}};
  out.by = "bob";
  out.why = "moving \"house\"";
  return out;
}

inline IncidentRecord incident_record(std::int64_t id, bool closed = false) {
  IncidentRecord incident;
  incident.id = id;
  incident.check = "web-" + std::to_string(id);
  incident.since = WallTime{Millis{1'767'323'000'000}};
  incident.opened_at = WallTime{Millis{1'767'323'045'000}};
  if (closed) incident.closed_at = WallTime{Millis{1'767'323'099'000}};
  incident.worst = State::down;
  incident.reason = "no answer";
  incident.told = {"ops", "terminal"};
  incident.told_at = WallTime{Millis{1'767'323'046'000}};
  incident.escalated = 1;
  incident.reminders = 2;
  incident.reminded_at = WallTime{Millis{1'767'323'050'000}};
  if (id % 2 == 1) {
    incident.acknowledged = Acknowledgement{"Ann", "disk is on order", incident.opened_at,
                                            WallTime{Millis{1'767'400'000'000}}};
  }
  return incident;
}

inline HeartbeatRecord heartbeat_record(const std::string& name) {
  HeartbeatRecord out;
  out.name = name;
  out.expects = "every 1h, 5m of grace";
  out.known_since = WallTime{Millis{1'767'000'000'001}};
  out.listening_since = WallTime{Millis{1'767'000'000'002}};
  out.started_at = WallTime{Millis{1'767'000'000'003}};
  out.failed_at = WallTime{Millis{1'767'000'000'004}};
  out.failed = true;
  out.exit_code = 3;
  out.run_time = Millis{1234};
  out.runs = {{"", WallTime{Millis{5}}}, {"a run \"7\"", WallTime{Millis{1'767'000'000'006}}}};
  out.address = "192.0.2.7";
  out.log = "line 1\nrsync: \xE2\x9D\x8C failed\n";
  return out;
}

inline NotificationPtr notification(std::int64_t id, const std::string& reason = "no answer") {
  auto message = std::make_shared<Message>();
  message->kind = Kind::down;
  message->check = "web-01";
  message->reason = reason;
  auto out = std::make_shared<Notification>();
  out->id = id;
  out->uid = "uid-" + std::to_string(id);
  out->notifier = "ops";
  out->thread_key = "web-01";
  out->created_at = WallTime{Millis{1'767'323'045'000 + id}};
  out->message = std::move(message);
  return out;
}

inline DeliveryRecord delivery(std::int64_t id, DeliveryStatus status) {
  DeliveryRecord out;
  out.notification = id;
  out.status = status;
  out.attempts = 1;
  out.at = WallTime{Millis{1'767'323'046'000 + id}};
  return out;
}

}  // namespace tocsin
