// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <charconv>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/child.h"
#include "support/temp_dir.h"

namespace tocsin {

// A server that tests/probe/SCRIPT runs on Debian's Python and its libraries: it takes a port of
// 127.0.0.1 that the kernel chose and prints it as its first line. Stopped by its pid.
class PythonServer {
 public:
  explicit PythonServer(const std::string& script, const std::vector<std::string>& options = {})
      : child_(command(script, options), files()) {
    const bool ready =
        eventually([this] { return has_port() || !child_.running(); }, std::chrono::seconds{60});
    if (!ready || port_ == 0) throw std::runtime_error(script + " does not start: " + errors());
  }

  std::uint16_t port() const noexcept { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // What it printed besides, and what it complained of.
  std::string output() const { return read_file(dir_.path() / "out"); }
  std::string errors() const { return read_file(dir_.path() / "err"); }

 private:
  static std::vector<std::string> command(const std::string& script,
                                          const std::vector<std::string>& options) {
    const std::filesystem::path folder = std::filesystem::path(TOCSIN_SOURCE_DIR) / "tests/probe";
    // Not the first python3 of the path, which need not have Debian's libraries.
    std::vector<std::string> out{"/usr/bin/python3", "-u", "-B", (folder / script).string()};
    out.insert(out.end(), options.begin(), options.end());
    return out;
  }
  Child::Options files() const {
    Child::Options out;
    out.out = dir_.path() / "out";
    out.err = dir_.path() / "err";
    return out;
  }
  bool has_port() {
    const std::string said = output();
    const auto end = said.find('\n');
    if (end == std::string::npos) return false;
    std::from_chars(said.data(), said.data() + end, port_);
    return port_ != 0;
  }

  TempDir dir_;
  Child child_;
  std::uint16_t port_ = 0;
};

}  // namespace tocsin
