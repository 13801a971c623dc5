// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "evaluate/flapping.h"

#include <rapidcheck/catch.h>

#include <algorithm>
#include <vector>

using namespace tocsin;
using namespace std::chrono_literals;

namespace {

constexpr FlapLimits kHour{.window = 1h, .high = 25, .low = 10};
constexpr Millis kSlot = 3min;              // of that window
constexpr WallTime kBegin{24h * 365 * 56};  // a slot of it begins

// What flapping.cpp is compared with: written from the rule in flapping.h, not from the code. It
// keeps when the check changed and counts changes each time. Weights are in 76ths, which are whole.
class ChangeList {
 public:
  explicit ChangeList(const FlapLimits& limits) : limits_(limits) {}

  bool change(WallTime now) {
    if (limits_.window == 0ms) return false;
    if (!changes_.empty() && slot(now) < slot(changes_.back())) changes_.clear();
    changes_.push_back(now);
    const bool before = flaps_;
    if (before) ++counted_;
    flaps_ = before || parts(now) * 100 >= limits_.high * kAll;
    if (flaps_ && !before) counted_ = 0;
    return flaps_ && !before;
  }

  bool calm(WallTime now) {
    if (!flaps_) return false;
    if (parts(now) * 100 > limits_.low * kAll && !is_quiet(now)) return false;
    flaps_ = false;
    return true;
  }

  double share(WallTime now) const { return 100.0 * parts(now) / kAll; }
  bool flaps() const { return flaps_; }
  std::uint32_t counted() const { return counted_; }

 private:
  static constexpr unsigned kAll = 20 * 76;

  std::int64_t slot(WallTime time) const {
    return time.time_since_epoch().count() / (limits_.window.count() / 20);
  }

  // No change in this slot, nor in the four before it; nor any at all, if the clock was set back.
  bool is_quiet(WallTime now) const {
    if (changes_.empty() || slot(now) < slot(changes_.back())) return true;
    return std::none_of(changes_.begin(), changes_.end(),
                        [&](WallTime change) { return slot(now) - slot(change) < 5; });
  }

  unsigned parts(WallTime now) const {
    if (limits_.window == 0ms || changes_.empty() || slot(now) < slot(changes_.back())) return 0;
    unsigned out = 0;
    for (unsigned place = 0; place < 20; ++place) {  // 0: the oldest, 0.75; 19: the newest, 1.25
      const auto meant = slot(now) - 19 + place;
      const auto is_there = [&](WallTime change) { return slot(change) == meant; };
      const auto count = std::count_if(changes_.begin(), changes_.end(), is_there);
      out += static_cast<unsigned>(std::min<std::ptrdiff_t>(count, 7)) * (57 + 2 * place);
    }
    return out;
  }

  FlapLimits limits_;
  std::vector<WallTime> changes_;
  bool flaps_ = false;
  std::uint32_t counted_ = 0;
};

// The number of the change with which a check that changes so often begins to flap; 0: never.
int found_with(Millis every, int changes = 100) {
  FlapRecord record;
  for (int i = 0; i < changes; ++i) {
    if (note_change(record, kHour, kBegin + i * every)) return i + 1;
  }
  return 0;
}

FlapRecord flapping_since(WallTime begin) {
  FlapRecord record;
  for (int i = 0; i < 5; ++i) note_change(record, kHour, begin + i * kSlot);
  REQUIRE(record.since == begin + 4 * kSlot);
  return record;
}

}  // namespace

TEST_CASE("flapping: one change weighs less the longer ago it was, and nothing after the window",
          "[evaluate]") {
  FlapRecord record;
  CHECK(flap_share(record, kHour, kBegin) == 0);
  note_change(record, kHour, kBegin);
  for (int age = 0; age < 20; ++age) {
    INFO("slots ago: " << age);
    CHECK(flap_share(record, kHour, kBegin + age * kSlot) == Approx((1.25 - 0.5 * age / 19) * 5));
  }
  CHECK(flap_share(record, kHour, kBegin + 1h - 1ms) == Approx(3.75));
  CHECK(flap_share(record, kHour, kBegin + 1h) == 0);
  CHECK(flap_share(record, kHour, kBegin + 24h * 365) == 0);
}

