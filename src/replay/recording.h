// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "replay/world.h"
#include "tocsin/time.h"

namespace tocsin {

// What checks found once, as a world that they can be looked at in again: between two results the
// earlier one stands, and the last one for ever. Before its first result a check is up. A file of
// them is JSON lines, in any order:
//
//   {"at": "2026-11-20T02:31:05Z", "check": "web-01", "verdict": "down", "reason": "refused"}
//
// `at` is RFC 3339, `verdict` up, degraded, down or unknown; `reason` and `took_ms` (how long the
// look took) may be left out. Empty lines and those that begin with # count for nothing.
class Recording {
 public:
  // Takes one line. What is wrong with it, for people; empty if nothing is.
  std::string add_line(const std::string& line);
  // To be called once all lines are in.
  void finish();

  Sight at(const std::string& check, WallTime time) const;

  // The names in it, sorted; how many results, and of what time.
  std::vector<std::string> checks() const;
  std::size_t size() const noexcept { return size_; }
  WallTime first() const noexcept { return first_; }
  WallTime last() const noexcept { return last_; }

 private:
  struct Point {
    WallTime at;
    Micros took;
    std::uint32_t reason;  // an index
    Verdict verdict;
  };
  std::uint32_t reason_number(const std::string& reason);

  std::unordered_map<std::string, std::vector<Point>> points_;  // by check, in order of time
  std::vector<std::string> reasons_;
  std::unordered_map<std::string, std::uint32_t> numbers_;  // of reasons
  std::size_t size_ = 0;
  WallTime first_{};
  WallTime last_{};
};

// What came of a file.
struct ReadRecording {
  static constexpr std::size_t kMostMistakes = 20;
  Recording recording;
  std::vector<std::string> mistakes;  // "FILE:LINE: error: …", the first of them; any: no use
};
// Throws nothing. `older`: a file whose results come before, if it is there.
ReadRecording read_recording(const std::filesystem::path& file,
                             const std::filesystem::path& older = {});

// What the running daemon writes into its state directory (store/result_log.h), and what that was
// called before it was full.
inline constexpr std::string_view kDaemonsResults = "results.jsonl";
inline constexpr std::string_view kDaemonsOlderResults = "results.jsonl.1";

}  // namespace tocsin
