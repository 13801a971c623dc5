// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <sys/types.h>

#include <asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "probe/check_history.h"
#include "probe/process_look.h"
#include "probe/process_watch.h"
#include "probe/procfs.h"
#include "tocsin/time.h"

namespace tocsin {

// The processes of this machine, for all process checks of a loop together: a look at /proc serves
// every check of the same slot, and what is costly to read of a process is kept for as long as it
// runs the same program. Kernel threads, zombies, and our own process and children are never found.
// One loop's thread only.
class ProcessTable {
 public:
  // `look_again` is called on the loop when a process that the check's last look found has died.
  // `proc` is another folder than /proc in tests.
  ProcessTable(asio::io_context& loop, std::function<void(std::uint32_t check)> look_again,
               std::string proc = "/proc");

  // Never waits. With `details`, users and command lines are read too.
  ProcessLook look(const ProcessQuery& query, bool details);
  // The check's processes are these from now on; their deaths are told.
  void watch(std::uint32_t check, const std::vector<FoundProcess>& found);
  // What the check's last look left. A one-off, number 0, has no past and must not ask.
  CheckHistory& history(std::uint32_t check) { return histories_[check]; }
  // The same, after a look has waited for something; null if the check is gone since, or has none.
  CheckHistory* known_history(std::uint32_t check) noexcept;
  // The check is gone.
  void forget(std::uint32_t check);
  // Reads the users and command lines of those that were found without them; no command line of one
  // in state D, which could hold us up.
  void add_details(std::vector<FoundProcess>& found);
  // The first so many in this order, of all processes but ourselves; kernel threads too. Details
  // are read. Empty if the look fails.
  using Before = bool (*)(const ProcessStat& a, const ProcessStat& b);
  std::vector<FoundProcess> first(std::size_t count, Before before);

  // The folder that stands for /proc.
  const std::string& proc() const noexcept { return proc_; }
  // How many processes are watched.
  std::size_t watched() const noexcept { return watch_.watched(); }

 private:
  // What is known of a process from look to look.
  struct Known {
    ProcessStat stat;
    std::uint32_t seen = 0;  // the last scan that saw it
    SteadyTime died_at{};    // when it was first seen dead, if it was seen alive before
    bool identified = false;
    std::string exe;
    std::string argument0;
    std::string argument1;
    std::uint32_t command_read = 0;  // the scan of which `command` is; 0: none
    std::string command;
  };

  void refresh();
  std::error_code scan();
  void sort_families();
  Known& remember(ProcessStat stat);
  void identify(Known& process);
  const std::string& command_of(Known& process);
  FoundProcess found_of(Known& process, bool details);
  bool has_name(Known& process, const std::string& name);
  bool matches(Known& process, const ProcessQuery& query);
  void add(Known& process, const ProcessQuery& query, bool details, ProcessLook& into);
  void descend(FoundProcess& from, std::vector<pid_t>& zombies);
  void add_families(const ProcessQuery& query, ProcessLook& into);
  void look_at_all(const ProcessQuery& query, bool details, ProcessLook& into);
  void look_at_one(const ProcessQuery& query, bool details, ProcessLook& into);

  const pid_t self_;
  const std::string proc_;
  ProcFs procfs_;
  ProcessWatch watch_;
  std::unordered_map<pid_t, Known> known_;
  std::unordered_map<std::uint32_t, CheckHistory> histories_;
  std::vector<std::pair<pid_t, pid_t>> families_;  // parent and child, sorted
  std::uint32_t families_of_ = 0;                  // the scan that they are of
  std::vector<pid_t> pids_;
  std::uint32_t scan_ = 0;
  SteadyTime scanned_at_{};  // zero: it serves nobody any more
  SteadyTime figures_at_{};  // when it was, still
  std::uint64_t figures_ticks_ = 0;
  std::error_code scan_error_;
  bool some_hidden_ = false;
};

}  // namespace tocsin
