// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/child.h"
#include "support/temp_dir.h"

namespace tocsin {

// A server program of Debian's, in a folder of its own, on ports of 127.0.0.1 that the kernel
// chose; stopped by its pid. How to use it: skip the test unless `there`, write its files, `start`
// it. One thread only.
class RealServer {
 public:
  // Where the program is. The folder may be read by everybody: servers drop root.
  explicit RealServer(std::string program);
  ~RealServer();
  RealServer(const RealServer&) = delete;
  RealServer& operator=(const RealServer&) = delete;

  // False, with a warning, where the program is not installed.
  bool there() const;
  // The same where it needs root and we are not.
  bool there_for_root() const;

  // Port number `i` of those it has, the same at each call.
  std::uint16_t port(std::size_t i = 0);
  std::string path(const std::string& name) const { return dir_.path() / name; }
  std::string write(const std::string& name, std::string_view text) const;
  // A folder in its own, for that user if we are root and there is one.
  std::string folder(const std::string& name, const char* user = nullptr) const;

  // Starts the program with these arguments and waits until the first port takes connections, or
  // the condition holds. Throws std::runtime_error with what it has printed if it does not.
  void start(const std::vector<std::string>& arguments);
  void start(const std::vector<std::string>& arguments, const std::function<bool()>& is_up,
             const std::vector<std::string>& env = {});
  void stop();

 private:
  std::string program_;
  TempDir dir_;
  std::vector<std::uint16_t> ports_;
  std::unique_ptr<Child> child_;
};

}  // namespace tocsin
