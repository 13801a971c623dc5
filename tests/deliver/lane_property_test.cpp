// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Random interleavings of new notifications, outcomes, commits and time, played on one lane; then
// the sink is well and everything drains. What must hold whatever happens is checked as it happens
// and at the end.
#include <rapidcheck/catch.h>

#include <array>
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "deliver/lane.h"
#include "deliver/messages.h"
#include "support/fake_clock.h"

using namespace tocsin;

namespace {

using What = Lane::Next::What;
constexpr Millis kSpacing{1050};
constexpr std::size_t kThreshold = 6;

struct Fate {
  NotificationPtr notification;
  DeliveryStatus status = DeliveryStatus::waiting;
  std::int64_t into = 0;
  std::size_t turn = 0;  // when it was told or died
  bool in_doubt = false;
  bool resumed = false;
};

class Play {
 public:
  Play() : lane_(kSpacing, clock_.steady(), 3) { last_end_ = clock_.steady(); }

  // One random thing, by two random numbers.
  void act(int what, int how) {
    switch (what % 4) {
      case 0: change_check(how); break;
      case 1: clock_.advance(Millis{how % 3000}); break;
      default: turn(how); break;
    }
  }

  void drain() {
    for (int i = 0; i < 100'000 && !lane_.rows().empty(); ++i) {
      clock_.advance(Millis{5000});
      turn(kAlwaysSent);
    }
    RC_ASSERT(lane_.rows().empty());
  }

  void check_nothing_lost() const {
    for (const auto& [id, fate] : fates_) {
      RC_ASSERT(fate.status != DeliveryStatus::waiting);
      if (fate.status != DeliveryStatus::folded) continue;
      RC_ASSERT(!fate.in_doubt);
      RC_ASSERT(!fate.resumed);
      RC_ASSERT(fates_.contains(fate.into));
      told_turn(id);  // asserts that the chain ends
    }
  }

  void check_order() const {
    std::map<std::tuple<std::string, std::string, std::string>, std::size_t> by_check;
    std::map<std::pair<std::string, std::string>, std::size_t> by_thread;
    for (const auto& [id, fate] : fates_) {
      const Notification& it = *fate.notification;
      if (made_.contains(id)) continue;  // judged by those in whose place it is
      const std::size_t turn = told_turn(id);
      std::size_t& before = by_check[{it.notifier, it.thread_key, it.message->check}];
      RC_ASSERT(turn >= before);
      before = turn;
      if (fate.status == DeliveryStatus::folded) continue;
      std::size_t& in_thread = by_thread[{it.notifier, it.thread_key}];
      RC_ASSERT(turn > in_thread);
      in_thread = turn;
    }
  }

 private:
  static constexpr int kAlwaysSent = -1;
  struct Watched {
    bool bad = false;
    std::int64_t incident = 0;
  };

  Moment now() const { return {clock_.steady(), clock_.wall()}; }

  // One of six checks, of which two share a thread, tells two notifiers what comes next for it.
  void change_check(int how) {
    const int number = how % 6;
    Watched& check = checks_[static_cast<std::size_t>(number)];
    Telling telling;
    telling.check = "c" + std::to_string(number);
    if (number >= 4) telling.thread = "shop";
    telling.kind = Kind::down;
    if (check.bad) {
      constexpr std::array kNext{Kind::up, Kind::up, Kind::reminder, Kind::degraded};
      telling.kind = kNext[static_cast<std::size_t>(how / 6 % 4)];
    } else {
      check.incident = ++last_incident_;
    }
    check.bad = telling.kind != Kind::up;
    telling.incident = check.incident;
    telling.at = clock_.wall();
    for (const char* notifier : {"ops", "dev"}) {
      telling.id = ++last_id_;
      telling.notifier = notifier;
      Row row = waiting(telling);
      row.resumed = fates_.empty() && how % 2 == 0;
      fates_[telling.id] = {row.notification, DeliveryStatus::waiting, 0, 0, false, row.resumed};
      lane_.add(std::move(row), now());
    }
  }

