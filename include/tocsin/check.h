// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tocsin/heartbeat.h"
#include "tocsin/registry.h"
#include "tocsin/routing.h"
#include "tocsin/selector.h"
#include "tocsin/time.h"
#include "tocsin/window.h"

namespace tocsin {

// When a check is looked at and when its state changes. Plain settings, see DESIGN section 2.
struct Timing {
  Millis interval{30'000};
  Millis timeout{10'000};
  Millis retry_interval{5'000};
  Millis remind_every{0};  // zero: never
  std::uint16_t down_after = 3;
  std::uint16_t up_after = 2;
  // Flapping (src/evaluate/flapping.h): how far back changes of state count, zero: not looked for;
  // from which weighted share of the window on it flaps, and until which it goes on, in percent.
  std::uint8_t flap_high = 25;
  std::uint8_t flap_low = 10;
  Millis flap_window{1'800'000};
};

// A thing that is watched, as the configuration describes it. Immutable once loaded and shared
// between threads by CheckPtr; a reload makes new ones. Ten thousand of them are kept, so: no waste
// here.
struct Check {
  std::string name;         // unique; its identity everywhere
  std::string_view type;    // CheckType::name, static storage
  bool looks_here = false;  // CheckType::looks_here
  std::string target;       // as people are shown it
  std::string description;
  std::string runbook;
  std::vector<std::pair<std::string, std::string>> labels;
  // The thread key: empty means the check's name.
  std::string thread;
  bool thread_per_incident = false;  // `thread: incident`
  bool enabled = true;
  Timing timing;
  CheckSeverity severity = CheckSeverity::critical;
  // Whether `notify` and `escalate` are the check's own: then no route is asked.
  bool own_notify = false;
  bool own_escalate = false;
  // Names of the notifiers that are told; shared between the checks that inherit it. Never null.
  NameList notify;
  Escalation escalate;        // null: none
  TimeWindowPtr quiet_hours;  // what is merely degraded waits for its end; null: none
  std::vector<std::string> depends_on;
  std::shared_ptr<const Prober> prober;
  // For what is told by its jobs instead of looked at; null for all else.
  std::shared_ptr<const HeartbeatSettings> heartbeat;
};

using CheckPtr = std::shared_ptr<const Check>;

}  // namespace tocsin
