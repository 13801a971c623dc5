// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <map>
#include <memory>
#include <mutex>

#include "notify/local_sink.h"
#include "notify/rigs.h"

namespace tocsin {
namespace {

// What listens in each directory, for as long as the test runs.
LocalSink& sink_in(const std::string& directory) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<LocalSink>> sinks;
  const std::lock_guard lock(mutex);
  std::unique_ptr<LocalSink>& sink = sinks[directory];
  if (!sink) sink = std::make_unique<LocalSink>(directory + "/socket");
  return *sink;
}

// Settings that are only looked at are given no directory.
std::string socket_in(const std::string& directory) {
  if (!directory.starts_with('/')) return "/nowhere/socket";
  sink_in(directory);
  return directory + "/socket";
}

std::string syslog_settings(const std::string& directory) {
  return "{address: 'unix:" + socket_in(directory) + "', format: rfc5424}";
}
std::vector<SinkTold> syslog_told_in(const std::string& directory) {
  std::vector<SinkTold> out;
  for (const std::string& datagram : sink_in(directory).datagrams()) {
    SyslogParts parts = read_rfc5424(datagram);
    out.push_back({parts.data["thread"], parts.text});
  }
  return out;
}

std::string journald_settings(const std::string& directory) {
  return "{socket: '" + socket_in(directory) + "'}";
}
std::vector<SinkTold> journald_told_in(const std::string& directory) {
  std::vector<SinkTold> out;
  for (const std::string& datagram : sink_in(directory).datagrams()) {
    const auto entry = read_journal_entry(datagram);
    const auto thread = entry.find("TOCSIN_THREAD");
    out.push_back({thread == entry.end() ? "" : thread->second, entry.find("MESSAGE")->second});
  }
  return out;
}

bool local_can_ping(const std::string& text) {
  return text.find('\x1b') != std::string::npos;
}

}  // namespace

Rig syslog_rig() {
  Rig rig{"syslog", syslog_settings, {}, 8000};
  rig.can_ping = local_can_ping;
  rig.told_in = syslog_told_in;
  return rig;
}

Rig journald_rig() {
  Rig rig{"journald", journald_settings, {}, 70'000};
  rig.can_ping = local_can_ping;
  rig.told_in = journald_told_in;
  return rig;
}

}  // namespace tocsin
