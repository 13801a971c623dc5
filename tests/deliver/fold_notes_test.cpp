// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// What is noted of messages, and that a check flaps, when many are told as one.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "deliver/fold_bench.h"

namespace tocsin {

TEST_CASE("fold: what was noted of an incident's parts is noted of the whole, once", "[deliver]") {
  FoldBench lane;
  lane.add({.id = 1, .note = "held back by a silence until 12:00\nwith it unreachable: a, b"});
  lane.add({.id = 2, .kind = Kind::reminder, .note = "not acknowledged for 10 min"});
  lane.add({.id = 3, .kind = Kind::unknown, .note = "with it unreachable: a, b"});
  lane.add({.id = 4, .kind = Kind::up, .note = "with it reachable: a, b"});
  const auto folding = lane.fold();
  REQUIRE(folding);
  REQUIRE(folding->added.size() == 1);
  CHECK(folding->added[0].notification->message->note ==
        "held back by a silence until 12:00\nwith it unreachable: a, b\nwith it reachable: a, b");
}

TEST_CASE("fold: an incident that flapped and is over is one message that says so", "[deliver]") {
  FoldBench lane;
  lane.add({.id = 1, .reason = "no space left"});
  lane.add({.id = 2, .kind = Kind::flapping, .reason = "changes too often: 6 changes in 14 min"});
  lane.add({.id = 3, .kind = Kind::down, .reason = "no space left"});
  lane.add({.id = 4, .kind = Kind::up, .reason = "2 GB free"});
  const auto folding = lane.fold();
  REQUIRE(folding);
  REQUIRE(folding->added.size() == 1);
  CHECK(folding->removed.size() == 4);
  const Message& over = *folding->added[0].notification->message;
  CHECK(over.kind == Kind::over);
  CHECK(over.worst == State::down);
  CHECK(over.worst_reason == "no space left");
  CHECK(over.reason == "2 GB free");
  CHECK(over.note == "was FLAPPING meanwhile");
}

TEST_CASE("fold: that a check flaps is told, and takes the place of a reminder", "[deliver]") {
  FoldBench lane;
  lane.add({.id = 1, .kind = Kind::reminder});
  lane.add({.id = 2, .kind = Kind::flapping});
  SECTION("the reminder before it is out of date") {
    const auto folding = lane.fold();
    REQUIRE(folding);
    CHECK(folding->added.empty());
    CHECK(folding->removed == std::vector<Place>{{1, 0}});
  }
  SECTION("an UP behind it is told as it is, for nobody was told a state") {
    lane.add({.id = 3, .kind = Kind::up});
    const auto folding = lane.fold();
    REQUIRE(folding);
    CHECK(folding->added.empty());
    CHECK(folding->removed == std::vector<Place>{{1, 0}});
  }
}

TEST_CASE("fold: a digest names what flaps, and has the notes of what it tells", "[deliver]") {
  FoldBench lane;
  for (int i = 1; i <= 22; ++i) {
    Telling telling{.id = i, .check = check_name(i), .incident = i, .reason = "refused"};
    if (i == 2) telling.kind = Kind::flapping;
    if (i == 3) telling.note = "with it unreachable: a, b and 37 more";
    if (i > 10 && i < 15) telling.note = "held back by a silence";
    if (i == 22) telling.note = "no\nlonger\theld";
    lane.add(telling);
  }
  const auto folding = lane.fold(20);
  REQUIRE(folding);
  REQUIRE(folding->added.size() == 1);
  const Message& digest = *folding->added[0].notification->message;
  CHECK(first_line(digest.reason) ==
        "DOWN 21 checks: rack-07/web-1001, rack-07/web-1003, rack-07/web-1004 and 18 more; "
        "FLAPPING 1 check: rack-07/web-1002");
  CHECK(digest.note ==
        "rack-07/web-1003: with it unreachable: a, b and 37 more\n"
        "held back by a silence (4 checks)\n"
        "rack-07/web-1022: no longer held");
}

TEST_CASE("fold: a digest and its notes fit together, and who is left out is counted",
          "[deliver]") {
  FoldBench lane;
  for (int i = 1; i <= 200; ++i) {
    lane.add({.id = i,
              .check = check_name(i),
              .incident = i,
              .note = std::to_string(i) + std::string(5000, 'x')});
  }
  const auto folding = lane.fold(20);
  REQUIRE(folding);
  std::string all;
  for (const Row& row : folding->added) {
    const Message& digest = *row.notification->message;
    CHECK(digest.reason.size() + digest.note.size() <= 3500);
    all += digest.reason;
  }
  for (int i = 1; i <= 200; ++i) CHECK(all.find(check_name(i)) != std::string::npos);
  const std::string& note = folding->added[0].notification->message->note;
  CHECK(note.substr(note.rfind('\n')).starts_with("\nand notes of "));
}

}  // namespace tocsin
