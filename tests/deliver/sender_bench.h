// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "deliver/fake_notifier.h"
#include "deliver/messages.h"
#include "deliver/sender.h"
#include "support/fake_clock.h"
#include "support/memory_store.h"

namespace tocsin {

// A real Sender with its thread and loop, on a clock turned by hand, a store in memory and sinks
// that do as they are told. A ping makes it look at the clock; so nothing here waits for time.
class SenderBench {
 public:
  using Does = FakeNotifier::Does;
  static constexpr Millis kSpacing{1000};

  FakeClock clock;
  MemoryStore store;
  std::atomic<std::int64_t> last_id{100'000};
  std::unique_ptr<Sender> sender;

  SenderBench() = default;
  ~SenderBench() { sender.reset(); }  // it calls back
  SenderBench(const SenderBench&) = delete;
  SenderBench& operator=(const SenderBench&) = delete;

  // A notifier of the next start or reload. `key`: empty for one of its own.
  std::shared_ptr<FakeNotifier> notifier(const std::string& name, std::string key = {},
                                         std::string fallback = {}) {
    auto made = std::make_shared<FakeNotifier>(key.empty() ? name : std::move(key), kSpacing);
    remove(name);
    entries_.push_back({name, "fake", std::move(fallback), made});
    return made;
  }
  // The same, of a sink whose messages can be changed afterwards.
  std::shared_ptr<FakeNotifier> updating(const std::string& name) {
    auto made = std::make_shared<FakeNotifier>(Pace{name, kSpacing, false, true}, true);
    remove(name);
    entries_.push_back({name, "fake", "", made});
    return made;
  }
  void add(const std::string& name, std::shared_ptr<FakeNotifier> made) {
    remove(name);
    entries_.push_back({name, "fake", "", std::move(made)});
  }
  void remove(const std::string& name) {
    std::erase_if(entries_, [&](const NotifierEntry& entry) { return entry.name == name; });
  }
  std::shared_ptr<const Config> config() const {
    auto out = std::make_shared<Config>();
    out->notifiers = entries_;
    return out;
  }

  // Starts it, and lets the first spacing pass.
  void start() {
    sender = std::make_unique<Sender>(host(), config());
    clock.advance(kSpacing);
    settle();
  }
  // The same with what the store holds: a restart.
  void restart(const Saved& saved) {
    sender.reset();
    sender = std::make_unique<Sender>(host(), config());
    sender->resume(saved);
    clock.advance(kSpacing);
    settle();
  }

  // As the core does: commit, then submit.
  void tell(const std::vector<Telling>& tellings) {
    Change change;
    for (Telling telling : tellings) {
      telling.at = clock.wall();
      change.notifications.push_back(tocsin::tell(telling));
    }
    const auto notifications = change.notifications;
    store.commit(std::move(change), {});
    sender->submit(notifications);
  }

  // Until nothing is left to do at this time: one event leads to the next in a few turns of the
  // loop.
  void settle() {
    for (int i = 0; i < 12; ++i) {
      std::promise<void> passed;
      sender->ping([&passed] { passed.set_value(); });
      REQUIRE(passed.get_future().wait_for(std::chrono::seconds{60}) == std::future_status::ready);
    }
  }
  // Ends what hangs, and sees what comes of it.
  void let_go(FakeNotifier& sink) {
    sink.let_go();
    const auto began = std::chrono::steady_clock::now();
    while (sink.hangs()) {
      settle();
      REQUIRE(std::chrono::steady_clock::now() - began < std::chrono::seconds{60});
    }
    settle();
  }
  void pass(Millis time) {
    clock.advance(time);
    settle();
  }
  // Enough time for anything that is due to be told, in steps.
  void pass_minutes(int minutes) {
    for (int i = 0; i < minutes * 60; ++i) pass(Millis{1000});
  }

  DeliveryRecord delivery(std::int64_t id) const { return store.row(id).delivery; }
  DeliveryStatus status(std::int64_t id) const { return delivery(id).status; }
  NotifierView view(const std::string& name) const {
    for (const NotifierView& view : sender->views()) {
      if (view.name == name) return view;
    }
    FAIL("no view of " << name);
    return {};
  }
  // What on_outcome was told: id and status.
  std::vector<std::pair<std::int64_t, DeliveryStatus>> outcomes() const {
    const std::lock_guard lock(mutex_);
    return outcomes_;
  }

  Sender::Host host() {
    return {.store = store,
            .clock = clock,
            .next_id = [this] { return ++last_id; },
            .on_outcome =
                [this](const Notification& it, const DeliveryRecord& record) {
                  const std::lock_guard lock(mutex_);
                  outcomes_.emplace_back(it.id, record.status);
                }};
  }

 private:
  std::vector<NotifierEntry> entries_;
  mutable std::mutex mutex_;
  std::vector<std::pair<std::int64_t, DeliveryStatus>> outcomes_;
};

inline std::vector<std::int64_t> ids(const std::vector<Seen>& seen) {
  std::vector<std::int64_t> out;
  for (const Seen& one : seen) out.push_back(one.id);
  return out;
}

}  // namespace tocsin
