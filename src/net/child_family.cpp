// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// The kernel knows one set of children for the whole process, whichever thread started them; so the
// list of programs that run is the process's too, behind a mutex. It is held over posix_spawn:
// nobody may see a new child before it is in the list.
#include "net/child_family.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

namespace tocsin {
namespace {

// A program that forks faster than this many looks can see is finished by its next look.
constexpr int kRounds = 32;
// How long the last look of an abandoned family waits for SIGKILL to do its work.
constexpr int kBurials = 50;
constexpr std::chrono::milliseconds kBurialPause{2};

struct Running {
  ProcessNode first;
  std::string mark;
};

struct Programs {
  std::mutex mutex;
  std::vector<Running> running;
};

// Made at the first program, together with what this process needs for having any: adopted orphans,
// and a SIGCHLD that is not ignored, for then nobody could be waited for.
Programs& programs() {
  static Programs all;
  static const bool prepared = [] {
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    struct sigaction now {};
    if (sigaction(SIGCHLD, nullptr, &now) == 0 && now.sa_handler == SIG_IGN) {
      signal(SIGCHLD, SIG_DFL);
    }
    return true;
  }();
  static_cast<void>(prepared);
  return all;
}

std::string next_mark() {
  static std::atomic<std::uint64_t> count{0};
  return std::string(Family::kMark) + "=" + std::to_string(getpid()) + "-" +
         std::to_string(++count);
}

// The signal goes to that very process, not to one that got its pid since. False if it could not.
bool kill_exactly(const ProcessNode& node) {
  const OwnedDescriptor process(static_cast<int>(syscall(SYS_pidfd_open, node.pid, 0)));
  if (!process.valid()) return false;
  const auto now = read_process_node(node.pid);
  if (!now || now->started != node.started) return false;
  return syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0) == 0;
}

}  // namespace

Family::Family() : mark_(next_mark()) {}

Family::~Family() {
  if (first_.pid <= 0) return;
  if (!over_) put_down();
  Programs& all = programs();
  const std::lock_guard lock(all.mutex);
  std::erase_if(all.running, [&](const Running& one) { return one.mark == mark_; });
}

void Family::put_down() {
  int code = 0;
  int status = 0;
  for (int i = 0; i < kBurials; ++i) {
    if (!buried_) take_end(code, status);
    if (is_over()) return;
    kill_all();
    std::this_thread::sleep_for(kBurialPause);
  }
}

int Family::start(SpawnPlan plan, Spawned& into) {
  plan.environment.push_back(mark_);
  Programs& all = programs();
  const std::lock_guard lock(all.mutex);
  if (const int error = spawn(plan, into)) return error;
  first_ = read_process_node(into.pid).value_or(ProcessNode{});
  first_.pid = into.pid;
  all.running.push_back({first_, mark_});
  return 0;
}

bool Family::take_end(int& code, int& status) {
  siginfo_t info{};
  if (waitid(P_PID, static_cast<id_t>(first_.pid), &info, WEXITED | WNOHANG) != 0) {
    buried_ = true;  // somebody else was faster; there is nothing left to wait for
    return true;
  }
  if (info.si_pid == 0) return false;
  buried_ = true;
  code = info.si_code;
  status = info.si_status;
  return true;
}

bool Family::is_orphan_of_ours(const ProcessNode& node) const {
  static const pid_t self = getpid();
  if (node.parent != self) return false;
  if (node.session == first_.pid || node.group == first_.pid) return true;
  if (has_in_environment(node.pid, mark_)) return true;
  Programs& all = programs();
  const std::lock_guard lock(all.mutex);
  return std::none_of(all.running.begin(), all.running.end(), [&](const Running& one) {
    // It is that program itself, or may have been started by it.
    return one.mark != mark_ && one.first.started <= node.started;
  });
}

bool Family::is_over() {
  over_ = over_ || (buried_ && living().empty());
  return over_;
}

std::vector<ProcessNode> Family::living() {
  std::vector<ProcessNode> out;
  // Once it is buried its pid may be anybody's, and nobody's parent is it any more.
  const pid_t root = buried_ ? -1 : first_.pid;
  const auto is_orphan = [this](const ProcessNode& node) { return is_orphan_of_ours(node); };
  for (const ProcessNode& node : descendants(processes_since(first_), root, is_orphan)) {
    if (!node.is_dead()) out.push_back(node);
    // Only a zombie of our own can be buried; whose parent still lives is its parent's.
    if (node.is_dead()) waitpid(node.pid, nullptr, WNOHANG);
  }
  return out;
}

void Family::kill_all() {
  for (int round = 0; round < kRounds; ++round) {
    // Before the group gets its signal: who died of that is no longer seen to have been there.
    const std::vector<ProcessNode> family = living();
    if (!buried_) {
      kill(first_.pid, SIGKILL);
      kill(-first_.pid, SIGKILL);
    }
    bool fresh = false;
    for (const ProcessNode& node : family) {
      if (kill_exactly(node)) fresh = killed_.insert({node.pid, node.started}).second || fresh;
    }
    if (!fresh) return;
  }
}

}  // namespace tocsin
