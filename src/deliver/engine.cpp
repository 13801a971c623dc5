// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Which notifier's rows wait where, from the start to the stop. How they are told is in
// engine_turn.cpp.
//
// A reload may give a notifier another lane, or none. Its rows go there once its old lane rests:
// until then the old lane keeps what it has and takes what comes, so that nothing overtakes the
// attempt under way.
#include "deliver/engine.h"

#include <algorithm>
#include <asio/executor_work_guard.hpp>
#include <optional>
#include <random>

#include "deliver/fold.h"
#include "notify/notifier.h"
#include "util/log.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kMostThreadRefs = 50'000;
constexpr std::size_t kMostRoots = 10'000;

std::string lane_key(const NotifierEntry& entry) {
  std::string key = entry.notifier->pace().key;
  return key.empty() ? "notifier:" + entry.name : key;
}

std::uint64_t seed() {
  return std::random_device()();
}

}  // namespace

Sender::Engine::Engine(Host host, const std::shared_ptr<const Config>& config)
    : host_(std::move(host)),
      numbers_{host_.next_id, random_uuid},
      resolver_(loop_),
      http_(loop_, resolver_),
      workers_(loop_),
      commits_(host_.store, loop_),
      refs_(kMostThreadRefs),
      roots_(kMostRoots),
      grace_(loop_),
      publish_timer_(loop_) {
  adopt(*config);
  publish();
  thread_ = std::thread([this] {
    const auto work = asio::make_work_guard(loop_);
    loop_.run();
  });
}

Sender::Engine::~Engine() {
  post([this] { begin_stop(); });
  thread_.join();
  loop_.end();
}

Moment Sender::Engine::now() const {
  return {host_.clock.steady(), host_.clock.wall()};
}

// Takes over the notifiers of a configuration. Those that are gone stay until settle().
void Sender::Engine::adopt(const Config& config) {
  storm_threshold_ = config.storm_threshold;
  totals_ = std::make_shared<const LabelTotals>(count_labels(config.checks));
  for (auto& [key, route] : routes_) route->lane.set_totals(totals_);
  for (auto& [name, desk] : desks_) desk.configured = false;
  order_.clear();
  for (const NotifierEntry& entry : config.notifiers) {
    order_.push_back(entry.name);
    Desk& desk = desks_[entry.name];
    if (desk.entry.notifier && desk.entry.notifier->sink() != entry.notifier->sink()) {
      refs_.forget(entry.name);
      roots_.forget(entry.name);
    }
    desk.entry = entry;
    desk.configured = true;
    desk.view.name = entry.name;
    desk.view.type = entry.type;
    if (!desk.route) desk.route = &route_for(entry);
  }
}

Sender::Engine::Route& Sender::Engine::route_for(const NotifierEntry& entry) {
  const std::string key = lane_key(entry);
  std::shared_ptr<Route>& route = routes_[key];
  if (!route) {
    Lane lane(entry.notifier->pace().spacing, host_.clock.steady(), seed());
    lane.set_totals(totals_);
    route = std::make_shared<Route>(key, std::move(lane), loop_);
  }
  return *route;
}

// Puts the row in its lane. False (and the row untouched) if its notifier is not configured.
bool Sender::Engine::accept(Row& row) {
  const auto desk = desks_.find(row.notification->notifier);
  if (desk == desks_.end() || !desk->second.configured) return false;
  row.foldable = desk->second.entry.notifier->pace().foldable;
  desk->second.route->lane.add(std::move(row), now());
  return true;
}

// Dead letters, since nobody is left who could tell them.
void Sender::Engine::bury(std::vector<Row> rows) {
  if (rows.empty()) return;
  Change change;
  std::map<std::string, std::size_t> counts;
  for (Row& row : rows) {
    const std::string& notifier = row.notification->notifier;
    ++counts[notifier];
    row.delivery.status = DeliveryStatus::dead;
    row.delivery.next_at.reset();
    row.delivery.last_error = "notifier " + notifier + " is no longer configured";
    change.deliveries.push_back(row.delivery);
  }
  for (const auto& [notifier, count] : counts) {
    log(LogLevel::error, "dead_letter", "notifier", notifier, "count", count, "reason",
        "notifier " + notifier + " is no longer configured");
  }
  commits_.commit(std::move(change), {});
  if (!host_.on_outcome) return;
  for (const Row& row : rows) host_.on_outcome(*row.notification, row.delivery);
}

void Sender::Engine::recall(std::vector<ThreadRef> threads,
                            const std::vector<IncidentMessages>& told) {
  for (ThreadRef& thread : threads) {
    refs_.remember(thread.notifier, thread.thread_key, std::move(thread.ref));
  }
  for (const IncidentMessages& messages : told) {
    const std::int64_t incident = messages.first->message->incident;
    roots_.remember(messages.notifier, std::to_string(incident), messages.root_ref);
    if (messages.latest != messages.first) want_update(messages.latest);
    keep(messages.latest, Millis{0});
  }
}

void Sender::Engine::keep(const NotificationPtr& latest, Millis in) {
  const auto desk = desks_.find(latest->notifier);
  if (desk == desks_.end() || !desk->second.configured) return;
  Lane& lane = desk->second.route->lane;
  const Millis every = desk->second.entry.notifier->renew_every();
  if (every == Millis{0} || ends_incident(latest->message->kind)) {
    lane.keep_no_more(*latest);
  } else {
    lane.keep(latest, every, host_.clock.steady() + std::min(in, every));
  }
}

