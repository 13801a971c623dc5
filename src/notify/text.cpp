// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/text.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kLongestReason = 1000;
constexpr std::size_t kLongestName = 200;
constexpr std::size_t kLongestValue = 500;
constexpr std::size_t kLongestUrl = 1000;
constexpr std::size_t kLongestFolded = 4000;  // many names on one line
constexpr std::size_t kMostFolded = 200;
constexpr std::size_t kLongestDetail = 300;  // of one line
constexpr std::size_t kFirstDetails = 4;     // a plugin's begin matters, and a log's end
constexpr std::size_t kLastDetails = 8;

bool is_set(WallTime time) noexcept {
  return time > WallTime{};
}

std::string lower_word(State state) {
  return to_lower(word(state));
}

// How long the incident lasted, or has lasted when it was decided; empty if that is not known.
std::string lasted(const Message& message) {
  if (!is_set(message.since) || message.decided_at < message.since) return {};
  return human_duration(message.decided_at - message.since);
}

// What the reader sees first of a text that may have several lines.
std::string_view top_line(std::string_view text) noexcept {
  return text.substr(0, text.find('\n'));
}

std::string subject(const Message& message) {
  if (message.kind == Kind::digest) return {};
  const std::string& name = message.check.empty() ? message.instance : message.check;
  return printable(name, kLongestName);
}

// "down for 31 min: connection refused" with any part that is known.
std::string about_incident(const Message& message, std::string state) {
  const std::string time = lasted(message);
  if (!time.empty()) state += " for " + time;
  const std::string reason = printable(message.worst_reason, kLongestReason);
  return reason.empty() ? state : state + ": " + reason;
}

State worst_of(const Message& message) noexcept {
  return message.worst == State::pending ? message.from : message.worst;
}

std::string with_reason(std::string_view text, const Message& message) {
  const std::string reason = printable(message.reason, kLongestReason);
  if (reason.empty()) return std::string(text);
  return std::string(text) + ": " + reason;
}

// What stands behind the dash.
std::string story(const Message& message) {
  switch (message.kind) {
    case Kind::up: return about_incident(message, "was " + std::string(word(worst_of(message))));
    case Kind::over: return about_incident(message, lower_word(worst_of(message)));
    case Kind::reminder: return with_reason("still " + std::string(word(message.to)), message);
    case Kind::unwatched: return with_reason("it was " + std::string(word(message.to)), message);
    case Kind::digest: return printable(top_line(message.reason), kLongestReason);
    case Kind::test:
      return message.reason.empty() ? "messages arrive here"
                                    : printable(message.reason, kLongestReason);
    default: return printable(message.reason, kLongestReason);
  }
}

std::string probes(const Message& message) {
  const std::string count = std::to_string(message.failed_probes);
  const bool one = message.failed_probes == 1;
  const std::string noun = count + (one ? " probe" : " probes");
  switch (message.to) {
    case State::degraded: return noun + (one ? " was degraded" : " were degraded");
    case State::unknown: return noun + " could not tell";
    default: return noun + " failed";
  }
}

std::string since_line(const Message& message, WallTime now) {
  std::string line;
  if (is_set(message.since)) {
    line = "since " + human_time(message.since);
    if (now >= message.since) line += " (" + human_duration(now - message.since) + " ago)";
  }
  if (message.failed_probes > 0) line += (line.empty() ? "" : ", ") + probes(message);
  return line;
}

std::string span_line(const Message& message) {
  const std::string time = lasted(message);
  if (time.empty()) return {};
  return "lasted " + time + ": " + human_time(message.since) + " to " +
         human_time(message.decided_at);
}

std::string label_line(const Message& message) {
  std::string line;
  for (const auto& [key, value] : message.labels) {
    line += (line.empty() ? "labels: " : ", ") + key + "=" + value;
  }
  return printable(line, kLongestValue);
}

std::string late_line(Millis by) {
  // The clock may have been set back since; the text says what is known.
  if (by < std::chrono::seconds{1}) return "delivered late";
  return "delivered " + human_duration(by) + " late";
}

std::vector<std::string> folded_lines(std::string_view reason) {
  std::vector<std::string> lines;
  std::size_t left_out = 0;
  for (auto end = reason.find('\n'); end != std::string_view::npos; end = reason.find('\n')) {
    reason.remove_prefix(end + 1);
    std::string line = printable(top_line(reason), kLongestFolded);
    if (line.empty()) continue;
    if (lines.size() == kMostFolded) {
      ++left_out;
    } else {
      lines.push_back(std::move(line));
    }
  }
  if (left_out > 0) lines.push_back("… and " + std::to_string(left_out) + " more");
  return lines;
}

