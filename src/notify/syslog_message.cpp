// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/syslog_message.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

// RFC 5424, table 1, in the order of their numbers; the names are syslog.conf's.
constexpr std::array<std::string_view, 24> kFacilities{
    "kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",
    "uucp",   "cron",   "authpriv", "ftp",    "ntp",    "audit",  "alert",  "clock",
    "local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7"};
constexpr std::size_t kLongestHost = 255;
constexpr std::size_t kLongestTag = 48;
constexpr std::size_t kLongestKind = 32;
constexpr std::size_t kLongestParam = 200;
constexpr std::string_view kEllipsis = "…";

std::string priority(const SyslogMessage& message) {
  const unsigned value = message.facility * 8 + static_cast<unsigned>(message.severity);
  return "<" + std::to_string(value) + ">";
}

// A header's field: printable ASCII without spaces; "-" if nothing is left.
std::string field(std::string_view text, std::size_t most) {
  std::string out;
  for (const char c : text.substr(0, most)) out += c > ' ' && c <= '~' ? c : '_';
  return out.empty() ? "-" : out;
}

// Section 6.3.3: these three have to be escaped, and nothing else may be.
std::string param_value(const std::string& value) {
  std::string out;
  for (const char c : printable(value, kLongestParam)) {
    if (c == '"' || c == '\\' || c == ']') out += '\\';
    out += c;
  }
  return out;
}

std::string structured_data(const SyslogMessage& message) {
  std::string out;
  for (const auto& [name, value] : message.data) {
    if (!value.empty()) out += " " + name + "=\"" + param_value(value) + "\"";
  }
  return out.empty() ? "-" : "[" + message.data_id + out + "]";
}

std::string with_text(std::string head, const std::string& text, std::size_t most) {
  const std::string shown = printable(text, text.size() * 3 + 1);
  const std::size_t room = most - std::min(most, head.size());
  if (shown.size() <= room) return head + shown;
  const std::size_t left = room - std::min(room, kEllipsis.size());
  return head.append(cut_utf8(shown, left)).append(kEllipsis);
}

}  // namespace

// The text has no byte order mark before it (section 6.4 lets one have it): many receivers show it.
std::string write_rfc5424(const SyslogMessage& message, std::size_t most) {
  const std::string head =
      priority(message) + "1 " + rfc3339(message.time) + " " + field(message.host, kLongestHost) +
      " " + field(message.tag, kLongestTag) + " " + std::to_string(message.pid) + " " +
      field(message.kind, kLongestKind) + " " + structured_data(message) + " ";
  return with_text(head, message.text, most);
}

std::string write_local_syslog(const SyslogMessage& message, std::size_t most) {
  constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t at =
      std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(message.time));
  std::tm parts{};
  localtime_r(&at, &parts);
  std::array<char, 16> clock{};
  std::strftime(clock.data(), clock.size(), " %e %H:%M:%S ", &parts);
  const std::string head = priority(message) + kMonths.at(static_cast<std::size_t>(parts.tm_mon)) +
                           clock.data() + field(message.tag, kLongestTag) + "[" +
                           std::to_string(message.pid) + "]: ";
  return with_text(head, message.text, most);
}

std::vector<std::string_view> syslog_facilities() {
  return {kFacilities.begin(), kFacilities.end()};
}

unsigned syslog_facility(std::string_view name) {
  const auto found = std::find(kFacilities.begin(), kFacilities.end(), name);
  return found == kFacilities.end() ? 3U : static_cast<unsigned>(found - kFacilities.begin());
}

}  // namespace tocsin
