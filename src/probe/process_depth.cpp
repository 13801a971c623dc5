// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/process_depth.h"

#include <chrono>
#include <system_error>

#include "probe/procfs.h"

namespace tocsin {
namespace {

constexpr const char* kGrant =
    " (grant CAP_SYS_PTRACE: drop-in 20-other-users-processes.conf, or run as the same user)";

// Empty for whoever is gone, or has given back its memory and is about to go.
std::string trouble_of(const char* what, pid_t pid, const std::error_code& error) {
  if (error == std::errc::no_such_process) return {};
  const bool forbidden =
      error == std::errc::permission_denied || error == std::errc::operation_not_permitted;
  return std::string(what) + " of pid " + std::to_string(pid) +
         " cannot be read: " + (forbidden ? "permission denied" : error.message()) +
         (forbidden ? kGrant : "");
}

class Reader {
 public:
  Reader(const std::string& proc, DepthWanted wanted) : procfs_(proc), wanted_(wanted) {}

  void read(const ProcessId& process, DepthLook& into) {
    ProcessDepth depth;
    std::string trouble;
    std::uint64_t value = 0;
    if (wanted_.pss) {
      const std::error_code error = procfs_.read_pss(process.pid, value);
      if (error) trouble = trouble_of("memory (PSS)", process.pid, error);
      if (!error) depth.pss = static_cast<double>(value);
    }
    if (wanted_.open_files) {
      const std::error_code error = procfs_.count_files(process.pid, value);
      if (error) trouble = trouble_of("open files", process.pid, error);
      if (!error) depth.open_files = static_cast<double>(value);
      if (const auto limit = procfs_.read_file_limit(process.pid)) {
        depth.file_limit = static_cast<double>(*limit);
      }
    }
    // Whatever was read is its own only if it is still there.
    ProcessStat now;
    if (procfs_.read_stat(process.pid, now) || now.started != process.started || now.is_dead()) {
      return;
    }
    if (into.trouble.empty()) into.trouble = trouble;
    into.of.emplace(process.pid, depth);
  }

 private:
  ProcFs procfs_;
  const DepthWanted wanted_;
};

}  // namespace

DepthLook read_depth(const std::string& proc, const std::vector<ProcessId>& processes,
                     DepthWanted wanted, SteadyTime until) {
  DepthLook out;
  Reader reader(proc, wanted);
  for (const ProcessId& process : processes) {
    if (std::chrono::steady_clock::now() >= until) {
      out.trouble = "reading memory (PSS) or open files of " + std::to_string(processes.size()) +
                    " processes took too long";
      break;
    }
    reader.read(process, out);
  }
  return out;
}

}  // namespace tocsin
