// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace tocsin {

// What listens at a unix socket for datagrams, as a syslog daemon and journald do. A datagram may
// be empty and bring the descriptor of a sealed memory file: then that file's bytes are it.
// Thread-safe.
class LocalSink {
 public:
  // Throws std::runtime_error if the socket cannot be had.
  explicit LocalSink(const std::string& path);
  ~LocalSink();
  LocalSink(const LocalSink&) = delete;
  LocalSink& operator=(const LocalSink&) = delete;

  // All that have been sent until now.
  std::vector<std::string> datagrams();
  // How many of them came as files.
  int files() const noexcept { return files_; }

 private:
  void run();
  bool take();

  int socket_ = -1;
  std::atomic<bool> stopping_{false};
  std::atomic<int> files_{0};
  mutable std::mutex mutex_;
  std::vector<std::string> datagrams_;
  std::thread thread_;
};

// A message of RFC 5424, taken apart. Throws std::runtime_error, saying where it departs from the
// grammar of section 6.
struct SyslogParts {
  int priority = 0;
  std::string time;
  std::string host;
  std::string tag;
  std::string pid;
  std::string kind;
  std::string data_id;
  std::map<std::string, std::string> data;
  std::string text;
};
SyslogParts read_rfc5424(const std::string& message);

// An entry of journald's native protocol. Throws std::runtime_error, saying what is wrong with it.
std::multimap<std::string, std::string> read_journal_entry(const std::string& entry);

}  // namespace tocsin
