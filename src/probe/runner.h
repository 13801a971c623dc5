// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "tocsin/check.h"
#include "tocsin/heartbeat.h"
#include "tocsin/result.h"
#include "tocsin/snapshot.h"
#include "tocsin/time.h"

namespace tocsin {

// Runs probes on loops of their own: one Asio io_context and one thread each. The hand-over from
// and to the core is by batches, so that ten probes that are due in one slot cost one wake-up each
// way.
class ProbeRunner {
 public:
  struct Due {
    std::uint32_t check = 0;  // the core's number of the check
    std::shared_ptr<const Prober> prober;
    Millis timeout{};
    SteadyTime due;  // when it should have begun
  };
  struct Done {
    std::uint32_t check = 0;
    Result result;
    Micros late{};  // how long after `due` it began
  };
  struct Events {
    // Both run on a probe loop's thread, must not block, and are batched per turn of the loop.
    std::function<void(std::vector<Done>)> done;
    // A process that this check's last probe matched has died, or its unit has changed: look again
    // now.
    std::function<void(std::uint32_t check)> look_again;
  };

  // Starts the threads. `heartbeats`: where probes read what jobs told; must outlive it. Throws
  // std::system_error when they cannot be had.
  ProbeRunner(unsigned threads, const Clock& clock, Events events,
              const HeartbeatBoard* heartbeats = nullptr);
  // Stops the loops; probes under way are abandoned and report nothing.
  ~ProbeRunner();
  ProbeRunner(const ProbeRunner&) = delete;
  ProbeRunner& operator=(const ProbeRunner&) = delete;

  // Begins these probes. Thread-safe. A check always runs on the same loop.
  void start(std::vector<Due> batch);
  // The check is gone: its watched processes are let go. Thread-safe.
  void forget(std::uint32_t check);

 private:
  class Loop;
  std::vector<std::unique_ptr<Loop>> loops_;
};

// One probe, now, on a loop of its own, with notes: for `tocsin probe`. Blocks until it is done.
Result probe_once(const Check& check, const Clock& clock, bool explain);

}  // namespace tocsin
