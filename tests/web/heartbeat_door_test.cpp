// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "web/heartbeat_door.h"

#include <catch2/catch.hpp>

#include "web/fakes.h"
#include "web/jobs.h"

using namespace tocsin;

namespace {

SteadyTime at(double seconds) {
  return SteadyTime{} + std::chrono::hours{1} +
         std::chrono::round<SteadyTime::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

TEST_CASE("door: who is wrong too often is told to wait, then not let in by the right one either",
          "[web]") {
  HeartbeatDoor door;
  door.set_checks(kChecks);
  const auto wrong = [&](int times, double when) {
    for (int i = 0; i < times; ++i) {
      const auto answer = door.open("wrong-" + std::to_string(i), "192.0.2.1", at(when));
      if (answer.check) return -1;
      if (answer.wait) return i;
    }
    return times;
  };
  CHECK(wrong(21, 0) == 20);
  // A person who mistyped is let in …
  CHECK(door.open(kSecret, "192.0.2.1", at(0)).check == "db-01/backup");
  for (int i = 0; i < 200; ++i) wrong(1, 0);
  // … and who guesses is not, but for what is used there anyway.
  const auto hit = door.open(kOther, "192.0.2.1", at(0));
  CHECK(hit.wait);
  CHECK_FALSE(hit.check);
  CHECK(door.open(kSecret, "192.0.2.1", at(0)).check == "db-01/backup");
  // Others are not harmed.
  CHECK(door.open("wrong", "192.0.2.2", at(0)).wait == std::nullopt);
  CHECK(door.open(kOther, "192.0.2.2", at(0)).check == "db-01/vacuum");
  // Time heals: one try in three seconds, all of them in ten minutes.
  CHECK(wrong(1, 3.1) == 0);
  CHECK(door.open(kOther, "192.0.2.1", at(3.2)).wait);
  CHECK(door.open(kOther, "192.0.2.1", at(7)).check == "db-01/vacuum");
  CHECK(wrong(21, 700) == 20);
  // A clock that stands never makes the wait longer.
  CHECK(door.open(kOther, "192.0.2.9", at(-100)).check == "db-01/vacuum");
}

TEST_CASE("door: jobs go on telling from where a stranger guesses, after a restart too", "[web]") {
  HeartbeatDoor door;
  const auto flood = [&](HeartbeatDoor& it) {
    for (int i = 0; i < 5'000; ++i) {
      const auto answer = it.open("wrong-" + std::to_string(i), "127.0.0.1", at(0));
      REQUIRE_FALSE(answer.check);
    }
  };
  door.set_checks(kChecks);
  REQUIRE(door.open(kSecret, "127.0.0.1", at(0)).check);
  flood(door);
  CHECK(door.open(kSecret, "127.0.0.1", at(0)).check == "db-01/backup");
  CHECK(door.open(kSecret, "127.3.2.1", at(0)).check == "db-01/backup");  // the same machine
  CHECK(door.open(kOther, "127.0.0.2", at(0)).wait);
  door.set_checks(kChecks);  // a reload
  CHECK(door.open(kSecret, "127.0.0.1", at(0)).check == "db-01/backup");
  CHECK(door.open(kOther, "127.0.0.1", at(0)).wait);

  HeartbeatDoor next;
  HeartbeatRecord told{.name = "db-01/backup", .succeeded_at = kNoon, .address = "127.0.0.1"};
  HeartbeatRecord never{.name = "db-01/vacuum"};
  next.set_checks(kChecks, {told, never});
  flood(next);
  CHECK(next.open(kSecret, "127.0.0.1", at(0)).check == "db-01/backup");
  CHECK(next.open(kOther, "127.0.0.1", at(0)).wait);
}

TEST_CASE("door: an IPv6 network is one place, this machine is another", "[web]") {
  HeartbeatDoor door;
  door.set_checks(kChecks);
  for (int i = 0; i < 200; ++i) {
    door.open("wrong", "2001:db8:0:1:0:0:0:" + std::to_string(i), at(0));
    door.open("wrong", i % 2 == 0 ? "" : "0:0:0:0:0:0:0:1", at(0));
  }
  CHECK(door.open(kSecret, "2001:db8:0:1:ffff:0:0:1", at(0)).wait);
  CHECK(door.open(kSecret, "2001:db8:0:2:0:0:0:1", at(0)).check);
  CHECK(door.open(kOther, "127.0.0.1", at(0)).wait);
}

TEST_CASE("door: strangers from everywhere cost bounded memory, and bring each other nothing",
          "[web]") {
  HeartbeatDoor door;
  door.set_checks(kChecks);
  const auto place = [](int i) {
    return "10." + std::to_string(i / 65536) + "." + std::to_string(i / 256 % 256) + "." +
           std::to_string(i % 256);
  };
  for (int i = 0; i < 4096; ++i) door.open("wrong", place(i), at(0));
  int patient = 0;
  for (int i = 5000; i < 7'000; ++i) patient += door.open("wrong", place(i), at(0)).wait ? 0 : 1;
  CHECK(patient == 20);
  CHECK(door.open(kSecret, place(7), at(0)).check);  // who was there before is not harmed
  CHECK(door.open(kSecret, "192.0.2.77", at(0)).wait);
  CHECK(door.open(kSecret, "192.0.2.77", at(5)).check);
}

TEST_CASE("door: an empty secret opens nothing", "[web]") {
  HeartbeatDoor door;
  auto unresolved = check_with("x", "");
  door.set_checks({unresolved, std::make_shared<Check>()});
  CHECK_FALSE(door.open("", "192.0.2.1", at(0)).check);
}
