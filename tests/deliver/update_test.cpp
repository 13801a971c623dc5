// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// An incident's first message is brought up to date where the sink lets it be changed.
#include <catch2/catch.hpp>

#include "deliver/fold.h"
#include "deliver/sender_bench.h"
#include "util/log.h"

using namespace tocsin;
using Does = FakeNotifier::Does;
using Ids = std::vector<std::int64_t>;

namespace {

// DOWN of two checks, told.
void two_down(SenderBench& bench) {
  set_log("error", "text");
  bench.start();
  bench.tell({{.id = 1}, {.id = 2, .check = "b", .incident = 2}});
  for (int i = 0; i < 3; ++i) bench.pass(Millis{1000});
}

}  // namespace

TEST_CASE("update: the first message is changed after each later one of its incident",
          "[deliver]") {
  SenderBench bench;
  const auto ops = bench.updating("ops");
  two_down(bench);
  REQUIRE(ids(ops->seen()) == Ids{1, 2});
  CHECK(ops->updated().empty());
  CHECK(ops->seen()[0].root_ref.empty());
  bench.tell({{.id = 3, .kind = Kind::reminder}});
  for (int i = 0; i < 3; ++i) bench.pass(Millis{1000});
  REQUIRE(ids(ops->updated()) == Ids{3});
  CHECK(ops->updated()[0].root_ref == "messages/1");
  CHECK(ops->seen()[2].root_ref == "messages/1");
  bench.tell(
      {{.id = 4, .kind = Kind::up}, {.id = 5, .kind = Kind::up, .check = "b", .incident = 2}});
  for (int i = 0; i < 6; ++i) bench.pass(Millis{1000});
  REQUIRE(ids(ops->updated()) == Ids{3, 4, 5});
  CHECK(ops->updated()[2].root_ref == "messages/2");
  bench.pass_minutes(1);
  CHECK(ops->updated().size() == 3);
}

TEST_CASE("update: it gives way to messages and shares their pace", "[deliver]") {
  SenderBench bench;
  const auto ops = bench.updating("ops");
  two_down(bench);
  bench.tell({{.id = 3, .kind = Kind::up},
              {.id = 4, .check = "c", .incident = 3},
              {.id = 5, .check = "d", .incident = 4}});
  for (int i = 0; i < 3; ++i) bench.pass(Millis{1000});
  CHECK(ids(ops->seen()) == Ids{1, 2, 3, 4, 5});
  CHECK(ops->updated().empty());
  bench.pass(Millis{999});
  CHECK(ops->updated().empty());
  bench.pass(Millis{1000});
  CHECK(ids(ops->updated()) == Ids{3});
}

TEST_CASE("update: the latest message of an incident stands for those before it", "[deliver]") {
  SenderBench bench;
  const auto ops = bench.updating("ops");
  two_down(bench);
  bench.tell({{.id = 3, .kind = Kind::acknowledged}, {.id = 4, .kind = Kind::degraded}});
  for (int i = 0; i < 6; ++i) bench.pass(Millis{1000});
  CHECK(ids(ops->updated()) == Ids{4});
}

TEST_CASE("update: one that fails is tried a few times and then let be", "[deliver]") {
  SenderBench bench;
  const auto ops = bench.updating("ops");
  two_down(bench);
  SECTION("put off") {
    ops->then(Does::take);
    ops->then(Does::put_off, 100);
    bench.tell({{.id = 3, .kind = Kind::up}});
    bench.pass_minutes(10);
    CHECK(ids(ops->updated()) == Ids{3, 3, 3, 3});
  }
  SECTION("rejected") {
    ops->then(Does::take);
    ops->then(Does::reject);
    bench.tell({{.id = 3, .kind = Kind::up}});
    bench.pass_minutes(5);
    CHECK(ids(ops->updated()) == Ids{3});
  }
  // Nothing of it touches what was told.
  CHECK(bench.status(3) == DeliveryStatus::sent);
  CHECK(bench.delivery(3).attempts == 1);
}

