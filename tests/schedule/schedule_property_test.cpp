// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Random lives of a few checks, compared step by step with a model that is written from the rules
// in schedule.h: no heap, no turns, grid points found by walking from the epoch.
#include <rapidcheck/catch.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "schedule/schedule.h"
#include "util/text.h"

using namespace tocsin;
using namespace std::chrono_literals;

namespace {

constexpr SteadyTime kEpoch = SteadyTime{} + 77ms;

class Model {
 public:
  void add(Schedule::Id id, const std::string& name, Millis interval, SteadyTime now) {
    checks_[id] = {.name = name, .interval = interval};
    checks_[id].due = grid_after(checks_[id], now);
  }
  void change(Schedule::Id id, const std::string& name, Millis interval, SteadyTime now) {
    if (!checks_.contains(id)) return add(id, name, interval, now);
    Check& check = checks_[id];
    if (check.interval == interval) return;
    check.name = name;
    check.interval = interval;
    if (!check.running) check.due = grid_after(check, now);
  }
  void remove(Schedule::Id id) { checks_.erase(id); }

  std::vector<std::pair<SteadyTime, Schedule::Id>> take_due(SteadyTime now) {
    std::vector<std::pair<SteadyTime, Schedule::Id>> out;
    for (auto& [id, check] : checks_) {
      if (check.running || check.due > now) continue;
      check.running = true;
      out.emplace_back(check.due, id);
    }
    std::sort(out.begin(), out.end());
    return out;
  }
  std::optional<SteadyTime> next() const {
    std::optional<SteadyTime> out;
    for (const auto& [id, check] : checks_) {
      if (!check.running && (!out || check.due < *out)) out = check.due;
    }
    return out;
  }
  void ended(Schedule::Id id, SteadyTime now, std::optional<Millis> retry) {
    if (!under_way(id)) return;
    Check& check = checks_[id];
    check.running = false;
    check.due = grid_after(check, now);
    if (retry) check.due = std::min(check.due, slot(now + *retry));
    if (check.again) check.due = now;
    check.again = false;
  }
  void hurry(Schedule::Id id, SteadyTime now) {
    if (!checks_.contains(id)) return;
    Check& check = checks_[id];
    if (check.running) {
      check.again = true;
    } else {
      check.due = std::min(check.due, now);
    }
  }
  bool under_way(Schedule::Id id) const { return checks_.contains(id) && checks_.at(id).running; }
  std::size_t size() const { return checks_.size(); }

 private:
  struct Check {
    std::string name;
    Millis interval{};
    SteadyTime due{};
    bool running = false;
    bool again = false;
  };

  static SteadyTime slot(SteadyTime at) {
    SteadyTime slot = kEpoch;
    const auto many = std::chrono::floor<std::chrono::seconds>(at - kEpoch);
    slot += many;  // a second is a whole number of slots
    while (slot < at) slot += Schedule::kSlot;
    return slot;
  }
  static SteadyTime grid_after(const Check& check, SteadyTime now) {
    const auto steps = static_cast<std::uint64_t>(check.interval.count());
    SteadyTime point = kEpoch + Millis{static_cast<long>(spread_hash(check.name) % steps)};
    while (slot(point) <= now) point += check.interval;
    return slot(point);
  }

