// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "store/keeper.h"

namespace tocsin {

// The Store: a queue before a Keeper, and the threads. How they play together is told atop
// sqlite_store.cpp. Thread-safe.
class SqliteStore final : public Store {
 public:
  // Throws DirectoryInUse.
  SqliteStore(const std::filesystem::path& dir, const Clock& clock, StoreEvents events,
              const StoreOptions& options);
  ~SqliteStore() override;

  Saved load() override { return keeper_.take_saved(); }
  void commit(Change change, std::function<void(bool durable)> done) override;
  std::vector<IncidentRecord> incidents(std::int64_t before, int limit, bool open_only) override;
  std::vector<NotificationRow> notifications(std::int64_t before, int limit,
                                             std::optional<DeliveryStatus> status) override;
  std::vector<Withheld> withheld(const std::string& check, std::int64_t before, int limit) override;
  void flush() override;
  std::string trouble() const override;

 private:
  using Done = std::function<void(bool)>;

  void write_what_comes();
  bool wait_for_work(std::vector<Change>& changes, std::uint64_t& up_to);
  void work(std::vector<Change>& changes, std::uint64_t up_to);
  void watch_for_stalls();
  void tell(std::uint64_t up_to, bool durable);
  void wake_if_suspicious();
  StoreEvents own_events();
  void tell_failing(const std::string& reason);
  void tell_recovered();
  bool begin_stall();
  void end_stall();

  const Clock& clock_;
  const StoreEvents events_;
  const StoreOptions options_;

  mutable std::mutex mutex_;  // guards all down to stalled_
  std::condition_variable wake_;
  std::condition_variable watch_;
  std::condition_variable told_;
  std::vector<Change> queue_;
  std::deque<Done> untold_;  // of what is queued or being written, in order
  std::uint64_t queued_count_ = 0;
  std::uint64_t told_count_ = 0;
  bool poked_ = false;
  bool stopping_ = false;
  bool stopped_ = false;
  std::optional<SteadyTime> busy_since_;
  bool stalled_ = false;

  std::mutex telling_;  // one thread calls back at a time, in order
  bool told_failing_ = false;

  Keeper keeper_;
  std::thread writer_;
  std::thread watcher_;
};

}  // namespace tocsin