TEST_CASE("update: after a restart it goes on from what was sent", "[deliver]") {
  SenderBench bench;
  const auto ops = bench.updating("ops");
  two_down(bench);
  SECTION("one that was not made is made up for") {
    ops->then(Does::take);
    bench.tell({{.id = 3, .kind = Kind::reminder}});
    bench.settle();
    const Saved saved = bench.store.saved();
    REQUIRE(ops->updated().empty());
    bench.restart(saved);
    bench.pass(Millis{1000});
    REQUIRE(ids(ops->updated()) == Ids{3});
    CHECK(ops->updated()[0].root_ref == "messages/1");
  }
  SECTION("what comes later finds the first message") {
    bench.restart(bench.store.saved());
    CHECK(ops->updated().empty());
    bench.tell({{.id = 3, .kind = Kind::up}});
    for (int i = 0; i < 3; ++i) bench.pass(Millis{1000});
    REQUIRE(ids(ops->updated()) == Ids{3});
    CHECK(ops->updated()[0].root_ref == "messages/1");
  }
}

TEST_CASE("update: a sink whose messages cannot be changed still learns the first one's name",
          "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops");
  two_down(bench);
  bench.tell({{.id = 3, .kind = Kind::up}});
  for (int i = 0; i < 3; ++i) bench.pass(Millis{1000});
  REQUIRE(ids(ops->seen()) == Ids{1, 2, 3});
  CHECK(ops->seen()[2].root_ref == "messages/1");
  CHECK(ops->updated().empty());
}

TEST_CASE("update: a notifier that was sent elsewhere leaves the old first message", "[deliver]") {
  SenderBench bench;
  bench.updating("ops");
  two_down(bench);
  const auto other =
      std::make_shared<FakeNotifier>(Pace{"elsewhere", Millis{1000}, false, true}, true);
  auto config = std::make_shared<Config>();
  config->notifiers.push_back({"ops", "fake", "", other});
  bench.sender->reconfigure(config);
  bench.settle();
  bench.tell({{.id = 3, .kind = Kind::up}});
  for (int i = 0; i < 5; ++i) bench.pass(Millis{1000});
  REQUIRE(ids(other->seen()) == Ids{3});
  CHECK(other->seen()[0].root_ref.empty());
  CHECK(other->updated().empty());
}

TEST_CASE("update: what moves a state at the sink is never folded into a digest", "[deliver]") {
  std::vector<Row> rows;
  for (std::int64_t id = 1; id <= 30; ++id) {
    const std::string check = "check-" + std::to_string(id);
    rows.push_back(waiting({.id = id, .check = check, .incident = id}));
    rows.back().foldable = id % 2 == 0;
  }
  std::vector<const Row*> pointers;
  for (const Row& row : rows) pointers.push_back(&row);
  std::int64_t last_id = 100;
  const Numbers numbers{[&] { return ++last_id; }, [] { return "uid"; }};
  const auto folding = fold(pointers, {.storm_threshold = 10}, numbers);
  REQUIRE(folding);
  CHECK(folding->named.size() == 15);
  for (const auto& [place, record] : folding->named) CHECK(place.first % 2 == 0);
  CHECK_FALSE(fold(pointers, {.storm_threshold = 15}, numbers));
}

TEST_CASE("update: a notifier that says so is never sent a digest", "[deliver]") {
  SenderBench bench;
  set_log("error", "text");
  const auto pager = std::make_shared<FakeNotifier>(Pace{"pager", Millis{0}, true, false}, false);
  auto config = std::make_shared<Config>();
  config->notifiers.push_back({"ops", "fake", "", pager});
  bench.sender = std::make_unique<Sender>(bench.host(), config);
  std::vector<Telling> all;
  for (std::int64_t id = 1; id <= 50; ++id) {
    all.push_back({.id = id, .check = "check-" + std::to_string(id), .incident = id});
  }
  bench.tell(all);
  for (int i = 0; i < 20; ++i) bench.settle();
  REQUIRE(pager->seen().size() == 50);
  for (const Seen& seen : pager->seen()) CHECK(seen.message.kind == Kind::down);
}
