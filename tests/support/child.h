// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tocsin {

// A program that a test started; stopped (by its pid only) when this goes. One thread only.
class Child {
 public:
  struct Options {
    std::vector<std::string> env;  // "NAME=value", besides the test's own environment
    std::filesystem::path out;     // where standard output goes; empty: /dev/null
    std::filesystem::path err;     // the same for standard error
  };
  Child(const std::vector<std::string>& argv, const Options& options);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const noexcept { return pid_; }
  void signal(int number) const;
  // Its exit status (128 + the number of the signal that ended it) once it has ended; waits at the
  // most so long (by pidfd, not by polling).
  std::optional<int> wait(std::chrono::milliseconds bound);
  bool running();

 private:
  pid_t pid_ = -1;
  std::optional<int> status_;
};

// Runs a program to its end and gives back everything it printed.
struct Ran {
  int status = -1;
  std::string out;
  std::string err;
};
Ran run_program(const std::vector<std::string>& argv, const std::vector<std::string>& env = {});

std::string read_file(const std::filesystem::path& path);

// Waits until the condition holds, looking every few milliseconds; false once the bound is over.
bool eventually(const std::function<bool()>& condition,
                std::chrono::milliseconds bound = std::chrono::seconds{20});

}  // namespace tocsin
