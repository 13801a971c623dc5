// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <optional>
#include <string>

#include "probe/probe_fixture.h"
#include "probe/probe_tools.h"
#include "support/on_loop.h"
#include "support/temp_dir.h"
#include "util/system_clock.h"

namespace tocsin {

// A loop as a daemon has it, on which one check is looked at again and again, with a folder in the
// place of /proc if a test likes. `clock` decides on what time it is for the check; what waits,
// waits in real time.
class MachineLoop {
 public:
  explicit MachineLoop(const Clock& clock, const std::string& proc = "/proc")
      : clock_(clock), tools_([](std::uint32_t) {}, std::nullopt, proc) {}

  // One look by the check of that number; 0: a one-off.
  Result look(const CheckPtr& check, std::uint32_t number = 1, bool explain = false) {
    ProbeContext context = tools_.context(clock_, clock_.steady() + check->timing.timeout);
    context.check = number;
    context.explain = explain;
    return on_loop(tools_.loop(), check->prober->probe(context));
  }
  Result look(const std::string& keys, std::uint32_t number = 1) {
    const CheckPtr check = make_check(keys);
    return look(check, number);
  }
  ProcessTable& processes() { return tools_.processes(); }

 private:
  const Clock& clock_;
  ProbeTools tools_;
};

// A folder with what the kernel writes into /proc, to be changed by a test.
class KernelFiles {
 public:
  KernelFiles() {
    memory(1'000'000, 250'000, 500'000, 400'000);
    dir.write("loadavg", "1.50 3.25 2.00 3/456 7890\n");
    cpu("100 0 100 800 0 0 0 0");
    for (const char* resource : {"cpu", "io", "memory"}) {
      dir.write(std::string("pressure/") + resource,
                "some avg10=1.00 avg60=12.50 avg300=3.00 total=1\n"
                "full avg10=0.00 avg60=2.00 avg300=30.00 total=1\n");
    }
    dir.write("1/stat", "1 (init) S 0 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 0 77 0 0 0 0");
    dir.write("1/status", "Name:\tinit\nUid:\t0\t0\t0\t0\n");
    dir.write("1/cmdline", "/sbin/init");
  }
  // In kilobytes.
  void memory(int total, int available, int swap, int swap_free) const {
    const auto line = [](const char* key, int value) {
      return std::string(key) + ":   " + std::to_string(value) + " kB\n";
    };
    dir.write("meminfo", line("MemTotal", total) + line("MemFree", 1) +
                             line("MemAvailable", available) + line("SwapTotal", swap) +
                             line("SwapFree", swap_free));
  }
  // The first line's figures; two CPUs.
  void cpu(const std::string& ticks) const {
    dir.write("stat", "cpu  " + ticks + " 0 0\ncpu0 1 1 1 1\ncpu1 1 1 1 1\nintr 5\n");
  }
  std::string path() const { return dir.path().string(); }

  TempDir dir;
};

}  // namespace tocsin
