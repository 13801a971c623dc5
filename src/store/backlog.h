// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tocsin/store.h"

namespace tocsin {

// The highest numbers ever given.
struct Counters {
  std::int64_t incident = 0;
  std::int64_t notification = 0;
  std::int64_t withheld = 0;
  std::int64_t silence = 0;
  bool operator==(const Counters&) const = default;
};

// What the disk has not taken. Only the latest of each check, heartbeat, incident, notification,
// silence and message that is told once is kept, and of what has ended, or was withheld, at most a
// given number of rows, so it stays bounded however long the disk is away. Thread-safe: filled by
// the writer, read by the lists, hence a mutex of its own.
class Backlog {
 public:
  // `ended_rows`: how many closed incidents, ended notifications and rows of what was withheld are
  // kept, a third of each; the oldest go first.
  explicit Backlog(std::size_t ended_rows) : ended_rows_(ended_rows) {}

  // Numbers up to these may be on the disk. Such rows are never dropped here: the disk would tell
  // of an incident that is still open, or of a notification that still waits.
  void set_floor(Counters floor);
  void add(const Change& change);
  void clear();
  bool empty() const;
  // Everything, as one transaction that brings the database up to date.
  Change all() const;

  // All incidents that are kept here, by id.
  std::vector<IncidentRecord> incidents() const;
  // What is known here of a notification: itself, or what became of it, or both.
  struct Held {
    NotificationPtr notification;
    std::optional<DeliveryRecord> delivery;
  };
  std::map<std::int64_t, Held> notifications() const;
  // As Store::withheld gives it.
  std::vector<Withheld> withheld(const std::string& check, std::int64_t before,
                                 std::size_t limit) const;

 private:
  void add_holds(const Change& change);
  void add_delivery(const DeliveryRecord& delivery);
  void drop_the_oldest();

  const std::size_t ended_rows_;
  mutable std::mutex mutex_;                                  // guards all below
  std::map<std::string, std::optional<CheckRecord>> checks_;  // nothing: forgotten
  std::map<std::string, HeartbeatRecord> heartbeats_;
  std::map<std::string, std::optional<ToldOnce>> told_once_;  // likewise
  std::map<std::int64_t, IncidentRecord> incidents_;
  std::map<std::int64_t, Held> notifications_;
  std::map<std::int64_t, Withheld> withheld_;                // each is written once
  std::map<std::int64_t, std::optional<Silence>> silences_;  // nothing: ended
  Counters floor_;
  std::size_t ended_ = 0;  // rows that may be dropped; counted anew when there are too many
};

}  // namespace tocsin
