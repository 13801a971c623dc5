// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

namespace tocsin {

// A descriptor that is closed with its owner.
class OwnedDescriptor {
 public:
  OwnedDescriptor() = default;
  explicit OwnedDescriptor(int fd) noexcept : fd_(fd) {}
  OwnedDescriptor(OwnedDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedDescriptor& operator=(OwnedDescriptor&& other) noexcept;
  ~OwnedDescriptor() { reset(); }

  int get() const noexcept { return fd_; }
  bool valid() const noexcept { return fd_ >= 0; }
  int release() noexcept { return std::exchange(fd_, -1); }
  void reset() noexcept;

 private:
  int fd_ = -1;
};

// What to start, in full: nothing is inherited but the working directory, the user and its limits.
struct SpawnPlan {
  std::string program;                   // a path
  std::vector<std::string> arguments;    // the first is the program's name, by custom
  std::vector<std::string> environment;  // "NAME=value"
  std::string directory;                 // where it runs; empty: where we do
  std::string input;                     // its standard input; empty: /dev/null
};

// A program that was started, in a session and process group of its own, whose ids are its pid.
struct Spawned {
  pid_t pid = -1;
  OwnedDescriptor process;  // a pidfd: readable once it has ended
  OwnedDescriptor out;      // what it writes, to be read without blocking
  OwnedDescriptor err;
};

// Starts it by posix_spawn(3): no handler, no blocked signal and no descriptor of ours reaches it.
// Blocks for as long as the kernel takes to load the program, about half a millisecond. Returns 0,
// or the errno that says why not: ENOENT, EACCES, ENOEXEC for the program's own faults, anything
// else for ours. Thread-safe.
int spawn(const SpawnPlan& plan, Spawned& into);

}  // namespace tocsin
