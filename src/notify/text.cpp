// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/text.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "notify/text_parts.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kLongestFolded = 4000;  // many names on one line
constexpr std::size_t kMostFolded = 200;
constexpr std::size_t kLongestDetail = 300;  // of one line
constexpr std::size_t kFirstDetails = 4;     // a plugin's begin matters, and a log's end
constexpr std::size_t kLastDetails = 8;
constexpr std::size_t kMostNotes = 8;  // lines

bool is_set(WallTime time) noexcept {
  return time > WallTime{};
}

std::string shown_reason(const std::string& reason) {
  return printable(reason, Bounds::reason);
}

// How long the incident lasted, or has lasted when it was decided; empty if that is not known.
std::string lasted(const Message& message, const Language& language) {
  if (!is_set(message.since) || message.decided_at < message.since) return {};
  return duration_text(language, message.decided_at - message.since);
}

// What the reader sees first of a text that may have several lines.
std::string_view top_line(std::string_view text) noexcept {
  return text.substr(0, text.find('\n'));
}

// Somebody's own message, about no check: its text is all that there is to say.
bool is_own(const Message& message) noexcept {
  return message.kind == Kind::info && message.check.empty();
}

std::string subject(const Message& message) {
  if (message.kind == Kind::digest || is_own(message)) return {};
  const std::string& name = message.check.empty() ? message.instance : message.check;
  return printable(name, Bounds::name);
}

std::string with_reason(const std::string& text, const std::string& reason,
                        const Language& language) {
  const std::string shown = shown_reason(reason);
  if (shown.empty()) return text;
  return say(language, Phrase::reasoned, {{"text", text}, {"reason", shown}});
}

// "was DOWN for 31 min: connection refused" with any part that is known.
std::string story_of_up(const Message& message, const Language& language) {
  const std::string time = lasted(message, language);
  const Phrase phrase = time.empty() ? Phrase::was : Phrase::was_for;
  const std::string was =
      say(language, phrase, {{"state", word(worst_of(message))}, {"time", time}});
  return with_reason(was, message.worst_reason, language);
}

// "down for 31 min: connection refused"
std::string story_of_over(const Message& message, const Language& language) {
  const std::string_view state = lower_word(language, worst_of(message));
  const std::string time = lasted(message, language);
  const std::string was = time.empty()
                              ? std::string(state)
                              : say(language, Phrase::over_for, {{"state", state}, {"time", time}});
  return with_reason(was, message.worst_reason, language);
}

// The text's lines, each fit to be shown and of a bounded length; empty ones are left out.
std::vector<std::string> shown_lines(std::string_view text, std::size_t most) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::string_view line = top_line(text);
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    std::string shown = printable(line, most);
    if (!shown.empty()) lines.push_back(std::move(shown));
  }
  return lines;
}

std::string since_line(const Message& message, WallTime now, const Locale& locale) {
  const Language& language = *locale.language;
  std::string line;
  if (is_set(message.since)) {
    const bool past = now >= message.since;
    const std::string ago = past ? duration_text(language, now - message.since) : std::string();
    line = say(language, past ? Phrase::since_ago : Phrase::since,
               {{"time", time_text(locale, message.since)}, {"ago", ago}});
  }
  const std::string count = probes(message, language);
  if (!line.empty() && !count.empty()) line += ", ";
  return line + count;
}

std::string span_line(const Message& message, const Locale& locale) {
  const std::string time = lasted(message, *locale.language);
  if (time.empty()) return {};
  return say(*locale.language, Phrase::lasted,
             {{"time", time},
              {"from", time_text(locale, message.since)},
              {"to", time_text(locale, message.decided_at)}});
}

std::vector<std::string> folded_lines(std::string_view reason, const Language& language) {
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
  if (left_out > 0) {
    lines.push_back(say(language, Phrase::more_folded, {{"count", std::to_string(left_out)}}));
  }
  return lines;
}

bool is_trouble(State state) noexcept {
  return state == State::down || state == State::degraded || state == State::unknown;
}

// The lines about the check and its incident; empty ones are taken out later.
std::vector<std::string> check_lines(const Message& message, WallTime now, const Locale& locale) {
  const Language& language = *locale.language;
  std::vector<std::string> lines;
  const auto add = [&](Phrase key, const std::string& value, std::size_t most) {
    const std::string shown = printable(value, most);
    if (!shown.empty()) lines.push_back(say(language, key, {{"value", shown}}));
  };
  add(Phrase::target, message.target, Bounds::value);
  if (is_over(message.kind)) {
    lines.push_back(span_line(message, locale));
    add(Phrase::now, message.reason, Bounds::reason);
  } else {
    lines.push_back(since_line(message, now, locale));
    const bool told_before = message.from != message.to && is_trouble(message.from);
    if (message.kind == Kind::flapping) {
      // Its story is how often it changes, and where it stands is told nowhere else.
      if (message.to != State::pending)
        add(Phrase::now, std::string(word(message.to)), Bounds::name);
    } else if (told_before && message.kind != Kind::reminder && message.kind != Kind::unwatched) {
      lines.push_back(say(language, Phrase::was_before, {{"state", word(message.from)}}));
    }
  }
  if (message.incident > 0) {
    lines.push_back(
        say(language, Phrase::incident, {{"number", std::to_string(message.incident)}}));
  }
  if (is_own(message)) {
    lines.push_back(printable(message.runbook, Bounds::url));
  } else {
    add(Phrase::runbook, message.runbook, Bounds::url);
  }
  add(Phrase::about, message.description, Bounds::value);
  add(Phrase::labels, labels_text(message), Bounds::value);
  return lines;
}

}  // namespace

