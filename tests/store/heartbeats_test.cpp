// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <catch2/catch.hpp>

#include "store/backlog.h"
#include "store/house.h"

namespace tocsin {
namespace {

using Records = std::vector<HeartbeatRecord>;

Records after_restart(const StorePlace& place, const Clock& clock) {
  return open_store(place.dir(), clock, {})->load().heartbeats;
}

}  // namespace

TEST_CASE("heartbeats: a record is there after a restart, field by field", "[store]") {
  StorePlace place;
  FakeClock clock;
  const Records records{heartbeat_record("backup"), {.name = "never came", .expects = "daily"}};
  {
    const auto store = open_store(place.dir(), clock, {});
    CHECK(store->load().heartbeats.empty());
    CHECK(commit_and_wait(*store, {.heartbeats = records}));
  }
  CHECK(after_restart(place, clock) == records);
}

TEST_CASE("heartbeats: of a thousand in one transaction the last one counts", "[store]") {
  StorePlace place;
  FakeClock clock;
  HeartbeatRecord last = heartbeat_record("backup");
  {
    const auto store = open_store(place.dir(), clock, {});
    for (int i = 0; i < 1000; ++i) {
      last.exit_code = i;
      store->commit({.heartbeats = {heartbeat_record("other"), last}}, {});
    }
    store->flush();
  }
  CHECK(after_restart(place, clock) == Records{last, heartbeat_record("other")});
}

TEST_CASE("heartbeats: a forgotten check's go with it, and only if they were not put again after",
          "[store]") {
  StorePlace place;
  FakeClock clock;
  {
    const auto store = open_store(place.dir(), clock, {});
    CHECK(
        commit_and_wait(*store, {.heartbeats = {heartbeat_record("gone"), heartbeat_record("back"),
                                                heartbeat_record("stays")}}));
    // In one transaction: put and forgotten, forgotten and put, both in one change.
    store->commit({.heartbeats = {heartbeat_record("gone")}}, {});
    store->commit({.forgotten = {"gone", "back"}}, {});
    store->commit({.heartbeats = {heartbeat_record("back")}}, {});
    CHECK(commit_and_wait(*store, {.forgotten = {"new"}, .heartbeats = {heartbeat_record("new")}}));
  }
  CHECK(after_restart(place, clock) ==
        Records{heartbeat_record("back"), heartbeat_record("new"), heartbeat_record("stays")});
}

TEST_CASE("heartbeats: what the disk refused is written when it takes it again", "[store]") {
  Backlog backlog(100);
  CHECK(backlog.empty());
  backlog.add({.heartbeats = {heartbeat_record("a"), heartbeat_record("b")}});
  CHECK_FALSE(backlog.empty());
  HeartbeatRecord newer = heartbeat_record("a");
  newer.failed = false;
  backlog.add({.heartbeats = {newer}});
  CHECK(backlog.all().heartbeats == Records{newer, heartbeat_record("b")});
  backlog.add({.forgotten = {"a", "b"}});
  CHECK(backlog.all().heartbeats.empty());
  backlog.add({.heartbeats = {newer}});
  CHECK(backlog.all().heartbeats == Records{newer});
  CHECK(backlog.all().forgotten == std::vector<std::string>{"a", "b"});
  backlog.clear();
  CHECK(backlog.empty());
}

TEST_CASE("heartbeats: what somebody wrote into the table by hand harms nobody", "[store]") {
  StorePlace place;
  FakeClock clock;
  { const auto store = open_store(place.dir(), clock, {}); }
  sql(place.file(),
      "INSERT INTO heartbeats VALUES ('x', '', -5, 0, NULL, NULL, NULL, 7, NULL, NULL,"
      " '[\"12\", 3, \"x y\", \"99999999999999999999 z\", \"12 \", \"13 r 1\"]', '', '')");
  sql(place.file(),
      "INSERT INTO heartbeats VALUES ('y', '', 1, 0, NULL, NULL, NULL, 0, NULL, NULL, '{]', '', "
      "'')");
  const Records records = after_restart(place, clock);
  REQUIRE(records.size() == 2);
  CHECK(records[0].failed);
  CHECK(records[0].runs ==
        std::vector<HeartbeatRun>{{"", WallTime{Millis{12}}}, {"r 1", WallTime{Millis{13}}}});
  CHECK(records[1].runs.empty());
}

}  // namespace tocsin
