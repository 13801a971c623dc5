// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tocsin/acknowledgement.h"
#include "tocsin/check.h"
#include "tocsin/hold.h"
#include "tocsin/message.h"
#include "tocsin/result.h"
#include "tocsin/state.h"
#include "tocsin/time.h"

namespace tocsin {

// A check as it stands. Immutable; shared by all snapshots in which it is the same.
struct CheckView {
  CheckPtr check;
  State state = State::pending;
  bool suspected = false;
  WallTime since{};  // of the state
  std::string reason;
  std::string address;
  std::optional<WallTime> last_probe_at;
  std::optional<Micros> response_time;
  Phases phases;
  std::optional<int> certificate_days;
  std::optional<std::int64_t> incident;
  std::optional<Acknowledgement> acknowledged;  // of that incident; it may have run out
  Held held;                                    // what holds its news back
  std::optional<WallTime> flapping_since;
  std::uint64_t probes = 0;
  std::string details;
  std::vector<Metric> metrics;
  std::optional<WallTime> due_at;  // Result::due_at
  HeartbeatRecordPtr heartbeat;    // null unless its jobs tell
};

// How late probes began, as a Prometheus histogram: counts per bucket, not cumulated.
struct Lateness {
  static constexpr std::array<int, 12> kBoundsMs{1,   2,   5,   10,   20,   50,
                                                 100, 200, 500, 1000, 5000, 30000};
  std::array<std::uint64_t, kBoundsMs.size() + 1> counts{};  // the last: above every bound
  double sum_seconds = 0;
};

// How one notifier stands.
struct NotifierView {
  std::string name;
  std::string type;
  std::uint64_t waiting = 0;
  std::optional<WallTime> oldest_waiting;
  std::uint64_t sent = 0;
  std::uint64_t later = 0;     // attempts that were put off
  std::uint64_t rejected = 0;  // dead letters since the start
  std::string last_error;
};

// The whole state at one moment, for the web side. Immutable.
struct Snapshot {
  WallTime at{};
  WallTime started_at{};
  std::string instance;
  std::vector<std::shared_ptr<const CheckView>> checks;  // sorted by name
  std::vector<NotifierView> notifiers;
  Lateness lateness;
  std::uint64_t probes = 0;
  std::uint64_t results[4] = {};  // by Verdict
  bool last_reload_ok = true;
  WallTime last_reload_at{};
  std::string store_trouble;                  // empty: all is stored
  std::vector<Silence> silences;              // open ones, by number
  std::optional<WallTime> blind_since;        // the uplink's references are all gone
  std::optional<WallTime> starved_since;      // our own schedule is late
  std::optional<WallTime> no_resolver_since;  // our resolver does not answer
};

// What the web side and the signal handlers may ask of the core. All calls are thread-safe.
class Control {
 public:
  virtual ~Control() = default;

  // A snapshot at most a quarter of a second old; waits for the core to make one if need be, and
  // gives the last one if the core does not answer within a second. Null only before the first.
  virtual std::shared_ptr<const Snapshot> snapshot() = 0;

  // Empty while the scheduler and the sender keep their times; else what is wrong, for people.
  virtual std::string health() = 0;

  // Notes what a job told about the check of that name, and waits until it is on disk (or the disk
  // has refused it), for a few seconds at the most.
  virtual HeartbeatFate note_heartbeat(const std::string& check, Heartbeat heartbeat) = 0;

  // Has a message told, and waits as for a heartbeat.
  virtual PostAnswer post_message(PostedMessage message) = 0;

  // Acknowledges the check's open incident, or takes that back (nothing given); waits likewise.
  virtual AckFate acknowledge(const std::string& check, std::optional<AckWish> wish) = 0;

  // Begins a silence, or ends the one of that number; waits likewise.
  virtual SilenceAnswer silence(SilenceWish wish) = 0;
  virtual SilenceAnswer end_silence(std::int64_t id) = 0;
};

}  // namespace tocsin
