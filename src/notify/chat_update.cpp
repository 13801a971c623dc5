// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/chat_update.h"

#include <algorithm>
#include <string_view>

#include "notify/text.h"
#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kLongestReason = 1000;
constexpr std::size_t kLongestName = 200;

bool is_set(WallTime time) noexcept {
  return time > WallTime{};
}

// " for 12 min", where that is known.
std::string span(std::string_view before, WallTime from, WallTime to) {
  if (!is_set(from) || to < from) return {};
  return std::string(before) + human_duration(to - from);
}

std::string with(std::string line, const std::string& reason) {
  const std::string shown = printable(reason, kLongestReason);
  return shown.empty() ? line : line + ": " + shown;
}

std::string ended(const Message& latest, const std::string& name) {
  const State worst = latest.worst == State::pending ? latest.from : latest.worst;
  const std::string line =
      "✅ " + name + " — over" + span(" after ", latest.since, latest.decided_at);
  return with(line + ": was " + std::string(word(worst)), latest.worst_reason);
}

std::string acknowledged(const Message& latest, const std::string& name, WallTime now) {
  const std::string who = printable(latest.reason, kLongestReason);
  std::string line = "👀 " + name + " — ";
  // "by Ann: on it", "until 2026-…", or somebody's own words.
  const bool goes_on = who.empty() || who.starts_with("by ") || who.starts_with("until ");
  line += goes_on ? "acknowledged" : "acknowledged:";
  if (!who.empty()) line += " " + who;
  line += ", " + std::string(word(latest.to)) + span(" for ", latest.since, now);
  return with(line, latest.worst_reason);
}

std::string flapping(const Message& latest, const std::string& name, WallTime now) {
  const std::string line =
      std::string(symbol(latest.kind)) + " " + std::string(word(latest.kind)) + " " + name;
  return with(line + " — open" + span(" for ", latest.since, now), latest.reason);
}

std::string still_open(const Message& latest, const std::string& name, WallTime now) {
  const Kind kind = latest.to == State::degraded  ? Kind::degraded
                    : latest.to == State::unknown ? Kind::unknown
                                                  : Kind::down;
  const std::string line =
      std::string(symbol(kind)) + " " + std::string(word(latest.to)) + " " + name + " — open";
  // News that come while it is open are told in the thread; they change nothing here.
  const bool news = latest.kind == Kind::info;
  return with(line + span(" for ", latest.since, now), news ? latest.worst_reason : latest.reason);
}

}  // namespace

std::string standing_line(const Message& latest, WallTime now) {
  const std::string name =
      printable(latest.check.empty() ? latest.instance : latest.check, kLongestName);
  switch (latest.kind) {
    case Kind::up:
    case Kind::over: return ended(latest, name);
    case Kind::acknowledged: return acknowledged(latest, name, now);
    case Kind::unwatched:
      return std::string(symbol(latest.kind)) + " " + name + " — no longer watched; it was " +
             std::string(word(latest.to)) + span(" for ", latest.since, latest.decided_at);
    case Kind::flapping: return flapping(latest, name, now);
    case Kind::down:
    case Kind::degraded:
    case Kind::unknown:
    case Kind::reminder:
    case Kind::info: return still_open(latest, name, now);
    default: return first_line(latest);
  }
}

Words words_of_update(const Delivery& delivery, const Wording& wording) {
  // That the later message came late is told in the thread.
  Delivery in_time = delivery;
  in_time.late = false;
  Words words = words_of(in_time, wording);
  const bool in_english = wording.language.empty() || wording.language == "en";
  if (!wording.templates && in_english) {
    words.title = standing_line(*delivery.notification.message, delivery.clock.wall());
  }
  return words;
}

}  // namespace tocsin
