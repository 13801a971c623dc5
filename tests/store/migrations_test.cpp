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

constexpr std::size_t kNow = 4;  // the present version

std::vector<Migration> present_and(std::span<const std::string_view> next) {
  std::vector<Migration> out(kMigrations.begin(), kMigrations.end());
  out.push_back({"flaps", next});
  return out;
}

StoreOptions with(const std::vector<Migration>& migrations) {
  StoreOptions options = brisk();
  options.migrations = migrations;
  return options;
}

// A file of the present version with a row of each kind.
void make_file(const StorePlace& place, const Clock& clock) {
  const auto store = open_store(place.dir(), clock, {}, brisk());
  REQUIRE(commit_and_wait(*store, {.checks = {check_record("a"), check_record("b", State::up)},
                                   .incidents = {incident_record(1)},
                                   .notifications = {notification(1)},
                                   .heartbeats = {heartbeat_record("a")}}));
}

}  // namespace

namespace {

// What step 4 did, undone.
void make_version_3(const StorePlace& place) {
  for (const char* column : {"held_why", "held_detail", "held_since", "held_changes", "flap_slots",
                             "flap_at", "flap_since", "flap_changes"}) {
    sql(place.file(), std::string("ALTER TABLE checks DROP COLUMN ") + column);
  }
  sql(place.file(),
      "ALTER TABLE incidents DROP COLUMN told_at; ALTER TABLE incidents DROP COLUMN escalated;"
      "DROP TABLE withheld; DROP TABLE silences;"
      "DELETE FROM counters WHERE name IN ('withheld', 'silence'); PRAGMA user_version = 3");
}

}  // namespace

TEST_CASE("migrations: a file of version 1 is brought to the present one with its rows",
          "[store]") {
  StorePlace place;
  FakeClock clock;
  make_file(place, clock);
  make_version_3(place);
  for (const char* column : {"at", "until", "by", "why"}) {
    sql(place.file(), std::string("ALTER TABLE incidents DROP COLUMN acknowledged_") + column);
  }
  sql(place.file(), "DROP TABLE told_once; PRAGMA user_version = 1");
  const ToldOnce once{"posted a", WallTime{Millis{7}}, "x", {}};
  {
    const auto store = open_store(place.dir(), clock, {}, brisk());
    CHECK(store->trouble().empty());
    const Saved saved = store->load();
    CHECK(saved.checks.size() == 2);
    CHECK(saved.open_incidents.size() == 1);
    CHECK(saved.waiting.size() == 1);
    CHECK(saved.heartbeats == std::vector{heartbeat_record("a")});
    CHECK(saved.told_once.empty());
    CHECK(commit_and_wait(*store, {.told_once = {once}}));
  }
  CHECK(kMigrations.size() == kNow);
  CHECK(sql(place.file(), "PRAGMA user_version") == std::to_string(kNow));
  CHECK(open_store(place.dir(), clock, {}, brisk())->load().told_once == std::vector{once});
}

TEST_CASE("migrations: in a file of version 3, who was told was told when it was opened",
          "[store]") {
  StorePlace place;
  FakeClock clock;
  make_file(place, clock);
  IncidentRecord untold = incident_record(2);
  untold.told.clear();
  REQUIRE(commit_and_wait(*open_store(place.dir(), clock, {}, brisk()),
                          {.incidents = {untold, incident_record(3, true)}}));
  make_version_3(place);
  const auto store = open_store(place.dir(), clock, {}, brisk());
  CHECK(store->trouble().empty());
  const Saved saved = store->load();
  REQUIRE(saved.checks.size() == 2);
  CHECK(saved.checks[0].state == State::down);
  CHECK(saved.checks[0].held == Held{});
  CHECK(saved.checks[0].flaps == FlapRecord{});
  const auto incidents = store->incidents(0, 10, false);
  REQUIRE(incidents.size() == 3);
  CHECK(incidents[0].told_at == incidents[0].opened_at);
  CHECK_FALSE(incidents[1].told_at.has_value());
  CHECK(incidents[2].told_at == incidents[2].opened_at);
  CHECK(incidents[2].told == std::vector<std::string>{"ops", "terminal"});
  CHECK(incidents[2].acknowledged == incident_record(1).acknowledged);
  CHECK(incidents[2].escalated == 0);
  CHECK(saved.waiting.size() == 1);
  CHECK(saved.silences.empty());
  CHECK(saved.last_silence == 0);
  CHECK(saved.last_incident == 3);
  CHECK(store->withheld("", 0, 10).empty());
  CHECK(commit_and_wait(
      *store,
      {.checks = {held_record("a")}, .withheld = {withheld_row("a")}, .silences = {silence(1)}}));
  CHECK(store->withheld("a", 0, 10).size() == 1);
  CHECK(sql(place.file(), "PRAGMA user_version") == "4");
}

TEST_CASE("migrations: a step after the present version keeps the rows", "[store]") {
  StorePlace place;
  FakeClock clock;
  make_file(place, clock);
  const auto migrations = present_and(kGood);
  {
    const auto store = open_store(place.dir(), clock, {}, with(migrations));
    CHECK(store->trouble().empty());
    const Saved saved = store->load();
    CHECK(saved.checks.size() == 2);
    CHECK(saved.open_incidents.size() == 1);
    CHECK(saved.waiting.size() == 1);
    CHECK(saved.heartbeats == std::vector{heartbeat_record("a")});
  }
  CHECK(sql(place.file(), "PRAGMA user_version") == std::to_string(kNow + 1));
  CHECK(sql(place.file(), "SELECT flaps FROM checks WHERE name = 'a'") == "3");
  CHECK(sql(place.file(), "SELECT flaps FROM checks WHERE name = 'b'") == "0");
}

TEST_CASE("migrations: a new file goes through the same steps", "[store]") {
  StorePlace place;
  FakeClock clock;
  const auto migrations = present_and(kGood);
  { const auto store = open_store(place.dir(), clock, {}, with(migrations)); }
  CHECK(sql(place.file(), "PRAGMA user_version") == std::to_string(kNow + 1));
  CHECK(sql(place.file(),
            "SELECT count(*) FROM pragma_table_info('checks') WHERE name = 'flaps'") == "1");
}

TEST_CASE("migrations: one that fails half-way leaves the version before it whole", "[store]") {
  StorePlace place;
  FakeClock clock;
  make_file(place, clock);
  const std::string schema = sql(place.file(), "SELECT group_concat(sql) FROM sqlite_schema");
  Told told;
  const auto migrations = present_and(kBad);
  {
    const auto store = open_store(place.dir(), clock, told.events(), with(migrations));
    CHECK(store->trouble().find("could not be brought to version 5 (flaps)") != std::string::npos);
    CHECK(store->trouble().find("no_such_table") != std::string::npos);
    REQUIRE(told.all().size() == 1);
    CHECK(told.all()[0] == "failing: " + store->trouble());
    CHECK_FALSE(commit_and_wait(*store, {.checks = {check_record("c")}}));
  }
  CHECK(sql(place.file(), "PRAGMA user_version") == std::to_string(kNow));
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
