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
#include "tocsin/time.h"

namespace tocsin {

// When a check is looked at and when its state changes. Plain settings, see DESIGN section 2.
struct Timing {
  Millis interval{30'000};
  Millis timeout{10'000};
  Millis retry_interval{5'000};
  Millis remind_every{0};  // zero: never
  std::uint16_t down_after = 3;
  std::uint16_t up_after = 2;
};

// A thing that is watched, as the configuration describes it. Immutable once loaded and shared
// between threads by CheckPtr; a reload makes new ones. Ten thousand of them are kept, so: no waste
// here.
struct Check {
  std::string name;       // unique; its identity everywhere
  std::string_view type;  // CheckType::name, static storage
  std::string target;     // as people are shown it
  std::string description;
  std::string runbook;
  std::vector<std::pair<std::string, std::string>> labels;
  // The thread key: empty means the check's name.
  std::string thread;
  bool thread_per_incident = false;  // `thread: incident`
  bool enabled = true;
  Timing timing;
  // Names of the notifiers that are told; shared between the checks that inherit it. Never null.
  std::shared_ptr<const std::vector<std::string>> notify;
  std::vector<std::string> depends_on;
  std::shared_ptr<const Prober> prober;
  // For what is told by its jobs instead of looked at; null for all else.
  std::shared_ptr<const HeartbeatSettings> heartbeat;
};

using CheckPtr = std::shared_ptr<const Check>;

}  // namespace tocsin
