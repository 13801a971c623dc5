// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "probe/process_depth.h"
#include "probe/process_look.h"
#include "probe/threshold.h"

namespace tocsin {

// What is asked of processes that were found, beyond their number.
struct ProcessLimits {
  Threshold cpu;
  Threshold memory;
  Threshold pss;
  Threshold threads;
  Threshold open_files;
  Threshold children;
  Threshold uptime;
  Threshold zombies;
  bool sum = false;            // all together; else each by itself
  bool with_children = false;  // what descendants use is theirs

  DepthWanted depth() const noexcept { return {pss.set(), open_files.set()}; }
  bool family() const noexcept { return with_children || children.set() || zombies.set(); }
};
ProcessLimits parse_process_limits(Settings& settings);

// All that one look brought. Refers to what its maker keeps.
struct ProcessEvidence {
  const ProcessLook& look;
  std::optional<ProcessSample> before;  // what CPU times are compared with
  DepthLook depth;
  double total_memory = 0;  // of the machine, bytes; 0: not known
};

// Every process that the limits are about, each once, sorted by id.
std::vector<ProcessFigures> members_of(const ProcessLook& look, bool with_children);

// All below are pure.
void judge_processes(Findings& findings, const ProcessLimits& limits,
                     const ProcessEvidence& evidence);
std::vector<Metric> process_metrics(const ProcessLimits& limits, const ProcessEvidence& evidence);
// Whole per cent of one CPU that it used itself; 0 where it is not known.
int own_cpu_percent(const FoundProcess& process, const ProcessEvidence& evidence);
// One that was found, by itself: "cpu 3 %, memory 12 MiB, age 3 h 2 min, 4 threads".
std::string describe_figures(const FoundProcess& process, const ProcessEvidence& evidence);

}  // namespace tocsin
