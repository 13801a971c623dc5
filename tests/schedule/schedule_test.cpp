// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "schedule/schedule.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <map>
#include <set>
#include <string>

using namespace tocsin;
using namespace std::chrono_literals;

namespace {

constexpr SteadyTime kEpoch{};
constexpr SteadyTime kNow = kEpoch + 1000h + 1234567ns;  // an epoch long past, off every slot

bool on_slot(SteadyTime at) {
  return (at - kEpoch) % Schedule::kSlot == SteadyTime::duration::zero();
}

// The one that is due next, taken at its time.
Schedule::Due take_one(Schedule& schedule) {
  REQUIRE(schedule.next());
  const auto due = schedule.take_due(*schedule.next());
  REQUIRE(due.size() == 1);
  return due.front();
}

std::string name(unsigned number) {
  return "web-" + std::to_string(number);
}

}  // namespace

TEST_CASE("schedule: the first probe comes within one interval, on a slot", "[schedule]") {
  for (const Millis interval : {100ms, 1000ms, 30'000ms, 86'400'000ms}) {
    for (unsigned i = 0; i < 50; ++i) {
      Schedule schedule(kEpoch);
      schedule.add(0, name(i), interval, kNow);
      const auto due = take_one(schedule);
      CHECK(due.at > kNow);
      CHECK(due.at <= kNow + interval);
      CHECK(on_slot(due.at));
    }
  }
}

TEST_CASE("schedule: the same name has the same grid after a restart", "[schedule]") {
  Schedule first(kEpoch);
  Schedule second(kEpoch);
  first.add(0, "web-01", 10s, kNow);
  second.add(7, "web-01", 10s, kNow + 25s);
  CHECK((take_one(first).at - take_one(second).at) % 10s == 0ns);
}

TEST_CASE("schedule: first probes are spread evenly over the interval", "[schedule]") {
  Schedule schedule(kEpoch);
  constexpr unsigned kChecks = 10'000;
  for (unsigned i = 0; i < kChecks; ++i) schedule.add(i, name(i), 10s, kNow);
  std::array<unsigned, 100> tenths{};
  std::map<SteadyTime, unsigned> slots;
  for (const auto& due : schedule.take_due(kNow + 11s)) {
    ++tenths.at(static_cast<std::size_t>((due.at - kNow) / 100ms));
    ++slots[due.at];
  }
  // 100 are expected in each tenth of a second, 5 in each slot; six deviations are allowed.
  for (const unsigned count : tenths) CHECK((count > 40 && count < 160));
  for (const auto& [at, count] : slots) CHECK(count < 20);
}

TEST_CASE("schedule: a million rounds later, the grid has not drifted", "[schedule]") {
  // 333 ms is no multiple of a slot; every probe begins late and lasts a while.
  Schedule schedule(kEpoch);
  schedule.add(0, "web-01", 333ms, kNow);
  const SteadyTime first = take_one(schedule).at;
  schedule.ended(0, first + 7ms, std::nullopt);
  SteadyTime last;
  constexpr int kRounds = 1'000'000;
  for (int i = 0; i < kRounds; ++i) {
    const auto at = *schedule.next();
    const auto due = schedule.take_due(at + 3ms + 17ns);
    if (due.size() != 1 || due[0].at != at) FAIL("round " << i);
    last = at;
    schedule.ended(0, at + 21ms + 5ns, std::nullopt);
  }
  // Only the rounding to slots of the first and of the last may show.
  CHECK(last - first < 333ms * kRounds + Schedule::kSlot);
  CHECK(last - first > 333ms * kRounds - Schedule::kSlot);
}

TEST_CASE("schedule: a probe that outlasts its interval skips grid points", "[schedule]") {
  Schedule schedule(kEpoch);
  schedule.add(0, "web-01", 1s, kNow);
  const auto due = take_one(schedule);
  CHECK(schedule.under_way(0));
  CHECK(schedule.take_due(due.at + 1h).empty());
  CHECK_FALSE(schedule.next());
  schedule.ended(0, due.at + 3s + 1ms, std::nullopt);
  CHECK_FALSE(schedule.under_way(0));
  CHECK(take_one(schedule).at == due.at + 4s);
}

TEST_CASE("schedule: a late wake-up takes one probe a check, not one a grid point", "[schedule]") {
  Schedule schedule(kEpoch);
  schedule.add(0, "web-01", 100ms, kNow);
  schedule.add(1, "web-02", 100ms, kNow);
  CHECK(schedule.take_due(kNow + 10s).size() == 2);
  schedule.ended(0, kNow + 10s, std::nullopt);
  CHECK(*schedule.next() > kNow + 10s);
}

TEST_CASE("schedule: while suspected, the next probe comes after the retry, or with the grid",
          "[schedule]") {
  Schedule schedule(kEpoch);
  schedule.add(0, "web-01", 30s, kNow);
  const SteadyTime grid = take_one(schedule).at;
  schedule.ended(0, grid + 12ms, 5s);
  const auto retry = take_one(schedule);
  CHECK(retry.at == grid + 5015ms);  // 12 ms + 5 s, on the next slot
  schedule.ended(0, grid + 28s, 5s);
  CHECK(take_one(schedule).at == grid + 30s);
  // The grid is the old one afterwards.
  schedule.ended(0, grid + 31s, std::nullopt);
  CHECK(take_one(schedule).at == grid + 60s);
}

TEST_CASE("schedule: what is due comes in order of time", "[schedule]") {
  Schedule schedule(kEpoch);
  for (unsigned i = 0; i < 500; ++i) schedule.add(i, name(i), 10s, kNow);
  const auto due = schedule.take_due(kNow + 10s);
  CHECK(due.size() == 500);
  CHECK(std::is_sorted(due.begin(), due.end(),
                       [](const auto& a, const auto& b) { return a.at < b.at; }));
}

TEST_CASE("schedule: hurry makes an idle check due at once", "[schedule]") {
  Schedule schedule(kEpoch);
  schedule.add(0, "web-01", 1h, kNow);
  schedule.hurry(0, kNow);
  schedule.hurry(0, kNow + 1ms);
  CHECK(take_one(schedule).at == kNow);
  schedule.ended(0, kNow + 2ms, std::nullopt);
  CHECK(*schedule.next() > kNow + 5ms);
}

TEST_CASE("schedule: hurry during a probe repeats it once, right after its end", "[schedule]") {
  Schedule schedule(kEpoch);
  schedule.add(0, "web-01", 1h, kNow);
  const SteadyTime grid = take_one(schedule).at;
  schedule.hurry(0, grid + 1ms);
  schedule.hurry(0, grid + 2ms);
  CHECK(schedule.take_due(grid + 3ms).empty());
  schedule.ended(0, grid + 4ms, 10s);
  CHECK(take_one(schedule).at == grid + 4ms);
  schedule.ended(0, grid + 5ms, std::nullopt);
  CHECK(take_one(schedule).at == grid + 1h);
}

TEST_CASE("schedule: hurry does not put off what is due already", "[schedule]") {
  Schedule schedule(kEpoch);
  schedule.add(0, "web-01", 1s, kNow);
  const SteadyTime at = *schedule.next();
  schedule.hurry(0, at + 1s);
  CHECK(schedule.take_due(at + 1s).front().at == at);
}

TEST_CASE("schedule: a removed check never comes due", "[schedule]") {
  Schedule schedule(kEpoch);
  schedule.add(0, "web-01", 1s, kNow);
  schedule.add(1, "web-02", 1s, kNow);
  CHECK(schedule.size() == 2);
  schedule.remove(0);
  schedule.remove(0);
  schedule.remove(99);
  CHECK(schedule.size() == 1);
  CHECK(schedule.take_due(kNow + 2s).front().id == 1);
  schedule.hurry(0, kNow + 2s);
  schedule.ended(0, kNow + 2s, 1s);
  CHECK_FALSE(schedule.next());
}

TEST_CASE("schedule: a check that is removed during its probe stays away when that ends",
          "[schedule]") {
  Schedule schedule(kEpoch);
  schedule.add(0, "web-01", 1s, kNow);
  const auto due = take_one(schedule);
  schedule.hurry(0, due.at);
  schedule.remove(0);
  CHECK_FALSE(schedule.under_way(0));
  schedule.ended(0, due.at + 1ms, std::nullopt);
  CHECK_FALSE(schedule.next());
  CHECK(schedule.size() == 0);
}

TEST_CASE("schedule: an id that is used again has nothing of the check before", "[schedule]") {
  Schedule schedule(kEpoch);
  schedule.add(0, "web-01", 1s, kNow);
  const auto due = take_one(schedule);
  schedule.hurry(0, due.at);
  schedule.remove(0);
  schedule.add(0, "db-01", 1h, due.at);
  const SteadyTime first = *schedule.next();
  schedule.ended(0, due.at + 1ms, 1ms);  // of the old one: in vain
  CHECK(*schedule.next() == first);
  CHECK(take_one(schedule).at == first);
  schedule.ended(0, first + 1ms, std::nullopt);
  CHECK(take_one(schedule).at == first + 1h);
}

TEST_CASE("schedule: another interval is a new grid, the same one changes nothing", "[schedule]") {
  Schedule schedule(kEpoch);
  schedule.add(0, "web-01", 1h, kNow);
  const SteadyTime first = *schedule.next();
  schedule.change(0, "web-01", 1h, kNow + 1s);
  CHECK(*schedule.next() == first);
  schedule.hurry(0, kNow + 2s);
  schedule.change(0, "web-01", 1h, kNow + 2s);
  CHECK(*schedule.next() == kNow + 2s);
  schedule.change(0, "web-01", 10s, kNow);
  CHECK(*schedule.next() > kNow);
  CHECK(*schedule.next() <= kNow + 10s);
  const auto due = take_one(schedule);
  schedule.change(0, "web-01", 1min, due.at + 1ms);
  CHECK(schedule.under_way(0));
  CHECK_FALSE(schedule.next());
  schedule.ended(0, due.at + 2ms, std::nullopt);
  const auto second = take_one(schedule);
  schedule.ended(0, second.at, std::nullopt);
  CHECK(take_one(schedule).at == second.at + 1min);
  schedule.change(1, "new", 1s, kNow);
  CHECK(schedule.size() == 2);
}

TEST_CASE("schedule: an interval of nothing is taken as one slot", "[schedule]") {
  Schedule schedule(kEpoch);
  schedule.add(0, "web-01", 0ms, kNow);
  const auto due = take_one(schedule);
  schedule.ended(0, due.at, std::nullopt);
  CHECK(take_one(schedule).at == due.at + Schedule::kSlot);
}

TEST_CASE("schedule: many checks share a wake-up", "[schedule]") {
  Schedule schedule(kEpoch);
  for (unsigned i = 0; i < 10'000; ++i) schedule.add(i, name(i), 1s, kNow);
  std::set<SteadyTime> wakes;
  while (*schedule.next() <= kNow + 1s) {
    const SteadyTime now = *schedule.next();
    wakes.insert(now);
    for (const auto& due : schedule.take_due(now)) schedule.ended(due.id, now, std::nullopt);
  }
  CHECK(wakes.size() <= 201);
}

TEST_CASE("schedule: millions of operations on ten thousand checks take seconds at most",
          "[schedule]") {
  // A structure that searches all checks for each operation would take hours for this.
  Schedule schedule(kEpoch);
  constexpr unsigned kChecks = 10'000;
  for (unsigned i = 0; i < kChecks; ++i) schedule.add(i, name(i), 1s, kNow);
  std::uint64_t probes = 0;
  SteadyTime now = kNow;
  const auto begin = std::chrono::steady_clock::now();
  while (probes < 1'000'000) {
    now = *schedule.next();
    for (const auto& due : schedule.take_due(now)) {
      schedule.ended(due.id, now, due.id % 3 == 0 ? std::optional(200ms) : std::nullopt);
      schedule.hurry((due.id * 7919U) % kChecks, now);
      ++probes;
    }
  }
  CHECK(std::chrono::steady_clock::now() - begin < 60s);
}
