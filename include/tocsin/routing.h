// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tocsin/selector.h"
#include "tocsin/state.h"
#include "tocsin/time.h"
#include "tocsin/window.h"

// Who is told of what, as configured. src/incident/audience.h makes names of it.

namespace tocsin {

// Names of notifiers; shared by all that inherit them.
using NameList = std::shared_ptr<const std::vector<std::string>>;

// Further people, told once, when an incident has been told for so long and nobody looks after it.
struct EscalationStep {
  Millis after{0};
  NameList notify;  // never null
};

using Escalation = std::shared_ptr<const std::vector<EscalationStep>>;  // by `after`, rising

// One entry of `routes`. The first one that matches says who is told, and those behind it only if
// it says `continue`. What a check itself says (`notify`, `escalate`) stands before all routes;
// `defaults` come behind them.
struct RouteRule {
  std::string place;                      // "routes.yaml:12", for people
  Selector match;                         // which checks
  std::vector<State> states;              // which bad states; empty: all
  std::vector<CheckSeverity> severities;  // empty: all
  TimeWindowPtr times;                    // when; null: always
  NameList notify;                        // null: only `escalate` is of this route
  Escalation escalate;                    // null: none of its own
  bool goes_on = false;                   // `continue: true`
};

// One entry of `maintenance`: while it is open, nothing bad of these checks is told.
struct Maintenance {
  std::string name;
  Selector match;
  TimeWindowPtr window;
};

}  // namespace tocsin
