// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// What comes after a storm or beside it, and sinks of another kind.
#include <catch2/catch.hpp>

#include "deliver/storm_space.h"

using namespace tocsin;

TEST_CASE("storm: the lines of one that is past give way to whatever is new", "[deliver]") {
  StormSpace space;
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
  StormSpace space;
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
  StormSpace space(Millis{0});
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
  StormSpace space(Millis{0});
  for (int i = 1; i <= 100; ++i) {
    space.change(i, Kind::down);
    space.run_until(Millis{i * 10});
  }
  CHECK(space.arrivals(Millis{0}, Millis{1001}).size() == 100);
}

TEST_CASE("storm: a sink that was away hears few messages in the minute after it is back",
          "[deliver]") {
  StormSpace space;
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
  for (const StormSpace::Arrival& arrival : space.arrivals(back + Millis{1}, back + kMinute)) {
    CHECK(arrival.is_digest());
  }
  space.run_dry();
  for (int i = 1; i <= 100; ++i) CHECK(space.thread(i) == Kinds{Kind::over});
  for (int i = 101; i <= 300; ++i) CHECK(space.thread(i) == Kinds{Kind::down, Kind::degraded});
}

TEST_CASE("storm: names that fill every page leave a message for what comes next", "[deliver]") {
  StormSpace space;
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
  StormSpace space;
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
  StormSpace space;
  for (int i = 1; i <= 30; ++i) {
    space.change(i, Kind::info);
    space.run_until(Millis{i * 400});
  }
  space.run_until(kMinute);
  CHECK(space.arrivals(Millis{0}, kMinute).size() == 30);
}
