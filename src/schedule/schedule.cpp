// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// A binary heap of due times with lazy deletion. Each entry of `entries_` has at most one valid
// item in the heap: the one that carries the entry's present `turn`. Whatever moves a check's due
// time (a change, a hurry, a removal) raises its turn and leaves the old item where it is; it is
// dropped when it surfaces, or when stale items outnumber the others and the heap is built anew. A
// check that is under way has no valid item at all, so it cannot come due twice.
//
// A grid point is epoch + phase + k × interval, computed from k each time and never from the point
// before it: neither a late wake-up nor the rounding to slots can add up to a drift. Rounding is
// upwards and only of the due time, so an interval that is no multiple of a slot keeps its mean.
#include "schedule/schedule.h"

#include <algorithm>

#include "util/text.h"

namespace tocsin {
namespace {

using Duration = SteadyTime::duration;

// A heap smaller than this is not worth building anew.
constexpr std::size_t kLeastStale = 64;

// The largest multiple of `step` that is not above `value`, in steps; right for negative values.
std::int64_t floor_steps(Duration value, Duration step) noexcept {
  const std::int64_t steps = value / step;
  return value % step < Duration::zero() ? steps - 1 : steps;
}

// Turns the standard heap, which has the greatest on top, into one with the earliest; by id within
// a slot, so that runs can be repeated.
constexpr auto kLater = [](const auto& a, const auto& b) noexcept {
  return a.at != b.at ? a.at > b.at : a.id > b.id;
};

}  // namespace

Schedule::Schedule(SteadyTime epoch) : epoch_(epoch) {}

void Schedule::add(Id id, std::string_view name, Millis interval, SteadyTime now) {
  if (id >= entries_.size()) entries_.resize(std::size_t{id} + 1);
  Entry& entry = entries_[id];
  if (!entry.present) ++size_;
  entry.present = true;
  entry.running = false;
  entry.again = false;
  set_grid(entry, name, interval);
  push(id, entry, grid_after(entry, now));
}

void Schedule::change(Id id, std::string_view name, Millis interval, SteadyTime now) {
  Entry* entry = find(id);
  if (entry == nullptr) return add(id, name, interval, now);
  if (entry->interval == interval) return;
  set_grid(*entry, name, interval);
  if (!entry->running) push(id, *entry, grid_after(*entry, now));
}

void Schedule::remove(Id id) {
  Entry* entry = find(id);
  if (entry == nullptr) return;
  entry->present = false;
  entry->running = false;
  ++entry->turn;
  --size_;
}

std::vector<Schedule::Due> Schedule::take_due(SteadyTime now) {
  std::vector<Due> due;
  for (drop_stale(); !heap_.empty() && heap_.front().at <= now; drop_stale()) {
    const Item item = heap_.front();
    Entry& entry = entries_[item.id];
    entry.running = true;
    ++entry.turn;
    due.push_back({.id = item.id, .at = item.at});
  }
  return due;
}

std::optional<SteadyTime> Schedule::next() const {
  drop_stale();
  if (heap_.empty()) return std::nullopt;
  return heap_.front().at;
}

void Schedule::ended(Id id, SteadyTime now, std::optional<Millis> retry) {
  Entry* entry = find(id);
  if (entry == nullptr || !entry->running) return;
  entry->running = false;
  if (entry->again) {
    entry->again = false;
    return push(id, *entry, now);
  }
  SteadyTime at = grid_after(*entry, now);
  if (retry) at = std::min(at, slot_at_or_after(now + *retry));
  push(id, *entry, at);
}

void Schedule::hurry(Id id, SteadyTime now) {
  Entry* entry = find(id);
  if (entry == nullptr) return;
  if (entry->running) {
    entry->again = true;
  } else if (now < entry->at) {
    push(id, *entry, now);
  }
}

bool Schedule::under_way(Id id) const {
  return id < entries_.size() && entries_[id].running;
}

std::size_t Schedule::size() const {
  return size_;
}

Schedule::Entry* Schedule::find(Id id) {
  if (id >= entries_.size() || !entries_[id].present) return nullptr;
  return &entries_[id];
}

void Schedule::set_grid(Entry& entry, std::string_view name, Millis interval) {
  entry.interval = std::max(interval, kSlot);  // what is shorter cannot be kept apart
  const auto steps = static_cast<std::uint64_t>(std::max(interval, kSlot).count());
  entry.phase = Millis{static_cast<Millis::rep>(spread_hash(name) % steps)};
}

void Schedule::push(Id id, Entry& entry, SteadyTime at) {
  entry.at = at;
  ++entry.turn;
  heap_.push_back({.at = at, .id = id, .turn = entry.turn});
  std::push_heap(heap_.begin(), heap_.end(), kLater);
  if (heap_.size() > 2 * size_ + kLeastStale) rebuild();
}

// Each rebuild costs O(n) and comes after at least as many pushes: constant per push in the mean.
void Schedule::rebuild() {
  std::erase_if(heap_, [this](const Item& item) { return is_stale(item); });
  std::make_heap(heap_.begin(), heap_.end(), kLater);
}

SteadyTime Schedule::grid_after(const Entry& entry, SteadyTime now) const {
  const std::int64_t k = floor_steps(now - epoch_ - entry.phase, entry.interval);
  const auto due = [&](std::int64_t point) {
    return slot_at_or_after(epoch_ + entry.phase + point * entry.interval);
  };
  // A point just passed may be rounded up to a slot that is still to come.
  return due(k) > now ? due(k) : due(k + 1);
}

SteadyTime Schedule::slot_at_or_after(SteadyTime at) const {
  const Duration slot = kSlot;
  return epoch_ - floor_steps(epoch_ - at, slot) * slot;
}

bool Schedule::is_stale(const Item& item) const {
  return entries_[item.id].turn != item.turn;
}

void Schedule::drop_stale() const {
  while (!heap_.empty() && is_stale(heap_.front())) {
    std::pop_heap(heap_.begin(), heap_.end(), kLater);
    heap_.pop_back();
  }
}

}  // namespace tocsin
