// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "deliver/fold.h"
#include "deliver/lane.h"
#include "deliver/messages.h"
#include "support/fake_clock.h"
#include "support/memory_store.h"

namespace tocsin {

inline constexpr Millis kMinute{60'000};

inline std::string server(int number) {
  return "rack-07/web-" + std::to_string(1000 + number);
}

class StormSpace {
 public:
  struct Arrival {
    Millis at;  // since the first change
    NotificationPtr it;
    bool is_digest() const { return it->message->kind == Kind::digest; }
  };

  explicit StormSpace(Millis spacing = Millis{1050}) : spacing_(spacing) {
    restart();
    clock_.advance(Millis{5000});
    began_ = clock_.steady();
  }

  void restart() {
    lane_ = std::make_unique<Lane>(spacing_, clock_.steady(), 1);
    std::vector<Row> rows;
    for (Saved::Waiting& saved : disk_.saved().waiting) {
      Row row = make_row(saved.notification);
      row.delivery = saved.delivery;
      row.resumed = true;
      rows.push_back(std::move(row));
    }
    put_in_place(rows);
    for (Row& row : rows) lane_->add(std::move(row), now());
  }

  void change(int number, Kind kind) {
    Telling telling;
    telling.id = ++last_id_;
    telling.check = server(number) + tail_;
    telling.kind = kind;
    telling.incident = number;
    telling.reason = "connect timeout";
    telling.at = clock_.wall();
    Row row = waiting(telling);
    Change change;
    change.notifications.push_back(row.notification);
    disk_.commit(std::move(change), {});
    lane_->add(std::move(row), now());
  }

  void set_away(bool away) { away_ = away; }
  // What the names of checks end with from now on.
  void set_tail(const std::string& tail) { tail_ = tail; }
  // Everything that the lane does until then, counted from the first change.
  void run_until(Millis end) {
    const SteadyTime until = began_ + end;
    while (clock_.steady() < until) {
      const Lane::Next next = lane_->next(now(), 20, numbers_);
      switch (next.what) {
        case Lane::Next::What::fold:
          disk_.commit(next.change, {});
          lane_->committed(true);
          break;
        case Lane::Next::What::send: send(next.row->notification); break;
        case Lane::Next::What::wait: turn_to(std::min(next.at, until)); break;
        default: turn_to(until); break;
      }
    }
  }
  void run_dry() {
    for (int minute = 1; minute < 200 && !lane_->rows().empty(); ++minute) {
      run_until(std::chrono::duration_cast<Millis>(clock_.steady() - began_) + kMinute);
    }
    REQUIRE(lane_->rows().empty());
    CHECK(disk_.saved().waiting.empty());
  }

  std::vector<Arrival> arrivals(Millis from, Millis to) const {
    std::vector<Arrival> out;
    for (const Arrival& arrival : arrivals_) {
      if (arrival.at >= from && arrival.at < to) out.push_back(arrival);
    }
    return out;
  }
  // The kinds that arrived in a server's own thread, in order.
  std::vector<Kind> thread(int number) const {
    std::vector<Kind> out;
    for (const Arrival& arrival : arrivals_) {
      if (arrival.it->thread_key == server(number)) out.push_back(arrival.it->message->kind);
    }
    return out;
  }
  // Servers of 1 to `count` that no message of this time names.
  int unnamed(int count, Millis from, Millis to) const {
    std::string all;
    for (const Arrival& arrival : arrivals(from, to)) {
      all += arrival.it->message->check + "," + arrival.it->message->reason + "\n";
    }
    int missing = 0;
    for (int i = 1; i <= count; ++i) missing += all.find(server(i)) == std::string::npos ? 1 : 0;
    return missing;
  }

 private:
  Moment now() const { return {clock_.steady(), clock_.wall()}; }
  void turn_to(SteadyTime at) { clock_.advance(std::chrono::ceil<Millis>(at - clock_.steady())); }
  void send(const NotificationPtr& notification) {
    Outcome outcome;
    outcome.reason = "503 Service Unavailable";
    if (!away_) {
      outcome.what = Outcome::What::sent;
      const auto at = std::chrono::duration_cast<Millis>(clock_.steady() - began_);
      arrivals_.push_back({at, notification});
    }
    const Row row = lane_->end(outcome, now());
    Change change;
    change.deliveries.push_back(row.delivery);
    disk_.commit(std::move(change), {});
    lane_->committed(true);
  }

  Millis spacing_;
  bool away_ = false;
  std::string tail_;
  FakeClock clock_;
  MemoryStore disk_;
  std::unique_ptr<Lane> lane_;
  SteadyTime began_;
  Numbers numbers_{[this] { return ++last_id_; },
                   [this] { return "new-" + std::to_string(last_id_); }};
  std::int64_t last_id_ = 0;
  std::vector<Arrival> arrivals_;
};

// A thousand, all at once.
inline void fail_all(StormSpace& space, int count = 1000) {
  for (int i = 1; i <= count; ++i) space.change(i, Kind::down);
}

inline void check_first_minute(const StormSpace& space, int count) {
  const auto first = space.arrivals(Millis{0}, kMinute);
  REQUIRE_FALSE(first.empty());
  CHECK(first.front().at <= Millis{2000});
  CHECK(first.size() <= 10);
  CHECK(space.unnamed(count, Millis{0}, kMinute) == 0);
}

using Kinds = std::vector<Kind>;

}  // namespace tocsin
