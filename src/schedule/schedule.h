// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tocsin/time.h"

namespace tocsin {

// When each check is due. A pure data structure: it is told the time and never asks for it. Owned
// by the core's thread. The rules (DESIGN section 6): the first probe is spread over the interval
// by a hash of the name; later ones keep to that grid without drift; a probe that outlasts its
// interval skips grid points; while suspected, the next probe comes `retry_interval` after the last
// one ended; all due times lie on shared slots, so that waking once serves many.
class Schedule {
 public:
  using Id = std::uint32_t;
  static constexpr Millis kSlot{5};

  struct Due {
    Id id = 0;
    SteadyTime at;  // when it was due
  };

  // Slots and grids are counted from `epoch`.
  explicit Schedule(SteadyTime epoch);

  // A new check; its first probe comes within one interval from `now` (and one slot, if the
  // interval is no multiple of one). An id that was removed may be used again once its last probe
  // has ended; one that is present begins anew. Intervals below a slot are taken as one.
  void add(Id id, std::string_view name, Millis interval, SteadyTime now);
  // A known one with another interval: a new grid, as for a new one; a probe under way goes on. The
  // same interval: nothing. An unknown one is added.
  void change(Id id, std::string_view name, Millis interval, SteadyTime now);
  // No probe of it comes due any more; a probe under way may still be reported to `ended`, in vain.
  void remove(Id id);

  // What is due, in order of time; each of them counts as under way until `ended`.
  std::vector<Due> take_due(SteadyTime now);
  // When take_due will next have something; nothing if never.
  std::optional<SteadyTime> next() const;

  // The probe has ended. `retry`: the check is suspected, look again after that long, unless the
  // grid comes first. Without it: the next grid point after `now`. Nothing, if no probe is under
  // way.
  void ended(Id id, SteadyTime now, std::optional<Millis> retry);
  // Make it due at once; if a probe is under way, right after that one.
  void hurry(Id id, SteadyTime now);

  bool under_way(Id id) const;
  std::size_t size() const;
  // How many items, stale ones included, are kept: stays within a small multiple of size().
  std::size_t heap_size() const noexcept { return heap_.size(); }

 private:
  struct Entry {
    SteadyTime::duration interval{};
    SteadyTime::duration phase{};  // offset of the grid from the epoch, in [0, interval)
    SteadyTime at{};
    std::uint32_t turn = 0;  // which of its heap entries is the valid one
    bool present = false;
    bool running = false;
    bool again = false;  // hurry came while running
  };
  struct Item {
    SteadyTime at;
    Id id;
    std::uint32_t turn;
  };

  Entry* find(Id id);
  static void set_grid(Entry& entry, std::string_view name, Millis interval);
  void push(Id id, Entry& entry, SteadyTime at);
  SteadyTime grid_after(const Entry& entry, SteadyTime now) const;
  SteadyTime slot_at_or_after(SteadyTime at) const;
  bool is_stale(const Item& item) const;
  void drop_stale() const;
  void rebuild();

  SteadyTime epoch_;
  std::vector<Entry> entries_;      // by id: the core's ids are small and dense
  mutable std::vector<Item> heap_;  // earliest first; stale items are dropped when they surface
  std::size_t size_ = 0;
};

}  // namespace tocsin
