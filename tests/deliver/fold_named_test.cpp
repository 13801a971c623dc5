// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "deliver/fold_bench.h"

using namespace tocsin;

TEST_CASE("fold: what a digest named is not named again, and its end is news of one message",
          "[deliver]") {
  FoldBench lane;
  for (int i = 1; i <= 30; ++i) {
    lane.add({.id = i, .check = check_name(i), .incident = i}).delivery.folded_into = 99;
  }
  CHECK_FALSE(lane.fold(20));
  lane.add({.id = 31, .kind = Kind::up, .check = check_name(1), .incident = 1});
  const auto folding = lane.fold(20);
  REQUIRE(folding);
  REQUIRE(folding->added.size() == 1);
  CHECK(folding->added[0].notification->message->kind == Kind::over);
  CHECK_FALSE(folding->added[0].named());
}

TEST_CASE("fold: an end whose every part was named is so as well", "[deliver]") {
  FoldBench lane;
  lane.add({.id = 1}).delivery.folded_into = 98;
  lane.add({.id = 2, .kind = Kind::up}).delivery.folded_into = 99;
  const auto folding = lane.fold(20);
  REQUIRE(folding);
  REQUIRE(folding->added.size() == 1);
  CHECK(folding->added[0].delivery.folded_into == 99);
  // And on disk.
  REQUIRE(folding->change.deliveries.size() == 3);
  CHECK(folding->change.deliveries[2].notification == folding->added[0].notification->id);
  CHECK(folding->change.deliveries[2].status == DeliveryStatus::waiting);
  CHECK(folding->change.deliveries[2].folded_into == 99);
}

TEST_CASE("fold: what is merged of a pager's rows is still a pager's", "[deliver]") {
  // A merged row was taken for one that may be folded, and the next storm took it away.
  FoldBench lane;
  lane.add({.id = 1}).foldable = false;
  lane.add({.id = 2, .kind = Kind::up}).foldable = false;
  const auto folding = lane.fold(20);
  REQUIRE(folding);
  REQUIRE(folding->added.size() == 1);
  CHECK_FALSE(folding->added[0].foldable);
}

TEST_CASE("fold: what found no room on a digest's pages is merged all the same", "[deliver]") {
  FoldBench lane;
  for (int i = 1; i <= 500; ++i) {
    const std::string name = check_name(i) + std::string(60, 'x');
    lane.add({.id = 2 * i, .check = name, .incident = i});
    lane.add({.id = 2 * i + 1, .kind = Kind::up, .check = name, .incident = i});
  }
  const auto folding = lane.fold(20, 1);
  REQUIRE(folding);
  CHECK(folding->removed.size() == 1000);
  CHECK(folding->added.size() == 501);
  const auto named = std::count_if(folding->added.begin(), folding->added.end(),
                                   [](const Row& row) { return row.named(); });
  CHECK(named > 10);
  CHECK(named < 100);
}
