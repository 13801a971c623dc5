// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Every fault of the disk or the file, made for real where the system lets us: files are damaged,
// small file systems are mounted (as root), limits are set, locks are held.
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "store/house.h"

namespace tocsin {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

// A small file system of its own, mounted over the place's state directory; root only.
class SmallDisk {
 public:
  explicit SmallDisk(const Place& place) : dir_(place.dir()) {
    fs::create_directory(dir_);
    mounted_ = ::mount("tocsin-test", dir_.c_str(), "tmpfs", 0, "size=1m") == 0;
    if (!mounted_) WARN("skipped: mounting a small file system needs root");
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(dir_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  explicit operator bool() const { return mounted_; }
  bool set_read_only(bool read_only) {
    const unsigned long flags = read_only ? MS_REMOUNT | MS_RDONLY : MS_REMOUNT;
    return ::mount("tocsin-test", dir_.c_str(), "tmpfs", flags, "size=1m") == 0;
  }
  // Takes all the space that is left.
  void fill() {
    std::ofstream filler(dir_ / "filler", std::ios::binary);
    const std::string block(4096, 'x');
    while (filler.write(block.data(), 4096).flush()) continue;
  }
  void make_space() { fs::remove(dir_ / "filler"); }

 private:
  fs::path dir_;
  bool mounted_ = false;
};

// Root has all rights: while this lasts, we are nobody, and the place is nobody's.
class OrdinaryUser {
 public:
  explicit OrdinaryUser(const Place& place) : was_root_(::geteuid() == 0) {
    if (!was_root_) return;
    for (const fs::path& path : {place.root(), place.dir()}) give(path);
    for (const auto& entry : fs::directory_iterator(place.dir())) give(entry.path());
    REQUIRE(::seteuid(kNobody) == 0);
  }
  ~OrdinaryUser() {
    if (was_root_ && ::seteuid(0) != 0) std::abort();
  }
  OrdinaryUser(const OrdinaryUser&) = delete;
  OrdinaryUser& operator=(const OrdinaryUser&) = delete;

 private:
  static constexpr uid_t kNobody = 65534;
  static void give(const fs::path& path) { REQUIRE(::chown(path.c_str(), kNobody, kNobody) == 0); }
  bool was_root_;
};

// No file may grow beyond so many bytes, for this process and while it lasts: write() fails.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

// Another program that holds the database's write lock.
class ForeignLock {
 public:
  explicit ForeignLock(const fs::path& file) {
    REQUIRE(sqlite3_open(file.c_str(), &handle_) == SQLITE_OK);
    sqlite3_busy_timeout(handle_, 30'000);
    REQUIRE(sqlite3_exec(handle_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  }
  ~ForeignLock() { sqlite3_close(handle_); }
  ForeignLock(const ForeignLock&) = delete;
  ForeignLock& operator=(const ForeignLock&) = delete;

 private:
  sqlite3* handle_ = nullptr;
};

Change some_change(std::int64_t id) {
  return {.checks = {check_record("web-" + std::to_string(id))},
          .incidents = {incident_record(id)},
          .notifications = {notification(id)}};
}

void fill_database(const Place& place, const Clock& clock, int rows) {
  const auto store = open_store(place.dir(), clock, {});
  Change change;
  for (int id = 1; id <= rows; ++id) {
    change.checks.push_back(check_record("web-" + std::to_string(id)));
    change.incidents.push_back(incident_record(id));
    change.notifications.push_back(notification(id, std::string(500, 'x') + std::to_string(id)));
  }
  REQUIRE(commit_and_wait(*store, std::move(change)));
}

std::vector<fs::path> set_aside_files(const fs::path& dir) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(dir)) {
    if (entry.path().native().find(".damaged-") != std::string::npos) out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

TEST_CASE("store: a damaged file is set aside whole, and a new one works", "[store]") {
  Place place;
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
  Place place;
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
  Place place;
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
  Place place;
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

TEST_CASE("store: a directory that cannot be made is tried again until it can", "[store]") {
  Place place;
  FakeClock clock;
  write_bytes(place.dir(), "a file where the directory should be");
  Told told;
  const auto store = open_store(place.dir(), clock, told.events(), brisk());
  CHECK_THAT(store->trouble(), Contains(place.dir().native()) && Contains("kept in memory only"));
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

TEST_CASE("store: a file that turns up later with rows in it is not mixed with ours", "[store]") {
  Place place;
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

TEST_CASE("store: a full disk is told once; all is written when there is space again", "[store]") {
  Place place;
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

    disk.make_space();
    clock.advance(std::chrono::seconds{6});
    REQUIRE(told.wait_for(2));
    CHECK(told.all()[1] == "recovered");
    CHECK(store->trouble().empty());
    CHECK(commit_and_wait(*store, some_change(++id)));
    CHECK(sql(place.file(), "SELECT count(*) FROM notifications") == std::to_string(id));
    CHECK(sql(place.file(), "SELECT count(*) FROM notifications WHERE status = 'dead'") == "1");
    CHECK(sql(place.file(), "PRAGMA integrity_check") == "ok");
  }
  CHECK(told.all().size() == 2);
}

TEST_CASE("store: a disk that is full at the start still gives what it holds", "[store]") {
  Place place;
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
  Place place;
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
  clock.advance(Millis{300});
  CHECK(commit_and_wait(*store, some_change(4)));
  CHECK(told.all().back() == "recovered");
  CHECK(told.all().size() == 2);
  CHECK(sql(place.file(), "SELECT count(*) FROM incidents") == "4");
}

TEST_CASE("store: what a disk refused is tried a last time when the store is closed", "[store]") {
  Place place;
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
  Place place;
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
  Place place;
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

TEST_CASE("store: a damaged file that cannot be set aside is left, and is later", "[store]") {
  Place place;
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

TEST_CASE("store: another program's lock is waited for, then told, then overcome", "[store]") {
  Place place;
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
  Place place;
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

TEST_CASE("store: damage that shows while running: the file is set aside, we go on", "[store]") {
  Place place;
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
  Place place;
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
  Place place;
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
