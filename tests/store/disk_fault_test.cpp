// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// A disk that is full, fails, hangs, or cannot be written.
#include <catch2/catch.hpp>

#include "store/trouble.h"

namespace tocsin {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

}  // namespace

TEST_CASE("store: a directory that cannot be made is tried again until it can", "[store]") {
  StorePlace place;
  FakeClock clock;
  write_bytes(place.dir(), "a file where the directory should be");
  Told told;
  const auto store = open_store(place.dir(), clock, told.events(), brisk());
  CHECK_THAT(store->trouble(), Contains(place.dir().native()) && Contains("it is no directory"));
  CHECK_FALSE(commit_and_wait(*store, some_change(1)));
  CHECK(store->incidents(0, 10, false).size() == 1);
  fs::remove(place.dir());
  clock.advance(std::chrono::seconds{6});
  REQUIRE(told.wait_for(2));
  CHECK(told.all()[1] == "recovered");
  CHECK(store->trouble().empty());
  CHECK(sql(place.file(), "SELECT count(*) FROM notifications") == "1");
  CHECK(commit_and_wait(*store, some_change(2)));
}

TEST_CASE("store: a full disk is told once; all is written when there is space again", "[store]") {
  StorePlace place;
  SmallDisk disk(place);
  if (!disk) return;
  FakeClock clock;
  Told told;
  {
    const auto store = open_store(place.dir(), clock, told.events(), brisk());
    REQUIRE(commit_and_wait(*store, some_change(1)));
    disk.fill();
    std::int64_t id = 1;
    while (commit_and_wait(*store, some_change(++id))) REQUIRE(id < 1000);
    const std::int64_t refused = id;
    CHECK_THAT(store->trouble(), StartsWith("disk full: " + place.file().native()));
    CHECK_FALSE(commit_and_wait(*store, some_change(++id)));
    CHECK_FALSE(commit_and_wait(*store, {.incidents = {incident_record(1, true)},
                                         .deliveries = {delivery(1, DeliveryStatus::dead)}}));
    clock.advance(std::chrono::seconds{60});
    CHECK_FALSE(commit_and_wait(*store, some_change(++id)));
    CHECK(told.all() == std::vector<std::string>{"failing: " + told.all()[0].substr(9)});

    CHECK(store->incidents(0, 1000, false).size() == static_cast<std::size_t>(id));
    CHECK(store->incidents(0, 1000, true).size() == static_cast<std::size_t>(id) - 1);
    CHECK(store->incidents(0, 2, false).front().id == id);
    REQUIRE(store->notifications(0, 10, DeliveryStatus::dead).size() == 1);
    CHECK(store->notifications(0, 10, DeliveryStatus::dead)[0].notification->id == 1);
    CHECK(store->notifications(0, 1000, DeliveryStatus::waiting).size() ==
          static_cast<std::size_t>(id) - 1);
    CHECK(store->notifications(refused, 1, std::nullopt)[0].notification->id == refused - 1);
    CHECK(store->withheld("", 0, 1000).size() == static_cast<std::size_t>(id));
    CHECK(store->withheld("web-" + std::to_string(refused), 0, 10).size() == 1);

    disk.make_space();
    clock.advance(std::chrono::seconds{6});
    REQUIRE(told.wait_for(2));
    CHECK(told.all()[1] == "recovered");
    CHECK(store->trouble().empty());
    CHECK(commit_and_wait(*store, some_change(++id)));
    CHECK(sql(place.file(), "SELECT count(*) FROM notifications") == std::to_string(id));
    CHECK(sql(place.file(), "SELECT count(*) FROM notifications WHERE status = 'dead'") == "1");
    CHECK(sql(place.file(), "SELECT count(*) FROM withheld") == std::to_string(id));
    CHECK(sql(place.file(), "SELECT count(*) FROM silences") == std::to_string(id));
    CHECK(sql(place.file(), "PRAGMA integrity_check") == "ok");
  }
  CHECK(told.all().size() == 2);
}

TEST_CASE("store: a disk that is full at the start still gives what it holds", "[store]") {
  StorePlace place;
  SmallDisk disk(place);
  if (!disk) return;
  FakeClock clock;
  fill_database(place, clock, 50);
  disk.fill();
  Told told;
  const auto store = open_store(place.dir(), clock, told.events(), brisk());
  CHECK(store->load().checks.size() == 50);
  CHECK_FALSE(commit_and_wait(*store, some_change(51)));
  CHECK_THAT(store->trouble(), Contains("disk full"));
  CHECK(store->incidents(0, 100, false).size() == 51);
  disk.make_space();
  clock.advance(std::chrono::seconds{1});
  CHECK(commit_and_wait(*store, some_change(52)));
  CHECK(told.all().back() == "recovered");
  CHECK(sql(place.file(), "SELECT count(*) FROM incidents") == "52");
}

