// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "incident/holding.h"

#include <string_view>

#include "util/duration.h"

namespace tocsin {
namespace {

constexpr std::string_view kIsDown = " is down";
constexpr std::string_view kUntilNow = " until now";

std::string without(std::string_view end, std::string_view text) {
  if (text.ends_with(end)) text.remove_suffix(end.size());
  return std::string(text);
}

// What was going on, in the past tense.
std::string cause_of(const Held& held) {
  switch (held.why) {
    case Hold::parent_down: return "while " + without(kIsDown, held.detail) + " was down";
    case Hold::parent_back: return "while " + without(kUntilNow, held.detail);
    case Hold::blind: return "while this monitor was cut off";
    case Hold::no_resolver: return "while our resolver did not answer";
    case Hold::maintenance: return "during maintenance (" + held.detail + ")";
    case Hold::silenced: return "while it was silenced (" + held.detail + ")";
    case Hold::flapping: return "while it was flapping";
    case Hold::quiet_hours: return "during quiet hours";
    default: return {};
  }
}

}  // namespace

HoldReason hold_of(const Around& around) {
  if (!is_bad(around.state)) return {};
  const std::string down = around.parent_name + std::string(kIsDown);
  if (around.uplink == Footing::gone) return {Hold::blind, "none of its references answers"};
  if (around.no_resolver) return {Hold::no_resolver, "no name can be looked up"};
  if (around.parent == Footing::gone) return {Hold::parent_down, down};
  if (around.uplink == Footing::awaited) {
    return {Hold::awaiting_uplink, "its references are being looked at"};
  }
  if (around.parent == Footing::awaited) {
    return {Hold::awaiting_parent, around.parent_name};
  }
  if (around.parent == Footing::back || around.uplink == Footing::back) {
    const std::string what = around.parent == Footing::back ? around.parent_name + " was down"
                                                            : "this monitor was cut off";
    return {Hold::parent_back, what + std::string(kUntilNow)};
  }
  if (!around.maintenance.empty()) return {Hold::maintenance, around.maintenance};
  if (!around.silence.empty()) return {Hold::silenced, around.silence};
  if (around.flapping) return {Hold::flapping, "changes too often"};
  if (around.quiet_until && around.state == State::degraded) {
    return {Hold::quiet_hours, "until " + human_time(*around.quiet_until)};
  }
  return {};
}

std::string note_of(const Held& held, WallTime now) {
  const std::string cause = cause_of(held);
  if (cause.empty()) return {};
  const Millis passed = now > held.since ? now - held.since : Millis{0};
  std::string out = "not told for " + human_duration(passed) + ", " + cause;
  if (held.changes > 1) out += "; " + std::to_string(held.changes) + " changes of state meanwhile";
  return out;
}

}  // namespace tocsin
