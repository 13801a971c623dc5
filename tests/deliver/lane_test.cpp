// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "deliver/lane.h"

#include <catch2/catch.hpp>

#include "deliver/messages.h"
#include "deliver/thread_refs.h"
#include "support/fake_clock.h"

using namespace tocsin;
using What = Lane::Next::What;

namespace {

constexpr Millis kSpacing{1050};

Outcome sent() {
  Outcome out;
  out.what = Outcome::What::sent;
  out.thread_ref = "spaces/A/threads/T";
  out.message_ref = "spaces/A/messages/M";
  return out;
}
Outcome later(std::optional<Millis> retry_after = {}, bool in_doubt = false) {
  Outcome out;
  out.reason = "503 Service Unavailable";
  out.retry_after = retry_after;
  out.in_doubt = in_doubt;
  return out;
}
Outcome rejected() {
  Outcome out;
  out.what = Outcome::What::rejected;
  out.reason = "404 Not Found";
  return out;
}

// A lane, a clock turned by hand, and short words for what is done with them.
struct Bench {
  FakeClock clock;
  std::int64_t last_id = 1000;
  Numbers numbers{[this] { return ++last_id; }, [] { return "new"; }};
  Lane lane{kSpacing, clock.steady(), 7};
  std::size_t threshold = 20;

  Moment now() const { return {clock.steady(), clock.wall()}; }
  void add(const Telling& telling) { lane.add(waiting(telling), now()); }
  Lane::Next next() { return lane.next(now(), threshold, numbers); }
  // Waits for the next attempt's turn and gives its id; 0 if none is due.
  std::int64_t await_send() {
    for (int i = 0; i < 10; ++i) {
      const Lane::Next next = this->next();
      if (next.what == What::send) return next.row->notification->id;
      if (next.what == What::nothing) return 0;
      if (next.what == What::fold) lane.committed(true);
      if (next.what == What::wait)
        clock.advance(std::chrono::ceil<Millis>(next.at - clock.steady()));
    }
    return 0;
  }
  Row end(const Outcome& outcome) {
    const Row row = lane.end(outcome, now());
    lane.committed(true);
    return row;
  }
  Millis pause() {
    const Lane::Next next = this->next();
    REQUIRE(next.what == What::wait);
    return std::chrono::duration_cast<Millis>(next.at - clock.steady());
  }
};

}  // namespace

TEST_CASE("lane: the first attempt waits one spacing, since the last process may just have sent",
          "[deliver]") {
  Bench bench;
  bench.add({.id = 1});
  CHECK(bench.pause() == kSpacing);
  bench.clock.advance(kSpacing);
  CHECK(bench.next().what == What::send);
}

TEST_CASE("lane: a page that comes later leaves at once", "[deliver]") {
  Bench bench;
  bench.clock.advance(kSpacing);
  bench.add({.id = 1});
  CHECK(bench.next().what == What::send);
}

