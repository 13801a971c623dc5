// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "store/migrations.h"

#include <catch2/catch.hpp>

#include "store/house.h"

namespace tocsin {
namespace {

constexpr std::string_view kGood[] = {
    "ALTER TABLE checks ADD COLUMN flaps INTEGER NOT NULL DEFAULT 0",
    "UPDATE checks SET flaps = 3 WHERE state = 'down'",
};
constexpr std::string_view kBad[] = {
    "ALTER TABLE checks ADD COLUMN flaps INTEGER NOT NULL DEFAULT 0",
    "DELETE FROM checks",
    "INSERT INTO no_such_table VALUES (1)",
};

std::vector<Migration> first_and(std::span<const std::string_view> second) {
  return {kMigrations.front(), {"flaps", second}};
}

StoreOptions with(const std::vector<Migration>& migrations) {
  StoreOptions options = brisk();
  options.migrations = migrations;
  return options;
}

// A file of version 1 as this Tocsin makes it, with a row of each kind.
void make_version_1(const StorePlace& place, const Clock& clock) {
  StoreOptions options = brisk();
  options.migrations = kMigrations.first(1);
  const auto store = open_store(place.dir(), clock, {}, options);
  REQUIRE(commit_and_wait(*store, {.checks = {check_record("a"), check_record("b", State::up)},
                                   .incidents = {incident_record(1)},
                                   .notifications = {notification(1)},
                                   .heartbeats = {heartbeat_record("a")}}));
}

}  // namespace

TEST_CASE("migrations: a file of version 1 is brought to version 2 with its rows", "[store]") {
  StorePlace place;
  FakeClock clock;
  make_version_1(place, clock);
  const auto migrations = first_and(kGood);
  {
    const auto store = open_store(place.dir(), clock, {}, with(migrations));
    CHECK(store->trouble().empty());
    const Saved saved = store->load();
    CHECK(saved.checks.size() == 2);
    CHECK(saved.open_incidents.size() == 1);
    CHECK(saved.waiting.size() == 1);
    CHECK(saved.heartbeats == std::vector{heartbeat_record("a")});
  }
  CHECK(sql(place.file(), "PRAGMA user_version") == "2");
  CHECK(sql(place.file(), "SELECT flaps FROM checks WHERE name = 'a'") == "3");
  CHECK(sql(place.file(), "SELECT flaps FROM checks WHERE name = 'b'") == "0");
}

TEST_CASE("migrations: a new file goes through the same steps", "[store]") {
  StorePlace place;
  FakeClock clock;
  const auto migrations = first_and(kGood);
  { const auto store = open_store(place.dir(), clock, {}, with(migrations)); }
  CHECK(sql(place.file(), "PRAGMA user_version") == "2");
  CHECK(sql(place.file(),
            "SELECT count(*) FROM pragma_table_info('checks') WHERE name = 'flaps'") == "1");
}

TEST_CASE("migrations: one that fails half-way leaves version 1 whole", "[store]") {
  StorePlace place;
  FakeClock clock;
  make_version_1(place, clock);
  const std::string schema = sql(place.file(), "SELECT group_concat(sql) FROM sqlite_schema");
  Told told;
  const auto migrations = first_and(kBad);
  {
    const auto store = open_store(place.dir(), clock, told.events(), with(migrations));
    CHECK(store->trouble().find("could not be brought to version 2 (flaps)") != std::string::npos);
    CHECK(store->trouble().find("no_such_table") != std::string::npos);
    REQUIRE(told.all().size() == 1);
    CHECK(told.all()[0] == "failing: " + store->trouble());
    CHECK_FALSE(commit_and_wait(*store, {.checks = {check_record("c")}}));
  }
  CHECK(sql(place.file(), "PRAGMA user_version") == "1");
  CHECK(sql(place.file(), "SELECT group_concat(sql) FROM sqlite_schema") == schema);
  CHECK(sql(place.file(), "SELECT count(*) FROM checks") == "2");
  CHECK(sql(place.file(), "PRAGMA integrity_check") == "ok");
  SECTION("and the Tocsin that made it goes on with it") {
    const auto store = open_store(place.dir(), clock, {});
    CHECK(store->trouble().empty());
    CHECK(store->load().checks.size() == 2);
  }
}

TEST_CASE("migrations: the schema is written down beside the code", "[store]") {
  const std::string text = bytes_of(std::string(TOCSIN_SOURCE_DIR) + "/src/store/SCHEMA.md");
  StorePlace place;
  FakeClock clock;
  { const auto store = open_store(place.dir(), clock, {}); }
  const std::string columns =
      sql(place.file(),
          "SELECT group_concat(m.name || ' ' || c.name, char(10)) FROM sqlite_schema m,"
          " pragma_table_info(m.name) c WHERE m.type = 'table'");
  std::istringstream lines(columns);
  std::string table, column;
  std::size_t seen = 0;
  while (lines >> table >> column) {
    INFO(table << "." << column);
    CHECK(text.find("## " + table) != std::string::npos);
    CHECK(text.find("| `" + column + "` |") != std::string::npos);
    ++seen;
  }
  CHECK(seen > 30);
  CHECK(text.find("version " + std::to_string(kMigrations.size())) != std::string::npos);
}

}  // namespace tocsin
