// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// The directory, its lock, the file, and what leaves it.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "store/house.h"

namespace tocsin {
namespace {

unsigned mode_of(const std::filesystem::path& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777;
}

}  // namespace

TEST_CASE("store: the directory and the file are for its owner alone", "[store]") {
  StorePlace place;
  FakeClock clock;
  const std::filesystem::path dir = place.root() / "a" / "b" / "c";
  const auto store = open_store(dir, clock, {});
  CHECK(store->trouble().empty());
  CHECK(mode_of(dir) == 0700);
  CHECK(mode_of(dir.parent_path()) == 0700);
  CHECK(mode_of(dir / "tocsin.db") == 0600);
  CHECK(mode_of(dir / "tocsin.lock") == 0600);
  REQUIRE(commit_and_wait(*store, {.checks = {check_record("a")}}));
  CHECK(mode_of(dir / "tocsin.db-wal") == 0600);
}

TEST_CASE("store: the file is a write-ahead-logged database that says whose it is", "[store]") {
  StorePlace place;
  FakeClock clock;
  { const auto store = open_store(place.dir(), clock, {}); }
  CHECK(sql(place.file(), "PRAGMA journal_mode") == "wal");
  CHECK(sql(place.file(), "PRAGMA application_id") == std::to_string(0x746F6373));
  CHECK(sql(place.file(), "PRAGMA user_version") == std::to_string(kMigrations.size()));
}

TEST_CASE("store: closing leaves one file, with everything in it", "[store]") {
  StorePlace place;
  FakeClock clock;
  {
    const auto store = open_store(place.dir(), clock, {});
    REQUIRE(commit_and_wait(*store, {.incidents = {incident_record(1)}}));
    CHECK(store->incidents(0, 10, false).size() == 1);  // a reader is open too
  }
  CHECK_FALSE(std::filesystem::exists(place.file().native() + "-wal"));
  CHECK_FALSE(std::filesystem::exists(place.file().native() + "-shm"));
  CHECK(sql(place.file(), "SELECT count(*) FROM incidents") == "1");
}

TEST_CASE("store: a directory name with odd characters works", "[store]") {
  StorePlace place;
  FakeClock clock;
  const std::filesystem::path dir = place.root() / "a b?mode=memory&c%41#d ü";
  {
    const auto store = open_store(dir, clock, {});
    REQUIRE(commit_and_wait(*store, {.checks = {check_record("a")}}));
  }
  CHECK(std::filesystem::file_size(dir / "tocsin.db") > 0);
}

TEST_CASE("store: a second daemon is refused with the first one's pid", "[store]") {
  StorePlace place;
  FakeClock clock;
  auto store = open_store(place.dir(), clock, {});
  CHECK_THROWS_WITH(open_store(place.dir(), clock, {}), "state directory " + place.dir().native() +
                                                            " is in use by another tocsin (pid " +
                                                            std::to_string(::getpid()) + ")");
  SECTION("until it is closed") {
    store.reset();
    CHECK_NOTHROW(open_store(place.dir(), clock, {}));
  }
}

TEST_CASE("store: a lock file that was left behind does not matter", "[store]") {
  StorePlace place;
  FakeClock clock;
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = DirectoryLock::take(place.root());
    ::_exit(lock ? 0 : 1);  // dies holding it
  }
  int status = 1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  REQUIRE(bytes_of(place.root() / "tocsin.lock") == std::to_string(child) + "\n");
  const auto store = open_store(place.root(), clock, {});
  CHECK(store->trouble().empty());
  CHECK(bytes_of(place.root() / "tocsin.lock") == std::to_string(::getpid()) + "\n");
}

TEST_CASE("store: what is old and ended is pruned, in batches; numbers go on", "[store]") {
  StorePlace place;
  FakeClock clock;
  StoreOptions options = brisk();
  options.prune_batch = 7;
  {
    const auto store = open_store(place.dir(), clock, {}, options);
    Change change;
    for (std::int64_t id = 1; id <= 50; ++id) {
      change.incidents.push_back(incident_record(id, id <= 40));
      change.notifications.push_back(notification(id));
      if (id > 40) continue;
      change.deliveries.push_back(delivery(id, static_cast<DeliveryStatus>(1 + id % 3)));
      change.deliveries.back().thread_ref = "ref";
    }
    for (int i = 0; i < 40; ++i) change.withheld.push_back(withheld_row("old"));
    const WallTime new_one = clock.wall() + std::chrono::days{2};
    change.withheld.push_back(withheld_row("new", new_one.time_since_epoch().count()));
    change.silences = {silence(1)};
    REQUIRE(commit_and_wait(*store, change));
    clock.advance(std::chrono::days{399});
    CHECK(store->withheld("", 0, 100).size() == 41);
    REQUIRE(commit_and_wait(*store, {.incidents = {incident_record(60, true)}}));
    CHECK(store->incidents(0, 100, false).size() == 51);
    clock.advance(std::chrono::days{2});
    // 60 was closed, by its record, with the others.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    while (store->incidents(0, 100, false).size() > 10 &&
           std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    while (store->notifications(0, 100, std::nullopt).size() > 10 &&
           std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    while (store->withheld("", 0, 100).size() > 1 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    CHECK(store->incidents(0, 100, false).size() == 10);
    CHECK(store->notifications(0, 100, std::nullopt).size() == 10);
    REQUIRE(store->withheld("", 0, 100).size() == 1);
    CHECK(store->withheld("", 0, 100)[0].check == "new");
    CHECK(store->incidents(0, 100, true).size() == 10);
    CHECK(store->notifications(0, 100, DeliveryStatus::waiting).size() == 10);
  }
  const Saved saved = open_store(place.dir(), clock, {})->load();
  CHECK(saved.last_incident == 60);
  CHECK(saved.last_notification == 50);
  CHECK(saved.open_incidents.size() == 10);
  CHECK(saved.waiting.size() == 10);
  CHECK(saved.threads.empty());
  CHECK(saved.silences == std::vector{silence(1)});
}

TEST_CASE("store: numbers never repeat, even when every row is gone", "[store]") {
  StorePlace place;
  FakeClock clock;
  REQUIRE(commit_and_wait(*open_store(place.dir(), clock, {}),
                          {.incidents = {incident_record(9)},
                           .notifications = {notification(8)},
                           .withheld = {withheld_row("a"), withheld_row("b")},
                           .silences = {silence(7)}}));
  sql(place.file(),
      "DELETE FROM incidents; DELETE FROM notifications; DELETE FROM withheld;"
      "DELETE FROM silences");
  const Saved saved = open_store(place.dir(), clock, {})->load();
  CHECK(saved.last_incident == 9);
  CHECK(saved.last_notification == 8);
  CHECK(saved.last_silence == 7);
  CHECK(saved.silences.empty());
  const auto store = open_store(place.dir(), clock, {});
  REQUIRE(commit_and_wait(*store, {.withheld = {withheld_row("c")}}));
  CHECK(store->withheld("", 0, 10).at(0).id == 3);
}

}  // namespace tocsin
