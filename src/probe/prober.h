// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>

#include "tocsin/heartbeat.h"
#include "tocsin/result.h"
#include "tocsin/time.h"

namespace tocsin {

class HttpClient;    // src/net/http_client.h
class Icmp;          // src/net/icmp.h
class Resolver;      // src/net/resolver.h
class ProcessTable;  // src/probe/process_table.h
class Units;         // src/probe/units.h
class Workers;       // src/net/workers.h

// What one probe may use. Everything in it belongs to the loop the probe runs on and outlives the
// probe; nothing in it is to be used from another thread.
struct ProbeContext {
  Resolver& resolver;
  HttpClient& http;
  ProcessTable& processes;
  Workers& workers;
  Icmp& icmp;
  Units& units;
  const Clock& clock;
  // The probe must have returned by then; it is `down` ("timed out after …") if the target is late.
  SteadyTime deadline;
  // Identifies the check to the process table, the workers and the like for as long as the check
  // exists; 0 for a one-off probe.
  std::uint32_t check = 0;
  // Fill Result::notes.
  bool explain = false;
  // What jobs told; null for a one-off probe: only the running daemon hears them.
  const HeartbeatBoard* heartbeats = nullptr;
};

// A parsed check: how to look at one target. Immutable, so that one object may run on any loop,
// several times at once. `probe` is a coroutine of the loop that awaits it: it never blocks,
// honours the deadline by itself, and turns every failure into a Result. Only a bug may throw; the
// runner turns that into `unknown`.
class Prober {
 public:
  virtual ~Prober() = default;
  virtual asio::awaitable<Result> probe(ProbeContext& context) const = 0;
};

}  // namespace tocsin
