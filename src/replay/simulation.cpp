// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Whatever happens next decides how far time jumps: a look ends, the core wants its tick (a check
// is due, or a second has passed), a lane may write again. The world is asked when a look begins,
// and its answer reaches the core when the look ends.
#include "replay/simulation.h"

#include <algorithm>
#include <utility>

namespace tocsin {
namespace {

constexpr Micros kShortestLook{1000};

// A uid that is the next one of its run: a random one would make no two runs alike.
std::string uid_of(std::int64_t number) {
  std::string digits = std::to_string(number);
  digits.insert(0, 12 - std::min<std::size_t>(digits.size(), 12), '0');
  return "00000000-0000-4000-8000-" + digits;
}

constexpr auto kLater = [](const auto& a, const auto& b) noexcept {
  return a.at != b.at ? a.at > b.at : a.check > b.check;
};

}  // namespace

Simulation::Simulation(ReplayPlan plan)
    : plan_(std::move(plan)),
      clock_(plan_.from),
      store_(plan_.on_commit),
      sinks_(store_, clock_, {[this] { return ++ids_; }, [this] { return uid_of(ids_.load()); }},
             plan_.seed) {
  start({});
}

void Simulation::start(Saved saved) {
  ids_ = saved.last_notification;
  ends_.clear();
  sinks_.start(plan_.sinks, *plan_.config, std::move(saved.waiting));
  saved.waiting.clear();
  CorePorts ports{
      .store = store_,
      .clock = clock_,
      .notification_ids = ids_,
      .probe = [this](std::vector<DueProbe> due) { begin(due); },
      .forget = [](std::uint32_t) {},
      .tell = [this](std::vector<NotificationPtr> batch) { sinks_.add(std::move(batch)); },
      .notifier_views = [] { return std::vector<NotifierView>{}; },
      .heartbeats = board_};
  core_ = std::make_unique<Core>(std::move(ports), plan_.config, std::move(saved));
}

void Simulation::restart(Millis down) {
  core_.reset();
  clock_.go_to(clock_.steady() + down);
  start(store_.load());
}

void Simulation::begin(const std::vector<DueProbe>& due) {
  const SteadyTime now = clock_.steady();
  const WallTime wall = clock_.wall();
  for (const DueProbe& probe : due) {
    if (probe.check >= under_way_.size()) under_way_.resize(probe.check + std::size_t{1});
    UnderWay& look = under_way_[probe.check];
    look.sight = plan_.world(*probe.what, wall);
    look.sight.took = std::max(look.sight.took, kShortestLook);
    look.late = micros_between(probe.due, now);
    ends_.push_back({now + look.sight.took, probe.check});
    std::push_heap(ends_.begin(), ends_.end(), kLater);
  }
}

SteadyTime Simulation::next_end() const noexcept {
  return ends_.empty() ? SteadyTime::max() : ends_.front().at;
}

void Simulation::end_looks() {
  std::vector<EndedProbe> ended;
  while (!ends_.empty() && ends_.front().at <= clock_.steady()) {
    const std::uint32_t check = ends_.front().check;
    std::pop_heap(ends_.begin(), ends_.end(), kLater);
    ends_.pop_back();
    UnderWay& look = under_way_[check];
    EndedProbe& it = ended.emplace_back();
    it.check = check;
    it.late = look.late;
    it.result.verdict = look.sight.verdict;
    it.result.reason = std::move(look.sight.reason);
    it.result.details = std::move(look.sight.details);
    it.result.took = look.sight.took;
    it.result.no_resolver = look.sight.no_resolver;
  }
  if (ended.empty()) return;
  results_ += ended.size();
  core_->on_ended(std::move(ended));
}

void Simulation::run_until(WallTime until) {
  const SteadyTime end = clock_.when(until);
  for (;;) {
    const SteadyTime next = std::min({next_end(), core_->next_tick(), sinks_.next()});
    if (next > end) break;
    clock_.go_to(next);
    end_looks();
    core_->tick();
    sinks_.turn();
  }
  clock_.go_to(end);
}

}  // namespace tocsin