bool is_over(Kind kind) noexcept {
  return kind == Kind::up || kind == Kind::over;
}

State worst_of(const Message& message) noexcept {
  return message.worst == State::pending ? message.from : message.worst;
}

std::string story(const Message& message, const Language& language) {
  const auto stated = [&](Phrase phrase) {
    return with_reason(say(language, phrase, {{"state", word(message.to)}}), message.reason,
                       language);
  };
  switch (message.kind) {
    case Kind::up: return story_of_up(message, language);
    case Kind::over: return story_of_over(message, language);
    case Kind::reminder: return stated(Phrase::still);
    case Kind::unwatched: return stated(Phrase::it_was);
    case Kind::digest: return printable(top_line(message.reason), Bounds::reason);
    case Kind::test:
      return message.reason.empty() ? say(language, Phrase::messages_arrive)
                                    : shown_reason(message.reason);
    default: return shown_reason(message.reason);
  }
}

std::string probes(const Message& message, const Language& language) {
  if (message.failed_probes == 0) return {};
  const bool one = message.failed_probes == 1;
  Phrase phrase = one ? Phrase::probe_failed : Phrase::probes_failed;
  if (message.to == State::degraded) {
    phrase = one ? Phrase::probe_degraded : Phrase::probes_degraded;
  } else if (message.to == State::unknown) {
    phrase = one ? Phrase::probe_unsure : Phrase::probes_unsure;
  }
  return say(language, phrase, {{"count", std::to_string(message.failed_probes)}});
}

std::string labels_text(const Message& message) {
  std::string line;
  for (const auto& [key, value] : message.labels) {
    line += (line.empty() ? "" : ", ") + key + "=" + value;
  }
  return printable(line, Bounds::value);
}

std::string late_text(Millis by, const Language& language) {
  // The clock may have been set back since; the text says what is known.
  if (by < std::chrono::seconds{1}) return say(language, Phrase::late);
  return say(language, Phrase::late_by, {{"time", duration_text(language, by)}});
}

std::vector<std::string> detail_lines(std::string_view details, const Language& language) {
  std::vector<std::string> lines = shown_lines(details, kLongestDetail);
  if (lines.size() <= kFirstDetails + kLastDetails + 1) return lines;
  const std::size_t left_out = lines.size() - kFirstDetails - kLastDetails;
  const auto first = lines.begin() + kFirstDetails;
  *first = say(language, Phrase::lines_left_out, {{"count", std::to_string(left_out)}});
  lines.erase(first + 1, lines.end() - kLastDetails);
  return lines;
}

std::vector<std::string> note_lines(std::string_view note, const Language& language) {
  std::vector<std::string> lines = shown_lines(note, Bounds::reason);
  if (lines.size() <= kMostNotes) return lines;
  const std::size_t left_out = lines.size() - (kMostNotes - 1);
  lines.resize(kMostNotes - 1);
  lines.push_back(say(language, Phrase::lines_left_out, {{"count", std::to_string(left_out)}}));
  return lines;
}

std::string_view symbol(Kind kind) noexcept {
  switch (kind) {
    case Kind::down: return "🔴";
    case Kind::degraded: return "🟡";
    case Kind::unknown: return "⚪";
    case Kind::up: return "✅";
    case Kind::reminder: return "🔁";
    case Kind::acknowledged: return "👀";
    case Kind::over: return "✅";
    case Kind::flapping: return "🌊";
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
    case Kind::flapping: return "FLAPPING";
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

std::string first_line(const Message& message, const Language& language) {
  std::string line = std::string(symbol(message.kind)) + " " + std::string(word(message.kind));
  if (message.kind == Kind::over) {
    line += " (" + say(language, Phrase::was, {{"state", word(worst_of(message))}}) + ")";
  }
  const std::string name = subject(message);
  if (!name.empty()) line += " " + name;
  const std::string rest = story(message, language);
  return rest.empty() ? line : line + (is_own(message) ? " " : " — ") + rest;
}

std::vector<std::string> body_lines(const Message& message, WallTime now,
                                    std::optional<Millis> late_by, const Locale& locale) {
  const Language& language = *locale.language;
  std::vector<std::string> lines = note_lines(message.note, language);
  const auto add = [&](std::vector<std::string> more) {
    std::move(more.begin(), more.end(), std::back_inserter(lines));
  };
  if (message.kind == Kind::digest) {
    add(folded_lines(message.reason, language));
  } else if (message.kind != Kind::daemon) {
    add(check_lines(message, now, locale));
    add(detail_lines(message.details, language));
  }
  if (late_by) lines.push_back(late_text(*late_by, language));
  if (!message.durable) lines.push_back(say(language, Phrase::not_durable));
  const std::string instance = printable(message.instance, Bounds::name);
  const bool named_above =
      message.check.empty() && message.kind != Kind::digest && !is_own(message);
  if (!instance.empty() && !named_above) {
    lines.push_back(say(language, Phrase::told_by, {{"instance", instance}}));
  }
  std::erase_if(lines, [](const std::string& line) { return line.empty(); });
  return lines;
}

std::optional<Millis> late_by(const Notification& notification, WallTime now, bool late) noexcept {
  if (!late) return std::nullopt;
  return now - notification.created_at;
}

}  // namespace tocsin
