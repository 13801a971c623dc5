// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// A lane, a disk and a sink; the process is killed at random moments and begins again with what is
// on the disk. The sink remembers all that it ever took, the lane only what was committed.
#include <rapidcheck/catch.h>

#include <array>
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "deliver/fold.h"
#include "deliver/lane.h"
#include "deliver/messages.h"
#include "support/fake_clock.h"
#include "support/memory_store.h"

using namespace tocsin;

namespace {

using What = Lane::Next::What;
constexpr Millis kSpacing{1050};
constexpr std::size_t kThreshold = 4;

class World {
 public:
  World() { start(); }

  void act(int what, int how) {
    switch (what) {
      case 0:
      case 1: change_check(how); break;
      case 2: clock_.advance(Millis{how % 4000}); break;
      default: turn(how); break;
    }
  }
  void drain() {
    for (int i = 0; i < 100'000 && !lane_->rows().empty(); ++i) {
      clock_.advance(Millis{5000});
      turn(0);
    }
    RC_ASSERT(lane_->rows().empty());
    RC_ASSERT(disk_.saved().waiting.empty());
  }

  // Each was taken, itself or within another one; twice only if a kill fell on its attempt.
  void check_each_told() const {
    for (const std::int64_t id : told_by_core_) {
      const std::int64_t as = teller(id);
      RC_ASSERT(disk_.row(as).delivery.status == DeliveryStatus::sent);
      const std::size_t times = taken_.at(as).size();
      const auto kills = kills_.find(as);
      RC_ASSERT(times >= 1U);
      RC_ASSERT(times <= 1U + (kills == kills_.end() ? 0U : kills->second));
    }
  }

  // For each check, what came first was first told first.
  void check_order() const {
    std::map<std::string, std::size_t> latest;
    for (const std::int64_t id : told_by_core_) {
      std::size_t& before = latest[disk_.row(id).notification->message->check];
      const std::size_t turn = taken_.at(teller(id)).front();
      RC_ASSERT(turn >= before);
      before = turn;
    }
  }

 private:
  struct Watched {
    bool bad = false;
    std::int64_t incident = 0;
  };

  Moment now() const { return {clock_.steady(), clock_.wall()}; }

  // As the sender does with what a start finds.
  void start() {
    lane_ = std::make_unique<Lane>(kSpacing, clock_.steady(), 5);
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

  void change_check(int how) {
    clock_.advance(Millis{1});  // no check changes twice in a millisecond
    const int number = how % 4;
    Watched& check = checks_[static_cast<std::size_t>(number)];
    Telling telling;
    telling.id = ++last_id_;
    telling.check = "c" + std::to_string(number);
    telling.kind = check.bad ? (how / 4 % 3 == 0 ? Kind::reminder : Kind::up) : Kind::down;
    if (!check.bad) check.incident = ++last_incident_;
    check.bad = telling.kind != Kind::up;
    telling.incident = check.incident;
    telling.at = clock_.wall();
    Row row = waiting(telling);
    Change change;
    change.notifications.push_back(row.notification);
    disk_.commit(std::move(change), {});
    told_by_core_.push_back(telling.id);
    lane_->add(std::move(row), now());
  }

  // `how` tells when the kill comes, if it does.
  void turn(int how) {
    const Lane::Next next = lane_->next(now(), kThreshold, numbers_);
    if (next.what == What::fold) {
      for (const DeliveryRecord& record : next.change.deliveries) {
        if (record.status == DeliveryStatus::waiting) continue;  // its own line follows
        RC_ASSERT(!taken_.contains(record.notification));
      }
      if (how % 13 == 1) return start();  // before the folding was committed
      disk_.commit(next.change, {});
      if (how % 13 == 2) return start();  // after it
      lane_->committed(true);
    }
    if (next.what == What::send) send(next.row->notification->id, how);
  }

  void send(std::int64_t id, int how) {
    if (how % 13 == 3) return start();  // nothing has left yet
    Outcome outcome;
    outcome.what = how % 5 == 4 ? Outcome::What::later : Outcome::What::sent;
    if (outcome.what == Outcome::What::sent) taken_[id].push_back(++turns_);
    if (how % 13 == 5) {  // before the outcome was committed
      ++kills_[id];
      return start();
    }
    const Row row = lane_->end(outcome, now());
    Change change;
    change.deliveries.push_back(row.delivery);
    disk_.commit(std::move(change), {});
    if (how % 13 == 6) return start();  // after it
    lane_->committed(true);
  }

  std::int64_t teller(std::int64_t id) const {
    for (int hops = 0; hops < 10; ++hops) {
      const DeliveryRecord record = disk_.row(id).delivery;
      if (record.status != DeliveryStatus::folded) return id;
      id = record.folded_into;
    }
    RC_FAIL("folded in a circle");
    return 0;
  }

  FakeClock clock_;
  MemoryStore disk_;
  std::unique_ptr<Lane> lane_;
  Numbers numbers_{[this] { return ++last_id_; },
                   [this] { return "new-" + std::to_string(last_id_); }};
  std::array<Watched, 4> checks_;
  std::vector<std::int64_t> told_by_core_;
  std::map<std::int64_t, std::vector<std::size_t>> taken_;  // the turns in which the sink took it
  std::map<std::int64_t, std::size_t> kills_;
  std::int64_t last_id_ = 0;
  std::int64_t last_incident_ = 0;
  std::size_t turns_ = 0;
};

}  // namespace

TEST_CASE("lane: killed at any moment, nothing is lost, and only what was under way is repeated",
          "[deliver]") {
  rc::prop("over random lives", [] {
    const auto acts = *rc::gen::container<std::vector<std::pair<int, int>>>(
        rc::gen::pair(rc::gen::inRange(0, 6), rc::gen::inRange(0, 100'000)));
    World world;
    for (const auto& [what, how] : acts) world.act(what, how);
    world.drain();
    world.check_each_told();
    world.check_order();
  });
}
