// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <sys/types.h>

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "probe/cpu_history.h"
#include "probe/procfs.h"
#include "tocsin/time.h"

namespace tocsin {

// Watches processes die, by pidfd_open(2): one descriptor a process, however many checks want it.
// Where the kernel, a sandbox or the descriptor limit refuses, deaths are seen by the next probe
// instead, and the log says so once. One loop's thread only; outlives the loop's running.
class ProcessWatch {
 public:
  // `died` is called on the loop when a process of that check has died; at most four times a second
  // for one check, and never from within `set`.
  ProcessWatch(asio::io_context& loop, ProcFs& procfs, std::function<void(std::uint32_t)> died);

  // These are the check's processes from now on; sorted. Beyond kMostPerCheck, and beyond a
  // quarter of the process's descriptors in all, they are not watched.
  void set(std::uint32_t check, const std::vector<ProcessId>& processes);
  void forget(std::uint32_t check);
  std::size_t watched() const noexcept { return watches_.size(); }

  static constexpr std::size_t kMostPerCheck = 1024;

 private:
  struct Watch {
    std::uint64_t started;
    asio::posix::stream_descriptor descriptor;
    std::vector<std::uint32_t> checks;
  };
  struct Watcher {
    std::vector<ProcessId> processes;
    SteadyTime quiet_until{};
    bool owed = false;
  };

  void add(std::uint32_t check, const ProcessId& process);
  void remove(std::uint32_t check, const ProcessId& process);
  int open(const ProcessId& process);
  void wait(const ProcessId& process, Watch& watch);
  void on_death(const ProcessId& process);
  void tell(std::uint32_t check);
  void tell_soon(std::uint32_t check);
  void tell_owed();
  void arm(SteadyTime when);
  void say_once(int error);

  asio::io_context& loop_;
  ProcFs& procfs_;
  std::function<void(std::uint32_t)> died_;
  const std::size_t most_;
  bool refused_ = false;  // for good
  bool said_ = false;
  std::unordered_map<pid_t, std::unique_ptr<Watch>> watches_;
  std::unordered_map<std::uint32_t, Watcher> watchers_;
  std::vector<std::uint32_t> owed_;
  asio::steady_timer timer_;
};

}  // namespace tocsin
