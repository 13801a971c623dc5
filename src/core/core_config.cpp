// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Checks that come, stay and go. At a start the store's records are matched with the configuration
// by name; at a reload the same is done with what is held in memory. A check that stays keeps its
// number, its state, its grid and its incident; one that goes leaves its case in `gone_` for a day,
// so that its history goes on if its name comes back.
#include <algorithm>
#include <unordered_set>
#include <utility>

#include "core/core.h"
#include "util/log.h"

namespace tocsin {
namespace {

// Slots of the schedule are counted from here; all daemons on a machine share them, which does no
// harm.
constexpr SteadyTime kEpoch{};

std::vector<std::string> names_of(const std::vector<NotifierEntry>& notifiers) {
  std::vector<std::string> out;
  for (const NotifierEntry& entry : notifiers) out.push_back(entry.name);
  return out;
}

}  // namespace

Core::Core(CorePorts ports, std::shared_ptr<const Config> config, Saved saved)
    : ports_(std::move(ports)),
      schedule_(kEpoch),
      own_messages_(std::move(saved.told_once)),
      surroundings_(watched_, ports_.clock.wall(), saved),
      last_incident_(saved.last_incident),
      housekeeping_at_(ports_.clock.steady()),
      looked_at_clock_(ports_.clock.steady()),
      looked_at_wall_(ports_.clock.wall()) {
  totals_.started_at = ports_.clock.wall();
  totals_.last_reload_at = totals_.started_at;
  std::unordered_map<std::int64_t, IncidentRecord*> incidents;
  for (IncidentRecord& incident : saved.open_incidents) incidents.emplace(incident.id, &incident);
  for (CheckRecord& record : saved.checks) {
    Case held;
    const auto found = record.incident ? incidents.find(*record.incident) : incidents.end();
    if (found != incidents.end()) held.incident = std::move(*found->second);
    held.record = std::move(record);
    std::string name = held.record.name;
    gone_.emplace(std::move(name), std::move(held));
  }
  for (HeartbeatRecord& record : saved.heartbeats) {
    Case& held = gone_[record.name];  // one that was never judged has nothing but its heartbeats
    held.record.name = record.name;
    held.heartbeat = std::make_shared<const HeartbeatRecord>(std::move(record));
  }
  Change change;
  take_config(std::move(config), change);
  adopt_unwatched(change);
  commit(std::move(change));
}

void Core::reload(std::shared_ptr<const Config> config) {
  Change change;
  take_config(std::move(config), change);
  totals_.last_reload_ok = true;
  totals_.last_reload_at = ports_.clock.wall();
  commit(std::move(change));
}

void Core::reload_failed() {
  totals_.last_reload_ok = false;
  totals_.last_reload_at = ports_.clock.wall();
}

void Core::take_config(std::shared_ptr<const Config> config, Change& change) {
  std::unordered_set<std::string_view> named;
  for (const CheckPtr& check : config->checks) {
    if (check->enabled) named.insert(check->name);
  }
  const auto before = by_order_;
  for (const std::uint32_t id : before) {
    if (!named.contains(watched_[id].check->name)) unwatch(id, change);
  }
  // The old configuration is let go only after the names that point into it.
  const auto old = std::exchange(config_, std::move(config));
  for (const CheckPtr& check : config_->checks) {
    if (check->enabled) watch(check, change);
  }
  by_order_.clear();
  for (const auto& [name, id] : by_name_) by_order_.push_back(id);
  std::sort(by_order_.begin(), by_order_.end(), [this](std::uint32_t a, std::uint32_t b) {
    return watched_[a].check->name < watched_[b].check->name;
  });
  own_messages_.take_config(*config_, ports_.clock.wall(), change);
  find_parents();
  surroundings_.take_config(config_, [this](std::string_view name) {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? std::nullopt : std::optional(found->second);
  });
  surroundings_.turn(ports_.clock.wall(), change);
}

void Core::watch(const CheckPtr& check, Change& change) {
  const SteadyTime now = ports_.clock.steady();
  const auto known = by_name_.find(check->name);
  if (known != by_name_.end()) {
    const std::uint32_t id = known->second;
    by_name_.erase(known);  // its key lives in the check that is being replaced
    watched_[id].check = check;
    watched_[id].view.reset();
    by_name_.emplace(check->name, id);
    follow_heartbeat(id, false, change);
    schedule_.change(id, check->name, check->timing.interval, now);
    if (check->heartbeat) schedule_.hurry(id, now);
    return;
  }
  std::uint32_t id = 0;
  if (free_ids_.empty()) {
    id = static_cast<std::uint32_t>(watched_.size());
    watched_.emplace_back();
  } else {
    id = free_ids_.back();
    free_ids_.pop_back();
  }
  Watched& watched = watched_[id] = Watched{};
  watched.check = check;
  watched.held = returning(check->name, change);
  watched.id = id;
  watched.standing.state = watched.held.record.state;
  if (watched.held.record.held.why != Hold::none) held_.insert(id);
  by_name_.emplace(check->name, id);
  follow_heartbeat(id, true, change);
  schedule_.add(id, check->name, check->timing.interval, now);
  if (check->heartbeat) schedule_.hurry(id, now);  // such a look costs nothing
}

void Core::unwatch(std::uint32_t id, Change& change) {
  Watched& watched = watched_[id];
  log(LogLevel::info, "unwatched", "check", watched.check->name, "state",
      to_string(watched.standing.state));
  stop_watching(*watched.check, watched.held, desk(), change);
  by_name_.erase(watched.check->name);
  held_.erase(id);
  if (watched.unresolved) --unresolved_;
  std::erase(by_order_, id);
  const bool busy = schedule_.under_way(id);
  schedule_.remove(id);
  ports_.forget(id);
  ports_.heartbeats.set(id, nullptr);
  std::string name = watched.check->name;
  if (watched.held.record.state != State::pending) {
    gone_[std::move(name)] = std::move(watched.held);
  } else if (watched.held.heartbeat) {
    change.forgotten.push_back(std::move(name));
  }
  watched = Watched{};
  if (!busy) free_ids_.push_back(id);  // else its last probe's end frees it
}

Case Core::returning(const std::string& name, Change& change) {
  const auto found = gone_.find(name);
  if (found == gone_.end()) {
    Case fresh;
    fresh.record.name = name;
    return fresh;
  }
  Case held = std::move(found->second);
  gone_.erase(found);
  if (held.record.gone_since) {
    held.record.gone_since.reset();
    change.checks.push_back(held.record);
  }
  return held;
}

void Core::adopt_unwatched(Change& change) {
  const auto notifiers = names_of(config_->notifiers);
  std::erase_if(gone_, [&change](const auto& entry) {
    if (entry.second.record.state != State::pending) return false;
    change.forgotten.push_back(entry.first);
    return true;
  });
  for (auto& [name, held] : gone_) {
    if (held.record.gone_since) continue;
    log(LogLevel::info, "unwatched", "check", name, "state", to_string(held.record.state));
    stop_watching(held, notifiers, desk(), change);
  }
}

Change Core::dump() const {
  Change change;
  const auto add = [&](const Case& held) {
    if (held.heartbeat) change.heartbeats.push_back(*held.heartbeat);
    if (held.record.state == State::pending) return;
    change.checks.push_back(held.record);
    if (held.incident) change.incidents.push_back(*held.incident);
  };
  for (const std::uint32_t id : by_order_) add(watched_[id].held);
  for (const auto& [name, held] : gone_) add(held);
  own_messages_.add_all(change);
  change.silences = surroundings_.silences();
  return change;
}

std::shared_ptr<const CheckView> make_view(const Watched& watched) {
  auto view = std::make_shared<CheckView>();
  view->check = watched.check;
  view->state = watched.standing.state;
  view->suspected = suspected(watched.standing);
  view->since = watched.held.record.since;
  view->reason = watched.last.reason;
  view->address = watched.last.address;
  view->last_probe_at = watched.last_probe_at;
  if (watched.last_probe_at) view->response_time = watched.last.took;
  view->phases = watched.last.phases;
  view->certificate_days = watched.last.certificate_days;
  if (watched.held.incident) {
    view->incident = watched.held.incident->id;
    view->acknowledged = watched.held.incident->acknowledged;
  }
  view->held = watched.held.record.held;
  view->flapping_since = watched.held.record.flaps.since;
  view->probes = watched.probes;
  view->details = watched.last.details;
  view->metrics = watched.last.metrics;
  view->due_at = watched.last.due_at;
  view->heartbeat = watched.held.heartbeat;
  return view;
}

}  // namespace tocsin
