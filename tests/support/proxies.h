// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/child.h"
#include "support/nginx.h"
#include "support/temp_dir.h"

namespace tocsin {

// A real proxy on a port of 127.0.0.1, stopped by its pid. One thread only.
class ProxyServer {
 public:
  std::uint16_t port() const noexcept { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // What it logged.
  std::string log() const { return read_file(dir_.path() / "log"); }

 protected:
  using Command = std::vector<std::string>;

  // `command` is asked for the program and its arguments for a port.
  template <typename Make>
  void start(Make command) {
    for (int attempt = 0; attempt < 5; ++attempt) {
      port_ = free_port();
      Child::Options files;
      files.out = dir_.path() / "log";
      files.err = dir_.path() / "log";
      child_ = std::make_unique<Child>(command(port_), files);
      // It has bound its port once a connection stands.
      const std::string look = "exec 3<>/dev/tcp/127.0.0.1/" + std::to_string(port_);
      const auto stands = [&] { return run_program({"/bin/bash", "-c", look}).status == 0; };
      if (eventually([&] { return !child_->running() || stands(); }) && child_->running()) return;
    }
    throw std::runtime_error("a proxy does not start: " + log());
  }

  TempDir dir_;

 private:
  std::uint16_t port_ = 0;
  std::unique_ptr<Child> child_;
};

// tinyproxy, an HTTP proxy; `more` are further lines of its configuration.
class Tinyproxy : public ProxyServer {
 public:
  explicit Tinyproxy(const std::string& more = "") {
    start([&](std::uint16_t port) {
      const auto file =
          dir_.write("conf", "Listen 127.0.0.1\nPort " + std::to_string(port) +
                                 "\nTimeout 20\nMaxClients 20\nLogLevel Connect\n" + more + "\n");
      return Command{"/usr/bin/tinyproxy", "-d", "-c", file.string()};
    });
  }
};

// microsocks, a SOCKS 5 proxy; with a user and a password it wants them.
class Microsocks : public ProxyServer {
 public:
  explicit Microsocks(const std::string& user = "", const std::string& password = "") {
    start([&](std::uint16_t port) {
      Command words{"/usr/bin/microsocks", "-i", "127.0.0.1", "-p", std::to_string(port)};
      if (!user.empty()) words.insert(words.end(), {"-u", user, "-P", password});
      return words;
    });
  }
};

}  // namespace tocsin
