// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "replay/simulation.h"
#include "tocsin/config.h"
#include "util/duration.h"
#include "util/log.h"

namespace tocsin {

using Lines = std::vector<std::string>;

// A made-up world that is well until it is said to be otherwise, and a simulated daemon in it. What
// was told is kept in lines: "00:10:22 ops down web-03"; of a message about the daemon, or a
// digest, its reason's first line takes the place of the check.
class Outage {
 public:
  // Begins at midnight UTC.
  explicit Outage(std::chrono::sys_days day = std::chrono::year{2026} / 1 / 2) : begin_(day) {
    set_log("error", "text");
    config_->instance = "mon-1";
    config_->own_notify = {"ops"};
    for (const char* name : {"ops", "pager"}) {
      config_->notifiers.push_back(
          {.name = name, .type = "console", .fallback = {}, .notifier = nullptr});
      sinks_[name].notifier = name;
    }
  }

  Config& config() { return *config_; }
  SinkPlan& sink(const std::string& name) { return sinks_.at(name); }
  WallTime at(Millis since_midnight) const { return begin_ + since_midnight; }

  // A check with the timing that is built in, whose flapping is not looked for.
  std::shared_ptr<Check> add(const std::string& name, std::vector<std::string> parents = {}) {
    auto check = std::make_shared<Check>();
    check->name = name;
    check->type = "tcp";
    check->notify = std::make_shared<const Lines>(Lines{"ops"});
    check->depends_on = std::move(parents);
    check->timing.flap_window = Millis{0};
    config_->checks.push_back(check);
    return check;
  }

  // The check finds this from a moment on, for so long; of several, what was said last counts.
  void find(const std::string& check, Millis from, Millis lasts, Verdict verdict,
            const std::string& reason = "connection refused", Micros took = Micros{20'000}) {
    (*world_)[check].push_back({{at(from), at(from) + lasts}, {verdict, reason, {}, took}});
  }
  void down(const std::string& check, Millis from, Millis lasts) {
    find(check, from, lasts, Verdict::down);
  }

  void start(std::uint64_t seed = 1) {
    ReplayPlan plan{.config = config_, .sinks = {}, .world = {}, .from = begin_, .seed = seed};
    for (const auto& [name, sink] : sinks_) plan.sinks.push_back(sink);
    plan.world = [world = world_](const Check& check, WallTime now) {
      const auto found = world->find(check.name);
      if (found == world->end()) return Sight{};
      for (auto it = found->second.rbegin(); it != found->second.rend(); ++it) {
        if (it->when.holds(now)) return it->sight;
      }
      return Sight{};
    };
    plan.on_commit = [this](const Change& change) { changes_.push_back(change); };
    simulation_ = std::make_unique<Simulation>(std::move(plan));
  }
  // Starts it if nobody has yet, and goes on until so long after midnight.
  void run_until(Millis since_midnight) {
    if (!simulation_) start();
    simulation_->run_until(at(since_midnight));
  }
  Simulation& simulation() { return *simulation_; }
  // Whatever was committed, in order.
  const std::vector<Change>& changes() const { return changes_; }

  // What was told since this was called last.
  Lines told() {
    Lines out;
    const auto& all = simulation_->told();
    for (; told_ < all.size(); ++told_) out.push_back(line_of(all[told_]));
    return out;
  }
  const Message& last() const { return *simulation_->told().back().what->message; }
  // What was withheld, each kind once: "down c-07: parent_down", sorted.
  Lines withheld() const {
    Lines out;
    for (const Withheld& row : simulation_->withheld()) {
      out.push_back(std::string(to_string(row.kind)) + " " + row.check + ": " +
                    std::string(to_string(row.why)));
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }

  // Without the times, for where the order alone is meant.
  static Lines without_times(const Lines& lines) {
    Lines out;
    for (const std::string& line : lines) out.push_back(line.substr(line.find(' ') + 1));
    return out;
  }

 private:
  struct Finding {
    Stretch when;
    Sight sight;
  };
  using Findings = std::map<std::string, std::vector<Finding>>;

  std::string line_of(const ToldMessage& told) const {
    const Message& message = *told.what->message;
    const std::string what =
        message.check.empty() ? message.reason.substr(0, message.reason.find('\n')) : message.check;
    const auto day = std::chrono::floor<std::chrono::days>(told.at);
    const std::string days = day == begin_ ? "" : std::to_string((day - begin_).count()) + "d+";
    return days + human_time(told.at).substr(11, 8) + " " + told.what->notifier + " " +
           std::string(to_string(message.kind)) + " " + what;
  }

  std::chrono::sys_days begin_;
  std::shared_ptr<Config> config_ = std::make_shared<Config>();
  std::map<std::string, SinkPlan> sinks_;
  std::shared_ptr<Findings> world_ = std::make_shared<Findings>();
  std::unique_ptr<Simulation> simulation_;
  std::size_t told_ = 0;
  std::vector<Change> changes_;
};

}  // namespace tocsin
