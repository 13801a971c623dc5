// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// commit() appends to a queue and returns. The writer takes all that is queued, has the keeper
// write it as one transaction (so under load the cost of an fsync is shared), and calls back. While
// it writes, the next group gathers.
//
// A disk can also neither take nor refuse: a dying one, or a network file system that is gone,
// holds the writer in the kernel for minutes, and with it every page that waits for its commit. So
// a second thread watches: when one turn of the writer takes longer than `stall_after`, it reports
// all that waits as not durable, so that it is sent; the writer writes it when the disk answers.
// Both threads call back, so `telling_` lets only one at a time, and always the oldest first.
#include "store/sqlite_store.h"

#include <algorithm>
#include <utility>

namespace tocsin {
namespace {

constexpr const char* kStalled =
    "the disk does not answer: the state directory's disk takes no writes; look at the disk and "
    "the "
    "kernel's log";

}  // namespace

SqliteStore::SqliteStore(const std::filesystem::path& dir, const Clock& clock, StoreEvents events,
                         const StoreOptions& options)
    : clock_(clock),
      events_(std::move(events)),
      options_(options),
      keeper_(dir, clock, own_events(), options),
      writer_([this] { write_what_comes(); }),
      watcher_([this] { watch_for_stalls(); }) {}

SqliteStore::~SqliteStore() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  writer_.join();
  watch_.notify_one();
  watcher_.join();
}

void SqliteStore::commit(Change change, std::function<void(bool durable)> done) {
  bool stalled = false;
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(change));
    untold_.push_back(std::move(done));
    ++queued_count_;
    stalled = stalled_;
  }
  wake_.notify_one();
  if (stalled) watch_.notify_one();
}

std::vector<IncidentRecord> SqliteStore::incidents(std::int64_t before, int limit, bool open_only) {
  auto rows = keeper_.lists().incidents(before, limit, open_only);
  wake_if_suspicious();
  return rows;
}

std::vector<NotificationRow> SqliteStore::notifications(std::int64_t before, int limit,
                                                        std::optional<DeliveryStatus> status) {
  auto rows = keeper_.lists().notifications(before, limit, status);
  wake_if_suspicious();
  return rows;
}

std::vector<Withheld> SqliteStore::withheld(const std::string& check, std::int64_t before,
                                            int limit) {
  auto rows = keeper_.lists().withheld(check, before, limit);
  wake_if_suspicious();
  return rows;
}

void SqliteStore::wake_if_suspicious() {
  if (!keeper_.lists().is_suspicious()) return;
  {
    const std::lock_guard lock(mutex_);
    poked_ = true;
  }
  wake_.notify_one();
}

void SqliteStore::flush() {
  std::unique_lock lock(mutex_);
  told_.wait(lock, [this, up_to = queued_count_] { return told_count_ >= up_to; });
}

std::string SqliteStore::trouble() const {
  {
    const std::lock_guard lock(mutex_);
    if (stalled_) return kStalled;
  }
  return keeper_.trouble();
}

void SqliteStore::write_what_comes() {
  std::vector<Change> changes;
  std::uint64_t up_to = 0;
  while (wait_for_work(changes, up_to)) work(changes, up_to);
  keeper_.close();
  const std::lock_guard lock(mutex_);
  stopped_ = true;
}

// Takes what is queued; nothing may be, when something else is due. False: all is written, stop.
bool SqliteStore::wait_for_work(std::vector<Change>& changes, std::uint64_t& up_to) {
  const Millis wait = std::clamp(keeper_.until_due(), Millis::zero(), options_.longest_wait);
  std::unique_lock lock(mutex_);
  busy_since_.reset();
  wake_.wait_for(lock, wait, [this] { return !queue_.empty() || stopping_ || poked_; });
  poked_ = false;
  changes.clear();
  std::swap(changes, queue_);
  up_to = queued_count_;
  busy_since_ = clock_.steady();
  return !(stopping_ && changes.empty());
}

void SqliteStore::work(std::vector<Change>& changes, std::uint64_t up_to) {
  if (changes.empty()) {
    keeper_.tend();
    end_stall();
    return;
  }
  const bool durable = keeper_.write(changes);
  end_stall();
  tell(up_to, durable);
}

// Runs what is to be called up to that number, oldest first.
void SqliteStore::tell(std::uint64_t up_to, bool durable) {
  const std::lock_guard telling(telling_);
  std::vector<Done> calls;
  {
    const std::lock_guard lock(mutex_);
    for (std::uint64_t at = told_count_; at < up_to; ++at) {
      calls.push_back(std::move(untold_.front()));
      untold_.pop_front();
    }
  }
  for (const Done& call : calls) {
    if (call) call(durable);
  }
  {
    const std::lock_guard lock(mutex_);
    told_count_ = std::max(told_count_, up_to);
  }
  told_.notify_all();
}

void SqliteStore::watch_for_stalls() {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    watch_.wait_for(lock, std::min(options_.stall_after / 2, options_.longest_wait));
    if (stopped_ || !busy_since_) continue;
    if (!stalled_ && clock_.steady() - *busy_since_ < options_.stall_after) continue;
    stalled_ = true;
    const std::uint64_t up_to = queued_count_;
    lock.unlock();
    if (begin_stall()) tell(up_to, false);
    lock.lock();
  }
}

// False if the disk has answered meanwhile.
bool SqliteStore::begin_stall() {
  const std::lock_guard telling(telling_);
  {
    const std::lock_guard lock(mutex_);
    if (!stalled_) return false;
  }
  tell_failing(kStalled);
  return true;
}

// The writer's turn is over: whether the disk is well again, the keeper knows.
void SqliteStore::end_stall() {
  {
    const std::lock_guard lock(mutex_);
    busy_since_ = clock_.steady();
    if (!std::exchange(stalled_, false)) return;
  }
  if (keeper_.is_failing()) return;
  const std::lock_guard telling(telling_);
  tell_recovered();
}

// The keeper's events, told one at a time with the callbacks; `failing` once, whoever found it.
StoreEvents SqliteStore::own_events() {
  StoreEvents own;
  own.failing = [this](std::string reason) {
    const std::lock_guard telling(telling_);
    tell_failing(reason);
  };
  own.recovered = [this] {
    const std::lock_guard telling(telling_);
    tell_recovered();
  };
  own.replaced = [this](std::string set_aside) {
    const std::lock_guard telling(telling_);
    if (events_.replaced) events_.replaced(std::move(set_aside));
  };
  return own;
}

void SqliteStore::tell_failing(const std::string& reason) {
  if (!std::exchange(told_failing_, true) && events_.failing) events_.failing(reason);
}

void SqliteStore::tell_recovered() {
  if (std::exchange(told_failing_, false) && events_.recovered) events_.recovered();
}

}  // namespace tocsin