  std::map<Schedule::Id, Check> checks_;
};

struct Life {
  Schedule real{kEpoch};
  Model model;
  SteadyTime now = kEpoch + 3s + 123us;
};

std::string any_name() {
  return "check-" + std::to_string(*rc::gen::inRange(0, 100));
}

Millis any_interval() {
  return Millis{*rc::gen::weightedOneOf<int>(
      {{3, rc::gen::inRange(100, 3000)}, {1, rc::gen::element(100, 500, 1000, 5000)}})};
}

void change_who_is_watched(Life& life) {
  const auto id = *rc::gen::inRange<Schedule::Id>(0, 8);
  const std::string name = any_name();
  const Millis interval = any_interval();
  switch (*rc::gen::inRange(0, 4)) {
    case 0:
    case 1:
      life.real.add(id, name, interval, life.now);
      life.model.add(id, name, interval, life.now);
      break;
    case 2:
      life.real.change(id, name, interval, life.now);
      life.model.change(id, name, interval, life.now);
      break;
    default:
      life.real.remove(id);
      life.model.remove(id);
      break;
  }
}

void end_or_hurry(Life& life) {
  const auto id = *rc::gen::inRange<Schedule::Id>(0, 8);
  if (*rc::gen::inRange(0, 4) == 0) {
    life.real.hurry(id, life.now);
    life.model.hurry(id, life.now);
    return;
  }
  std::optional<Millis> retry;
  if (*rc::gen::arbitrary<bool>()) retry = Millis{*rc::gen::inRange(0, 800)};
  life.real.ended(id, life.now, retry);
  life.model.ended(id, life.now, retry);
}

void let_time_pass(Life& life) {
  const auto next = life.model.next();
  const bool to_next = next && *next > life.now && *rc::gen::arbitrary<bool>();
  if (to_next) {
    life.now = *next;
  } else {
    life.now += std::chrono::microseconds{*rc::gen::inRange(0, 400'000)};
  }
  const auto expected = life.model.take_due(life.now);
  const auto got = life.real.take_due(life.now);
  RC_ASSERT(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    RC_ASSERT(got[i].at == expected[i].first);
    RC_ASSERT(got[i].id == expected[i].second);
  }
}

void one_step(Life& life) {
  switch (*rc::gen::weightedElement<int>({{1, 0}, {4, 1}, {4, 2}})) {
    case 0: return change_who_is_watched(life);
    case 1: return end_or_hurry(life);
    default: return let_time_pass(life);
  }
}

}  // namespace

TEST_CASE("schedule: does what the rules say, whatever happens", "[schedule]") {
  rc::prop("as the model", [] {
    Life life;
    for (int i = 0; i < 5; ++i) change_who_is_watched(life);
    const int steps = *rc::gen::inRange(0, 200);
    for (int i = 0; i < steps; ++i) {
      one_step(life);
      RC_ASSERT(life.real.next() == life.model.next());
      RC_ASSERT(life.real.size() == life.model.size());
      for (Schedule::Id id = 0; id < 9; ++id) {
        RC_ASSERT(life.real.under_way(id) == life.model.under_way(id));
      }
    }
  });
}

TEST_CASE("schedule: no check comes due twice without having ended", "[schedule]") {
  rc::prop("never two at once", [] {
    Schedule schedule(kEpoch);
    SteadyTime now = kEpoch + 1s;
    std::map<Schedule::Id, bool> running;
    for (Schedule::Id id = 0; id < 6; ++id) schedule.add(id, any_name(), any_interval(), now);
    for (int i = 0; i < 200; ++i) {
      now += Millis{*rc::gen::inRange(0, 300)};
      for (const auto& due : schedule.take_due(now)) {
        RC_ASSERT(!running[due.id]);
        RC_ASSERT(due.at <= now);
        running[due.id] = true;
      }
      const auto id = *rc::gen::inRange<Schedule::Id>(0, 6);
      schedule.hurry(*rc::gen::inRange<Schedule::Id>(0, 6), now);
      schedule.change(id, any_name(), any_interval(), now);
      if (*rc::gen::arbitrary<bool>()) {
        schedule.ended(id, now, Millis{*rc::gen::inRange(0, 500)});
        running[id] = false;
      }
    }
  });
}

TEST_CASE("schedule: what is left behind in the heap does not pile up", "[schedule]") {
  // Each change leaves a stale item behind.
  Schedule schedule(kEpoch);
  Model model;
  const auto name = [](Schedule::Id id) { return "check-" + std::to_string(id); };
  for (Schedule::Id id = 0; id < 100; ++id) {
    schedule.add(id, name(id), 1s, kEpoch);
    model.add(id, name(id), 1s, kEpoch);
  }
  for (int i = 0; i < 100'000; ++i) {
    const auto id = static_cast<Schedule::Id>(i * 31 % 100);
    const Millis interval{1000 + i % 997};
    schedule.change(id, name(id), interval, kEpoch);
    model.change(id, name(id), interval, kEpoch);
    if (schedule.heap_size() > 400) FAIL("after " << i << " changes");
  }
  const auto due = schedule.take_due(kEpoch + 3s);
  const auto expected = model.take_due(kEpoch + 3s);
  REQUIRE(due.size() == 100);
  for (std::size_t i = 0; i < due.size(); ++i) CHECK(due[i].id == expected[i].second);
}
