// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "probe/cpu_history.h"
#include "util/pattern.h"

namespace tocsin {

// Which processes are meant: all that meet every condition that is set.
struct ProcessQuery {
  // The short name, or the file name of the program, or of argument 0; a name that the kernel cut
  // to 15 bytes is met by its full one.
  std::string name;
  std::shared_ptr<const Pattern> command;  // searched in the arguments, joined by one space
  std::optional<uid_t> user;               // the effective one
  std::string pid_file;                    // the one process that it names
  bool family = false;                     // their descendants are wanted too
};

// One that was found. `user` and `command` are filled for those who asked for details,
// `descendants` and the zombies among its children where the query asks for the family.
struct FoundProcess {
  ProcessId id;
  std::string comm;
  char state = '?';  // R, S, D, T, …
  std::optional<uid_t> user;
  std::string command;
  ProcessFigures figures;
  std::vector<ProcessFigures> descendants;  // that live
};

// What a look found. Of the last three at most one is set.
struct ProcessLook {
  std::vector<FoundProcess> found;  // sorted by id
  std::size_t zombies = 0;          // of that name, and not just now; they are not in `found`
  std::size_t zombie_children = 0;  // of those found, and not among `zombies`
  SteadyTime at{};                  // when the figures were read
  std::uint64_t boot_ticks = 0;     // the same moment, as ProcessId::started counts
  std::string wrong;                // the pid file's fault: "pid file /run/x.pid is missing"
  std::string trouble;              // ours: the look failed
  std::string hidden;  // what was found is true, but there may be more that we may not see: why
};

}  // namespace tocsin