TEST_CASE("lane: attempts are serial, and each is committed before the one after it", "[deliver]") {
  Bench bench;
  bench.add({.id = 1});
  bench.add({.id = 2, .check = "b"});
  CHECK(bench.await_send() == 1);
  bench.clock.advance(Millis{60'000});
  CHECK(bench.next().what == What::nothing);
  bench.lane.end(sent(), bench.now());
  bench.clock.advance(kSpacing);
  CHECK(bench.next().what == What::nothing);
  bench.lane.committed(true);
  CHECK(bench.next().what == What::send);
}

TEST_CASE("lane: the spacing runs from the end of an attempt", "[deliver]") {
  Bench bench;
  bench.add({.id = 1});
  bench.add({.id = 2, .check = "b"});
  REQUIRE(bench.await_send() == 1);
  bench.clock.advance(Millis{300});
  bench.end(sent());
  CHECK(bench.pause() == kSpacing);
}

TEST_CASE("lane: news gives way to pages, and never within a thread", "[deliver]") {
  Bench bench;
  bench.add({.id = 1, .kind = Kind::info, .check = "a"});
  bench.add({.id = 2, .kind = Kind::info, .check = "b"});
  bench.add({.id = 3, .check = "a"});
  bench.add({.id = 4, .check = "c"});
  std::vector<std::int64_t> order;
  for (int i = 0; i < 4; ++i) {
    order.push_back(bench.await_send());
    bench.end(sent());
  }
  CHECK(order == std::vector<std::int64_t>{4, 1, 3, 2});
}

TEST_CASE("lane: threads take their turn in the order of ids", "[deliver]") {
  Bench bench;
  bench.add({.id = 3, .check = "c"});
  bench.add({.id = 1, .check = "a"});
  bench.add({.id = 2, .check = "b"});
  for (int id = 1; id <= 3; ++id) {
    CHECK(bench.await_send() == id);
    bench.end(sent());
  }
  CHECK(bench.next().what == What::nothing);
}

TEST_CASE("lane: the same row twice is told once", "[deliver]") {
  Bench bench;
  bench.add({.id = 1});
  bench.add({.id = 1});
  REQUIRE(bench.await_send() == 1);
  bench.end(sent());
  CHECK(bench.await_send() == 0);
}

TEST_CASE("lane: a delivery that was sent leaves with what the sink called it", "[deliver]") {
  Bench bench;
  bench.add({.id = 1});
  REQUIRE(bench.await_send() == 1);
  const Row row = bench.end(sent());
  CHECK(row.delivery.status == DeliveryStatus::sent);
  CHECK(row.delivery.attempts == 1);
  CHECK(row.delivery.at == bench.clock.wall());
  CHECK(row.delivery.thread_ref == "spaces/A/threads/T");
  CHECK(row.delivery.message_ref == "spaces/A/messages/M");
  CHECK(bench.lane.rows().empty());
}

TEST_CASE("lane: a rejected delivery is dead at once, and the next one goes on", "[deliver]") {
  Bench bench;
  bench.add({.id = 1});
  bench.add({.id = 2, .check = "b"});
  REQUIRE(bench.await_send() == 1);
  const Row row = bench.end(rejected());
  CHECK(row.delivery.status == DeliveryStatus::dead);
  CHECK(row.delivery.last_error == "404 Not Found");
  CHECK(bench.pause() == kSpacing);
  CHECK(bench.await_send() == 2);
}

TEST_CASE("lane: a delivery that was put off pauses the lane, longer each time", "[deliver]") {
  Bench bench;
  bench.lane.set_spacing(Millis{0});
  bench.add({.id = 1});
  bench.add({.id = 2, .check = "b"});
  for (const int seconds : {1, 2, 4, 8, 16, 32, 60}) {
    REQUIRE(bench.await_send() == 1);
    const Row row = bench.end(later());
    CHECK(row.delivery.status == DeliveryStatus::waiting);
    CHECK(row.delivery.last_error == "503 Service Unavailable");
    const Millis pause = bench.pause();
    CHECK(pause >= Millis{seconds * 750});
    CHECK(pause <= Millis{seconds * 1250});
    CHECK(row.delivery.next_at == bench.clock.wall() + pause);
  }
  REQUIRE(bench.await_send() == 1);
  CHECK(bench.end(sent()).delivery.attempts == 8);
  REQUIRE(bench.await_send() == 2);
  bench.end(later());
  CHECK(bench.pause() <= Millis{1250});  // begun anew
}

TEST_CASE("lane: a sink is left alone for as long as it asked, within reason", "[deliver]") {
  Bench bench;
  bench.add({.id = 1});
  REQUIRE(bench.await_send() == 1);
  SECTION("longer than the backoff") {
    bench.end(later(Millis{300'000}));
    CHECK(bench.pause() == Millis{300'000});
  }
  SECTION("shorter than the backoff") {
    bench.end(later(Millis{10}));
    CHECK(bench.pause() > Millis{10});
  }
  SECTION("longer than an hour") {
    bench.end(later(Millis{86'400'000}));
    CHECK(bench.pause() == Millis{3'600'000});
  }
}

TEST_CASE("lane: it is tried for ever", "[deliver]") {
  Bench bench;
  bench.add({.id = 1});
  for (int i = 0; i < 2000; ++i) {
    REQUIRE(bench.await_send() == 1);
    bench.end(later());
    REQUIRE(bench.pause() <= Millis{75'000});
  }
  REQUIRE(bench.await_send() == 1);
  CHECK(bench.end(sent()).delivery.attempts == 2001);
}

TEST_CASE("lane: an outage of a minute changes nothing in the order", "[deliver]") {
  Bench bench;
  for (int id = 1; id <= 5; ++id) bench.add({.id = id, .check = "c" + std::to_string(id)});
  const SteadyTime began = bench.clock.steady();
  while (bench.clock.steady() - began < std::chrono::minutes{1}) {
    REQUIRE(bench.await_send() == 1);
    bench.end(later());
  }
  for (int id = 1; id <= 5; ++id) {
    CHECK(bench.await_send() == id);
    bench.end(sent());
  }
}

TEST_CASE("lane: a row that no sink takes does not hold up the other threads for ever",
          "[deliver]") {
  Bench bench;
  bench.add({.id = 1, .check = "bad"});
  bench.add({.id = 2, .kind = Kind::daemon, .check = "bad", .incident = 0});
  for (int id = 3; id <= 9; ++id) bench.add({.id = id, .check = "c" + std::to_string(id)});
  std::vector<std::int64_t> told;
  int tries = 0;
  while (told.size() < 7 && ++tries < 100) {
    const std::int64_t id = bench.await_send();
    REQUIRE(id != 0);
    if (id == 1) {
      bench.end(later());
    } else {
      told.push_back(id);
      bench.end(sent());
    }
  }
  // Its own thread waits with it; all others are told, in order.
  CHECK(told == std::vector<std::int64_t>{3, 4, 5, 6, 7, 8, 9});
  CHECK(tries <= 8 + 7 + 2);
  CHECK(bench.await_send() == 1);
}

TEST_CASE("lane: after an outage for all, the oldest row does not sit out its own pause",
          "[deliver]") {
  Bench bench;
  bench.add({.id = 1, .check = "a"});
  bench.add({.id = 2, .check = "b"});
  bench.add({.id = 3, .check = "c"});
  for (int i = 0; i < 8; ++i) {
    REQUIRE(bench.await_send() == 1);
    bench.end(later());
  }
  REQUIRE(bench.await_send() == 2);  // the trial
  bench.end(sent());
  CHECK(bench.await_send() == 1);
}

TEST_CASE("lane: what was found at a start waits for its time, however the clock was set",
          "[deliver]") {
  Bench bench;
  Row row = waiting({.id = 1});
  row.resumed = true;
  SECTION("a minute to go") {
    row.delivery.next_at = bench.clock.wall() + Millis{60'000};
    bench.lane.add(row, bench.now());
    CHECK(bench.pause() == Millis{60'000});
  }
  SECTION("long due") {
    row.delivery.next_at = bench.clock.wall() - Millis{60'000};
    bench.lane.add(row, bench.now());
    CHECK(bench.pause() == kSpacing);
  }
  SECTION("ten years ahead") {
    row.delivery.next_at = bench.clock.wall() + std::chrono::hours{87'600};
    bench.lane.add(row, bench.now());
    CHECK(bench.pause() == Millis{3'600'000});
  }
}

TEST_CASE("lane: a wall clock that jumps does not move a pause", "[deliver]") {
  Bench bench;
  bench.add({.id = 1});
  REQUIRE(bench.await_send() == 1);
  bench.end(later());
  const Millis pause = bench.pause();
  bench.clock.step_wall(std::chrono::hours{-24});
  CHECK(bench.pause() == pause);
}

TEST_CASE("lane: the first page of a storm leaves by itself, the rest in a digest", "[deliver]") {
  Bench bench;
  bench.clock.advance(kSpacing);
  bench.add({.id = 1, .check = "c1", .incident = 1});
  CHECK(bench.await_send() == 1);
  for (int id = 2; id <= 60; ++id) {
    bench.add({.id = id, .check = "c" + std::to_string(id), .incident = id});
  }
  bench.end(sent());
  bench.clock.advance(kSpacing);
  const Lane::Next next = bench.next();
  REQUIRE(next.what == What::fold);
  CHECK(next.change.deliveries.size() == 59);
  REQUIRE(next.change.notifications.size() == 1);
  // Nothing leaves before the folding is committed.
  CHECK(bench.next().what == What::nothing);
  bench.lane.committed(true);
  const Lane::Next digest = bench.next();
  REQUIRE(digest.what == What::send);
  CHECK(digest.row->notification == next.change.notifications[0]);
  bench.end(sent());
  // The rest follows in its own threads, when the minute is over.
  const SteadyTime told = bench.clock.steady();
  CHECK(bench.await_send() == 2);
  CHECK(bench.clock.steady() - told >= Millis{57'000});
}

TEST_CASE("lane: what was folded without the disk says so", "[deliver]") {
  Bench bench;
  bench.add({.id = 1});
  bench.add({.id = 2, .kind = Kind::up});
  bench.clock.advance(kSpacing);
  REQUIRE(bench.next().what == What::fold);
  bench.lane.committed(false);
  const Lane::Next next = bench.next();
  REQUIRE(next.what == What::send);
  CHECK(next.row->notification->message->kind == Kind::over);
  CHECK_FALSE(next.row->notification->message->durable);
}

TEST_CASE("lane: what waited behind a row in doubt may be folded once that is told", "[deliver]") {
  Bench bench;
  bench.threshold = 3;
  bench.add({.id = 1, .check = "x", .incident = 1, .thread = "shop"});
  REQUIRE(bench.await_send() == 1);
  bench.end(later({}, true));
  for (int id = 2; id <= 6; ++id) {
    bench.add({.id = id, .check = "c" + std::to_string(id), .incident = id, .thread = "shop"});
  }
  REQUIRE(bench.await_send() == 1);
  bench.end(sent());
  bench.clock.advance(kSpacing);
  CHECK(bench.next().what == What::fold);
}

TEST_CASE("lane: taking a notifier's rows leaves the others", "[deliver]") {
  Bench bench;
  bench.add({.id = 1, .notifier = "dev"});
  bench.add({.id = 2});
  const std::vector<Row> taken = bench.lane.take("dev");
  REQUIRE(taken.size() == 1);
  CHECK(taken[0].notification->id == 1);
  CHECK(bench.await_send() == 2);
}

TEST_CASE("thread refs: remembered per notifier and thread, the unused forgotten first",
          "[deliver]") {
  ThreadRefs refs(2);
  refs.remember("ops", "a", "A");
  refs.remember("ops", "b", "B");
  CHECK(refs.find("ops", "a") == "A");
  CHECK(refs.find("dev", "a").empty());
  refs.remember("dev", "a", "D");
  CHECK(refs.size() == 2);
  CHECK(refs.find("ops", "b").empty());
  refs.remember("ops", "a", "A2");
  refs.remember("ops", "a", "");  // the sink had nothing to tell
  CHECK(refs.find("ops", "a") == "A2");
  refs.forget("ops");
  CHECK(refs.find("ops", "a").empty());
  CHECK(refs.find("dev", "a") == "D");
  CHECK(refs.size() == 1);
}
