// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "net/http_client.h"
#include "net/icmp.h"
#include "net/resolver.h"
#include "net/workers.h"
#include "probe/prober.h"
#include "probe/process_table.h"
#include "probe/units.h"

namespace tocsin {

// A probe loop and what the probes on it share. Its owner runs `loop`, in one thread at a time.
//
// Destroying it while probes wait is safe and is how they are abandoned: first everything that
// waits in the loop is destroyed, with all that it refers to alive, then each part with whatever
// still waits inside it, then the loop.
class ProbeTools {
 public:
  // `names`: where names come from; none: the machine's own sources. `proc` stands for /proc.
  explicit ProbeTools(std::function<void(std::uint32_t check)> look_again,
                      std::optional<Resolver::Sources> names = std::nullopt,
                      std::string proc = "/proc");
  ~ProbeTools();
  ProbeTools(const ProbeTools&) = delete;
  ProbeTools& operator=(const ProbeTools&) = delete;

  asio::io_context& loop() noexcept { return loop_; }
  ProcessTable& processes() noexcept { return *processes_; }
  Units& units() noexcept { return *units_; }
  ProbeContext context(const Clock& clock, SteadyTime deadline) {
    return {*resolver_, *http_, *processes_, *workers_, *icmp_, *units_, clock, deadline};
  }

 private:
  // Asio has the destruction of what waits as a step of its own, but shows it to heirs only.
  class Loop final : public asio::io_context {
   public:
    Loop() : asio::io_context(1) {}
    using asio::execution_context::shutdown;
  };

  Loop loop_;
  std::optional<Resolver> resolver_;
  std::optional<HttpClient> http_;
  std::optional<ProcessTable> processes_;
  std::optional<Workers> workers_;
  std::optional<Icmp> icmp_;
  std::optional<Units> units_;
};

}  // namespace tocsin
