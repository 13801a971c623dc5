// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/state.h"
#include "tocsin/time.h"

namespace tocsin {

// The parts of an exchange, in the order in which they happen. Each is the time that part alone
// took.
enum class Phase : std::uint8_t { name, connect, tls, first_byte, transfer };
inline constexpr std::array<Phase, 5> kPhases{Phase::name, Phase::connect, Phase::tls,
                                              Phase::first_byte, Phase::transfer};

constexpr std::string_view to_string(Phase phase) noexcept {
  switch (phase) {
    case Phase::name: return "name";
    case Phase::connect: return "connect";
    case Phase::tls: return "tls";
    case Phase::first_byte: return "first_byte";
    case Phase::transfer: return "transfer";
  }
  return "";
}

// The times of the phases that took place; one that did not is absent. A value type, 20 bytes.
class Phases {
 public:
  constexpr std::optional<Micros> get(Phase phase) const noexcept {
    const Micros value = values_[static_cast<std::size_t>(phase)];
    if (value < Micros::zero()) return std::nullopt;
    return value;
  }
  constexpr void set(Phase phase, Micros value) noexcept {
    values_[static_cast<std::size_t>(phase)] = value < Micros::zero() ? Micros::zero() : value;
  }
  // Adds to what is there: a redirect's hops share one row of phases.
  constexpr void add(Phase phase, Micros value) noexcept {
    set(phase, get(phase).value_or(Micros::zero()) + value);
  }

 private:
  static constexpr Micros kAbsent{-1};
  std::array<Micros, 5> values_{kAbsent, kAbsent, kAbsent, kAbsent, kAbsent};
};

// A number that a look brought along, for graphs and metrics: a plugin's performance data, a disk's
// free space, a process's memory. A value type.
struct Metric {
  std::string name;  // printable; not unique by itself
  double value = 0;
  std::string unit;  // "s", "B", "%", "c" (a counter), or empty
  std::optional<double> least;
  std::optional<double> most;
  std::string warn;  // the thresholds as the source wrote them: "80", "10:20", "@5:7"
  std::string crit;
};

// What one probe found. A value type; whoever holds it may read it.
struct Result {
  static constexpr std::size_t kMostDetails = 4096;

  Verdict verdict = Verdict::unknown;
  // One line for a paged person, free of secrets: "connection refused (127.0.0.1:8080)". May be
  // empty when up. It quotes what the other side sent only after that was made printable and cut.
  std::string reason;
  // The address that was really tried, "127.0.0.1:8080" or "[::1]:8080"; empty where there is none.
  std::string address;
  Phases phases;
  // The whole look, from its start to its verdict.
  Micros took{};
  // Days until the served certificate ends, rounded down; negative once it is over.
  std::optional<int> certificate_days;
  // More than one line has room for: a plugin's long text, a job's log. Free of secrets; lines of
  // printable UTF-8, at most kMostDetails bytes. Kept with the incident that it begins.
  std::string details;
  std::vector<Metric> metrics;
  // When the verdict will be another one though nothing happens: the check is looked at then, if
  // its interval does not bring it sooner.
  std::optional<WallTime> due_at;
  // Of `unknown`: it is our resolver that does not answer.
  bool no_resolver = false;
  // For `tocsin probe`: what was asked and what came back, a line each, secrets hidden. Filled only
  // when ProbeContext::explain is set, so that a daemon's probes do not pay for it.
  std::vector<std::string> notes;
};

}  // namespace tocsin
