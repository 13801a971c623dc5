// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "support/child.h"
#include "support/temp_dir.h"

namespace tocsin {

// A real NSD (an authoritative DNS server) with one zone, on an address of 127.0.0.0/8, by UDP and
// TCP; stopped by its pid. One thread only.
class Nsd {
 public:
  // The zone file's text without its $ORIGIN. Port 0: one that the kernel chose. Starts it and
  // waits until it listens. Throws std::runtime_error with its log if it does not.
  Nsd(const std::string& zone, const std::string& records, const std::string& host = "127.0.0.1",
      std::uint16_t port = 0);
  ~Nsd();
  Nsd(const Nsd&) = delete;
  Nsd& operator=(const Nsd&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  std::string address() const { return host_ + ":" + std::to_string(port_); }

 private:
  void start(const std::string& zone);

  TempDir dir_;
  std::string host_;
  std::uint16_t port_;
  std::unique_ptr<Child> child_;
};

}  // namespace tocsin
