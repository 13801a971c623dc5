// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin {

// What the kernel says of the machine as a whole in /proc. Parsing is pure; reading never waits for
// anybody. In a container these are the host's figures, unless something like lxcfs is mounted over
// the files.

// A file of /proc, read whole. `error` is an errno; 0: all is well.
struct ReadFile {
  std::string text;
  int error = 0;
};
ReadFile read_kernel_file(const std::string& path);

// /proc/meminfo (proc_meminfo(5)), in bytes.
struct MemInfo {
  double total = 0;
  double available = 0;  // the kernel's estimate of what can be had without swapping
  double swap_total = 0;
  double swap_free = 0;
};
std::optional<MemInfo> parse_meminfo(std::string_view text);

// /proc/pressure/* (the kernel's Documentation/accounting/psi.rst): the share of the last 10, 60
// and 300 seconds in which some, or all, runnable tasks stood still for want of the resource.
struct Pressure {
  static constexpr std::array<std::string_view, 6> kNames{
      "some_avg10", "some_avg60", "some_avg300", "full_avg10", "full_avg60", "full_avg300"};
  // In the order of the names, per cent; kernels before 5.13 have no "full" for the CPU.
  std::array<std::optional<double>, kNames.size()> percent;
};
std::optional<Pressure> parse_pressure(std::string_view text);

// /proc/loadavg: the averages over 1, 5 and 15 minutes of tasks that run, wait for a CPU, or sleep
// without being interruptible.
struct LoadAverage {
  std::array<double, 3> average{};
  std::uint64_t runnable = 0;
  std::uint64_t tasks = 0;
};
std::optional<LoadAverage> parse_loadavg(std::string_view text);

// The first line of /proc/stat, in ticks since boot, and how many CPUs are online.
struct CpuTimes {
  std::uint64_t user = 0;    // with nice; guests are in it
  std::uint64_t system = 0;  // with interrupts
  std::uint64_t idle = 0;
  std::uint64_t iowait = 0;
  std::uint64_t steal = 0;
  unsigned cpus = 0;
  std::uint64_t total() const noexcept { return user + system + idle + iowait + steal; }
};
std::optional<CpuTimes> parse_cpu_times(std::string_view text);

}  // namespace tocsin
