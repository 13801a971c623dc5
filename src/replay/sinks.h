// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "deliver/lane.h"
#include "deliver/row.h"
#include "replay/world.h"
#include "tocsin/config.h"
#include "tocsin/store.h"

namespace tocsin {

// A message that a sink has taken.
struct ToldMessage {
  WallTime at{};
  NotificationPtr what;
};

// What the sender's engine does, with the sender's own lanes and without its loop: an attempt takes
// no time, and its sink takes everything unless it is away. A sink that is away answers so at once
// and has no wish of its own for when to be tried again. No updates of first messages, no renewals:
// nobody is told anything new by those. One thread's.
class Sinks {
 public:
  // All outlive this. `seed` is for the jitter of backoffs.
  Sinks(Store& store, const Clock& clock, Numbers numbers, std::uint64_t seed);

  // Begins anew, as a process does: with these sinks and what waits for them. What waits for any
  // other is dropped.
  void start(const std::vector<SinkPlan>& plans, const Config& config,
             std::vector<Saved::Waiting> waiting);
  // What is committed is to be told; done by the next `turn`.
  void add(std::vector<NotificationPtr> notifications);

  // When `turn` is wanted next; the end of time if never.
  SteadyTime next() const noexcept;
  void turn();

  const std::vector<ToldMessage>& told() const noexcept { return told_; }
  std::size_t waiting() const noexcept;

 private:
  struct Line {
    Lane lane;
    SteadyTime look_at{};
  };
  struct Sink {
    SinkPlan plan;
    Line* line = nullptr;
  };

  Moment now() const noexcept { return {clock_.steady(), clock_.wall()}; }
  void put(Row row);
  void turn(Line& line);
  void attempt(Line& line, const Row& row);

  Store& store_;
  const Clock& clock_;
  Numbers numbers_;
  std::uint64_t seed_;
  std::size_t storm_threshold_ = 0;
  std::map<std::string, Line> lines_;  // by name; a map keeps its places
  std::map<std::string, Sink> sinks_;  // by notifier
  std::vector<ToldMessage> told_;
};

// The sinks of a configuration, with the pace that their notifiers keep.
std::vector<SinkPlan> sinks_of(const Config& config);

}  // namespace tocsin
