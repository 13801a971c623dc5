// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "replay/replay_store.h"

#include <algorithm>
#include <utility>

namespace tocsin {

Saved ReplayStore::load() {
  Saved out;
  for (const auto& [name, record] : checks_) out.checks.push_back(record);
  for (const auto& [id, incident] : incidents_) out.open_incidents.push_back(incident);
  for (const auto& [id, row] : outbox_) out.waiting.push_back({row.notification, row.delivery});
  for (const auto& [name, record] : heartbeats_) out.heartbeats.push_back(record);
  for (const auto& [key, once] : told_once_) out.told_once.push_back(once);
  for (const auto& [id, silence] : silences_) out.silences.push_back(silence);
  out.last_silence = last_silence_;
  out.last_incident = last_incident_;
  out.last_notification = last_notification_;
  return out;
}

void ReplayStore::commit(Change change, std::function<void(bool)> done) {
  if (watcher_) watcher_(change);
  keep_state(change);
  keep_outbox(change);
  if (done) done(true);
}

void ReplayStore::keep_state(const Change& change) {
  for (const CheckRecord& record : change.checks) checks_[record.name] = record;
  for (const std::string& name : change.forgotten) {
    checks_.erase(name);
    heartbeats_.erase(name);
  }
  for (const IncidentRecord& incident : change.incidents) {
    last_incident_ = std::max(last_incident_, incident.id);
    if (incident.closed_at) {
      incidents_.erase(incident.id);
    } else {
      incidents_[incident.id] = incident;
    }
  }
  for (const HeartbeatRecord& record : change.heartbeats) heartbeats_[record.name] = record;
  for (const ToldOnce& once : change.told_once) told_once_[once.key] = once;
  for (const std::string& key : change.forgotten_once) told_once_.erase(key);
  for (const Silence& silence : change.silences) {
    last_silence_ = std::max(last_silence_, silence.id);
    silences_[silence.id] = silence;
  }
  for (const std::int64_t id : change.ended_silences) silences_.erase(id);
}

void ReplayStore::keep_outbox(const Change& change) {
  for (const NotificationPtr& it : change.notifications) {
    last_notification_ = std::max(last_notification_, it->id);
    NotificationRow& row = outbox_[it->id];
    row.notification = it;
    row.delivery.notification = it->id;
  }
  for (const DeliveryRecord& delivery : change.deliveries) {
    const auto found = outbox_.find(delivery.notification);
    if (found == outbox_.end()) continue;
    if (delivery.status == DeliveryStatus::waiting) {
      found->second.delivery = delivery;
    } else {
      outbox_.erase(found);
    }
  }
  for (const Withheld& row : change.withheld) {
    withheld_.push_back(row);
    withheld_.back().id = static_cast<std::int64_t>(withheld_.size());
  }
}

std::vector<IncidentRecord> ReplayStore::incidents(std::int64_t before, int limit, bool) {
  std::vector<IncidentRecord> out;
  for (auto at = incidents_.rbegin(); at != incidents_.rend(); ++at) {
    if (static_cast<int>(out.size()) >= limit) break;
    if (before == 0 || at->first < before) out.push_back(at->second);
  }
  return out;
}

std::vector<NotificationRow> ReplayStore::notifications(std::int64_t before, int limit,
                                                        std::optional<DeliveryStatus> status) {
  std::vector<NotificationRow> out;
  if (status && *status != DeliveryStatus::waiting) return out;
  for (auto at = outbox_.rbegin(); at != outbox_.rend(); ++at) {
    if (static_cast<int>(out.size()) >= limit) break;
    if (before == 0 || at->first < before) out.push_back(at->second);
  }
  return out;
}

std::vector<Withheld> ReplayStore::withheld(const std::string& check, std::int64_t before,
                                            int limit) {
  std::vector<Withheld> out;
  for (auto at = withheld_.rbegin(); at != withheld_.rend(); ++at) {
    if (static_cast<int>(out.size()) >= limit) break;
    if (before != 0 && at->id >= before) continue;
    if (check.empty() || at->check == check) out.push_back(*at);
  }
  return out;
}

}  // namespace tocsin
