// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <catch2/catch.hpp>

#include "store/backlog.h"
#include "store/house.h"

namespace tocsin {
namespace {

using Rows = std::vector<ToldOnce>;

ToldOnce once(const std::string& key, std::int64_t at = 1'767'000'000'001) {
  return {key, WallTime{Millis{at}}, "Mon 09:00 (UTC)", {{12, "uid-12", "ops"}, {13, "u", "a b"}}};
}

Rows saved_in(const StorePlace& place, const Clock& clock) {
  return open_store(place.dir(), clock, {})->load().told_once;
}

}  // namespace

TEST_CASE("told once: a row is there after a restart, field by field", "[store]") {
  StorePlace place;
  FakeClock clock;
  const Rows rows{once("posted v42"), {"scheduled \xE2\x9C\x93 'x'", WallTime{}, "", {}}};
  {
    const auto store = open_store(place.dir(), clock, {});
    CHECK(store->load().told_once.empty());
    CHECK(commit_and_wait(*store, {.told_once = rows}));
  }
  CHECK(saved_in(place, clock) == rows);
}

TEST_CASE("told once: of many in one transaction the last word counts", "[store]") {
  StorePlace place;
  FakeClock clock;
  {
    const auto store = open_store(place.dir(), clock, {});
    CHECK(commit_and_wait(*store, {.told_once = {once("gone"), once("back")}}));
    for (int i = 0; i < 100; ++i) store->commit({.told_once = {once("often", i)}}, {});
    store->commit({.told_once = {once("gone", 5)}}, {});
    store->commit({.forgotten_once = {"gone", "back"}}, {});
    store->commit({.told_once = {once("back", 6)}}, {});
    store->flush();
  }
  CHECK(saved_in(place, clock) == Rows{once("back", 6), once("often", 99)});
}

TEST_CASE("told once: what the disk refused is written when it takes it again", "[store]") {
  Backlog backlog(100);
  backlog.add({.told_once = {once("a", 1), once("b")}});
  CHECK_FALSE(backlog.empty());
  backlog.add({.told_once = {once("a", 2)}, .forgotten_once = {"b"}});
  CHECK(backlog.all().told_once == Rows{once("a", 2)});
  CHECK(backlog.all().forgotten_once == std::vector<std::string>{"b"});
  backlog.clear();
  CHECK(backlog.empty());
}

TEST_CASE("told once: what somebody wrote into the table by hand harms nobody", "[store]") {
  StorePlace place;
  FakeClock clock;
  { const auto store = open_store(place.dir(), clock, {}); }
  sql(place.file(),
      "INSERT INTO told_once VALUES ('x', -5, '', '[\"12\", 3, \"x y z\", \"1 u\", \"7 u ops\","
      " \"99999999999999999999 u o\"]'), ('y', 'no number', '', '{]')");
  const Rows rows = saved_in(place, clock);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].notifications == std::vector<MadeNotification>{{7, "u", "ops"}});
  CHECK(rows[1].notifications.empty());
}

}  // namespace tocsin
