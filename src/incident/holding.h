// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tocsin/hold.h"
#include "tocsin/state.h"
#include "tocsin/time.h"

namespace tocsin {

// Why something bad may not be told now, in one word and for people. A value type.
struct HoldReason {
  Hold why = Hold::none;
  std::string detail;
};

// How something stands that a check leans on: a parent, the monitor's own uplink.
enum class Footing : std::uint8_t {
  firm,
  awaited,  // it has not been looked at since the check went bad, or looks bad itself
  gone,
  back,  // it was gone; the check has not been looked at for long enough since
};

// What is known around a check at one moment. A value type.
struct Around {
  State state = State::pending;  // the check's own
  Footing parent = Footing::firm;
  std::string parent_name;  // the one that is not firm, farthest up
  Footing uplink = Footing::firm;
  bool no_resolver = false;  // it is unknown, since our resolver does not answer
  std::string maintenance;   // the open window, for people; empty: none
  std::string silence;       // likewise
  bool flapping = false;
  std::optional<WallTime> quiet_until;  // quiet hours are on
};

// Why bad news of the check may not be told: the reason that says most, where there are several.
// What makes the news untrue (we are blind) comes before what makes it somebody else's (a parent is
// down), and that before what somebody wished (maintenance, silence) and what is merely a nuisance.
// Pure.
HoldReason hold_of(const Around& around);

// Whether it will be known in a moment: nothing is written down of it before.
constexpr bool is_awaiting(Hold why) noexcept {
  return why == Hold::awaiting_parent || why == Hold::awaiting_uplink;
}
// Whether somebody wished it: at its end, people are told what is not up although they know.
constexpr bool is_wished(Hold why) noexcept {
  return why == Hold::silenced || why == Hold::maintenance;
}

// For the message that is told when the hold is over: "not told for 4 min, while switch-1 was
// down; 3 changes of state meanwhile". Empty where there is nothing to say.
std::string note_of(const Held& held, WallTime now);

}  // namespace tocsin
