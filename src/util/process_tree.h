// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

// A process as its place among others: who started it, and which group and session it is in. A
// value type, read off /proc/PID/stat (proc(5)).
struct ProcessNode {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t group = 0;
  pid_t session = 0;
  char state = '?';
  std::uint64_t started = 0;  // ticks since boot: with the pid, the process's identity

  bool is_dead() const noexcept { return state == 'Z' || state == 'X' || state == 'x'; }
};

// Nothing if the text is none of /proc/PID/stat. Pure.
std::optional<ProcessNode> parse_process_node(std::string_view stat);
// Nothing if there is no such process, or if it is hidden from us.
std::optional<ProcessNode> read_process_node(pid_t pid);

// Whether a pid was given out after `first` and not after `last`: the kernel gives them out in a
// circle. Pure.
bool is_pid_after(pid_t pid, pid_t first, pid_t last) noexcept;

// All processes that may have been started since this one was, itself not among them. Costs next
// to nothing when no process was started at all since then, whoever would have been the one.
// `first` is a child of ours, alive or a zombie, so that its pid is still its own.
std::vector<ProcessNode> processes_since(const ProcessNode& first);

// Those of `all` that descend from a process for which `is_root` holds, the roots included if they
// are in `all`. Pure.
std::vector<ProcessNode> descendants(const std::vector<ProcessNode>& all, pid_t root,
                                     const std::function<bool(const ProcessNode&)>& is_root);

// Whether the environment that the process was started with has this "NAME=value". False where we
// may not see it.
bool has_in_environment(pid_t pid, std::string_view entry);

}  // namespace tocsin
