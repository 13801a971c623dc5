// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tocsin/heartbeat.h"
#include "tocsin/hold.h"
#include "tocsin/message.h"
#include "tocsin/notification.h"
#include "tocsin/records.h"
#include "tocsin/time.h"

namespace tocsin {

// One transaction: everything that one decision changes. Applied in this order, all or nothing.
struct Change {
  std::vector<CheckRecord> checks;
  std::vector<std::string> forgotten;  // names of checks whose records go
  std::vector<IncidentRecord> incidents;
  std::vector<NotificationPtr> notifications;
  std::vector<DeliveryRecord> deliveries;
  std::vector<HeartbeatRecord> heartbeats;
  std::vector<ToldOnce> told_once;
  std::vector<std::string> forgotten_once;  // their keys; none that is put in the same change
  std::vector<Withheld> withheld;
  std::vector<Silence> silences;
  std::vector<std::int64_t> ended_silences;  // their ids; none that is put in the same change
};

// How a notifier's sink names a thread: what DeliveryRecord::thread_ref said last for that key.
struct ThreadRef {
  std::string notifier;
  std::string thread_key;
  std::string ref;
};

// What was sent to a notifier about an incident that is open or has just ended: how its sink names
// the first message, and the latest one.
struct IncidentMessages {
  std::string notifier;
  std::string root_ref;
  NotificationPtr first;
  NotificationPtr latest;
};

// What a start finds.
struct Saved {
  std::vector<CheckRecord> checks;
  std::vector<IncidentRecord> open_incidents;
  struct Waiting {
    NotificationPtr notification;
    DeliveryRecord delivery;
  };
  std::vector<Waiting> waiting;  // by id
  std::vector<ThreadRef> threads;
  std::vector<IncidentMessages> incident_messages;
  std::vector<HeartbeatRecord> heartbeats;
  std::vector<ToldOnce> told_once;
  std::vector<Silence> silences;
  std::int64_t last_silence = 0;
  std::int64_t last_incident = 0;  // the highest numbers ever given
  std::int64_t last_notification = 0;
};

// A row of the lists that the web side shows; newest first.
struct NotificationRow {
  NotificationPtr notification;
  DeliveryRecord delivery;
};

// The memory of the daemon. Thread-safe. `commit` never waits for a disk: a writer thread groups
// what is queued into transactions, in the order in which it was queued.
class Store {
 public:
  virtual ~Store() = default;

  // What was there when the store was opened. Call once, before the first commit.
  virtual Saved load() = 0;

  // Queues a transaction. `done` (may be empty) runs on the writer's thread after the commit:
  // `durable` is false if the disk refused (the change is kept in memory and written when the disk
  // takes it again). It always runs, at the latest when the store is destroyed, and must not throw
  // or block.
  virtual void commit(Change change, std::function<void(bool durable)> done) = 0;

  // Newest first, at most `limit` rows with an id below `before` (0: from the newest).
  virtual std::vector<IncidentRecord> incidents(std::int64_t before, int limit, bool open_only) = 0;
  virtual std::vector<NotificationRow> notifications(std::int64_t before, int limit,
                                                     std::optional<DeliveryStatus> status) = 0;

  // What was not told: newest first, of the check of that name (empty: of all), as above.
  virtual std::vector<Withheld> withheld(const std::string& check, std::int64_t before,
                                         int limit) = 0;

  // Waits until all that was queued before this call is written, or refused.
  virtual void flush() = 0;

  // Empty while everything is stored; else why not, for people ("disk full").
  virtual std::string trouble() const = 0;
};

}  // namespace tocsin
