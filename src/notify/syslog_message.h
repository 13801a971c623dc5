// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "notify/severity.h"
#include "tocsin/time.h"

namespace tocsin {

// A message of syslog. Pure functions. Whatever the texts hold, it is one message: line breaks and
// control characters do not pass, and structured data is escaped.

struct SyslogMessage {
  unsigned facility = 3;  // daemon
  Severity severity = Severity::info;
  WallTime time{};
  std::string host;
  std::string tag;
  int pid = 0;
  std::string kind;
  std::string data_id;  // "tocsin@32473"
  std::vector<std::pair<std::string, std::string>> data;
  std::string text;
};

// RFC 5424. Of at most `most` bytes: the text is cut, on a code point.
std::string write_rfc5424(const SyslogMessage& message, std::size_t most);
// What daemons on this machine take at /dev/log: "<PRI>Mmm dd hh:mm:ss tag[pid]: text", in local
// time (RFC 3164, without the host's name).
std::string write_local_syslog(const SyslogMessage& message, std::size_t most);

// "daemon" is 3, "local7" is 23.
std::vector<std::string_view> syslog_facilities();
unsigned syslog_facility(std::string_view name);

}  // namespace tocsin
