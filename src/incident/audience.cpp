// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "incident/audience.h"

#include <algorithm>

#include "util/select.h"

namespace tocsin {
namespace {

template <typename T>
bool holds(const std::vector<T>& wanted, T value) noexcept {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

bool matches(const RouteRule& route, const Check& check, State state, WallTime now) {
  return holds(route.states, state) && holds(route.severities, check.severity) &&
         selects(route.match, check.name, check.labels) &&
         (!route.times || route.times->open_until(now).has_value());
}

void add_each_once(const std::vector<std::string>& names, std::vector<std::string>& into) {
  for (const std::string& name : names) {
    if (std::find(into.begin(), into.end(), name) == into.end()) into.push_back(name);
  }
}

}  // namespace

Audience audience_of(const Check& check, State state, WallTime now,
                     const std::vector<RouteRule>& routes) {
  Audience out;
  bool told = check.own_notify;
  bool escalates = check.own_escalate;
  if (told) {
    add_each_once(*check.notify, out.names);
    out.because.emplace_back("its own notify");
  }
  if (escalates) {
    out.escalate = check.escalate;
    out.escalate_because = "its own escalate";
  }
  bool may_tell = !told;
  bool may_escalate = !escalates;
  for (const RouteRule& route : routes) {
    if (!may_tell && !may_escalate) break;
    if (!matches(route, check, state, now)) continue;
    if (may_tell && route.notify) {
      add_each_once(*route.notify, out.names);
      out.because.push_back("the route at " + route.place);
      told = true;
      may_tell = route.goes_on;
    }
    if (may_escalate && route.escalate) {
      out.escalate = route.escalate;
      out.escalate_because = "the route at " + route.place;
      escalates = true;
      may_escalate = false;
    }
  }
  if (!told) {
    add_each_once(*check.notify, out.names);
    out.because.emplace_back("defaults");
  }
  if (!escalates) {
    out.escalate = check.escalate;
    out.escalate_because = "defaults";
  }
  return out;
}

}  // namespace tocsin
