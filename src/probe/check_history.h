// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <optional>

#include "probe/cpu_history.h"
#include "probe/file_look.h"

namespace tocsin {

// What a check's look leaves for its next one. It is gone with the daemon: nothing may depend on it
// that a restart would make wrong. A value; on one loop.
struct CheckHistory {
  Recent<ProcessSample> processes;
  Recent<MachineSample> machine;
  std::optional<FileMemory> file;
};

}  // namespace tocsin
