// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "notify/notifier.h"

namespace tocsin {

// What a sink saw of one attempt.
struct Seen {
  std::int64_t id = 0;
  std::string uid;
  std::string thread_key;
  Message message;
  SteadyTime at;
  std::string thread_ref;
  bool late = false;
  std::string root_ref;
};

// A sink that does as it is told, once per attempt; told nothing, it takes what comes. Thread-safe.
class FakeNotifier final : public Notifier {
 public:
  enum class Does { take, put_off, reject, lose_the_answer, throw_up, hang };

  explicit FakeNotifier(std::string key, Millis spacing = Millis{1000})
      : pace_{std::move(key), spacing, false, true} {}
  FakeNotifier(Pace pace, bool updates) : pace_(std::move(pace)), updates_(updates) {}

  // What it does next, in order, and then for ever.
  void then(Does does, int times = 1) {
    const std::lock_guard lock(mutex_);
    for (int i = 0; i < times; ++i) script_.push_back(does);
  }
  void from_now_on(Does does) {
    const std::lock_guard lock(mutex_);
    script_.clear();
    always_ = does;
  }
  // Runs on the delivery thread at every attempt, before anything else.
  void at_each(std::function<void(const Notification&)> hook) {
    const std::lock_guard lock(mutex_);
    hook_ = std::move(hook);
  }
  std::vector<Seen> seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  // Updates are seen apart, and do as `then` says too.
  std::vector<Seen> updated() const {
    const std::lock_guard lock(mutex_);
    return updated_;
  }
  // What it was told again, apart too; it is only with `forgets_after`, before it is used.
  std::vector<Seen> renewed() const {
    const std::lock_guard lock(mutex_);
    return renewed_;
  }
  void forgets_after(Millis every) { renew_every_ = every; }
  // Lets attempts that hang be taken after all.
  void let_go() { let_go_ = hung_.load(); }
  bool hangs() const { return gone_ < hung_; }

  Pace pace() const override { return pace_; }
  std::string sink() const override { return "fake " + pace_.key; }
  bool updates() const override { return updates_; }
  asio::awaitable<Outcome> update(const Delivery& delivery) const override {
    co_return outcome_of(note(delivery, updated_), delivery.notification.id);
  }
  Millis renew_every() const override { return renew_every_; }
  asio::awaitable<Outcome> renew(const Delivery& delivery) const override {
    co_return outcome_of(note(delivery, renewed_), delivery.notification.id);
  }
  asio::awaitable<Outcome> send(const Delivery& delivery) const override {
    const Does does = note(delivery, seen_);
    if (does == Does::throw_up) throw std::runtime_error("https://hooks.example/?token=s3cret");
    if (does == Does::hang) {
      // Asks again and again: a timer that another thread may end would have to outlive its loop.
      const int mine = ++hung_;
      asio::steady_timer timer(co_await asio::this_coro::executor);
      while (let_go_ < mine) {
        timer.expires_after(Millis{1});
        co_await timer.async_wait(asio::use_awaitable);
      }
      ++gone_;
    }
    co_return outcome_of(does, delivery.notification.id);
  }

 private:
  Does note(const Delivery& delivery, std::vector<Seen>& into) const {
    std::unique_lock lock(mutex_);
    const Notification& it = delivery.notification;
    into.push_back({it.id, it.uid, it.thread_key, *it.message, delivery.clock.steady(),
                    delivery.thread_ref, delivery.late, delivery.root_ref});
    Does does = always_;
    if (!script_.empty()) {
      does = script_.front();
      script_.pop_front();
    }
    const auto hook = hook_;
    lock.unlock();
    if (hook) hook(it);
    return does;
  }
  static Outcome outcome_of(Does does, std::int64_t id) {
    Outcome out;
    switch (does) {
      case Does::take:
      case Does::hang:
        out.what = Outcome::What::sent;
        out.thread_ref = "threads/1";
        out.message_ref = "messages/" + std::to_string(id);
        break;
      case Does::reject:
        out.what = Outcome::What::rejected;
        out.reason = "404 Not Found";
        break;
      case Does::lose_the_answer:
        out.in_doubt = true;
        out.reason = "no answer";
        break;
      case Does::put_off:
      case Does::throw_up: out.reason = "503 Service Unavailable"; break;
    }
    return out;
  }

  const Pace pace_;
  const bool updates_ = false;
  mutable std::mutex mutex_;
  mutable std::deque<Does> script_;
  mutable std::vector<Seen> seen_;
  mutable std::vector<Seen> updated_;
  mutable std::vector<Seen> renewed_;
  Millis renew_every_{0};
  mutable std::atomic<int> hung_{0};
  mutable std::atomic<int> gone_{0};
  std::atomic<int> let_go_{0};
  Does always_ = Does::take;
  std::function<void(const Notification&)> hook_;
};

}  // namespace tocsin
