// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "probe/cpu_history.h"
#include "tocsin/time.h"

namespace tocsin {

// What is costly to read of a process, may wait for its locks, and takes a permission for those of
// other users. What could not be read is absent.
struct ProcessDepth {
  std::optional<double> pss;  // bytes
  std::optional<double> open_files;
  std::optional<double> file_limit;  // how many it may have open
};

struct DepthWanted {
  bool pss = false;
  bool open_files = false;
  bool any() const noexcept { return pss || open_files; }
};

struct DepthLook {
  std::unordered_map<pid_t, ProcessDepth> of;
  // Why something of a process that lives is missing, for people, and what to grant; empty: nothing
  // is.
  std::string trouble;
};

// Reads it; whoever is gone by now is left out. For a worker's thread: it blocks. Gives up between
// two processes at `until`, which is a trouble. `proc` stands for /proc.
DepthLook read_depth(const std::string& proc, const std::vector<ProcessId>& processes,
                     DepthWanted wanted, SteadyTime until);

}  // namespace tocsin
