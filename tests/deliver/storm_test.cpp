// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// A thousand servers fail, and one space of Google Chat is told.
#include <algorithm>
#include <catch2/catch.hpp>

#include "deliver/storm_space.h"

using namespace tocsin;

TEST_CASE("storm: a thousand at once are ten messages in a minute, and then complete threads",
          "[deliver]") {
  StormSpace space;
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
  StormSpace space;
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
  StormSpace space;
  fail_all(space);
  space.run_until(Millis{15'000});
  for (int i = 1; i <= 1000; ++i) space.change(i, Kind::up);
  space.run_until(kMinute);
  check_first_minute(space, 1000);
  const auto later = space.arrivals(Millis{15'000}, kMinute);
  REQUIRE_FALSE(later.empty());
  for (const StormSpace::Arrival& arrival : later) CHECK(arrival.is_digest());
  CHECK(later.front().it->message->reason.starts_with("DOWN and UP 1000 checks"));
  space.run_dry();
  for (int i = 1; i <= 1000; ++i) CHECK(space.thread(i) == Kinds{Kind::over});
}

TEST_CASE("storm: what comes back one by one is told no oftener than the digests go", "[deliver]") {
  StormSpace space;
  fail_all(space, 100);
  for (int i = 1; i <= 100; ++i) {
    space.run_until(Millis{2000 + i * 500});
    space.change(i, Kind::up);
  }
  space.run_until(kMinute);
  CHECK(space.arrivals(Millis{0}, kMinute).size() <= 5);
  for (const StormSpace::Arrival& arrival : space.arrivals(Millis{0}, kMinute)) {
    CHECK(arrival.is_digest());
  }
  space.run_dry();
  for (int i = 1; i <= 100; ++i) CHECK(space.thread(i) == Kinds{Kind::over});
}

TEST_CASE("storm: killed in the middle, it goes on as it was", "[deliver]") {
  StormSpace space;
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
  StormSpace space;
  fail_all(space, 200);
  space.run_until(Millis{500});
  space.restart();
  space.run_until(Millis{30'000});
  for (int i = 1; i <= 200; ++i) space.change(i, Kind::up);
  space.run_dry();
  for (int i = 1; i <= 200; ++i) CHECK(space.thread(i) == Kinds{Kind::down, Kind::up});
}

TEST_CASE("storm: twenty-five are a page, a digest, and their lines a minute later", "[deliver]") {
  StormSpace space;
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
  StormSpace space;
  fail_all(space, 20);
  space.run_until(Millis{22'000});
  CHECK(space.arrivals(Millis{0}, Millis{22'000}).size() == 20);
  for (int i = 1; i <= 20; ++i) CHECK(space.thread(i) == Kinds{Kind::down});
}

TEST_CASE("storm: more checks than the threshold in ten seconds begin it, however few wait",
          "[deliver]") {
  StormSpace space;
  for (int i = 1; i <= 30; ++i) {
    space.change(i, Kind::down);
    space.run_until(Millis{i * 400});
  }
  space.run_until(kMinute);
  check_first_minute(space, 30);
  const auto first = space.arrivals(Millis{0}, kMinute);
  CHECK(std::any_of(first.begin(), first.end(),
                    [](const StormSpace::Arrival& arrival) { return arrival.is_digest(); }));
}
