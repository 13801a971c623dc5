// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// A file that is damaged, not ours, or gone.
#include <catch2/catch.hpp>

#include "store/trouble.h"

namespace tocsin {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

}  // namespace

TEST_CASE("store: a damaged file is set aside whole, and a new one works", "[store]") {
  StorePlace place;
  FakeClock clock;
  fill_database(place, clock, 200);
  SECTION("random bytes") {
    std::string noise(20'000, '\0');
    for (std::size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<char>(i * 7919 >> 3);
    fs::remove(place.file());
    write_bytes(place.file(), noise);
  }
  SECTION("truncated") {
    fs::resize_file(place.file(), fs::file_size(place.file()) / 2);
  }
  SECTION("cut within the first page") {
    fs::resize_file(place.file(), 700);
  }
  SECTION("a page in the middle is overwritten") {
    write_bytes(place.file(), std::string(4096, '\xA5'), 4096 * 12);
  }
  SECTION("the schema is malformed") {
    sql(place.file(),
        "PRAGMA writable_schema = ON;"
        "UPDATE sqlite_schema SET sql = 'CREATE TABLE nonsense' WHERE name = 'checks'");
  }
  SECTION("the format's number is from nowhere") {
    write_bytes(place.file(), std::string("\x00\x00\x00\x09", 4), 44);
  }
  const std::string damaged = bytes_of(place.file());
  write_bytes(place.file().native() + "-wal", "what was in the log");
  Told told;
  const auto store = open_store(place.dir(), clock, told.events());
  const std::string name = place.file().native() + ".damaged-20260102T030405";
  CHECK(told.all() == std::vector<std::string>{"replaced: " + name});
  CHECK(store->trouble().empty());
  CHECK(store->load().checks.empty());
  CHECK(bytes_of(name) == damaged);
  CHECK(bytes_of(name + "-wal") == "what was in the log");
  CHECK(commit_and_wait(*store, some_change(1)));
  CHECK(store->incidents(0, 10, false).size() == 1);
}

TEST_CASE("store: two damaged files in one second have two names", "[store]") {
  StorePlace place;
  FakeClock clock;
  for (int i = 0; i < 3; ++i) {
    fs::create_directories(place.dir());
    fs::remove(place.file());
    write_bytes(place.file(), "this is no database " + std::to_string(i) + std::string(600, ' '));
    open_store(place.dir(), clock, {});
  }
  const auto files = set_aside_files(place.dir());
  REQUIRE(files.size() == 3);
  CHECK(bytes_of(files[0]).find("no database 0") != std::string::npos);
  CHECK_THAT(files[1].native(), Catch::EndsWith("-2"));
  CHECK(bytes_of(files[2]).find("no database 2") != std::string::npos);
}

TEST_CASE("store: a newer Tocsin's file is left as it is; memory serves", "[store]") {
  StorePlace place;
  FakeClock clock;
  fill_database(place, clock, 5);
  sql(place.file(), "CREATE TABLE from_the_future (x); PRAGMA user_version = 99");
  const std::string before = bytes_of(place.file());
  Told told;
  {
    const auto store = open_store(place.dir(), clock, told.events(), brisk());
    CHECK_THAT(store->trouble(), Contains("is from a newer Tocsin (version 99"));
    CHECK_THAT(store->trouble(), Contains(place.file().native()));
    CHECK(told.all() == std::vector<std::string>{"failing: " + store->trouble()});
    CHECK(store->load().checks.empty());
    CHECK_FALSE(commit_and_wait(*store, some_change(1)));
    clock.advance(std::chrono::hours{1});
    CHECK_FALSE(commit_and_wait(*store, {.deliveries = {delivery(1, DeliveryStatus::dead)}}));
    CHECK(store->incidents(0, 10, true).size() == 1);
    const auto rows = store->notifications(0, 10, DeliveryStatus::dead);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].notification->message->reason == "no answer");
  }
  CHECK(told.all().size() == 1);
  CHECK(bytes_of(place.file()) == before);
  CHECK(set_aside_files(place.dir()).empty());
}

TEST_CASE("store: another program's database is left as it is", "[store]") {
  StorePlace place;
  FakeClock clock;
  fs::create_directories(place.dir());
  sql(place.file(), "CREATE TABLE recipes (name); INSERT INTO recipes VALUES ('soup')");
  const std::string before = bytes_of(place.file());
  {
    const auto store = open_store(place.dir(), clock, {});
    CHECK_THAT(store->trouble(), Contains("another program's database"));
    CHECK_FALSE(commit_and_wait(*store, some_change(1)));
  }
  CHECK(bytes_of(place.file()) == before);
}

TEST_CASE("store: a file that turns up later with rows in it is not mixed with ours", "[store]") {
  StorePlace place;
  FakeClock clock;
  fill_database(place, clock, 3);
  const fs::path away = place.root() / "away";
  fs::rename(place.dir(), away);
  write_bytes(place.dir(), "the disk is not mounted");
  Told told;
  {
    const auto store = open_store(place.dir(), clock, told.events(), brisk());
    CHECK_FALSE(commit_and_wait(*store, {.incidents = {incident_record(1, true)}}));
    fs::remove(place.dir());
    fs::rename(away, place.dir());
    clock.advance(std::chrono::seconds{6});
    CHECK_FALSE(commit_and_wait(*store, {.incidents = {incident_record(2, true)}}));
    CHECK_THAT(store->trouble(), Contains("restart Tocsin to go on from it"));
    CHECK(store->incidents(0, 10, false).size() == 2);
  }
  CHECK(sql(place.file(), "SELECT count(*) FROM incidents WHERE closed_at IS NULL") == "3");
}

