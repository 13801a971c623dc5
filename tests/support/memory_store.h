// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tocsin/store.h"

namespace tocsin {

// A store that keeps what it is given, as the real one would, and lets a test look at it. It
// answers a commit at once and from within it, unless told to hold its answers back. Thread-safe.
class MemoryStore final : public Store {
 public:
  ~MemoryStore() override { release(); }

  Saved load() override { return saved(); }

  void commit(Change change, std::function<void(bool)> done) override {
    std::unique_lock lock(mutex_);
    apply(change);
    changes_.push_back(std::move(change));
    if (!done) return;
    if (holding_) {
      held_.push_back(std::move(done));
      return;
    }
    const bool durable = durable_;
    lock.unlock();
    done(durable);
  }

  std::vector<IncidentRecord> incidents(std::int64_t before, int limit, bool open_only) override {
    const std::lock_guard lock(mutex_);
    std::vector<IncidentRecord> out;
    for (auto at = incidents_.rbegin(); at != incidents_.rend(); ++at) {
      if (before != 0 && at->first >= before) continue;
      if (open_only && at->second.closed_at) continue;
      if (static_cast<int>(out.size()) < limit) out.push_back(at->second);
    }
    return out;
  }

  std::vector<NotificationRow> notifications(std::int64_t before, int limit,
                                             std::optional<DeliveryStatus> status) override {
    const std::lock_guard lock(mutex_);
    std::vector<NotificationRow> out;
    for (auto at = rows_.rbegin(); at != rows_.rend(); ++at) {
      if (before != 0 && at->first >= before) continue;
      if (status && at->second.delivery.status != *status) continue;
      if (static_cast<int>(out.size()) < limit) out.push_back(at->second);
    }
    return out;
  }

  std::vector<Withheld> withheld(const std::string& check, std::int64_t before,
                                 int limit) override {
    const std::lock_guard lock(mutex_);
    std::vector<Withheld> out;
    for (auto at = withheld_.rbegin(); at != withheld_.rend(); ++at) {
      if (before > 0 && at->id >= before) continue;
      if (!check.empty() && at->check != check) continue;
      if (static_cast<int>(out.size()) < limit) out.push_back(*at);
    }
    return out;
  }
  void flush() override {}
  std::string trouble() const override { return {}; }

  // What a restart would find now.
  Saved saved() const {
    const std::lock_guard lock(mutex_);
    Saved out;
    for (const auto& [name, record] : checks_) out.checks.push_back(record);
    for (const auto& [id, incident] : incidents_) {
      if (!incident.closed_at) out.open_incidents.push_back(incident);
      out.last_incident = id;
    }
    for (const auto& [id, row] : rows_) {
      if (row.delivery.status == DeliveryStatus::waiting) {
        out.waiting.push_back({row.notification, row.delivery});
      }
      out.last_notification = id;
      add_message(out.incident_messages, row);
    }
    for (const auto& [key, ref] : threads_) out.threads.push_back({key.first, key.second, ref});
    for (const auto& [name, record] : heartbeats_) out.heartbeats.push_back(record);
    for (const auto& [key, once] : told_once_) out.told_once.push_back(once);
    for (const auto& [id, silence] : silences_) out.silences.push_back(silence);
    out.last_silence = last_silence_;
    return out;
  }

  // The row of that id; a null notification if there is none.
  NotificationRow row(std::int64_t id) const {
    const std::lock_guard lock(mutex_);
    const auto found = rows_.find(id);
    return found == rows_.end() ? NotificationRow{} : found->second;
  }

  // Whatever was committed, in order.
  std::vector<Change> changes() const {
    const std::lock_guard lock(mutex_);
    return changes_;
  }

  // From now on commits are answered by `release` only (a disk that hangs) …
  void hold() {
    const std::lock_guard lock(mutex_);
    holding_ = true;
  }
  void release() {
    std::unique_lock lock(mutex_);
    holding_ = false;
    const auto held = std::exchange(held_, {});
    const bool durable = durable_;
    lock.unlock();
    for (const auto& done : held) done(durable);
  }
  // … or as not durable (a disk that is full).
  void set_durable(bool durable) {
    const std::lock_guard lock(mutex_);
    durable_ = durable;
  }

 private:
  // Of all incidents: that is more than the real one gives.
  static void add_message(std::vector<IncidentMessages>& into, const NotificationRow& row) {
    const NotificationPtr& it = row.notification;
    if (it->message->incident == 0 || row.delivery.message_ref.empty()) return;
    const auto same = std::find_if(into.begin(), into.end(), [&](const IncidentMessages& known) {
      return known.notifier == it->notifier &&
             known.first->message->incident == it->message->incident;
    });
    if (same != into.end()) {
      same->latest = it;
    } else {
      into.push_back({it->notifier, row.delivery.message_ref, it, it});
    }
  }
  void apply(const Change& change) {
    for (const CheckRecord& record : change.checks) checks_[record.name] = record;
    for (const std::string& name : change.forgotten) {
      checks_.erase(name);
      heartbeats_.erase(name);
    }
    for (const HeartbeatRecord& record : change.heartbeats) heartbeats_[record.name] = record;
    for (const ToldOnce& once : change.told_once) told_once_[once.key] = once;
    for (const std::string& key : change.forgotten_once) told_once_.erase(key);
    for (const IncidentRecord& incident : change.incidents) incidents_[incident.id] = incident;
    for (const NotificationPtr& it : change.notifications) {
      NotificationRow& row = rows_[it->id];
      row.notification = it;
      row.delivery.notification = it->id;
    }
    for (const DeliveryRecord& delivery : change.deliveries) {
      NotificationRow& row = rows_[delivery.notification];
      row.delivery = delivery;
      if (delivery.thread_ref.empty() || !row.notification) continue;
      threads_[{row.notification->notifier, row.notification->thread_key}] = delivery.thread_ref;
    }
    apply_holds(change);
  }
  void apply_holds(const Change& change) {
    for (const Withheld& row : change.withheld) {
      withheld_.push_back(row);
      withheld_.back().id = static_cast<std::int64_t>(withheld_.size());
    }
    for (const Silence& silence : change.silences) {
      silences_[silence.id] = silence;
      last_silence_ = std::max(last_silence_, silence.id);
    }
    for (const std::int64_t id : change.ended_silences) silences_.erase(id);
  }

  mutable std::mutex mutex_;
  std::map<std::string, CheckRecord> checks_;
  std::map<std::string, HeartbeatRecord> heartbeats_;
  std::map<std::string, ToldOnce> told_once_;
  std::map<std::int64_t, IncidentRecord> incidents_;
  std::map<std::int64_t, NotificationRow> rows_;
  std::map<std::pair<std::string, std::string>, std::string> threads_;
  std::vector<Withheld> withheld_;
  std::map<std::int64_t, Silence> silences_;
  std::int64_t last_silence_ = 0;
  std::vector<Change> changes_;
  std::vector<std::function<void(bool)>> held_;
  bool holding_ = false;
  bool durable_ = true;
};

}  // namespace tocsin