// The lines of Message::details, the middle of many left out.
std::vector<std::string> detail_lines(std::string_view details) {
  std::vector<std::string> lines;
  while (!details.empty()) {
    const std::string_view line = top_line(details);
    details.remove_prefix(std::min(details.size(), line.size() + 1));
    std::string shown = printable(line, kLongestDetail);
    if (!shown.empty()) lines.push_back(std::move(shown));
  }
  if (lines.size() <= kFirstDetails + kLastDetails + 1) return lines;
  const std::size_t left_out = lines.size() - kFirstDetails - kLastDetails;
  const auto first = lines.begin() + kFirstDetails;
  *first = "… (" + std::to_string(left_out) + " lines)";
  lines.erase(first + 1, lines.end() - kLastDetails);
  return lines;
}

bool is_over(Kind kind) noexcept {
  return kind == Kind::up || kind == Kind::over;
}

bool is_trouble(State state) noexcept {
  return state == State::down || state == State::degraded || state == State::unknown;
}

// The lines about the check and its incident; empty ones are taken out later.
std::vector<std::string> check_lines(const Message& message, WallTime now) {
  std::vector<std::string> lines;
  const auto add = [&](std::string_view key, const std::string& value, std::size_t most) {
    const std::string shown = printable(value, most);
    if (!shown.empty()) lines.push_back(std::string(key) + ": " + shown);
  };
  add("target", message.target, kLongestValue);
  if (is_over(message.kind)) {
    lines.push_back(span_line(message));
    add("now", message.reason, kLongestReason);
  } else {
    lines.push_back(since_line(message, now));
    const bool told_before = message.from != message.to && is_trouble(message.from);
    if (told_before && message.kind != Kind::reminder && message.kind != Kind::unwatched) {
      lines.push_back("was " + std::string(word(message.from)) + " before");
    }
  }
  if (message.incident > 0) lines.push_back("incident " + std::to_string(message.incident));
  add("runbook", message.runbook, kLongestUrl);
  add("about", message.description, kLongestValue);
  lines.push_back(label_line(message));
  return lines;
}

}  // namespace

std::string_view symbol(Kind kind) noexcept {
  switch (kind) {
    case Kind::down: return "🔴";
    case Kind::degraded: return "🟡";
    case Kind::unknown: return "⚪";
    case Kind::up: return "✅";
    case Kind::reminder: return "🔁";
    case Kind::acknowledged: return "👀";
    case Kind::over: return "✅";
    case Kind::unwatched: return "⏹️";
    case Kind::info: return "ℹ️";
    case Kind::digest: return "📋";
    case Kind::daemon: return "⚠️";
    case Kind::test: return "🔔";
  }
  return "🔔";
}

std::string_view word(Kind kind) noexcept {
  switch (kind) {
    case Kind::down: return "DOWN";
    case Kind::degraded: return "DEGRADED";
    case Kind::unknown: return "UNKNOWN";
    case Kind::up:
    case Kind::over: return "UP";
    case Kind::reminder: return "REMINDER";
    case Kind::acknowledged: return "ACKNOWLEDGED";
    case Kind::unwatched: return "NO LONGER WATCHED";
    case Kind::info: return "INFO";
    case Kind::digest: return "DIGEST";
    case Kind::daemon: return "TOCSIN";
    case Kind::test: return "TEST";
  }
  return "TEST";
}

std::string_view word(State state) noexcept {
  switch (state) {
    case State::pending: return "PENDING";
    case State::up: return "UP";
    case State::degraded: return "DEGRADED";
    case State::down: return "DOWN";
    case State::unknown: return "UNKNOWN";
  }
  return "UNKNOWN";
}

std::string first_line(const Message& message) {
  std::string line = std::string(symbol(message.kind)) + " " + std::string(word(message.kind));
  if (message.kind == Kind::over) line += " (was " + std::string(word(worst_of(message))) + ")";
  const std::string name = subject(message);
  if (!name.empty()) line += " " + name;
  const std::string rest = story(message);
  return rest.empty() ? line : line + " — " + rest;
}

std::vector<std::string> body_lines(const Message& message, WallTime now,
                                    std::optional<Millis> late_by) {
  std::vector<std::string> lines;
  if (message.kind == Kind::digest) {
    lines = folded_lines(message.reason);
  } else if (message.kind != Kind::daemon) {
    lines = check_lines(message, now);
    std::vector<std::string> details = detail_lines(message.details);
    std::move(details.begin(), details.end(), std::back_inserter(lines));
  }
  if (late_by) lines.push_back(late_line(*late_by));
  if (!message.durable) {
    lines.push_back("not durable (not stored on disk): a restart may lose or repeat this");
  }
  const std::string instance = printable(message.instance, kLongestName);
  const bool named_above = message.check.empty() && message.kind != Kind::digest;
  if (!instance.empty() && !named_above) lines.push_back("told by " + instance);
  std::erase_if(lines, [](const std::string& line) { return line.empty(); });
  return lines;
}

std::optional<Millis> late_by(const Notification& notification, WallTime now, bool late) noexcept {
  if (!late) return std::nullopt;
  return now - notification.created_at;
}

}  // namespace tocsin
