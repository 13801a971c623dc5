// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "deliver/fold.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "deliver/fold_bench.h"
#include "deliver/messages.h"

using namespace tocsin;

TEST_CASE("fold: an incident that opened and closed while waiting becomes one message",
          "[deliver]") {
  FoldBench lane;
  lane.add({.id = 5, .reason = "connection refused"});
  lane.add({.id = 6, .check = "other", .incident = 2});
  lane.add({.id = 9,
            .kind = Kind::up,
            .reason = "200 OK",
            .at = WallTime{std::chrono::seconds{1'767'323'345}}});
  const auto folding = lane.fold();
  REQUIRE(folding);
  REQUIRE(folding->added.size() == 1);
  const Row& row = folding->added[0];
  const Notification& over = *row.notification;
  CHECK(over.id == 10'001);
  CHECK(over.uid == "new-10001");
  CHECK(over.notifier == "ops");
  CHECK(over.thread_key == "web-01");
  CHECK(over.message->kind == Kind::over);
  CHECK(over.message->worst == State::down);
  CHECK(over.message->worst_reason == "connection refused");
  CHECK(over.message->reason == "200 OK");
  CHECK(over.message->from == State::up);
  CHECK(over.message->to == State::up);
  CHECK(over.message->failed_probes == 3);
  CHECK(over.message->since == WallTime{std::chrono::seconds{1'767'323'040}});
  CHECK(over.message->decided_at == WallTime{std::chrono::seconds{1'767'323'345}});
  CHECK(over.message->incident == 1);
  // As late as the DOWN is.
  CHECK(over.created_at == WallTime{std::chrono::seconds{1'767'323'045}});
  CHECK(row.place == Place{9, 10'001});
  CHECK(folding->removed == std::vector<Place>{{5, 0}, {9, 0}});
  REQUIRE(folding->change.notifications.size() == 1);
  CHECK(folding->change.notifications[0] == row.notification);
  REQUIRE(folding->change.deliveries.size() == 2);
  for (const DeliveryRecord& record : folding->change.deliveries) {
    CHECK(record.status == DeliveryStatus::folded);
    CHECK(record.folded_into == 10'001);
  }
}

TEST_CASE("fold: the worst state of the incident and its reason are told", "[deliver]") {
  FoldBench lane;
  lane.add({.id = 1, .kind = Kind::degraded, .reason = "slow"});
  lane.add({.id = 2, .kind = Kind::down, .reason = "refused"});
  lane.add({.id = 3, .kind = Kind::reminder, .reason = "still refused"});
  lane.add({.id = 4, .kind = Kind::unknown, .reason = "no descriptors"});
  lane.add({.id = 5, .kind = Kind::up, .reason = ""});
  const auto folding = lane.fold();
  REQUIRE(folding);
  REQUIRE(folding->added.size() == 1);
  CHECK(folding->added[0].notification->message->worst == State::down);
  CHECK(folding->added[0].notification->message->worst_reason == "refused");
  CHECK(folding->removed.size() == 5);
}

TEST_CASE("fold: what a sink may have taken is never told in other words", "[deliver]") {
  FoldBench lane;
  Row& down = lane.add({.id = 1});
  Row& up = lane.add({.id = 2, .kind = Kind::up});
  SECTION("a DOWN that was found at the start") {
    down.resumed = true;
  }
  SECTION("an UP that was found at the start") {
    up.resumed = true;
  }
  SECTION("a DOWN without an answer") {
    down.delivery.in_doubt = true;
  }
  CHECK_FALSE(lane.fold());
}

TEST_CASE("fold: what was refused for sure may still be merged", "[deliver]") {
  FoldBench lane;
  Row& down = lane.add({.id = 1});
  down.delivery.attempts = 7;
  down.delivery.next_at = down.notification->created_at;
  lane.add({.id = 2, .kind = Kind::up});
  const auto folding = lane.fold();
  REQUIRE(folding);
  CHECK(folding->added.size() == 1);
  CHECK(folding->change.deliveries[0].attempts == 7);
  CHECK_FALSE(folding->change.deliveries[0].next_at);
}

TEST_CASE("fold: only one incident, one thread and one notifier make a pair", "[deliver]") {
  FoldBench lane;
  lane.add({.id = 1});
  SECTION("another incident") {
    lane.add({.id = 2, .kind = Kind::up, .incident = 2});
  }
  SECTION("another check in the same thread") {
    lane.add({.id = 2, .kind = Kind::up, .check = "db", .thread = "web-01"});
  }
  SECTION("another thread") {
    lane.add({.id = 2, .kind = Kind::up, .thread = "x"});
  }
  SECTION("another notifier") {
    lane.add({.id = 2, .kind = Kind::up, .notifier = "dev"});
  }
  SECTION("no incident at all") {
    FoldBench none;
    none.add({.id = 1, .incident = 0});
    none.add({.id = 2, .kind = Kind::up, .incident = 0});
    CHECK_FALSE(none.fold());
  }
  CHECK_FALSE(lane.fold());
}

TEST_CASE("fold: an UP alone stays an UP", "[deliver]") {
  FoldBench lane;
  lane.add({.id = 2, .kind = Kind::up});
  lane.add({.id = 3, .check = "other", .incident = 2});
  CHECK_FALSE(lane.fold());
}

TEST_CASE("fold: a DOWN without an answer still comes before an incident's end", "[deliver]") {
  FoldBench lane;
  lane.add({.id = 1, .kind = Kind::degraded});
  lane.add({.id = 2}).delivery.in_doubt = true;
  lane.add({.id = 3, .kind = Kind::up});
  CHECK_FALSE(lane.fold());
}

TEST_CASE("fold: of reminders that wait the latest is told", "[deliver]") {
  FoldBench lane;
  for (int id = 1; id <= 3; ++id) lane.add({.id = id, .kind = Kind::reminder});
  SECTION("by itself") {
    const auto folding = lane.fold();
    REQUIRE(folding);
    CHECK(folding->added.empty());
    CHECK(folding->removed == std::vector<Place>{{1, 0}, {2, 0}});
    for (const DeliveryRecord& record : folding->change.deliveries) CHECK(record.folded_into == 3);
  }
  SECTION("and none when the end waits behind them") {
    lane.add({.id = 4, .kind = Kind::up});
    const auto folding = lane.fold();
    REQUIRE(folding);
    CHECK(folding->added.empty());
    CHECK(folding->removed == std::vector<Place>{{1, 0}, {2, 0}, {3, 0}});
    for (const DeliveryRecord& record : folding->change.deliveries) CHECK(record.folded_into == 4);
  }
}

TEST_CASE("fold: nothing is folded into a digest up to the threshold", "[deliver]") {
  FoldBench lane;
  for (int i = 1; i <= 20; ++i) lane.add({.id = i, .check = check_name(i), .incident = i});
  CHECK_FALSE(lane.fold(20));
  lane.add({.id = 21, .check = check_name(21), .incident = 21});
  CHECK(lane.fold(20));
}

TEST_CASE("fold: incidents that are over count as one thing each towards a storm", "[deliver]") {
  FoldBench lane;
  for (int i = 1; i <= 15; ++i) lane.add({.id = i, .check = check_name(i), .incident = i});
  for (int i = 1; i <= 15; ++i) {
    lane.add({.id = 15 + i, .kind = Kind::up, .check = check_name(i), .incident = i});
  }
  const auto folding = lane.fold(20);
  REQUIRE(folding);
  CHECK(folding->added.size() == 15);
  for (const Row& row : folding->added) CHECK(row.notification->message->kind == Kind::over);
}

TEST_CASE("fold: five hundred servers down are a handful of messages that name each", "[deliver]") {
  FoldBench lane;
  for (int i = 1; i <= 500; ++i) {
    lane.add({.id = i,
              .check = check_name(i),
              .incident = i,
              .reason = "connection refused (10.0.0." + std::to_string(i % 250) + ":80)"});
  }
  const auto folding = lane.fold(20);
  REQUIRE(folding);
  CHECK(folding->added.size() <= 5);
  // They wait on, for their own lines.
  CHECK(folding->removed.empty());
  CHECK(folding->named.size() == 500);
  CHECK(folding->change.deliveries.size() == 500);
  std::set<std::int64_t> ids;
  std::string all;
  for (const Row& row : folding->added) {
    const Notification& it = *row.notification;
    ids.insert(it.id);
    CHECK(it.thread_key == "tocsin/storms");
    CHECK(it.message->kind == Kind::digest);
    CHECK(it.message->to == State::down);
    CHECK(it.message->worst == State::down);
    CHECK(it.message->reason.size() <= 3500);
    CHECK(it.message->check.empty());
    CHECK(first_line(it.message->reason).starts_with("DOWN 500 checks: rack-07/web-1001, "));
    all += it.message->reason;
  }
  CHECK(ids.size() == folding->added.size());
  for (int i = 1; i <= 500; ++i) CHECK(all.find(check_name(i)) != std::string::npos);
  for (const DeliveryRecord& record : folding->change.deliveries) {
    CHECK(record.status == DeliveryStatus::waiting);
    CHECK(ids.contains(record.folded_into));
    const auto into =
        std::find_if(folding->added.begin(), folding->added.end(),
                     [&](const Row& row) { return row.notification->id == record.folded_into; });
    // Each is folded into the page that names it.
    CHECK(into->notification->message->reason.find(
              check_name(static_cast<int>(record.notification))) != std::string::npos);
  }
}

TEST_CASE("fold: each notifier of a lane has a digest of its own", "[deliver]") {
  FoldBench lane;
  for (int i = 1; i <= 22; ++i) {
    lane.add({.id = i,
              .check = check_name(i),
              .incident = i,
              .notifier = i == 22 ? "lonely" : (i % 2 == 0 ? "ops" : "dev")});
  }
  const auto folding = lane.fold(20);
  REQUIRE(folding);
  REQUIRE(folding->added.size() == 2);
  CHECK(folding->added[0].notification->notifier == "dev");
  CHECK(folding->added[1].notification->notifier == "ops");
  // One thing alone is told in its own thread.
  CHECK(folding->named.size() == 21);
}

TEST_CASE("fold: a digest leaves alone what must be told by itself, and what comes behind it",
          "[deliver]") {
  FoldBench lane;
  lane.add({.id = 1, .check = "doubt", .incident = 1}).delivery.in_doubt = true;
  lane.add({.id = 2, .check = "found", .incident = 2}).resumed = true;
  lane.add({.id = 3, .check = "tried", .incident = 3}).delivery.attempts = 1;
  lane.add({.id = 4, .kind = Kind::daemon, .check = "", .incident = 0, .thread = "tocsin/mon-1"});
  for (int i = 5; i <= 30; ++i) lane.add({.id = i, .check = check_name(i), .incident = i});
  lane.add({.id = 31, .kind = Kind::up, .check = "doubt", .incident = 1});
  lane.add({.id = 32, .kind = Kind::up, .check = "found", .incident = 2});
  lane.add({.id = 33, .kind = Kind::down, .check = "tried", .incident = 9});
  const auto folding = lane.fold(20);
  REQUIRE(folding);
  CHECK(folding->removed.empty());
  std::set<Place> named;
  for (const auto& [place, record] : folding->named) named.insert(place);
  CHECK(named.size() == 28);
  for (const int kept : {1, 3, 4, 31, 33}) CHECK_FALSE(named.contains({kept, 0}));
  // What was found at the start is named, since its own line follows as it is.
  for (const int found : {2, 32}) CHECK(named.contains({found, 0}));
  // It stands where its first member stood.
  CHECK(folding->added[0].place.first == 2);
}

TEST_CASE("fold: a check that changed more than once stands in a digest once, as it is now",
          "[deliver]") {
  FoldBench lane;
  for (int i = 1; i <= 21; ++i) lane.add({.id = i, .check = check_name(i), .incident = i});
  lane.add({.id = 31, .kind = Kind::up, .check = check_name(1), .incident = 1});
  lane.add({.id = 32, .kind = Kind::down, .check = check_name(1), .incident = 40});
  lane.add({.id = 33, .kind = Kind::up, .check = check_name(2), .incident = 2});
  const auto folding = lane.fold(20);
  REQUIRE(folding);
  REQUIRE(folding->added.size() == 3);
  const Notification& digest = *folding->added[0].notification;
  const std::string& text = digest.message->reason;
  CHECK(text.find("DOWN 20 checks") == 0);
  CHECK(text.find("DOWN and UP 1 check: " + check_name(2)) != std::string::npos);
  CHECK(text.find(check_name(1) + " (3 changes)") != std::string::npos);
  // The incidents that are over are one row each, and named like the rest.
  for (const std::size_t over : {1U, 2U}) {
    CHECK(folding->added[over].notification->message->kind == Kind::over);
    CHECK(folding->added[over].delivery.folded_into == digest.id);
  }
  CHECK(folding->removed.size() == 4);
  CHECK(folding->named.size() == 20);
}

TEST_CASE("fold: news of a job folds too, and hides no state of its check", "[deliver]") {
  FoldBench lane;
  for (int i = 1; i <= 20; ++i) lane.add({.id = i, .check = check_name(i), .incident = i});
  lane.add({.id = 21, .kind = Kind::info, .check = check_name(1), .incident = 0, .reason = "done"});
  lane.add({.id = 22, .kind = Kind::info, .check = "backup", .incident = 0, .reason = "done"});
  const auto folding = lane.fold(20);
  REQUIRE(folding);
  REQUIRE(folding->added.size() == 1);
  const std::string& text = folding->added[0].notification->message->reason;
  CHECK(text.find("DOWN 20 checks") == 0);
  CHECK(text.find(check_name(1) + " (2 changes)") != std::string::npos);
  CHECK(text.find("INFO 1 check: backup") != std::string::npos);
  CHECK(folding->named.size() == 22);
}

TEST_CASE("fold: a job's news between a DOWN and its UP stays a message of its own", "[deliver]") {
  FoldBench lane;
  lane.add({.id = 1});
  lane.add({.id = 2, .kind = Kind::info, .incident = 0, .reason = "finished"});
  lane.add({.id = 3, .kind = Kind::up});
  const auto folding = lane.fold();
  REQUIRE(folding);
  REQUIRE(folding->added.size() == 1);
  CHECK(folding->added[0].notification->message->kind == Kind::over);
  CHECK(folding->removed == std::vector<Place>{{1, 0}, {3, 0}});
}

TEST_CASE("fold: recoveries fold likewise, and the digest is not told as DOWN", "[deliver]") {
  FoldBench lane;
  for (int i = 1; i <= 30; ++i) {
    lane.add({.id = i, .kind = Kind::up, .check = check_name(i), .incident = i});
  }
  const auto folding = lane.fold(20);
  REQUIRE(folding);
  REQUIRE(folding->added.size() == 1);
  const Message& message = *folding->added[0].notification->message;
  CHECK(first_line(message.reason).starts_with("UP 30 checks: "));
  CHECK(message.to == State::up);
}

TEST_CASE("fold: a digest is as old as the oldest thing it tells", "[deliver]") {
  FoldBench lane;
  const WallTime then{std::chrono::seconds{1'767'323'045}};
  // The oldest is an UP, which stands behind the DOWNs in the text.
  lane.add({.id = 1, .kind = Kind::up, .check = check_name(1), .incident = 1, .at = then});
  for (int i = 2; i <= 30; ++i) {
    lane.add({.id = i, .check = check_name(i), .incident = i, .at = then + Millis{i * 1000}});
  }
  const auto folding = lane.fold(20);
  REQUIRE(folding);
  REQUIRE(folding->added.size() == 1);
  const Notification& digest = *folding->added[0].notification;
  CHECK(digest.created_at == then);
  CHECK(digest.message->decided_at == then + Millis{30'000});
  CHECK(digest.message->since == then - Millis{5000});
}

TEST_CASE("fold: a digest says so when a part of it was not stored", "[deliver]") {
  FoldBench lane;
  for (int i = 1; i <= 30; ++i) {
    Row& row = lane.add({.id = i, .check = check_name(i), .incident = i});
    if (i == 7) row.notification = not_durable(*row.notification);
  }
  const auto folding = lane.fold(20);
  REQUIRE(folding);
  CHECK_FALSE(folding->added[0].notification->message->durable);
}

TEST_CASE("fold: found at a start, digests keep their order, before what followed them",
          "[deliver]") {
  const WallTime then{std::chrono::seconds{1'767'323'045}};
  std::vector<Row> rows;
  const auto add = [&](std::int64_t id, Kind kind, int second) {
    rows.push_back(waiting({.id = id, .kind = kind, .at = then + Millis{second * 1000}}));
  };
  add(2, Kind::down, 1);
  add(9, Kind::up, 9);
  add(20, Kind::digest, 4);  // made before 9 came
  add(30, Kind::digest, 2);  // made later, and of an older row
  put_in_place(rows);
  CHECK(rows[0].place == Place{2, 0});
  CHECK(rows[1].place == Place{9, 0});
  CHECK(rows[2].place == Place{8, 20});
  CHECK(rows[3].place == Place{8, 30});
}
