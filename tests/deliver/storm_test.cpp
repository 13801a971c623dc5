// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// A thousand servers fail, and one space of Google Chat is told. A lane, a disk and a sink that
// takes everything while it is there, on a clock turned by hand; what arrived is looked at with its
// time.
#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
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
constexpr Millis kMinute{60'000};

std::string server(int number) {
  return "rack-07/web-" + std::to_string(1000 + number);
}

class Space {
 public:
  struct Arrival {
    Millis at;  // since the first change
    NotificationPtr it;
    bool is_digest() const { return it->message->kind == Kind::digest; }
  };

  explicit Space(Millis spacing = kSpacing) : spacing_(spacing) {
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
        case What::fold:
          disk_.commit(next.change, {});
          lane_->committed(true);
          break;
        case What::send: send(next.row->notification); break;
        case What::wait: turn_to(std::min(next.at, until)); break;
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
void fail_all(Space& space, int count = 1000) {
  for (int i = 1; i <= count; ++i) space.change(i, Kind::down);
}

void check_first_minute(const Space& space, int count) {
  const auto first = space.arrivals(Millis{0}, kMinute);
  REQUIRE_FALSE(first.empty());
  CHECK(first.front().at <= Millis{2000});
  CHECK(first.size() <= 10);
  CHECK(space.unnamed(count, Millis{0}, kMinute) == 0);
}

using Kinds = std::vector<Kind>;

}  // namespace

TEST_CASE("storm: a thousand at once are ten messages in a minute, and then complete threads",
          "[deliver]") {
  Space space;
  fail_all(space);
  space.run_until(kMinute);
  check_first_minute(space, 1000);
  space.run_dry();
  for (int i = 1; i <= 1000; ++i) CHECK(space.thread(i) == Kinds{Kind::down});
  // The lines came at the sink's own pace.
  CHECK(space.arrivals(kMinute, 2 * kMinute).size() >= 55);
}

TEST_CASE("storm: a thousand that are noticed within half a minute are no more messages",
          "[deliver]") {
  Space space;
  for (int i = 1; i <= 1000; ++i) {
    space.change(i, Kind::down);
    space.run_until(Millis{i * 30});
  }
  space.run_until(kMinute);
  check_first_minute(space, 1000);
  space.run_dry();
  for (int i = 1; i <= 1000; ++i) CHECK(space.thread(i) == Kinds{Kind::down});
}

TEST_CASE("storm: all that come back in it are a digest more, and one line in each thread",
          "[deliver]") {
  Space space;
  fail_all(space);
  space.run_until(Millis{15'000});
  for (int i = 1; i <= 1000; ++i) space.change(i, Kind::up);
  space.run_until(kMinute);
  check_first_minute(space, 1000);
  const auto later = space.arrivals(Millis{15'000}, kMinute);
  REQUIRE_FALSE(later.empty());
  for (const Space::Arrival& arrival : later) CHECK(arrival.is_digest());
  CHECK(later.front().it->message->reason.starts_with("DOWN and UP 1000 checks"));
  space.run_dry();
  for (int i = 1; i <= 1000; ++i) CHECK(space.thread(i) == Kinds{Kind::over});
}

TEST_CASE("storm: what comes back one by one is told no oftener than the digests go", "[deliver]") {
  Space space;
  fail_all(space, 100);
  for (int i = 1; i <= 100; ++i) {
    space.run_until(Millis{2000 + i * 500});
    space.change(i, Kind::up);
  }
  space.run_until(kMinute);
  CHECK(space.arrivals(Millis{0}, kMinute).size() <= 5);
  for (const Space::Arrival& arrival : space.arrivals(Millis{0}, kMinute)) {
    CHECK(arrival.is_digest());
  }
  space.run_dry();
  for (int i = 1; i <= 100; ++i) CHECK(space.thread(i) == Kinds{Kind::over});
}

TEST_CASE("storm: killed in the middle, it goes on as it was", "[deliver]") {
  Space space;
  const auto restart_at = GENERATE(Millis{0}, Millis{500}, Millis{3500}, Millis{20'000});
  fail_all(space);
  space.run_until(restart_at);
  space.restart();
  space.run_until(kMinute);
  CHECK(space.arrivals(Millis{0}, kMinute).size() <= 10);
  CHECK(space.unnamed(1000, Millis{0}, kMinute) == 0);
  space.run_until(2 * kMinute);
  space.restart();
  space.run_dry();
  for (int i = 1; i <= 1000; ++i) CHECK(space.thread(i) == Kinds{Kind::down});
}

TEST_CASE("storm: killed before the first digest was told, the ends still come in order",
          "[deliver]") {
  Space space;
  fail_all(space, 200);
  space.run_until(Millis{500});
  space.restart();
  space.run_until(Millis{30'000});
  for (int i = 1; i <= 200; ++i) space.change(i, Kind::up);
  space.run_dry();
  for (int i = 1; i <= 200; ++i) CHECK(space.thread(i) == Kinds{Kind::down, Kind::up});
}

TEST_CASE("storm: twenty-five are a page, a digest, and their lines a minute later", "[deliver]") {
  Space space;
  space.change(1, Kind::down);
  space.run_until(Millis{100});
  for (int i = 2; i <= 25; ++i) space.change(i, Kind::down);
  space.run_until(kMinute);
  const auto first = space.arrivals(Millis{0}, kMinute);
  REQUIRE(first.size() == 2);
  CHECK(first[0].it->message->check == server(1));
  CHECK(first[1].is_digest());
  check_first_minute(space, 25);
  space.run_dry();
  for (int i = 1; i <= 25; ++i) CHECK(space.thread(i) == Kinds{Kind::down});
}

TEST_CASE("storm: twenty are told one by one, each in its thread", "[deliver]") {
  Space space;
  fail_all(space, 20);
  space.run_until(Millis{22'000});
  CHECK(space.arrivals(Millis{0}, Millis{22'000}).size() == 20);
  for (int i = 1; i <= 20; ++i) CHECK(space.thread(i) == Kinds{Kind::down});
}

TEST_CASE("storm: more checks than the threshold in ten seconds begin it, however few wait",
          "[deliver]") {
  Space space;
  for (int i = 1; i <= 30; ++i) {
    space.change(i, Kind::down);
    space.run_until(Millis{i * 400});
  }
  space.run_until(kMinute);
  check_first_minute(space, 30);
  const auto first = space.arrivals(Millis{0}, kMinute);
  CHECK(std::any_of(first.begin(), first.end(),
                    [](const Space::Arrival& arrival) { return arrival.is_digest(); }));
}

TEST_CASE("storm: the lines of one that is past give way to whatever is new", "[deliver]") {
  Space space;
  fail_all(space, 500);
  space.run_until(3 * kMinute);
  SECTION("one more server: a page at once") {
    space.change(501, Kind::down);
    space.run_until(3 * kMinute + Millis{2200});
    CHECK(space.thread(501) == Kinds{Kind::down});
  }
  SECTION("one that is back: its line leaves at once, and tells both") {
    space.change(500, Kind::up);
    space.run_until(3 * kMinute + Millis{2200});
    CHECK(space.thread(500) == Kinds{Kind::over});
  }
  SECTION("another storm: a minute of few messages, and then the lines of both") {
    for (int i = 501; i <= 1000; ++i) space.change(i, Kind::down);
    space.run_until(4 * kMinute);
    const auto next = space.arrivals(3 * kMinute, 4 * kMinute);
    REQUIRE(next.size() <= 11);  // a line may have been on its way
    CHECK(next[0].at <= 3 * kMinute + Millis{2000});
    CHECK(next[1].is_digest());
    space.run_dry();
    for (int i = 1; i <= 1000; ++i) CHECK(space.thread(i) == Kinds{Kind::down});
  }
}

TEST_CASE("storm: other trouble soon after it is told at once", "[deliver]") {
  Space space;
  fail_all(space, 100);
  for (int i = 1; i <= 100; ++i) {
    space.run_until(Millis{2000 + i * 650});
    space.change(i, Kind::up);
  }
  space.run_until(Millis{70'000});
  for (int i = 101; i <= 250; ++i) space.change(i, Kind::down);
  space.run_until(Millis{72'200});
  const auto next = space.arrivals(Millis{70'000}, Millis{72'200});
  REQUIRE_FALSE(next.empty());
  CHECK(space.unnamed(250, Millis{0}, Millis{72'200}) == 0);
}

TEST_CASE("storm: a sink without a pace of its own gets the lines one a second", "[deliver]") {
  Space space(Millis{0});
  fail_all(space, 100);
  space.run_until(Millis{90'500});
  CHECK(space.arrivals(Millis{0}, kMinute).size() == 1);
  CHECK(space.arrivals(kMinute, Millis{90'500}).size() == 31);
  // And a page need not wait for them.
  space.change(101, Kind::down);
  space.run_until(Millis{90'501});
  CHECK(space.thread(101) == Kinds{Kind::down});
}

TEST_CASE("storm: a sink without a pace needs no digest while it takes all at once", "[deliver]") {
  Space space(Millis{0});
  for (int i = 1; i <= 100; ++i) {
    space.change(i, Kind::down);
    space.run_until(Millis{i * 10});
  }
  CHECK(space.arrivals(Millis{0}, Millis{1001}).size() == 100);
}

TEST_CASE("storm: a sink that was away hears few messages in the minute after it is back",
          "[deliver]") {
  Space space;
  space.set_away(true);
  fail_all(space, 300);
  space.run_until(30 * kMinute);
  for (int i = 1; i <= 300; ++i) space.change(i, i <= 100 ? Kind::up : Kind::degraded);
  space.run_until(60 * kMinute);
  space.set_away(false);
  space.run_until(70 * kMinute);
  REQUIRE_FALSE(space.arrivals(Millis{0}, 70 * kMinute).empty());
  const Millis back = space.arrivals(Millis{0}, 70 * kMinute)[0].at;
  const auto first = space.arrivals(back, back + kMinute);
  CHECK(first.size() <= 10);
  // The row that was tried when it came back, and then digests.
  for (const Space::Arrival& arrival : space.arrivals(back + Millis{1}, back + kMinute)) {
    CHECK(arrival.is_digest());
  }
  space.run_dry();
  for (int i = 1; i <= 100; ++i) CHECK(space.thread(i) == Kinds{Kind::over});
  for (int i = 101; i <= 300; ++i) CHECK(space.thread(i) == Kinds{Kind::down, Kind::degraded});
}

TEST_CASE("storm: names that fill every page leave a message for what comes next", "[deliver]") {
  Space space;
  space.set_tail("/a-service-with-a-rather-long-name");
  fail_all(space);
  space.run_until(Millis{30'000});
  space.change(1, Kind::up);
  space.run_until(kMinute);
  const auto first = space.arrivals(Millis{0}, kMinute);
  REQUIRE(first.size() == 10);
  // What had no room is in it, and what came.
  CHECK(first.back().at > Millis{15'000});
  CHECK(first.back().is_digest());
  space.run_until(3 * kMinute);
  CHECK(space.unnamed(1000, Millis{0}, 3 * kMinute) == 0);
}

TEST_CASE("storm: the minute begins when a sink that was away hears of it", "[deliver]") {
  Space space;
  space.set_away(true);
  fail_all(space, 100);
  space.run_until(5 * kMinute);
  space.set_away(false);
  space.run_until(20 * kMinute);
  REQUIRE_FALSE(space.arrivals(Millis{0}, 20 * kMinute).empty());
  const Millis back = space.arrivals(Millis{0}, 20 * kMinute)[0].at;
  CHECK(space.arrivals(back, back + Millis{59'000}).size() <= 2);
  space.run_dry();
  for (int i = 1; i <= 100; ++i) CHECK(space.thread(i) == Kinds{Kind::down});
}

TEST_CASE("storm: job's news is no storm, however many jobs end at once", "[deliver]") {
  Space space;
  for (int i = 1; i <= 30; ++i) {
    space.change(i, Kind::info);
    space.run_until(Millis{i * 400});
  }
  space.run_until(kMinute);
  CHECK(space.arrivals(Millis{0}, kMinute).size() == 30);
}
