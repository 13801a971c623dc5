// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// The history is three bits a slot, and the moment of the latest change, by which the bits are
// shifted when time has gone on. Slots lie on a fixed grid (the epoch's), so that the same changes
// give the same bits whenever they are looked at.
#include "evaluate/flapping.h"

#include <algorithm>

namespace tocsin {
namespace {

// Weights are in 76ths, which are whole, so that a share that is just the limit is found to be it.
constexpr unsigned kOldest = 57;  // 0.75
constexpr unsigned kNewest = 95;  // 1.25
constexpr unsigned kWhole = 76;
constexpr unsigned kBits = 3;
constexpr std::uint64_t kAllSlots = (std::uint64_t{1} << (kBits * kFlapSlots)) - 1;

std::int64_t slot_of(WallTime time, const FlapLimits& limits) noexcept {
  const auto length = std::max<std::int64_t>(limits.window.count() / kFlapSlots, 1);
  return time.time_since_epoch().count() / length;
}

// The bits as they stand at `now`: bit 0 is the slot that holds `now`.
std::uint64_t slots_at(const FlapRecord& record, const FlapLimits& limits, WallTime now) noexcept {
  const std::int64_t passed = slot_of(now, limits) - slot_of(record.at, limits);
  if (passed < 0 || passed >= kFlapSlots) return 0;
  return (record.slots << (kBits * static_cast<unsigned>(passed))) & kAllSlots;
}

constexpr unsigned weight(unsigned age) noexcept {
  return kNewest - (kNewest - kOldest) * age / (kFlapSlots - 1);
}

}  // namespace

double flap_share(const FlapRecord& record, const FlapLimits& limits, WallTime now) noexcept {
  if (limits.window <= Millis{0}) return 0;
  const std::uint64_t slots = slots_at(record, limits, now);
  unsigned changed = 0;
  for (unsigned age = 0; age < kFlapSlots; ++age) {
    changed += weight(age) * static_cast<unsigned>(slots >> (kBits * age) & kMostInSlot);
  }
  return 100.0 * changed / (kWhole * kFlapSlots);
}

bool note_change(FlapRecord& record, const FlapLimits& limits, WallTime now) noexcept {
  if (limits.window <= Millis{0}) return false;
  record.slots = slots_at(record, limits, now);
  if ((record.slots & kMostInSlot) < kMostInSlot) ++record.slots;
  record.at = now;
  if (record.since) {
    ++record.changes;
    return false;
  }
  if (flap_share(record, limits, now) < limits.high) return false;
  record.since = now;
  record.changes = 0;
  return true;
}

bool calms_down(FlapRecord& record, const FlapLimits& limits, WallTime now) noexcept {
  if (!record.since) return false;
  if (flap_share(record, limits, now) > limits.low) {
    constexpr std::uint64_t kLatest = (std::uint64_t{1} << (kBits * kQuietSlots)) - 1;
    if ((slots_at(record, limits, now) & kLatest) != 0) return false;
  }
  record.since.reset();
  return true;
}

}  // namespace tocsin
