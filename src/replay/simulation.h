// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/core.h"
#include "replay/replay_clock.h"
#include "replay/replay_store.h"
#include "replay/sinks.h"
#include "replay/world.h"
#include "tocsin/config.h"
#include "tocsin/hold.h"

namespace tocsin {

// What is simulated.
struct ReplayPlan {
  std::shared_ptr<const Config> config;
  std::vector<SinkPlan> sinks;
  World world;
  WallTime from{};  // when the daemon is started for the first time
  std::uint64_t seed = 1;
  // For who wants to see each transaction; may be empty.
  std::function<void(const Change&)> on_commit{};
};

// A daemon in a made-up world: the real core and the real lanes of the sender, between a clock, a
// world and sinks that are not. Time jumps from one event to the next, so that days take seconds;
// the same plan gives the same messages at the same times. Missing are the probers, the disk, what
// comes over the API, and reloads. One thread's.
class Simulation {
 public:
  explicit Simulation(ReplayPlan plan);

  // Goes on until the wall clock shows this.
  void run_until(WallTime until);
  void run_for(Millis time) { run_until(clock_.wall() + time); }
  // A kill, and a start so much later: looks that are under way are lost.
  void restart(Millis down);

  WallTime now() const noexcept { return clock_.wall(); }
  ReplayClock& clock() noexcept { return clock_; }
  Core& core() noexcept { return *core_; }

  // What sinks have taken so far, in order; what still waits for one that is away.
  const std::vector<ToldMessage>& told() const noexcept { return sinks_.told(); }
  std::size_t waiting() const noexcept { return sinks_.waiting(); }
  const std::vector<Withheld>& withheld() const noexcept { return store_.all_withheld(); }
  std::uint64_t results() const noexcept { return results_; }

 private:
  // A look that is under way; at the place of its check's number.
  struct UnderWay {
    Sight sight;
    Micros late{};
  };
  struct End {
    SteadyTime at;
    std::uint32_t check;
  };

  void start(Saved saved);
  void begin(const std::vector<DueProbe>& due);
  SteadyTime next_end() const noexcept;
  void end_looks();

  ReplayPlan plan_;
  ReplayClock clock_;
  ReplayStore store_;
  HeartbeatBoard board_;
  std::atomic<std::int64_t> ids_{0};
  Sinks sinks_;
  std::vector<UnderWay> under_way_;
  std::vector<End> ends_;  // a heap, the earliest first
  std::uint64_t results_ = 0;
  std::unique_ptr<Core> core_;  // the last: it uses all of the above
};

}  // namespace tocsin
