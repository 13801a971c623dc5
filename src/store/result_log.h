// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "tocsin/result.h"
#include "tocsin/time.h"

namespace tocsin {

// What checks found, for `tocsin replay`: results.jsonl in the state directory, a line for each
// result whose verdict differs from the one before of its check (between two of them the earlier
// one stands, so nothing is lost of when a check was good or bad). When the file has grown to
// `most_bytes`, it becomes results.jsonl.1, in the place of the one before, and a new one begins:
// so it holds months of a quiet site. To lose it loses no page, so it is not synced.
//
// Thread-safe; `note` never waits for a disk. A disk that refuses is logged once, and what could
// not be written is left out.
class ResultLog {
 public:
  static constexpr std::uint64_t kMostBytes = 32 << 20;
  static constexpr std::size_t kMostQueued = 8 << 20;  // bytes that wait for the disk

  explicit ResultLog(std::filesystem::path file, std::uint64_t most_bytes = kMostBytes);
  // Writes what waits.
  ~ResultLog();
  ResultLog(const ResultLog&) = delete;
  ResultLog& operator=(const ResultLog&) = delete;

  void note(WallTime at, std::string_view check, const Result& result);

  static std::filesystem::path file_in(const std::filesystem::path& state_dir) {
    return state_dir / "results.jsonl";
  }
  static std::filesystem::path older(std::filesystem::path file) { return file += ".1"; }

 private:
  void run();
  void write(const std::string& lines);
  void say_once(const std::string& error);

  const std::filesystem::path file_;
  const std::uint64_t most_bytes_;
  std::mutex mutex_;  // of what follows: the core's thread and the writer's meet here
  std::condition_variable wake_;
  std::string queued_;
  bool stopping_ = false;
  bool refused_ = false;  // the writer's alone
  std::thread thread_;    // the last: it uses all of the above
};

}  // namespace tocsin
