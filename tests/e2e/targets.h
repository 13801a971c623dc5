// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "support/child.h"

namespace tocsin {

// A web server on loopback whose answer the test chooses; `stop` and `go` close and open its port,
// which stays the same. Thread-safe.
class WebTarget {
 public:
  WebTarget();
  ~WebTarget();
  WebTarget(const WebTarget&) = delete;
  WebTarget& operator=(const WebTarget&) = delete;

  void answer(int status) noexcept { status_ = status; }
  void stop();
  void go();
  std::string url() const;
  std::string address() const;

 private:
  void serve();
  void answer_one(int client) const;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> status_{200};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

// A process under a name that nothing else on the machine has.
class ProcessTarget {
 public:
  explicit ProcessTarget(const std::filesystem::path& dir);
  const std::string& name() const noexcept { return name_; }
  void start();
  void kill();

 private:
  std::string name_;
  std::filesystem::path path_;
  std::unique_ptr<Child> child_;
};

}  // namespace tocsin
