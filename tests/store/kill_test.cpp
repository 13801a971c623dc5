// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// What was reported as durable survives kill -9 at any moment, and no transaction is there by half.
// The child is this program again, told by its environment what to do, so that the store is killed
// with its threads and its file as they are in the daemon.
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <random>

#include "store/house.h"

namespace tocsin {
namespace {

constexpr const char* kChild = "store: the child that commits until it is killed";
constexpr const char* kDirVariable = "TOCSIN_TEST_STORE_DIR";
constexpr const char* kPipeVariable = "TOCSIN_TEST_STORE_PIPE";
constexpr const char* kFirstVariable = "TOCSIN_TEST_STORE_FIRST";

// Everything that one number changes; the delivery says that the number before was told.
Change numbered(std::int64_t n) {
  Change change;
  change.checks = {check_record("check-" + std::to_string(n % 5))};
  change.checks[0].incident = n;
  change.incidents = {incident_record(n)};
  change.notifications = {notification(n)};
  change.withheld = {withheld_row("check-" + std::to_string(n))};
  change.silences = {silence(n)};
  if (n > 1) change.deliveries = {delivery(n - 1, DeliveryStatus::sent)};
  if (n > 1) change.ended_silences = {n - 1};
  return change;
}

class Child {
 public:
  Child(const std::filesystem::path& dir, std::int64_t first) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const std::string pipe = std::to_string(ends[1]);
    const std::string from = std::to_string(first);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      ::close(ends[0]);
      ::setenv(kDirVariable, dir.c_str(), 1);
      ::setenv(kPipeVariable, pipe.c_str(), 1);
      ::setenv(kFirstVariable, from.c_str(), 1);
      ::execl("/proc/self/exe", "test_store", kChild, nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
    pipe_ = ends[0];
  }
  ~Child() { ::close(pipe_); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Listens for so long, from the first number on; then kills, and gives the last number heard of.
  std::int64_t kill_after(Millis life) {
    std::int64_t last = 0;
    const auto hear = [&](Millis wait) {
      pollfd waiting{pipe_, POLLIN, 0};
      if (::poll(&waiting, 1, static_cast<int>(wait.count())) <= 0) return false;
      return ::read(pipe_, &last, sizeof last) == static_cast<ssize_t>(sizeof last);
    };
    REQUIRE(hear(std::chrono::seconds{60}));
    const auto until = std::chrono::steady_clock::now() + life;
    while (std::chrono::steady_clock::now() < until) hear(Millis{1});
    REQUIRE(::kill(pid_, SIGKILL) == 0);
    int status = 0;
    REQUIRE(::waitpid(pid_, &status, 0) == pid_);
    CHECK(WIFSIGNALED(status));
    while (hear(Millis{0})) continue;
    return last;
  }

 private:
  pid_t pid_ = -1;
  int pipe_ = -1;
};

}  // namespace

TEST_CASE("store: the child that commits until it is killed", "[.]") {
  const char* dir = std::getenv(kDirVariable);
  if (dir == nullptr) return;
  const int pipe = std::atoi(std::getenv(kPipeVariable));
  FakeClock clock;
  const auto store = open_store(dir, clock, {});
  REQUIRE(store->trouble().empty());
  std::mt19937 random(static_cast<unsigned>(::getpid()));
  for (std::int64_t n = std::atoll(std::getenv(kFirstVariable));; ++n) {
    store->commit(numbered(n), [pipe, n](bool durable) {
      if (durable && ::write(pipe, &n, sizeof n) != static_cast<ssize_t>(sizeof n)) std::abort();
    });
    if (random() % 16 == 0) store->flush();  // groups of many sizes
  }
}

TEST_CASE("store: what was reported durable survives kill -9, each transaction whole", "[store]") {
  StorePlace place;
  std::mt19937 random(20261121);
  std::int64_t first = 1;
  for (int round = 0; round < 30; ++round) {
    Child child(place.dir(), first);
    const std::int64_t acknowledged = child.kill_after(Millis{random() % 40});
    INFO("round " << round << ", acknowledged " << acknowledged);
    REQUIRE(acknowledged >= first);

    const auto count = [&](const std::string& what) {
      return std::stoll(sql(place.file(), "SELECT count(*) FROM " + what));
    };
    const std::int64_t present = count("incidents");
    REQUIRE(present >= acknowledged);
    CHECK(sql(place.file(), "SELECT max(id) FROM incidents") == std::to_string(present));
    CHECK(sql(place.file(), "SELECT max(id) FROM notifications") == std::to_string(present));
    CHECK(count("notifications") == present);
    CHECK(count("notifications WHERE status = 'sent'") == present - 1);
    CHECK(count("notifications WHERE status = 'waiting' AND id = " + std::to_string(present)) == 1);
    CHECK(count("checks WHERE incident = " + std::to_string(present)) == 1);
    CHECK(count("counters WHERE value = " + std::to_string(present)) == 4);
    CHECK(count("withheld WHERE check_name = 'check-' || id") == present);
    CHECK(sql(place.file(), "SELECT group_concat(id) FROM silences") == std::to_string(present));
    CHECK(sql(place.file(), "PRAGMA integrity_check") == "ok");
    first = present + 1;
  }
  CHECK(first > 30);
}

}  // namespace tocsin
