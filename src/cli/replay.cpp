// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// `tocsin replay`: the user's own configuration on what was recorded. The schedule, the states, the
// incidents, what is held back and how sinks are paced are the daemon's own; checks find what the
// file says they found.
#include "replay/recording.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>

#include "cli/commands.h"
#include "cli/load_or_complain.h"
#include "replay/override.h"
#include "replay/report.h"
#include "replay/simulation.h"
#include "util/duration.h"
#include "util/log.h"
#include "util/text.h"
#include "util/time_zone.h"

namespace tocsin {
namespace {

constexpr std::size_t kMostNamed = 10;
constexpr std::size_t kLongestName = 200;
// Beyond the last result time goes on until it can have been decided and told.
constexpr Millis kLeastAfter = std::chrono::minutes{10};
constexpr Millis kMostAfter = std::chrono::hours{24};

// "a, b, c and 40 more"
std::string named(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < names.size() && i < kMostNamed; ++i) {
    out += (i == 0 ? "" : ", ") + printable(names[i], kLongestName);
  }
  if (names.size() > kMostNamed) {
    out += " and " + std::to_string(names.size() - kMostNamed) + " more";
  }
  return out;
}

void warn(const std::filesystem::path& file, const std::string& text) {
  std::fprintf(stderr, "%s: warning: %s\n", file.c_str(), text.c_str());
}

// What is in one of them alone.
void compare_names(const std::filesystem::path& file, const Recording& recording,
                   const Config& config) {
  std::set<std::string> watched;
  for (const CheckPtr& check : config.checks) {
    if (check->enabled) watched.insert(check->name);
  }
  std::vector<std::string> unknown;
  for (const std::string& name : recording.checks()) {
    if (watched.erase(name) == 0) unknown.push_back(name);
  }
  if (!unknown.empty()) {
    warn(file, "no check of the configuration has this name, and its results are left out: " +
                   named(unknown));
  }
  if (!watched.empty()) {
    const std::vector<std::string> silent(watched.begin(), watched.end());
    warn(file, "no results of these checks, which are taken as up: " + named(silent));
  }
}

Millis time_after(const Config& config) {
  Millis most = kLeastAfter;
  for (const CheckPtr& check : config.checks) {
    const Timing& timing = check->timing;
    most = std::max(most, timing.interval + (timing.retry_interval + timing.timeout) *
                                                std::max(timing.down_after, timing.up_after));
  }
  return std::min(most, kMostAfter);
}

void print_line(const std::string& line) {
  std::printf("%s\n", line.c_str());
}

}  // namespace

int replay(const ReplayOptions& options) {
  const auto loaded = load_or_complain(options.file);
  if (!loaded) return 1;
  const auto config = std::make_shared<Config>(*loaded);
  bool good = true;
  for (const std::string& wish : options.set) {
    const std::string mistake = set_for_all(wish, *config);
    if (mistake.empty()) continue;
    std::fprintf(stderr, "tocsin: %s\n", mistake.c_str());
    good = false;
  }
  // Without a file: what the daemon of this configuration recorded.
  const bool own = options.results.empty();
  const auto file = own ? config->state_dir / kDaemonsResults : options.results;
  const auto older = own ? config->state_dir / kDaemonsOlderResults : std::filesystem::path();
  const ReadRecording read = read_recording(file, older);
  for (const std::string& mistake : read.mistakes) std::fprintf(stderr, "%s\n", mistake.c_str());
  if (!good || !read.mistakes.empty()) return 1;

  const Recording& recording = read.recording;
  compare_names(file, recording, *config);
  set_log("error", "text");  // each change of state would be a line
  ReplayPlan plan{.config = config, .sinks = sinks_of(*config), .world = {}, .from = {}};
  plan.from = recording.first();
  plan.world = [&recording](const Check& check, WallTime at) {
    return recording.at(check.name, at);
  };
  Simulation simulation(std::move(plan));
  simulation.run_until(recording.last() + time_after(*config));

  for (const ToldMessage& told : simulation.told()) print_line(told_line(told));
  print_line("\n" + std::to_string(recording.size()) + " results, from " +
             human_time(recording.first()) + " to " + human_time(recording.last()) + " (" +
             human_duration(recording.last() - recording.first()) + ")");
  for (const std::string& line : summary(simulation, *config, TimeZone::local())) print_line(line);
  return 0;
}

}  // namespace tocsin
