// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "probe/machine.h"
#include "tocsin/time.h"

namespace tocsin {

// A process by what no later one shares with it.
struct ProcessId {
  pid_t pid = 0;
  std::uint64_t started = 0;  // ticks since boot
  auto operator<=>(const ProcessId&) const = default;
};

// What a process has used so far.
struct ProcessFigures {
  ProcessId id;
  pid_t parent = 0;
  std::uint64_t ticks = 0;         // of CPU
  std::uint64_t waited_ticks = 0;  // of its children that it has waited for, and of theirs
  std::uint64_t rss_pages = 0;
  std::uint32_t threads = 0;
};

// Processes at one moment.
struct ProcessSample {
  SteadyTime at{};
  std::uint64_t boot_ticks = 0;           // the same moment, as ProcessId::started counts
  std::vector<ProcessFigures> processes;  // sorted by id
};

// The CPU that `now` (sorted by id) used since `before`, in per cent of one CPU, so that four busy
// threads are 400. Who started after `before` is counted from its start; who was there and was not
// looked at is not counted. With `children`, what a child used that has ended and was waited for is
// counted too, once. Nothing if no time went by. Pure.
std::optional<double> cpu_percent(const ProcessSample& before, SteadyTime at,
                                  const std::vector<ProcessFigures>& now, bool children);

// The CPU times of the machine at one moment.
struct MachineSample {
  SteadyTime at{};
  CpuTimes times;
};

// The latest samples of one kind. A value; for one check, on one loop.
template <typename Sample>
class Recent {
 public:
  // The sample to compare one of this moment with: the last one, or the one before while the last
  // is too young to tell a figure from. Null: there is none.
  const Sample* before(SteadyTime at) const noexcept {
    if (last_ && at - last_->at >= kYoungest) return &*last_;
    if (earlier_ && at - earlier_->at >= kYoungest) return &*earlier_;
    return nullptr;
  }
  // Keeps it for the next look, unless one was kept only just now.
  void keep(Sample sample) {
    if (last_ && sample.at - last_->at < kYoungest) return;
    earlier_ = std::exchange(last_, std::move(sample));
  }

  // Below this, a tick of 10 ms is too much of the whole.
  static constexpr Millis kYoungest{1000};

 private:
  std::optional<Sample> last_;
  std::optional<Sample> earlier_;
};

// Ticks in a second, as /proc counts.
double ticks_per_second() noexcept;
// Now, in ticks since boot.
std::uint64_t boot_ticks() noexcept;

}  // namespace tocsin
