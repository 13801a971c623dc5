// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "probe/probe_fixture.h"
#include "probe/probe_tools.h"
#include "support/fake_clock.h"
#include "support/on_loop.h"
#include "support/systemd_stand_in.h"

namespace tocsin {
inline bool can_stand_in() {
  static const bool kCan = SystemdStandIn::possible();
  if (!kCan) WARN("skipped: dbus-daemon, python3-dbus and python3-gi are needed");
  return kCan;
}

inline bool has_note(const Result& result, const std::string& part) {
  return std::any_of(result.notes.begin(), result.notes.end(), [&part](const std::string& note) {
    return note.find(part) != std::string::npos;
  });
}

inline double metric(const Result& result, const std::string& name) {
  for (const Metric& one : result.metrics) {
    if (one.name == name) return one.value;
  }
  FAIL("no metric " << name);
  return 0;
}

inline bool has_metric(const Result& result, const std::string& name) {
  return std::any_of(result.metrics.begin(), result.metrics.end(),
                     [&name](const Metric& one) { return one.name == name; });
}

// Microseconds since 1970, that long before the clock's now.
inline std::string before(const Clock& clock, Millis age) {
  return std::to_string((clock.wall() - age).time_since_epoch().count() * 1000);
}

// One loop, as a daemon has it; its clock is turned by hand.
class Looking {
 public:
  explicit Looking(std::string bus)
      : bus_(std::move(bus)), tools_([this](std::uint32_t check) { told_.push_back(check); }) {}

  Result look(const std::string& keys, std::uint32_t check = 0, Millis timeout = Millis{20'000}) {
    return look_by(*make_check("unit: {bus: '" + bus_ + "', " + keys + "}"), check, timeout);
  }
  Result look_by(const Check& parsed, std::uint32_t check, Millis timeout) {
    // The bus keeps to real deadlines.
    ProbeContext context = tools_.context(clock_, std::chrono::steady_clock::now() + timeout);
    context.check = check;
    context.explain = true;
    return on_loop(tools_.loop(), parsed.prober->probe(context));
  }
  // Whether the core is told to look again, within a generous time.
  bool is_told() {
    const auto bound = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (told_.empty() && std::chrono::steady_clock::now() < bound) {
      tools_.loop().restart();
      tools_.loop().run_one_until(bound);
    }
    return !std::exchange(told_, {}).empty();
  }
  // Lets everything that is there by now be taken.
  void settle() {
    for (int i = 0; i < 3; ++i) look("name: settle.target");
  }
  std::size_t times_told() const { return told_.size(); }
  Units& units() { return tools_.units(); }

  FakeClock clock_;

 private:
  std::string bus_;
  std::vector<std::uint32_t> told_;
  ProbeTools tools_;
};

inline constexpr const char* kRunning = R"({"ActiveState": "active", "SubState": "running"})";

}  // namespace tocsin