TEST_CASE("flapping: each change in a slot counts, up to seven", "[evaluate]") {
  FlapRecord record;
  for (int i = 1; i <= 100; ++i) {
    CHECK(note_change(record, kHour, kBegin + i * 1s) == (i == 4));
    CHECK(flap_share(record, kHour, kBegin + 101s) == Approx(6.25 * std::min(i, 7)));
  }
}

TEST_CASE("flapping: a check that changes in every slot of the window has a share of 100",
          "[evaluate]") {
  FlapRecord record;
  for (int i = 0; i < 50; ++i) note_change(record, kHour, kBegin + i * kSlot);
  CHECK(flap_share(record, kHour, kBegin + 49 * kSlot) == 100);
}

TEST_CASE("flapping: a slow check is found out with as few changes as a fast one", "[evaluate]") {
  for (const Millis every : {Millis{3min}, Millis{5min}, Millis{7min}, Millis{10min}}) {
    INFO("a change every ms: " << every.count());
    CHECK(found_with(every) == 5);
  }
  CHECK(found_with(1min) == 5);
  CHECK(found_with(1s) == 4);     // all in the newest slot
  CHECK(found_with(15min) == 0);  // four an hour
  CHECK(found_with(1h) == 0);
}

TEST_CASE("flapping: what a check changes by going down and up twice in an hour is no flapping",
          "[evaluate]") {
  FlapRecord record;
  for (const Millis after : {Millis{0min}, Millis{4min}, Millis{20min}, Millis{24min}}) {
    CHECK_FALSE(note_change(record, kHour, kBegin + after));
  }
}

TEST_CASE("flapping: changes are counted from the one on with which it began", "[evaluate]") {
  FlapRecord record = flapping_since(kBegin);
  CHECK(record.changes == 0);
  for (std::uint32_t i = 1; i <= 3; ++i) {
    CHECK_FALSE(note_change(record, kHour, kBegin + 13min + i * 1s));
    CHECK(record.changes == i);
  }
  CHECK(record.since == kBegin + 12min);
}

TEST_CASE(
    "flapping: it ends when a quarter of the window went by without a change, and keeps their "
    "number",
    "[evaluate]") {
  FlapRecord record = flapping_since(kBegin);
  note_change(record, kHour, kBegin + 13min);
  const WallTime calm = kBegin + 12min + 5 * kSlot;
  CHECK_FALSE(calms_down(record, kHour, calm - 1ms));
  CHECK(record.since);
  CHECK(calms_down(record, kHour, calm));
  CHECK_FALSE(record.since);
  CHECK(record.changes == 1);
  CHECK_FALSE(calms_down(record, kHour, calm));  // told once

  SECTION("and when it begins again, they are counted anew") {
    FlapRecord again = record;
    CHECK(note_change(again, kHour, calm));
    CHECK(again.changes == 0);
  }
}

TEST_CASE("flapping: it ends when few changes are left in the window, though they go on",
          "[evaluate]") {
  FlapRecord record = flapping_since(kBegin);
  WallTime now = kBegin + 12min;
  for (int i = 0; i < 5; ++i) {
    now += 4 * kSlot;  // five an hour: each is the last of the quarter
    CHECK_FALSE(calms_down(record, kHour, now));
    note_change(record, kHour, now);
  }
  CHECK_FALSE(calms_down(record, {.window = 1h, .high = 25, .low = 20}, now));
  CHECK(calms_down(record, {.window = 1h, .high = 25, .low = 24}, now + 4 * kSlot));
}

