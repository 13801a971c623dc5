// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tocsin/store.h"

namespace tocsin {

// The memory of a simulated daemon: what the real one would find at its next start, and no more. It
// answers a commit at once and from within it. What is over is dropped, but for what was withheld,
// so that a simulation of months stays small. One thread's.
class ReplayStore final : public Store {
 public:
  // `watcher` (may be empty) sees each change.
  explicit ReplayStore(std::function<void(const Change&)> watcher) : watcher_(std::move(watcher)) {}

  Saved load() override;
  void commit(Change change, std::function<void(bool durable)> done) override;
  std::vector<IncidentRecord> incidents(std::int64_t before, int limit, bool open_only) override;
  std::vector<NotificationRow> notifications(std::int64_t before, int limit,
                                             std::optional<DeliveryStatus> status) override;
  // Newest first, as all lists of a store.
  std::vector<Withheld> withheld(const std::string& check, std::int64_t before, int limit) override;
  void flush() override {}
  std::string trouble() const override { return {}; }

  // Everything that was not told, in the order in which it was not.
  const std::vector<Withheld>& all_withheld() const noexcept { return withheld_; }

 private:
  void keep_state(const Change& change);
  void keep_outbox(const Change& change);

  std::function<void(const Change&)> watcher_;
  std::map<std::string, CheckRecord> checks_;
  std::map<std::int64_t, IncidentRecord> incidents_;  // open ones
  std::map<std::int64_t, NotificationRow> outbox_;    // those that wait
  std::map<std::string, HeartbeatRecord> heartbeats_;
  std::map<std::string, ToldOnce> told_once_;
  std::map<std::int64_t, Silence> silences_;
  std::vector<Withheld> withheld_;
  std::int64_t last_silence_ = 0;
  std::int64_t last_incident_ = 0;
  std::int64_t last_notification_ = 0;
};

}  // namespace tocsin
