// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "replay/sinks.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "deliver/fold.h"
#include "deliver/shared_label.h"
#include "notify/notifier.h"

namespace tocsin {

Sinks::Sinks(Store& store, const Clock& clock, Numbers numbers, std::uint64_t seed)
    : store_(store), clock_(clock), numbers_(std::move(numbers)), seed_(seed) {}

void Sinks::start(const std::vector<SinkPlan>& plans, const Config& config,
                  std::vector<Saved::Waiting> waiting) {
  storm_threshold_ = config.storm_threshold;
  const auto totals = std::make_shared<const LabelTotals>(count_labels(config.checks));
  sinks_.clear();
  lines_.clear();
  for (const SinkPlan& plan : plans) {
    const std::string name = plan.lane.empty() ? "notifier:" + plan.notifier : plan.lane;
    auto found = lines_.find(name);
    if (found == lines_.end()) {
      Lane lane(plan.spacing, clock_.steady(), seed_ + lines_.size());
      lane.set_totals(totals);
      found = lines_.emplace(name, Line{std::move(lane), SteadyTime::max()}).first;
    }
    sinks_[plan.notifier] = {plan, &found->second};
  }
  std::vector<Row> rows;
  for (Saved::Waiting& saved : waiting) {
    Row row = make_row(std::move(saved.notification));
    row.delivery = std::move(saved.delivery);
    row.resumed = true;
    rows.push_back(std::move(row));
  }
  put_in_place(rows);
  for (Row& row : rows) put(std::move(row));
}

void Sinks::add(std::vector<NotificationPtr> notifications) {
  for (NotificationPtr& it : notifications) put(make_row(std::move(it)));
}

void Sinks::put(Row row) {
  const auto found = sinks_.find(row.notification->notifier);
  if (found == sinks_.end()) return;
  row.foldable = found->second.plan.foldable;
  found->second.line->lane.add(std::move(row), now());
  found->second.line->look_at = clock_.steady();
}

SteadyTime Sinks::next() const noexcept {
  SteadyTime out = SteadyTime::max();
  for (const auto& [name, line] : lines_) out = std::min(out, line.look_at);
  return out;
}

std::size_t Sinks::waiting() const noexcept {
  std::size_t out = 0;
  for (const auto& [name, line] : lines_) out += line.lane.rows().size();
  return out;
}

void Sinks::turn() {
  for (auto& [name, line] : lines_) {
    if (line.look_at <= clock_.steady()) turn(line);
  }
}

void Sinks::turn(Line& line) {
  line.look_at = SteadyTime::max();
  for (;;) {
    Lane::Next next = line.lane.next(now(), storm_threshold_, numbers_);
    switch (next.what) {
      case Lane::Next::What::wait: line.look_at = next.at; return;
      case Lane::Next::What::fold:
        store_.commit(std::move(next.change),
                      [&line](bool durable) { line.lane.committed(durable); });
        break;
      case Lane::Next::What::send: attempt(line, *next.row); break;
      default: return;  // updates and renewals are never asked for
    }
  }
}

void Sinks::attempt(Line& line, const Row& row) {
  const auto& away = sinks_.at(row.notification->notifier).plan.away;
  const Moment at = now();
  const bool is_away = std::any_of(away.begin(), away.end(),
                                   [&](const Stretch& stretch) { return stretch.holds(at.wall); });
  Outcome outcome;
  outcome.what = is_away ? Outcome::What::later : Outcome::What::sent;
  if (is_away) outcome.reason = "the sink is away";
  const Row ended = line.lane.end(outcome, at);
  if (!is_away) told_.push_back({at.wall, ended.notification});
  Change change;
  change.deliveries.push_back(ended.delivery);
  store_.commit(std::move(change), [&line](bool durable) { line.lane.committed(durable); });
}

std::vector<SinkPlan> sinks_of(const Config& config) {
  std::vector<SinkPlan> out;
  for (const NotifierEntry& entry : config.notifiers) {
    const Pace pace = entry.notifier->pace();
    out.push_back({.notifier = entry.name,
                   .lane = pace.key,
                   .spacing = pace.spacing,
                   .foldable = pace.foldable});
  }
  return out;
}

}  // namespace tocsin
