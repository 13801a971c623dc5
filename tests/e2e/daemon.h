// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/child.h"

namespace tocsin {

// The real `tocsin run` in a directory of its own, as systemd would run it: told of its state by
// sd_notify, its web side on a unix socket in that directory. One thread only.
class Daemon {
 public:
  Daemon();
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Writes tocsin.yaml: what is given, with instance, state_dir and web set.
  void configure(const std::string& yaml);
  // Starts it and waits for READY=1. False if it ended or did not get ready.
  bool start() { return start_with({}); }
  bool start_with(std::vector<std::string> env);
  void kill9();
  // SIGTERM; its exit status, or nothing if it did not end within the bound.
  std::optional<int> terminate(std::chrono::milliseconds bound = std::chrono::seconds{5});
  // SIGHUP, and waits until systemd would see the reload's end.
  bool reload();
  // The next datagram to systemd that contains the text; false once the bound is over.
  bool wait_notify(const std::string& text,
                   std::chrono::milliseconds bound = std::chrono::seconds{30});

  // The body of a GET over the web side's socket; `status` gets the code.
  std::string get(const std::string& path, int* status = nullptr) const;
  // The state of a check by the API; empty if it is not there.
  std::string state_of(const std::string& check) const;
  // How often it has been looked at since the daemon's start.
  std::uint64_t probes_of(const std::string& check) const;
  // How many rows the list of that name has.
  std::size_t count(const std::string& path, const std::string& list) const;
  bool wait_state(const std::string& check, const std::string& state);

  std::string log() const;  // everything it wrote to standard error so far, of all its runs
  std::string out() const;
  Child& child() { return *child_; }
  const std::filesystem::path& dir() const noexcept { return dir_; }
  static std::string binary();

 private:
  std::filesystem::path dir_;
  int notify_fd_ = -1;
  std::unique_ptr<Child> child_;
};

}  // namespace tocsin