  void turn(int how) {
    const Lane::Next next = lane_.next(now(), kThreshold, numbers_);
    if (next.what == What::wait) RC_ASSERT(next.at > clock_.steady());
    if (next.what == What::fold) fold(next.change, how);
    if (next.what == What::send) send(next.row->notification, how);
  }

  void fold(const Change& change, int how) {
    for (const NotificationPtr& made : change.notifications) {
      RC_ASSERT(!fates_.contains(made->id));
      made_.insert(made->id);
      fates_[made->id].notification = made;
    }
    for (const DeliveryRecord& record : change.deliveries) {
      Fate& fate = fates_.at(record.notification);
      RC_ASSERT(fate.status == DeliveryStatus::waiting);
      RC_ASSERT(record.folded_into != 0);
      if (record.status == DeliveryStatus::waiting) {  // named in a digest: once, for good
        RC_ASSERT(named_.insert(record.notification).second);
        continue;
      }
      fate.status = DeliveryStatus::folded;
      fate.into = record.folded_into;
    }
    interrupt(how);
    lane_.committed(how % 7 != 0);
  }

  void send(const NotificationPtr& notification, int how) {
    Fate& fate = fates_.at(notification->id);
    RC_ASSERT(fate.status == DeliveryStatus::waiting);
    RC_ASSERT(fate.notification->uid == notification->uid);
    RC_ASSERT(clock_.steady() - last_end_ >= kSpacing);
    RC_ASSERT(clock_.steady() >= not_before_);
    interrupt(how);
    RC_ASSERT(lane_.next(now(), kThreshold, numbers_).what == What::nothing);

    const Outcome outcome = outcome_of(how);
    const Row row = lane_.end(outcome, now());
    last_end_ = clock_.steady();
    fate.status = row.delivery.status;
    fate.in_doubt = row.delivery.in_doubt;
    fate.turn = ++turns_;
    if (outcome.retry_after) not_before_ = clock_.steady() + *outcome.retry_after;
    interrupt(how < 0 ? how : how / 3);
    RC_ASSERT(lane_.next(now(), kThreshold, numbers_).what == What::nothing);
    lane_.committed(true);
  }

  static Outcome outcome_of(int how) {
    Outcome out;
    out.what = Outcome::What::sent;
    if (how == kAlwaysSent) return out;
    if (how % 5 == 0) out.what = Outcome::What::rejected;
    if (how % 5 > 2) out.what = Outcome::What::later;
    out.in_doubt = how % 10 == 3;
    if (how % 10 == 8) out.retry_after = Millis{how % 20'000};
    return out;
  }

  // While an attempt or a commit is under way, time passes and more comes in.
  void interrupt(int how) {
    if (how < 0) return;
    clock_.advance(Millis{how % 400});
    if (how % 3 == 0) change_check(how / 2);
  }

  // The turn in which it was told, itself or within another.
  std::size_t told_turn(std::int64_t id) const {
    for (std::size_t hops = 0; hops <= fates_.size(); ++hops) {
      const Fate& fate = fates_.at(id);
      if (fate.status != DeliveryStatus::folded) return fate.turn;
      id = fate.into;
    }
    RC_FAIL("folded in a circle");
    return 0;
  }

  FakeClock clock_;
  Lane lane_;
  Numbers numbers_{[this] { return ++last_id_; },
                   [this] { return "new-" + std::to_string(last_id_); }};
  std::array<Watched, 6> checks_;
  std::map<std::int64_t, Fate> fates_;
  std::set<std::int64_t> made_;
  std::set<std::int64_t> named_;  // by a digest
  std::int64_t last_id_ = 0;
  std::int64_t last_incident_ = 0;
  std::size_t turns_ = 0;
  SteadyTime last_end_;
  SteadyTime not_before_{};
};

}  // namespace

TEST_CASE("lane: whatever happens, nothing is lost, doubled, hurried or out of order",
          "[deliver]") {
  rc::prop("over random plays", [] {
    const auto acts = *rc::gen::container<std::vector<std::pair<int, int>>>(
        rc::gen::pair(rc::gen::inRange(0, 4), rc::gen::inRange(0, 100'000)));
    Play play;
    for (const auto& [what, how] : acts) play.act(what, how);
    play.drain();
    play.check_nothing_lost();
    play.check_order();
  });
}
