// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/core.h"
#include "support/fake_clock.h"
#include "support/memory_store.h"
#include "tocsin/config.h"

namespace tocsin {

using NotifyNames = std::vector<std::string>;

inline NameList names(NotifyNames list) {
  return std::make_shared<const NotifyNames>(std::move(list));
}

inline bool has(const std::vector<std::string>& lines, const std::string& line) {
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

// A core on a fake clock in a made-up world: what each check would find, the test says; time goes
// on from one due probe to the next. What was told and what was withheld is kept in words:
// "down web > ops", "down web > ops: parent_down".
class SignalRig {
 public:
  SignalRig() {
    config_->instance = "mon-1";
    config_->notifiers = {{.name = "ops", .type = "console", .fallback = {}, .notifier = nullptr}};
    config_->own_notify = {"ops"};
  }

  std::shared_ptr<Check> add(const std::string& name, std::vector<std::string> parents = {}) {
    auto check = std::make_shared<Check>();
    check->name = name;
    check->type = "tcp";
    check->notify = names({"ops"});
    check->depends_on = std::move(parents);
    check->timing.flap_window = Millis{0};
    config_->checks.push_back(check);
    return check;
  }
  Config& config() { return *config_; }

  void start(Saved saved = {}) {
    CorePorts ports{.store = store,
                    .clock = clock,
                    .notification_ids = ids_,
                    .probe =
                        [this](std::vector<DueProbe> batch) {
                          for (DueProbe& due : batch) due_.push_back(std::move(due));
                        },
                    .forget = [](std::uint32_t) {},
                    .tell = [this](std::vector<NotificationPtr> batch) { note(batch); },
                    .notifier_views = [] { return std::vector<NotifierView>{}; },
                    .heartbeats = board_};
    due_.clear();
    core = std::make_unique<Core>(std::move(ports), config_, std::move(saved));
  }

  // A kill and a new start.
  void restart() {
    core.reset();
    start(store.saved());
  }

  void find(const std::string& check, Verdict verdict) { world_[check] = verdict; }
  void no_resolver(bool is_so) { no_resolver_ = is_so; }

  // Goes on for so long; every probe is answered at once.
  void pass(Millis time) {
    const SteadyTime until = clock.steady() + time;
    while (clock.steady() < until) {
      core->tick();
      answer();
      const auto wait = std::chrono::ceil<Millis>(core->next_tick() - clock.steady());
      const auto left = std::chrono::ceil<Millis>(until - clock.steady());
      clock.advance(std::clamp(wait, Millis{1}, std::max(left, Millis{1})));
    }
  }

  std::vector<std::string> told() { return std::exchange(told_, {}); }
  std::vector<std::string> withheld() {
    std::vector<std::string> out;
    for (const Change& change : store.changes()) {
      for (const Withheld& row : change.withheld) {
        out.push_back(std::string(to_string(row.kind)) + " " + row.check + ": " +
                      std::string(to_string(row.why)));
      }
    }
    return out;
  }
  std::string last_note() const { return last_->message->note; }
  std::string last_reason() const { return last_->message->reason; }

  FakeClock clock;
  MemoryStore store;
  std::unique_ptr<Core> core;

 private:
  void answer() {
    // A look may hurry another one: until nothing is due any more.
    for (auto due = std::exchange(due_, {}); !due.empty(); due = std::exchange(due_, {})) {
      std::vector<EndedProbe> ended;
      for (const DueProbe& probe : due) {
        EndedProbe& it = ended.emplace_back();
        it.check = probe.check;
        it.result.verdict = no_resolver_ ? Verdict::unknown : world_[probe.what->name];
        it.result.no_resolver = no_resolver_;
        it.result.reason = it.result.verdict == Verdict::up ? "" : "refused";
      }
      core->on_ended(std::move(ended));
      core->tick();
    }
  }

  void note(const std::vector<NotificationPtr>& batch) {
    for (const NotificationPtr& it : batch) {
      last_ = it;
      told_.push_back(std::string(to_string(it->message->kind)) + " " +
                      (it->message->check.empty() ? it->message->reason : it->message->check) +
                      " > " + it->notifier);
    }
  }

  std::shared_ptr<Config> config_ = std::make_shared<Config>();
  std::map<std::string, Verdict> world_;  // a check that is not in it is up
  bool no_resolver_ = false;
  std::vector<DueProbe> due_;
  std::vector<std::string> told_;
  NotificationPtr last_;
  HeartbeatBoard board_;
  std::atomic<std::int64_t> ids_{0};
};

}  // namespace tocsin
