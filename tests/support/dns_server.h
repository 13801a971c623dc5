// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/resolver.h"
#include "support/temp_dir.h"

namespace tocsin {

// A DNS server (UDP, RFC 1035) on a port of 127.0.0.1 that the kernel chose, with the names a test
// gives it; any other name does not exist. Thread-safe.
class DnsServer {
 public:
  struct Host {
    std::vector<std::string> v4;
    std::vector<std::string> v6;
    int rcode_v4 = 0;  // 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED
    int rcode_v6 = 0;
    bool silent_v4 = false;
    bool silent_v6 = false;
  };

  DnsServer();
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  void set(const std::string& name, Host host);
  // Answers nothing at all from now on.
  void be_silent(bool silent) { silent_ = silent; }
  int questions() const noexcept { return questions_; }
  // What a Resolver needs to ask this server, by a resolv.conf in the folder.
  Resolver::Sources sources(const TempDir& dir) const;
  std::uint16_t port() const noexcept { return port_; }

 private:
  void run();
  std::string answer(const std::string& question);

  int socket_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> silent_{false};
  std::atomic<int> questions_{0};
  std::mutex mutex_;
  std::map<std::string, Host> hosts_;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace tocsin
