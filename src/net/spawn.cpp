// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// posix_spawn and never fork: fork copies the page tables of a daemon that holds ten thousand
// checks, and between fork and exec a program of many threads may do next to nothing.
//
// Standard input is a file in memory (memfd_create(2)) and no pipe: the whole of it is there before
// the program runs, so that nobody has to wait for a reader, and a program that reads none of it
// costs nobody a SIGPIPE.
#include "net/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace tocsin {
namespace {

// The soft limit that programs are used to. Ours is raised as far as it goes, and old ones close
// every descriptor up to it, one by one.
constexpr rlim_t kFilesOfPrograms = 1024;

// --- what posix_spawn takes
// -------------------------------------------------------------------------

class Actions {
 public:
  Actions() { posix_spawn_file_actions_init(&actions_); }
  ~Actions() { posix_spawn_file_actions_destroy(&actions_); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;

  posix_spawn_file_actions_t* get() noexcept { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

class Attributes {
 public:
  Attributes() {
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~Attributes() { posix_spawnattr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;

  const posix_spawnattr_t* get() const noexcept { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

// --- descriptors
// ------------------------------------------------------------------------------------

int make_pipe(OwnedDescriptor& ours, OwnedDescriptor& theirs) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return errno;
  ours = OwnedDescriptor(ends[0]);
  theirs = OwnedDescriptor(ends[1]);
  return fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 ? 0 : errno;
}

int make_input(const std::string& text, OwnedDescriptor& into) {
  into = OwnedDescriptor(text.empty() ? open("/dev/null", O_RDONLY | O_CLOEXEC)
                                      : memfd_create("input", MFD_CLOEXEC));
  if (!into.valid()) return errno;
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t got = write(into.get(), text.data() + written, text.size() - written);
    if (got < 0) return errno;
    written += static_cast<std::size_t>(got);
  }
  if (!text.empty() && lseek(into.get(), 0, SEEK_SET) != 0) return errno;
  return 0;
}

// What a program should not have of ours and posix_spawn cannot set. Best effort, an instant late.
void settle(pid_t pid) noexcept {
  rlimit files{};
  if (prlimit(pid, RLIMIT_NOFILE, nullptr, &files) == 0 && files.rlim_cur > kFilesOfPrograms) {
    files.rlim_cur = kFilesOfPrograms;
    prlimit(pid, RLIMIT_NOFILE, &files, nullptr);
  }
  // The daemon is among the last that the kernel kills when memory is short; its plugins are not.
  const std::string path = "/proc/" + std::to_string(pid) + "/oom_score_adj";
  const OwnedDescriptor score(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (score.valid()) {
    [[maybe_unused]] const ssize_t ignored = write(score.get(), "0", 1);
  }
}

// A program that ran and cannot be watched must not be left alone.
int give_up(pid_t pid, int error) noexcept {
  kill(-pid, SIGKILL);
  kill(pid, SIGKILL);
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return error;
}

}  // namespace

OwnedDescriptor& OwnedDescriptor::operator=(OwnedDescriptor&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

void OwnedDescriptor::reset() noexcept {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

int spawn(const SpawnPlan& plan, Spawned& into) {
  OwnedDescriptor in;
  OwnedDescriptor out;
  OwnedDescriptor err;
  if (const int error = make_input(plan.input, in)) return error;
  if (const int error = make_pipe(into.out, out)) return error;
  if (const int error = make_pipe(into.err, err)) return error;

  Actions actions;
  const Attributes attributes;
  int error = posix_spawn_file_actions_adddup2(actions.get(), in.get(), STDIN_FILENO);
  if (error == 0) error = posix_spawn_file_actions_adddup2(actions.get(), out.get(), STDOUT_FILENO);
  if (error == 0) error = posix_spawn_file_actions_adddup2(actions.get(), err.get(), STDERR_FILENO);
  if (error == 0) error = posix_spawn_file_actions_addclosefrom_np(actions.get(), 3);
  if (error == 0 && !plan.directory.empty()) {
    error = posix_spawn_file_actions_addchdir_np(actions.get(), plan.directory.c_str());
  }
  if (error != 0) return error;
  error = posix_spawn(&into.pid, plan.program.c_str(), actions.get(), attributes.get(),
                      pointers(plan.arguments).data(), pointers(plan.environment).data());
  if (error != 0) return error;
  settle(into.pid);
  // glibc 2.36 has a wrapper, but its header lacks extern "C".
  into.process = OwnedDescriptor(static_cast<int>(syscall(SYS_pidfd_open, into.pid, 0)));
  return into.process.valid() ? 0 : give_up(into.pid, errno);
}

}  // namespace tocsin
