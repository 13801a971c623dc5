// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "probe/threshold.h"
#include "probe/unit_facts.h"
#include "tocsin/time.h"

namespace tocsin {

// What is wanted of a unit.
enum class UnitWanted : std::uint8_t { active, inactive, not_failed };

struct UnitPolicy {
  UnitWanted wanted = UnitWanted::active;
  // How long it may be starting, stopping or reloading; nothing: as long as it takes.
  std::optional<Millis> settle_within;
  bool enabled = false;  // it must start at boot
  Threshold restarts;    // within restarts_within
  Millis restarts_within{};
  Threshold last_run;  // of a timer
};

// What a look found, and when.
struct UnitCase {
  const UnitFacts& facts;
  const UnitFacts* triggered = nullptr;  // what a timer starts
  std::string triggered_name;
  std::string nearest;       // where there is no such unit: one that there is
  std::size_t restarts = 0;  // that were seen within the policy's time
  std::string last_failure;  // what was seen before a restart
  WallTime now;
};

// Everything that is not as it is wanted. Pure.
Findings judge_unit(const UnitPolicy& policy, const UnitCase& seen);

// "active (running) for 3 h": the state and how long it has been that.
std::string state_text(const UnitFacts& facts, WallTime now);

}  // namespace tocsin
