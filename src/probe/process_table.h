// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <sys/types.h>

#include <asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <unordered_map>
#include <vector>

#include "probe/process_watch.h"
#include "probe/procfs.h"
#include "tocsin/time.h"
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
};

// One that was found. `user` and `command` are filled for those who asked for details.
struct FoundProcess {
  ProcessId id;
  std::string comm;
  std::optional<uid_t> user;
  std::string command;
};

// What a look found. Of the last three at most one is set.
struct ProcessLook {
  std::vector<FoundProcess> found;  // sorted by id
  std::size_t zombies = 0;          // of that name, and not just now; they are not in `found`
  std::string wrong;                // the pid file's fault: "pid file /run/x.pid is missing"
  std::string trouble;              // ours: the look failed
  std::string hidden;  // what was found is true, but there may be more that we may not see: why
};

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
  // The check is gone.
  void forget(std::uint32_t check) { watch_.forget(check); }

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
  Known& remember(ProcessStat stat);
  void identify(Known& process);
  const std::string& command_of(Known& process);
  bool has_name(Known& process, const std::string& name);
  bool matches(Known& process, const ProcessQuery& query);
  void add(Known& process, const ProcessQuery& query, bool details, ProcessLook& into);
  void look_at_all(const ProcessQuery& query, bool details, ProcessLook& into);
  void look_at_one(const ProcessQuery& query, bool details, ProcessLook& into);

  const pid_t self_;
  ProcFs procfs_;
  ProcessWatch watch_;
  std::unordered_map<pid_t, Known> known_;
  std::vector<pid_t> pids_;
  std::uint32_t scan_ = 0;
  SteadyTime scanned_at_{};
  std::error_code scan_error_;
  bool some_hidden_ = false;
};

}  // namespace tocsin