TEST_CASE("flapping: a clock that was set back begins the history anew", "[evaluate]") {
  FlapRecord record;
  for (int i = 0; i < 4; ++i) note_change(record, kHour, kBegin + i * kSlot);
  const WallTime back = kBegin - 28 * kSlot;
  CHECK(flap_share(record, kHour, back) == 0);
  CHECK_FALSE(note_change(record, kHour, back));
  CHECK(record.at == back);
  CHECK(flap_share(record, kHour, back) == Approx(6.25));

  SECTION("but not by a step within the slot") {
    FlapRecord other;
    for (int i = 0; i < 4; ++i) note_change(other, kHour, kBegin + i * kSlot + 1min);
    const double before = flap_share(other, kHour, kBegin + 3 * kSlot + 1min);
    note_change(other, kHour, kBegin + 3 * kSlot);
    CHECK(flap_share(other, kHour, kBegin + 3 * kSlot) == Approx(before + 6.25));
  }
  SECTION("and one that flapped is calm") {
    FlapRecord other = flapping_since(kBegin);
    CHECK(calms_down(other, kHour, back));
  }
}

TEST_CASE("flapping: with a window of zero nothing is looked for, and what flaps ends",
          "[evaluate]") {
  const FlapLimits off{.window = 0ms, .high = 0, .low = 0};
  FlapRecord record;
  CHECK_FALSE(note_change(record, off, kBegin));
  CHECK(record == FlapRecord{});
  FlapRecord other = flapping_since(kBegin);
  CHECK(flap_share(other, off, kBegin + 12min) == 0);
  CHECK(calms_down(other, off, kBegin + 12min));
}

TEST_CASE("flapping: a limit is reached when the share is just as much", "[evaluate]") {
  // 1.25 of 20: 6.25 %; with the one before 12.4 %.
  FlapRecord record;
  CHECK(note_change(record, {.window = 1h, .high = 6, .low = 0}, kBegin));
  record = {};
  CHECK_FALSE(note_change(record, {.window = 1h, .high = 7, .low = 0}, kBegin));

  SECTION("above, by six slots that are 25 % together") {
    record = {};
    for (const int age : {19, 18, 17, 16, 15, 10}) {
      record.slots |= std::uint64_t{1} << static_cast<unsigned>(3 * (age - 1));
    }
    record.at = kBegin;
    CHECK(flap_share(record, kHour, kBegin + kSlot) == 25);
  }
  SECTION("below, by two that are 10 % together") {
    record = {.slots = std::uint64_t{1} << 30U | std::uint64_t{1} << 27U,
              .at = kBegin,
              .since = kBegin,
              .changes = 7};
    CHECK(flap_share(record, kHour, kBegin) == 10);
    CHECK(calms_down(record, kHour, kBegin));
  }
}

TEST_CASE("flapping: a window shorter than its slots are many is no trouble", "[evaluate]") {
  FlapRecord record;
  CHECK_FALSE(note_change(record, {.window = 1ms, .high = 25, .low = 10}, kBegin));
  CHECK(flap_share(record, {.window = 1ms, .high = 25, .low = 10}, kBegin) == Approx(6.25));
}

TEST_CASE("flapping: whatever changes when, it is as a list of the changes has it", "[evaluate]") {
  rc::prop("the history in bits and the list agree", [] {
    const FlapLimits limits{
        .window = Millis{*rc::gen::element(0, 20, 1'000, 60'000, 3'600'000, 86'400'000)},
        .high = *rc::gen::inRange(0U, 101U),
        .low = *rc::gen::inRange(0U, 101U)};
    const auto slot = std::max<std::int64_t>(limits.window.count() / 20, 1);
    FlapRecord record;
    ChangeList list(limits);
    WallTime now = kBegin + Millis{*rc::gen::inRange<std::int64_t>(0, slot)};
    const auto steps = *rc::gen::inRange(1, 120);
    for (int i = 0; i < steps; ++i) {
      // Mostly about a slot onwards; at times far, or back.
      const int how = *rc::gen::inRange(0, 40);
      const auto by = *rc::gen::inRange<std::int64_t>(0, 2 * slot + 1);
      now += Millis{how == 0 ? -by : how == 1 ? 12 * by : by};
      if (*rc::gen::inRange(0, 3) != 0) {
        RC_ASSERT(note_change(record, limits, now) == list.change(now));
      } else {
        RC_ASSERT(calms_down(record, limits, now) == list.calm(now));
      }
      RC_ASSERT(flap_share(record, limits, now) == list.share(now));
      RC_ASSERT(record.since.has_value() == list.flaps());
      RC_ASSERT(record.changes == list.counted());
    }
  });
}