TEST_CASE("store: a write error is met like a full disk, and says so", "[store]") {
  StorePlace place;
  FakeClock clock;
  Told told;
  const auto store = open_store(place.dir(), clock, told.events(), brisk());
  REQUIRE(commit_and_wait(*store, some_change(1)));
  {
    const FileSizeLimit limit(8192);
    CHECK_FALSE(commit_and_wait(*store, some_change(2)));
    CHECK_THAT(store->trouble(), Contains("the disk fails: " + place.file().native()));
    CHECK(store->incidents(0, 10, false).size() == 2);
  }
  CHECK_FALSE(commit_and_wait(*store, some_change(3)));  // not within the pause
  clock.advance(Millis{1100});
  CHECK(commit_and_wait(*store, some_change(4)));
  CHECK(told.all().back() == "recovered");
  CHECK(told.all().size() == 2);
  CHECK(sql(place.file(), "SELECT count(*) FROM incidents") == "4");
}

TEST_CASE("store: what a disk refused is tried a last time when the store is closed", "[store]") {
  StorePlace place;
  FakeClock clock;
  std::vector<bool> durable;
  {
    const auto store = open_store(place.dir(), clock, {}, brisk());
    {
      const FileSizeLimit limit(8192);
      store->commit(some_change(1), [&](bool ok) { durable.push_back(ok); });
      store->flush();
    }
  }
  CHECK(durable == std::vector<bool>{false});
  CHECK(sql(place.file(), "SELECT count(*) FROM incidents") == "1");
}

TEST_CASE("store: a read-only place is read, and written when it can be again", "[store]") {
  StorePlace place;
  SmallDisk disk(place);
  if (!disk) return;
  FakeClock clock;
  fill_database(place, clock, 20);
  REQUIRE(disk.set_read_only(true));
  Told told;
  const auto store = open_store(place.dir(), clock, told.events(), brisk());
  CHECK_THAT(store->trouble(), Contains("read-only"));
  const Saved saved = store->load();
  CHECK(saved.checks.size() == 20);
  CHECK(saved.waiting.size() == 20);
  CHECK(saved.last_notification == 20);
  CHECK_FALSE(commit_and_wait(*store, some_change(21)));
  CHECK(store->incidents(0, 100, false).size() == 21);
  CHECK(store->notifications(0, 100, DeliveryStatus::waiting).size() == 21);
  REQUIRE(disk.set_read_only(false));
  clock.advance(std::chrono::seconds{6});
  REQUIRE(told.wait_for(2));
  CHECK(told.all()[1] == "recovered");
  CHECK(sql(place.file(), "SELECT count(*) FROM incidents") == "21");
}

TEST_CASE("store: a place without rights is met like a read-only one", "[store]") {
  StorePlace place;
  FakeClock clock;
  fill_database(place, clock, 20);
  fs::permissions(place.file(), fs::perms::owner_read);
  fs::permissions(place.dir(), fs::perms::owner_read | fs::perms::owner_exec);
  const OrdinaryUser user(place);
  const auto store = open_store(place.dir(), clock, {}, brisk());
  CHECK_THAT(store->trouble(), Contains(place.file().native() + " is read-only"));
  CHECK(store->load().checks.size() == 20);
  CHECK_FALSE(commit_and_wait(*store, some_change(21)));
  CHECK(store->incidents(0, 100, false).size() == 21);
}

TEST_CASE("store: another program's lock is waited for, then told, then overcome", "[store]") {
  StorePlace place;
  FakeClock clock;
  Told told;
  const auto store = open_store(place.dir(), clock, told.events(), brisk());
  REQUIRE(commit_and_wait(*store, some_change(1)));
  {
    const ForeignLock lock(place.file());
    CHECK_FALSE(commit_and_wait(*store, some_change(2)));
    CHECK_THAT(store->trouble(), Contains("locked by another program"));
  }
  clock.advance(std::chrono::seconds{6});
  REQUIRE(told.wait_for(2));
  CHECK(told.all()[1] == "recovered");
  CHECK(sql(place.file(), "SELECT count(*) FROM incidents") == "2");
}

TEST_CASE("store: a disk that does not answer holds no page up", "[store]") {
  StorePlace place;
  FakeClock clock;
  Told told;
  StoreOptions options = brisk();
  options.busy_timeout = std::chrono::seconds{60};  // the lock below stands for a disk that hangs
  const auto store = open_store(place.dir(), clock, told.events(), options);
  REQUIRE(commit_and_wait(*store, some_change(1)));
  {
    const ForeignLock lock(place.file());
    std::vector<std::pair<int, bool>> done;
    store->commit(some_change(2), [&](bool ok) { done.emplace_back(2, ok); });
    // The watch begins when the writer takes the change: turn the clock until it has.
    while (told.all().empty()) {
      clock.advance(std::chrono::seconds{1});
      std::this_thread::yield();
    }
    store->flush();
    store->commit(some_change(3), [&](bool ok) { done.emplace_back(3, ok); });
    store->flush();
    CHECK(done == std::vector<std::pair<int, bool>>{{2, false}, {3, false}});
    CHECK_THAT(store->trouble(), Contains("does not answer"));
  }
  REQUIRE(told.wait_for(2));
  CHECK_THAT(told.all()[0], StartsWith("failing: the disk does not answer"));
  CHECK(told.all()[1] == "recovered");
  CHECK(commit_and_wait(*store, some_change(4)));
  CHECK(store->trouble().empty());
  CHECK(told.all().size() == 2);
  CHECK(sql(place.file(), "SELECT count(*) FROM incidents") == "4");
}

}  // namespace tocsin
