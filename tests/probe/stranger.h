// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/child.h"
#include "support/temp_dir.h"

namespace tocsin {

// A process that is no child of this test, since a process check does not count our own. Killed, by
// its pid, when it goes out of scope.
class Stranger {
 public:
  // Runs the program of that path with these arguments, the first of which is argument 0.
  Stranger(const std::filesystem::path& program, const std::vector<std::string>& arguments)
      : pid_(start(program, arguments)) {}
  ~Stranger() { die(); }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;

  pid_t pid() const noexcept { return pid_; }
  void die() noexcept {
    if (pid_ > 0) kill(pid_, SIGKILL);
    pid_ = -1;
  }

 private:
  static pid_t start(const std::filesystem::path& program, std::vector<std::string> arguments) {
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    int told[2];
    if (pipe2(told, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    // A `command` check in the same program has us adopt orphans, who are no strangers then.
    int adopts = 0;
    prctl(PR_GET_CHILD_SUBREAPER, &adopts);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
    const pid_t between = fork();
    if (between == 0) {
      const pid_t pid = fork();
      if (pid == 0) {
        execv(program.c_str(), argv.data());
        _exit(127);
      }
      _exit(write(told[1], &pid, sizeof pid) == sizeof pid ? 0 : 1);
    }
    close(told[1]);
    pid_t pid = -1;
    const bool fine = between > 0 && read(told[0], &pid, sizeof pid) == sizeof pid && pid > 0;
    // Closed by exec: from there on it runs under its own name.
    char end = 0;
    while (read(told[0], &end, 1) > 0) {
    }
    close(told[0]);
    if (between > 0) waitpid(between, nullptr, 0);
    prctl(PR_SET_CHILD_SUBREAPER, adopts);
    if (!fine) throw std::runtime_error("cannot start " + program.string());
    return pid;
  }

  pid_t pid_;
};

// A copy of sleep(1) under a name that no other process on this machine has.
class OwnProgram {
 public:
  explicit OwnProgram(const std::string& prefix = "t", const std::string& suffix = "") {
    static std::atomic<int> number{0};
    name_ = prefix + std::to_string(getpid()) + "x" + std::to_string(++number) + suffix;
    std::filesystem::copy_file("/bin/sleep", path());
  }
  const std::string& name() const noexcept { return name_; }
  std::filesystem::path path() const { return dir_.path() / name_; }
  std::vector<std::string> arguments() const { return {path().string(), "1000"}; }

 private:
  TempDir dir_;
  std::string name_;
};

}  // namespace tocsin
