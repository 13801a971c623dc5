// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/sink_urgency.h"

#include <algorithm>
#include <string>

#include "notify/sink_alert.h"

namespace tocsin {
namespace {

struct Level {
  std::string_view key;
  int Urgency::*member;
};

constexpr Level kLevels[] = {
    {"down", &Urgency::down},         {"degraded", &Urgency::degraded},
    {"unknown", &Urgency::unknown},   {"up", &Urgency::up},
    {"reminder", &Urgency::reminder}, {"acknowledged", &Urgency::acknowledged},
    {"info", &Urgency::info},         {"daemon", &Urgency::daemon}};

}  // namespace

int Urgency::of(const Message& message) const noexcept {
  switch (message.kind) {
    case Kind::down: return down;
    case Kind::degraded: return degraded;
    case Kind::unknown: return unknown;
    case Kind::up:
    case Kind::over:
    case Kind::unwatched: return up;
    case Kind::reminder: return reminder;
    case Kind::acknowledged: return acknowledged;
    case Kind::info:
    case Kind::test: return info;
    case Kind::daemon: return daemon;
    case Kind::flapping:
    case Kind::digest: break;
  }
  switch (alert_state(message)) {
    case State::down: return down;
    case State::degraded: return degraded;
    case State::unknown: return unknown;
    default: return up;
  }
}

int Urgency::loudest() const noexcept {
  return std::max({down, degraded, unknown, up, reminder, acknowledged, info, daemon});
}

Urgency parse_urgency(Settings& settings, const Urgency& fallback,
                      Settings::Range<std::int64_t> range) {
  Urgency out = fallback;
  const auto section = settings.section("priority");
  for (const Level& level : kLevels) {
    out.*level.member =
        static_cast<int>(section->integer(level.key, fallback.*level.member, range));
  }
  return out;
}

Urgency parse_urgency(Settings& settings, const Urgency& fallback,
                      const std::vector<std::string_view>& words, int lowest) {
  Urgency out = fallback;
  const auto section = settings.section("priority");
  for (const Level& level : kLevels) {
    const std::size_t usual = static_cast<std::size_t>(fallback.*level.member - lowest);
    const std::string word = section->choice(level.key, words, words[usual]);
    const auto at = std::find(words.begin(), words.end(), word);
    if (at != words.end()) out.*level.member = lowest + static_cast<int>(at - words.begin());
  }
  return out;
}

}  // namespace tocsin
