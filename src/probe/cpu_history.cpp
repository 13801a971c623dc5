// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// When a process is waited for, the kernel adds all that it used to its parent's account. Counted
// with its children, a parent would then be charged again for what the child had used before the
// earlier sample: that is taken off, for each child that is gone and whose nearest ancestor that
// still lives is among those counted.
#include "probe/cpu_history.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace tocsin {
namespace {

const ProcessFigures* find(const std::vector<ProcessFigures>& in, const ProcessId& id) noexcept {
  const auto at = std::lower_bound(
      in.begin(), in.end(), id,
      [](const ProcessFigures& figures, const ProcessId& wanted) { return figures.id < wanted; });
  return at != in.end() && at->id == id ? &*at : nullptr;
}

const ProcessFigures* find_pid(const std::vector<ProcessFigures>& in, pid_t pid) noexcept {
  const auto at = std::lower_bound(
      in.begin(), in.end(), pid,
      [](const ProcessFigures& figures, pid_t wanted) { return figures.id.pid < wanted; });
  return at != in.end() && at->id.pid == pid ? &*at : nullptr;
}

double account(const ProcessFigures& process, bool children) noexcept {
  return static_cast<double>(process.ticks + (children ? process.waited_ticks : 0));
}

// Whether what this one used was handed up to one of `now` when it ended.
bool was_inherited(const ProcessFigures& gone, const ProcessSample& before,
                   const std::vector<ProcessFigures>& now) noexcept {
  const ProcessFigures* parent = find_pid(before.processes, gone.parent);
  for (std::size_t steps = 0; parent != nullptr && steps < before.processes.size(); ++steps) {
    if (find(now, parent->id) != nullptr) return true;
    parent = find_pid(before.processes, parent->parent);
  }
  return false;
}

}  // namespace

std::optional<double> cpu_percent(const ProcessSample& before, SteadyTime at,
                                  const std::vector<ProcessFigures>& now, bool children) {
  const double seconds = std::chrono::duration<double>(at - before.at).count();
  if (seconds <= 0) return std::nullopt;
  double used = 0;
  for (const ProcessFigures& process : now) {
    if (const ProcessFigures* then = find(before.processes, process.id)) {
      used += account(process, children) - account(*then, children);
    } else if (process.id.started >= before.boot_ticks) {
      used += account(process, children);
    }
  }
  for (const ProcessFigures& process : before.processes) {
    if (!children) break;
    if (find(now, process.id) != nullptr) continue;
    if (was_inherited(process, before, now)) used -= account(process, true);
  }
  return std::max(0.0, used) / ticks_per_second() / seconds * 100;
}

double ticks_per_second() noexcept {
  return static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::uint64_t boot_ticks() noexcept {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  const double seconds = static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
  return static_cast<std::uint64_t>(seconds * ticks_per_second());
}

}  // namespace tocsin
