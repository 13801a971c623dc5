// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tocsin/secret.h"
#include "tocsin/time.h"

// A heartbeat check looks at nothing: a job tells, by a request that carries the check's secret.
// What it tells walks so:
//
//   web: the secret names the check ─► core: the record is brought up to date, put on the board and
//   committed ─► store ─► web: answered. The core has the check looked at at once ─► probe: judges
//   what is on the board, as it does at each interval ─► core, as any other result.

namespace tocsin {

// What a heartbeat check adds to a Check: how jobs reach it. Immutable.
struct HeartbeatSettings {
  static constexpr std::size_t kLeastSecret = 16;
  static constexpr std::size_t kMostSecret = 200;

  Secret secret;          // letters, digits and ._~- only, so that it stands in a URL as it is
  bool announce = false;  // each success is told as a message of its own
};

// What one request says. A value type.
struct Heartbeat {
  enum class Event : std::uint8_t { start, success, fail, log };
  Event event = Event::success;
  std::optional<int> exit_code;  // with success (0) or fail
  std::string run;               // which of several runs at once; empty: the job has but one
  std::string address;           // from where it came, as the kernel says it
  std::string log;               // printable lines, at most Result::kMostDetails bytes
};

// A run that has begun and not ended.
struct HeartbeatRun {
  std::string id;  // Heartbeat::run
  WallTime since{};
  bool operator==(const HeartbeatRun&) const = default;
};

// What is remembered of a heartbeat check, across restarts. A value type; shared where it is const.
struct HeartbeatRecord {
  static constexpr std::size_t kMostRuns = 16;

  std::string name;        // the check's
  std::string expects;     // Check::target when it was last watched: what was expected of the job
  WallTime known_since{};  // when the check was first known: what never came is late from here
  // Since when nothing that came was missed: the daemon's start, or the end of a standstill. What
  // fell due before may have come unheard, so nobody is called late for it. Not moved while the
  // check is not up.
  WallTime listening_since{};
  std::optional<WallTime> started_at;  // the latest of each
  std::optional<WallTime> succeeded_at;
  std::optional<WallTime> failed_at;
  bool failed = false;             // the latest run to end failed
  std::optional<int> exit_code;    // of that run
  std::optional<Millis> run_time;  // of that run, if its start was told
  std::vector<HeartbeatRun> runs;  // under way, oldest first; at most kMostRuns
  std::string log;                 // the latest that was sent
  std::string address;             // from where the latest heartbeat came
  bool operator==(const HeartbeatRecord&) const = default;
};

using HeartbeatRecordPtr = std::shared_ptr<const HeartbeatRecord>;

// Where the core shows what jobs told, for probes to judge. Thread-safe; the mutex is held for the
// copy of a pointer. Keyed by the core's number of the check, which outlives every probe of it.
class HeartbeatBoard {
 public:
  HeartbeatRecordPtr find(std::uint32_t check) const {
    const std::lock_guard lock(mutex_);
    const auto found = records_.find(check);
    return found == records_.end() ? nullptr : found->second;
  }
  // Null: the check is gone.
  void set(std::uint32_t check, HeartbeatRecordPtr record) {
    const std::lock_guard lock(mutex_);
    if (record) {
      records_[check] = std::move(record);
    } else {
      records_.erase(check);
    }
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::uint32_t, HeartbeatRecordPtr> records_;
};

// What became of a heartbeat.
enum class HeartbeatFate : std::uint8_t {
  durable,   // noted, and on disk
  memory,    // noted; the disk refuses, which people were told of
  disabled,  // the check is not watched at present: nothing was noted
  late,      // the daemon did not get to it in time; it may yet be noted
};

}  // namespace tocsin
