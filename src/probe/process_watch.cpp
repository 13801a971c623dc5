// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// A pidfd becomes readable when its process has died. The pid may have gone to somebody else
// between the look at /proc and pidfd_open, so the start time is compared once more with the
// descriptor in hand: from there on the two cannot part.
//
// A check whose processes die all the time must not make us look all the time: the first death is
// told at once, what follows within kQuiet is told once, at its end.
#include "probe/process_watch.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <asio/post.hpp>
#include <cerrno>
#include <chrono>
#include <iterator>
#include <system_error>
#include <utility>

#include "util/log.h"

namespace tocsin {
namespace {

constexpr Millis kQuiet{250};
constexpr std::size_t kMostInAll = 16 * 1024;

// Probes need descriptors too, and come first.
std::size_t most_descriptors() noexcept {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 256;
  return std::min<std::size_t>(limit.rlim_cur / 4, kMostInAll);
}

// glibc 2.36 has a wrapper, but its header lacks extern "C".
int pidfd_open(pid_t pid) noexcept {
  return static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
}

}  // namespace

ProcessWatch::ProcessWatch(asio::io_context& loop, ProcFs& procfs,
                           std::function<void(std::uint32_t)> died)
    : loop_(loop),
      procfs_(procfs),
      died_(std::move(died)),
      most_(most_descriptors()),
      timer_(loop) {}

void ProcessWatch::set(std::uint32_t check, const std::vector<ProcessId>& processes) {
  Watcher& watcher = watchers_[check];
  if (watcher.processes == processes) return;
  const std::vector<ProcessId> before = std::exchange(watcher.processes, processes);
  std::vector<ProcessId> gone;
  std::set_difference(before.begin(), before.end(), processes.begin(), processes.end(),
                      std::back_inserter(gone));
  for (const ProcessId& process : gone) remove(check, process);
  const std::size_t count = std::min(processes.size(), kMostPerCheck);
  for (std::size_t i = 0; i < count; ++i) add(check, processes[i]);
}

void ProcessWatch::forget(std::uint32_t check) {
  const auto at = watchers_.find(check);
  if (at == watchers_.end()) return;
  for (const ProcessId& process : at->second.processes) remove(check, process);
  watchers_.erase(at);
}

void ProcessWatch::add(std::uint32_t check, const ProcessId& process) {
  auto at = watches_.find(process.pid);
  if (at != watches_.end() && at->second->started != process.started) {
    // Its death is on the way to us in the loop's queue; the pid is somebody else's already.
    for (const std::uint32_t other : at->second->checks) tell_soon(other);
    watches_.erase(at);
    at = watches_.end();
  }
  if (at == watches_.end()) {
    const int fd = open(process);
    if (fd < 0) {
      if (errno == ESRCH) tell_soon(check);
      return;
    }
    auto watch = std::make_unique<Watch>(
        Watch{process.started, asio::posix::stream_descriptor(loop_, fd), {}});
    at = watches_.emplace(process.pid, std::move(watch)).first;
    wait(process, *at->second);
  }
  auto& checks = at->second->checks;
  if (std::find(checks.begin(), checks.end(), check) == checks.end()) checks.push_back(check);
}

// The descriptor; else -1 and errno, ESRCH if that very process is gone.
int ProcessWatch::open(const ProcessId& process) {
  errno = 0;
  if (refused_ || watches_.size() >= most_) {
    if (!refused_) say_once(EMFILE);
    errno = EMFILE;
    return -1;
  }
  const int fd = pidfd_open(process.pid);
  if (fd < 0) {
    const int error = errno;
    refused_ = error == ENOSYS || error == EPERM;
    if (error != ESRCH) say_once(error);
    errno = error;
    return -1;
  }
  ProcessStat now;
  if (!procfs_.read_stat(process.pid, now) && now.started == process.started) return fd;
  close(fd);
  errno = ESRCH;
  return -1;
}

void ProcessWatch::wait(const ProcessId& process, Watch& watch) {
  watch.descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                              [this, process](const asio::error_code& error) {
                                if (!error) on_death(process);
                              });
}

void ProcessWatch::on_death(const ProcessId& process) {
  const auto at = watches_.find(process.pid);
  if (at == watches_.end() || at->second->started != process.started) return;
  const std::vector<std::uint32_t> checks = std::move(at->second->checks);
  watches_.erase(at);
  for (const std::uint32_t check : checks) tell(check);
}

void ProcessWatch::remove(std::uint32_t check, const ProcessId& process) {
  const auto at = watches_.find(process.pid);
  if (at == watches_.end() || at->second->started != process.started) return;
  std::erase(at->second->checks, check);
  if (at->second->checks.empty()) watches_.erase(at);
}

void ProcessWatch::tell(std::uint32_t check) {
  const auto at = watchers_.find(check);
  if (at == watchers_.end()) return;
  const SteadyTime now = std::chrono::steady_clock::now();
  if (now >= at->second.quiet_until) {
    at->second.quiet_until = now + kQuiet;
    died_(check);
    return;
  }
  if (std::exchange(at->second.owed, true)) return;
  owed_.push_back(check);
  if (owed_.size() == 1) arm(at->second.quiet_until);
}

void ProcessWatch::tell_soon(std::uint32_t check) {
  asio::post(loop_, [this, check] { tell(check); });
}

void ProcessWatch::arm(SteadyTime when) {
  timer_.expires_at(when);
  timer_.async_wait([this](const asio::error_code& error) {
    if (!error) tell_owed();
  });
}

void ProcessWatch::tell_owed() {
  for (const std::uint32_t check : std::exchange(owed_, {})) {
    const auto at = watchers_.find(check);
    if (at == watchers_.end()) continue;
    at->second.owed = false;
    tell(check);
  }
}

void ProcessWatch::say_once(int error) {
  if (std::exchange(said_, true)) return;
  log(LogLevel::warn, "process_watch", "problem", std::generic_category().message(error), "effect",
      "the deaths of some processes are noticed by the next probe, not at once");
}

}  // namespace tocsin
