// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "support/child.h"
#include "support/temp_dir.h"

namespace tocsin {

// A real nginx on a port of 127.0.0.1 that the kernel chose, with its files in a folder of its own;
// one process, stopped by its pid. One thread only.
class Nginx {
 public:
  struct Options {
    std::string server;  // what stands in its one server block, beside `listen`
    bool tls = false;    // `listen … ssl`; the server block names the certificate
    std::string http;    // what stands beside the server block
  };
  // Starts it and waits until it listens. Throws std::runtime_error with its log if it does not.
  explicit Nginx(const Options& options);

  std::uint16_t port() const noexcept { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url(const std::string& path) const;
  // A file below its root.
  void put(const std::string& name, std::string_view text) const;
  pid_t pid() const noexcept { return child_->pid(); }
  void stop() { child_.reset(); }

 private:
  void start(const Options& options);

  TempDir dir_;
  bool tls_;
  std::uint16_t port_ = 0;
  std::unique_ptr<Child> child_;
};

// A port of 127.0.0.1 that nobody listens on, a moment ago.
std::uint16_t free_port();

}  // namespace tocsin
