// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "store/backlog.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tocsin {
namespace {

bool has_ended(const IncidentRecord& incident) {
  return incident.closed_at.has_value();
}

bool has_ended(const Backlog::Held& held) {
  return held.delivery && held.delivery->status != DeliveryStatus::waiting;
}

// Removes the first `excess` rows above the floor, by id, that have ended.
template <typename Rows>
void drop_ended(Rows& rows, std::int64_t floor, std::size_t excess) {
  for (auto row = rows.upper_bound(floor); row != rows.end() && excess > 0;) {
    if (has_ended(row->second)) {
      row = rows.erase(row);
      --excess;
    } else {
      ++row;
    }
  }
}

// What was withheld is never changed, so the disk has no older word on it.
void drop_first(std::map<std::int64_t, Withheld>& rows, std::size_t excess) {
  rows.erase(rows.begin(), std::next(rows.begin(), static_cast<std::ptrdiff_t>(excess)));
}

template <typename Rows>
std::size_t count_ended(const Rows& rows) {
  std::size_t ended = 0;
  for (const auto& [id, row] : rows) ended += has_ended(row) ? 1 : 0;
  return ended;
}

}  // namespace

void Backlog::set_floor(Counters floor) {
  const std::lock_guard lock(mutex_);
  floor_ = floor;
}

void Backlog::add(const Change& change) {
  const std::lock_guard lock(mutex_);
  for (const CheckRecord& check : change.checks) checks_[check.name] = check;
  for (const std::string& name : change.forgotten) {
    checks_[name] = std::nullopt;
    heartbeats_.erase(name);
  }
  for (const HeartbeatRecord& record : change.heartbeats) heartbeats_[record.name] = record;
  for (const ToldOnce& once : change.told_once) told_once_[once.key] = once;
  for (const std::string& key : change.forgotten_once) told_once_[key] = std::nullopt;
  for (const IncidentRecord& incident : change.incidents) {
    incidents_[incident.id] = incident;
    ended_ += has_ended(incident) ? 1 : 0;
  }
  for (const NotificationPtr& notification : change.notifications) {
    notifications_[notification->id].notification = notification;
  }
  for (const DeliveryRecord& delivery : change.deliveries) add_delivery(delivery);
  add_holds(change);
  if (ended_ > ended_rows_ + ended_rows_ / 4) drop_the_oldest();
}

void Backlog::add_holds(const Change& change) {
  for (const Withheld& row : change.withheld) {
    withheld_[row.id] = row;
    ++ended_;
  }
  for (const Silence& silence : change.silences) silences_[silence.id] = silence;
  for (const std::int64_t id : change.ended_silences) silences_[id] = std::nullopt;
}

// The thread's name is remembered beyond this record, so a later record without it keeps it.
void Backlog::add_delivery(const DeliveryRecord& delivery) {
  Held& held = notifications_[delivery.notification];
  std::string known = held.delivery ? std::move(held.delivery->thread_ref) : std::string();
  held.delivery = delivery;
  if (held.delivery->thread_ref.empty()) held.delivery->thread_ref = std::move(known);
  ended_ += has_ended(held) ? 1 : 0;
}

// A quarter more than allowed may gather, so that this walk is rare.
void Backlog::drop_the_oldest() {
  const std::size_t incidents = count_ended(incidents_);
  const std::size_t notifications = count_ended(notifications_);
  const std::size_t share = ended_rows_ / 3;
  if (incidents > share) drop_ended(incidents_, floor_.incident, incidents - share);
  if (notifications > share) drop_ended(notifications_, floor_.notification, notifications - share);
  if (withheld_.size() > share) drop_first(withheld_, withheld_.size() - share);
  ended_ = std::min(incidents, share) + std::min(notifications, share) + withheld_.size();
}

void Backlog::clear() {
  const std::lock_guard lock(mutex_);
  checks_.clear();
  heartbeats_.clear();
  told_once_.clear();
  incidents_.clear();
  notifications_.clear();
  withheld_.clear();
  silences_.clear();
  ended_ = 0;
}

bool Backlog::empty() const {
  const std::lock_guard lock(mutex_);
  return checks_.empty() && incidents_.empty() && notifications_.empty() && heartbeats_.empty() &&
         told_once_.empty() && withheld_.empty() && silences_.empty();
}

Change Backlog::all() const {
  const std::lock_guard lock(mutex_);
  Change change;
  for (const auto& [name, check] : checks_) {
    if (check) {
      change.checks.push_back(*check);
    } else {
      change.forgotten.push_back(name);
    }
  }
  for (const auto& [name, record] : heartbeats_) change.heartbeats.push_back(record);
  for (const auto& [key, once] : told_once_) {
    if (once) {
      change.told_once.push_back(*once);
    } else {
      change.forgotten_once.push_back(key);
    }
  }
  for (const auto& [id, incident] : incidents_) change.incidents.push_back(incident);
  for (const auto& [id, held] : notifications_) {
    if (held.notification) change.notifications.push_back(held.notification);
    if (held.delivery) change.deliveries.push_back(*held.delivery);
  }
  for (const auto& [id, row] : withheld_) change.withheld.push_back(row);
  for (const auto& [id, silence] : silences_) {
    if (silence) {
      change.silences.push_back(*silence);
    } else {
      change.ended_silences.push_back(id);
    }
  }
  return change;
}

std::vector<IncidentRecord> Backlog::incidents() const {
  const std::lock_guard lock(mutex_);
  std::vector<IncidentRecord> out;
  out.reserve(incidents_.size());
  for (const auto& [id, incident] : incidents_) out.push_back(incident);
  return out;
}

std::map<std::int64_t, Backlog::Held> Backlog::notifications() const {
  const std::lock_guard lock(mutex_);
  return notifications_;
}

std::vector<Withheld> Backlog::withheld(const std::string& check, std::int64_t before,
                                        std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  std::vector<Withheld> out;
  auto row = before > 0 ? withheld_.lower_bound(before) : withheld_.end();
  while (row != withheld_.begin() && out.size() < limit) {
    --row;
    if (check.empty() || row->second.check == check) out.push_back(row->second);
  }
  return out;
}

}  // namespace tocsin
