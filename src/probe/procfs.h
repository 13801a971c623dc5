// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace tocsin {

// What /proc/PID/stat says of a process. A value type.
struct ProcessStat {
  pid_t pid = 0;
  pid_t parent = 0;
  char state = '?';                // R, S, D, Z, …
  std::uint32_t flags = 0;         // the kernel's PF_…
  std::uint32_t threads = 0;       // that still run
  std::uint64_t started = 0;       // ticks since boot: with the pid, the process's identity
  std::uint64_t ticks = 0;         // of CPU that it used, all its threads together
  std::uint64_t waited_ticks = 0;  // the same of its children that it has waited for, and theirs
  std::uint64_t rss_pages = 0;
  // Where its stack began: another one after each exec. 0 where we may not see it.
  std::uint64_t stack = 0;
  std::string comm;  // the kernel's short name, cut to 15 bytes

  bool is_kernel_thread() const noexcept;
  // A zombie, or past that. One whose first thread alone has ended still lives.
  bool is_dead() const noexcept;
};

inline constexpr std::size_t kCommLength = 15;

// Nothing if the line is not one of /proc/PID/stat. Pure.
std::optional<ProcessStat> parse_process_stat(std::string_view line);

// The arguments, as /proc/PID/cmdline has them, joined by one space. Pure.
std::string join_arguments(std::string_view cmdline);

// /proc, read without ever waiting for anybody. Not thread-safe; an error is an errno:
// no_such_process (whoever it was is gone), permission_denied or operation_not_permitted (it is
// hidden from us), or our own trouble (no descriptors).
class ProcFs {
 public:
  explicit ProcFs(std::string root = "/proc");
  ~ProcFs();
  ProcFs(const ProcFs&) = delete;
  ProcFs& operator=(const ProcFs&) = delete;

  // Every process there is, in no order.
  std::error_code list(std::vector<pid_t>& into);
  std::error_code read_stat(pid_t pid, ProcessStat& into);
  // The file name of what it runs, without its folder; empty where we may not see it.
  std::string read_exe(pid_t pid);
  // /proc/PID/cmdline as it is; empty where there is none.
  std::string read_cmdline(pid_t pid);
  // The effective user.
  std::optional<uid_t> read_user(pid_t pid);
  // The three below may wait for a lock of the process's, or take long for a large one: for
  // workers. Its proportional share of memory, in bytes; for another user's process it takes
  // CAP_SYS_PTRACE.
  std::error_code read_pss(pid_t pid, std::uint64_t& into);
  // How many files it has open; the same permission.
  std::error_code count_files(pid_t pid, std::uint64_t& into);
  // How many it may have open; nothing where it is without limit.
  std::optional<std::uint64_t> read_file_limit(pid_t pid);

 private:
  std::error_code open_root();
  std::error_code read(pid_t pid, const char* file, std::size_t most);

  const std::string root_;
  int folder_ = -1;
  std::string buffer_;
};

// What a pid file says.
struct PidFile {
  std::optional<pid_t> pid;
  std::string wrong;    // the target's fault: "pid file /run/x.pid is missing"
  std::string trouble;  // ours: it cannot be read
};
PidFile read_pid_file(const std::string& path);

}  // namespace tocsin