void Sender::Engine::want_update(const NotificationPtr& latest) {
  const auto desk = desks_.find(latest->notifier);
  if (desk == desks_.end() || !desk->second.configured) return;
  if (desk->second.entry.notifier->updates()) desk->second.route->lane.want_update(latest);
}

void Sender::Engine::resume(std::vector<Saved::Waiting> waiting) {
  std::vector<Row> rows;
  rows.reserve(waiting.size());
  for (Saved::Waiting& saved : waiting) {
    Row row = make_row(std::move(saved.notification));
    row.delivery = std::move(saved.delivery);
    row.resumed = true;
    rows.push_back(std::move(row));
  }
  put_in_place(rows);
  std::vector<Row> unknown;
  for (Row& row : rows) {
    if (!accept(row)) unknown.push_back(std::move(row));
  }
  bury(std::move(unknown));
  turn_all();
}

void Sender::Engine::submit(std::vector<NotificationPtr> notifications) {
  std::vector<Row> unknown;
  for (NotificationPtr& notification : notifications) {
    Row row = make_row(std::move(notification));
    if (!accept(row)) unknown.push_back(std::move(row));
  }
  bury(std::move(unknown));
  turn_all();
}

void Sender::Engine::reconfigure(const Config& config) {
  adopt(config);
  turn_all();
}

void Sender::Engine::settle(Route& route) {
  if (route.lane.busy()) return;
  Millis spacing{0};
  bool in_use = false;
  for (auto at = desks_.begin(); at != desks_.end();) {
    Desk& desk = at->second;
    if (desk.route != &route) {
      ++at;
    } else if (!desk.configured) {
      bury(route.lane.take(at->first));
      at = desks_.erase(at);
    } else if (lane_key(desk.entry) != route.key) {
      move(desk, route);
      ++at;
    } else {
      spacing = std::max(spacing, desk.entry.notifier->pace().spacing);
      in_use = true;
      ++at;
    }
  }
  if (in_use) route.lane.set_spacing(spacing);
}

void Sender::Engine::move(Desk& desk, Route& from) {
  Route& to = route_for(desk.entry);
  const std::vector<NotificationPtr> kept = from.lane.kept(desk.entry.name);
  for (Row& row : from.lane.take(desk.entry.name)) to.lane.add(std::move(row), now());
  desk.route = &to;
  for (const NotificationPtr& latest : kept) keep(latest, Millis{0});
}

Change Sender::Engine::dump() {
  Change out;
  for (const auto& [key, route] : routes_) {
    for (const auto& [place, row] : route->lane.rows()) {
      out.notifications.push_back(row.notification);
      DeliveryRecord record = row.delivery;
      record.thread_ref = refs_.find(row.notification->notifier, row.notification->thread_key);
      out.deliveries.push_back(std::move(record));
    }
  }
  std::sort(out.notifications.begin(), out.notifications.end(),
            [](const auto& a, const auto& b) { return a->id < b->id; });
  return out;
}

std::vector<NotifierView> Sender::Engine::views() const {
  std::shared_ptr<const std::vector<NotifierView>> latest;
  {
    const std::lock_guard lock(views_mutex_);
    latest = views_;
  }
  return *latest;
}

void Sender::Engine::publish() {
  auto out = std::make_shared<std::vector<NotifierView>>();
  std::map<std::string_view, std::size_t> index;
  for (const std::string& name : order_) {
    index.emplace(name, out->size());
    out->push_back(desks_.at(name).view);
  }
  for (const auto& [key, route] : routes_) {
    for (const auto& [place, row] : route->lane.rows()) {
      const auto found = index.find(row.notification->notifier);
      if (found == index.end()) continue;
      NotifierView& view = (*out)[found->second];
      const WallTime made = row.notification->created_at;
      ++view.waiting;
      view.oldest_waiting = std::min(view.oldest_waiting.value_or(made), made);
    }
  }
  const std::lock_guard lock(views_mutex_);
  views_ = std::move(out);
}

// At most five times a second, however much happens.
void Sender::Engine::publish_soon() {
  if (publishing_) return;
  publishing_ = true;
  publish_timer_.expires_after(Millis{200});
  publish_timer_.async_wait([this](const std::error_code& error) {
    if (error) return;
    publishing_ = false;
    publish();
  });
}

void Sender::Engine::begin_stop() {
  stopping_ = true;
  if (!attempting()) {
    loop_.stop();
    return;
  }
  grace_.expires_after(kStopGrace);
  grace_.async_wait([this](const std::error_code& error) {
    if (error) return;
    abandon_attempts();
    loop_.stop();
  });
}

// What is still under way may or may not be taken: the next start has to know.
void Sender::Engine::abandon_attempts() {
  Change change;
  for (const auto& [key, route] : routes_) {
    if (!route->attempt) continue;
    for (const auto& [place, row] : route->lane.rows()) {
      if (row.notification->id != route->attempt->notification->id) continue;
      DeliveryRecord record = row.delivery;
      ++record.attempts;
      record.in_doubt = true;
      record.at = host_.clock.wall();
      record.last_error = "the daemon stopped before an answer came";
      change.deliveries.push_back(std::move(record));
    }
  }
  commits_.commit(std::move(change), {});
}

bool Sender::Engine::attempting() const noexcept {
  return std::any_of(routes_.begin(), routes_.end(),
                     [](const auto& entry) { return entry.second->attempt != nullptr; });
}

}  // namespace tocsin