TEST_CASE("store: a damaged file that cannot be set aside is left, and is later", "[store]") {
  StorePlace place;
  FakeClock clock;
  fs::create_directory(place.dir());
  write_bytes(place.file(), std::string(5000, 'x'));
  { const auto lock = DirectoryLock::take(place.dir()); }
  fs::permissions(place.dir(), fs::perms::owner_read | fs::perms::owner_exec);
  const OrdinaryUser user(place);
  Told told;
  const auto store = open_store(place.dir(), clock, told.events(), brisk());
  CHECK_THAT(store->trouble(), Contains("damaged and cannot be set aside"));
  CHECK_FALSE(commit_and_wait(*store, some_change(1)));
  CHECK(store->incidents(0, 10, false).size() == 1);
  CHECK(bytes_of(place.file()) == std::string(5000, 'x'));
  fs::permissions(place.dir(), fs::perms::owner_all);
  clock.advance(std::chrono::seconds{6});
  REQUIRE(told.wait_for(3));
  CHECK(told.all()[1] == "recovered");
  CHECK_THAT(told.all()[2], StartsWith("replaced: " + place.file().native() + ".damaged-"));
  CHECK(sql(place.file(), "SELECT count(*) FROM incidents") == "1");
}

TEST_CASE("store: damage that shows while running: the file is set aside, we go on", "[store]") {
  StorePlace place;
  FakeClock clock;
  fill_database(place, clock, 200);
  const auto size = fs::file_size(place.file());
  Told told;
  {
    const auto store = open_store(place.dir(), clock, told.events(), brisk());
    REQUIRE(commit_and_wait(*store, some_change(500)));
    write_bytes(place.file(), std::string(size - 4096, '\xA5'), 4096);
    store->incidents(0, 100, false);  // a reader sees it first
    REQUIRE(told.wait_for(1));
    CHECK_THAT(told.all()[0], StartsWith("replaced: " + place.file().native() + ".damaged-"));
    CHECK(store->trouble().empty());
    CHECK(commit_and_wait(*store, some_change(501)));
    CHECK(store->incidents(0, 100, false).size() == 1);
  }
  CHECK(told.all().size() == 1);
  CHECK(fs::exists(told.all()[0].substr(10)));
  const Saved saved = open_store(place.dir(), clock, {})->load();
  CHECK(saved.last_incident == 501);
  CHECK(saved.open_incidents.size() == 1);
}

TEST_CASE("store: damage that the writer meets costs nothing that is committed then", "[store]") {
  StorePlace place;
  FakeClock clock;
  fill_database(place, clock, 6000);  // more than the writer's cache
  const auto size = fs::file_size(place.file());
  Told told;
  const auto store = open_store(place.dir(), clock, told.events(), brisk());
  write_bytes(place.file(), std::string(size - 4096, '\xA5'), 4096);
  Change change;
  for (int id = 1; id <= 6000; id += 10) {
    change.deliveries.push_back(delivery(id, DeliveryStatus::sent));
  }
  change.incidents = {incident_record(7000)};
  CHECK(commit_and_wait(*store, std::move(change)));
  REQUIRE(told.all().size() == 1);
  CHECK_THAT(told.all()[0], StartsWith("replaced: "));
  CHECK(sql(place.file(), "SELECT id FROM incidents") == "7000");
  CHECK(sql(place.file(), "SELECT value FROM counters WHERE name = 'notification'") == "6000");

  SECTION("twice in a short time is a failing disk, and later one more copy") {
    write_bytes(place.file(), std::string(fs::file_size(place.file()), '\xA5'));
    fs::resize_file(place.file().native() + "-wal", 0);
    store->incidents(0, 10, false);
    REQUIRE(told.wait_for(2));
    CHECK_THAT(told.all()[1], Contains("damaged again"));
    CHECK_FALSE(commit_and_wait(*store, {.incidents = {incident_record(7001)}}));
    clock.advance(std::chrono::minutes{11});
    REQUIRE(told.wait_for(4));
    CHECK(told.all()[2] == "recovered");
    CHECK_THAT(told.all()[3], StartsWith("replaced: "));
    CHECK(set_aside_files(place.dir()).size() >= 2);
    CHECK(commit_and_wait(*store, {.incidents = {incident_record(7002)}}));
    CHECK(sql(place.file(), "SELECT count(*) FROM incidents") == "2");
  }
}

TEST_CASE("store: a file that somebody removes is made anew, and the owner is asked", "[store]") {
  StorePlace place;
  FakeClock clock;
  Told told;
  const auto store = open_store(place.dir(), clock, told.events(), brisk());
  REQUIRE(commit_and_wait(*store, some_change(1)));
  CHECK(store->incidents(0, 10, false).size() == 1);
  SECTION("removed") {
    fs::remove(place.file());
  }
  SECTION("moved away") {
    fs::rename(place.file(), place.root() / "elsewhere.db");
  }
  SECTION("with all that belongs to it") {
    fs::remove(place.file());
    fs::remove(place.file().native() + "-wal");
    fs::remove(place.file().native() + "-shm");
  }
  CHECK(commit_and_wait(*store, some_change(2)));
  CHECK(told.all() == std::vector<std::string>{"replaced: "});
  CHECK(sql(place.file(), "SELECT id FROM incidents") == "2");
  CHECK(store->incidents(0, 10, false).size() == 1);
  CHECK(commit_and_wait(*store, some_change(3)));
}

}  // namespace tocsin
