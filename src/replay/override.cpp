// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "replay/override.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr unsigned kMostLooks = 1000;
constexpr unsigned kMostStorm = 1'000'000;
constexpr std::size_t kLongestShown = 60;

using Count = std::uint16_t Timing::*;
using Time = Millis Timing::*;

struct CountKey {
  std::string_view name;
  Count member;
};
struct TimeKey {
  std::string_view name;
  Time member;
  Millis least;
};

constexpr std::array<CountKey, 2> kCounts{
    {{"down_after", &Timing::down_after}, {"up_after", &Timing::up_after}}};
constexpr std::array<TimeKey, 5> kTimes{{{"interval", &Timing::interval, Millis{100}},
                                         {"timeout", &Timing::timeout, Millis{10}},
                                         {"retry_interval", &Timing::retry_interval, Millis{100}},
                                         {"remind_every", &Timing::remind_every, Millis{0}},
                                         {"flapping", &Timing::flap_window, Millis{0}}}};
constexpr std::string_view kStorm = "storm_threshold";

std::optional<unsigned> number(std::string_view text, unsigned most) noexcept {
  unsigned out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out >= 1 && out <= most ? std::optional(out) : std::nullopt;
}

// As the loader has it: neither may be longer than the interval.
template <typename F>
void change_all(Config& config, F change) {
  for (CheckPtr& check : config.checks) {
    auto copy = std::make_shared<Check>(*check);
    change(copy->timing);
    Timing& timing = copy->timing;
    timing.timeout = std::min(timing.timeout, timing.interval);
    timing.retry_interval = std::min(timing.retry_interval, timing.interval);
    check = std::move(copy);
  }
}

std::string unknown(std::string_view key) {
  std::vector<std::string_view> known{kStorm};
  for (const CountKey& it : kCounts) known.push_back(it.name);
  for (const TimeKey& it : kTimes) known.push_back(it.name);
  std::sort(known.begin(), known.end());
  std::string out = "--set knows no key \"" + printable(key, kLongestShown) + "\"";
  const std::string_view near = nearest(key, known);
  if (!near.empty()) return out + "; did you mean \"" + std::string(near) + "\"?";
  out += ", but ";
  for (const std::string_view name : known) {
    out += (name == known.front() ? "" : ", ") + std::string(name);
  }
  return out;
}

std::string wants(std::string_view key, const std::string& what, std::string_view got) {
  return "--set " + std::string(key) + " takes " + what + "; got \"" +
         printable(got, kLongestShown) + "\"";
}

}  // namespace

std::string set_for_all(const std::string& wish, Config& config) {
  const std::size_t equals = wish.find('=');
  if (equals == std::string::npos) {
    return "--set takes KEY=VALUE, as down_after=5; got \"" + printable(wish, kLongestShown) + "\"";
  }
  const std::string_view key = std::string_view(wish).substr(0, equals);
  const std::string_view value = std::string_view(wish).substr(equals + 1);
  for (const CountKey& it : kCounts) {
    if (it.name != key) continue;
    const auto count = number(value, kMostLooks);
    if (!count) return wants(key, "a number from 1 to 1000", value);
    change_all(config,
               [&](Timing& timing) { timing.*it.member = static_cast<std::uint16_t>(*count); });
    return {};
  }
  for (const TimeKey& it : kTimes) {
    if (it.name != key) continue;
    const auto time = parse_duration(value);
    if (!time || *time < it.least) {
      const std::string least = it.least > Millis{0} ? " from " + write_duration(it.least) : "";
      return wants(key, "a time such as 30s, 5m or 1h" + least, value);
    }
    change_all(config, [&](Timing& timing) { timing.*it.member = *time; });
    return {};
  }
  if (key != kStorm) return unknown(key);
  const auto threshold = number(value, kMostStorm);
  if (!threshold) return wants(key, "a number from 1 to 1000000", value);
  config.storm_threshold = *threshold;
  return {};
}

}  // namespace tocsin
