// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>

#include "tocsin/records.h"
#include "tocsin/time.h"

namespace tocsin {

// Flapping: whether a check's state changes so often that telling each change helps nobody. Pure.
//
// The window before `now` is divided into 20 slots of equal length. The share is Σ weight(slot)
// over the changes from good to bad or back, divided by 20: as Nagios has it for its 20 latest
// results, with weights that rise linearly from 0.75 for the oldest slot to 1.25 for the newest.
// But slots are of time and not of results, so that a check that is looked at every five minutes is
// found out as soon as one that is looked at every second. It flaps from the moment when the share
// is at least `high` until it is at most `low`. With 25 and 10: from the fifth change within the
// window on (the fourth, if all came in one slot), until two at the most are left in it.
// It ends sooner, too: when a quarter of the window went by without a change, since a check that
// stays down has stopped flapping.
struct FlapLimits {
  Millis window{0};    // zero: flapping is not looked for
  unsigned high = 25;  // percent
  unsigned low = 10;
};

inline constexpr unsigned kFlapSlots = 20;
inline constexpr unsigned kQuietSlots = 5;  // without a change: it is calm
inline constexpr unsigned kMostInSlot = 7;  // changes; further ones are not counted

// The share at `now`, in percent.
double flap_share(const FlapRecord& record, const FlapLimits& limits, WallTime now) noexcept;

// Notes a change between good and bad at `now`, and counts it while the check flaps. True if it
// begins to flap with this. A clock that was set back: the history begins anew.
bool note_change(FlapRecord& record, const FlapLimits& limits, WallTime now) noexcept;

// Whether a flapping check has calmed down by `now` (or flapping is no longer looked for): `since`
// is reset then and `changes` stays for whoever tells of it.
bool calms_down(FlapRecord& record, const FlapLimits& limits, WallTime now) noexcept;

}  // namespace tocsin
