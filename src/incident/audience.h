// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>
#include <vector>

#include "tocsin/check.h"
#include "tocsin/routing.h"
#include "tocsin/state.h"
#include "tocsin/time.h"

namespace tocsin {

// Who is told of a check's state, and why: for telling, and for `tocsin route`. A value type.
struct Audience {
  std::vector<std::string> names;  // of notifiers, each once; may be empty
  Escalation escalate;             // null: none
  // What decided, in order: "its own notify", "the route at tocsin.yaml:12", "defaults".
  std::vector<std::string> because;
  std::string escalate_because;
};

// A check's own `notify` and `escalate` stand before all routes. Else the routes are asked in
// order: the first that matches says, with those behind it while they say `continue`. `notify` and
// `escalate` are found apart from each other: a route without one of them leaves it to the next.
// What no route says is as `defaults` have it. Pure.
Audience audience_of(const Check& check, State state, WallTime now,
                     const std::vector<RouteRule>& routes);

}  // namespace tocsin
