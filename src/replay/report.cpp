// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "replay/report.h"

#include <array>
#include <chrono>
#include <map>

#include "notify/text.h"
#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kLongestKey = 200;
// The night, in hours.
constexpr int kNightFrom = 22;
constexpr int kNightUntil = 7;

std::string counted(std::size_t count, const char* one, const char* several) {
  return std::to_string(count) + " " + (count == 1 ? one : several);
}

bool is_at_night(WallTime at, const TimeZone& zone) {
  const auto moment = std::chrono::floor<std::chrono::seconds>(at);
  const auto local = moment + zone.at(moment).offset;
  const auto of_day = local - std::chrono::floor<std::chrono::days>(local);
  const auto hour = std::chrono::duration_cast<std::chrono::hours>(of_day).count();
  return hour >= kNightFrom || hour < kNightUntil;
}

// What a person is woken for, which UP and news are not.
bool is_page(const Message& message) noexcept {
  switch (message.kind) {
    case Kind::down:
    case Kind::degraded:
    case Kind::unknown:
    case Kind::reminder:
    case Kind::flapping: return true;
    case Kind::digest: return is_bad(message.to);
    default: return false;
  }
}

struct Count {
  std::size_t messages = 0;
  std::size_t pages = 0;
  std::size_t at_night = 0;
};

std::string line_of(const std::string& notifier, const Count& count) {
  std::string out = "  [" + printable(notifier, kLongestKey) + "] " +
                    counted(count.messages, "message", "messages");
  if (count.messages == 0) return out;
  return out + ", " + counted(count.pages, "page", "pages") + " among them, " +
         std::to_string(count.at_night) + " at night";
}

}  // namespace

std::string told_line(const ToldMessage& told) {
  return human_time(told.at) + " [" + printable(told.what->notifier, kLongestKey) + "] " +
         printable(told.what->thread_key, kLongestKey) + ": " + first_line(*told.what->message);
}

std::vector<std::string> summary(const Simulation& simulation, const Config& config,
                                 const TimeZone& zone) {
  std::map<std::string, Count> counts;
  Count all;
  for (const ToldMessage& told : simulation.told()) {
    const bool page = is_page(*told.what->message);
    for (Count* count : {&counts[told.what->notifier], &all}) {
      ++count->messages;
      count->pages += page ? 1 : 0;
      count->at_night += page && is_at_night(told.at, zone) ? 1 : 0;
    }
  }
  std::vector<std::string> out;
  out.push_back(counted(all.messages, "message", "messages") + ", " +
                counted(all.pages, "page", "pages") + " among them, " +
                std::to_string(all.at_night) + " at night (22:00 to 07:00, " + zone.name() + ")");
  for (const NotifierEntry& entry : config.notifiers) {
    out.push_back(line_of(entry.name, counts[entry.name]));
  }
  std::array<std::size_t, std::size(kHolds)> withheld{};
  for (const Withheld& row : simulation.withheld()) ++withheld[static_cast<std::size_t>(row.why)];
  out.push_back(counted(simulation.withheld().size(), "piece of news was", "pieces of news were") +
                " not told, or not at once");
  for (const Hold hold : kHolds) {
    const std::size_t count = withheld[static_cast<std::size_t>(hold)];
    if (count > 0)
      out.push_back("  " + std::string(to_string(hold)) + ": " + std::to_string(count));
  }
  return out;
}

}  // namespace tocsin
