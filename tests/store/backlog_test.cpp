// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "store/backlog.h"

#include <catch2/catch.hpp>

#include "store/house.h"

namespace tocsin {

TEST_CASE("backlog: only the latest of each thing is kept", "[store]") {
  Backlog backlog(100);
  CHECK(backlog.empty());
  for (int i = 0; i < 1000; ++i) {
    Change change;
    change.checks = {check_record("a", i % 2 == 0 ? State::up : State::down)};
    change.incidents = {incident_record(1, i == 999)};
    change.notifications = {notification(1)};
    change.deliveries = {delivery(1, DeliveryStatus::waiting)};
    change.deliveries[0].attempts = static_cast<std::uint32_t>(i);
    backlog.add(change);
  }
  const Change all = backlog.all();
  REQUIRE(all.checks.size() == 1);
  CHECK(all.checks[0].state == State::down);
  REQUIRE(all.incidents.size() == 1);
  CHECK(all.incidents[0].closed_at.has_value());
  CHECK(all.notifications.size() == 1);
  REQUIRE(all.deliveries.size() == 1);
  CHECK(all.deliveries[0].attempts == 999);
  backlog.clear();
  CHECK(backlog.empty());
}

TEST_CASE("backlog: a check that was forgotten and came back is not forgotten", "[store]") {
  Backlog backlog(100);
  Change change;
  change.checks = {check_record("a"), check_record("b")};
  change.forgotten = {"b"};
  backlog.add(change);
  CHECK(backlog.all().forgotten == std::vector<std::string>{"b"});
  Change again;
  again.checks = {check_record("b")};
  backlog.add(again);
  CHECK(backlog.all().forgotten.empty());
  CHECK(backlog.all().checks.size() == 2);
}

TEST_CASE("backlog: a thread's name outlives a later record without it", "[store]") {
  Backlog backlog(100);
  Change change;
  change.deliveries = {delivery(1, DeliveryStatus::waiting), delivery(1, DeliveryStatus::sent)};
  change.deliveries[0].thread_ref = "spaces/A/threads/B";
  backlog.add(change);
  CHECK(backlog.all().deliveries[0].thread_ref == "spaces/A/threads/B");
  CHECK(backlog.all().deliveries[0].status == DeliveryStatus::sent);
}

TEST_CASE("backlog: what has ended is bounded, what is open or on the disk is kept", "[store]") {
  Backlog backlog(40);
  backlog.set_floor({.incident = 5, .notification = 5});
  for (std::int64_t id = 1; id <= 1000; ++id) {
    Change change;
    change.incidents = {incident_record(id, id % 10 != 0)};
    change.notifications = {notification(id)};
    if (id % 10 != 0) change.deliveries = {delivery(id, DeliveryStatus::sent)};
    backlog.add(change);
  }
  const std::vector<IncidentRecord> incidents = backlog.incidents();
  const auto held = backlog.notifications();
  CHECK(incidents.size() <= 100 + 5 + 40);
  CHECK(held.size() <= 100 + 5 + 40);
  for (std::int64_t id = 1; id <= 1000; ++id) {
    const bool must = id <= 5 || id % 10 == 0 || id > 990;
    INFO(id);
    if (must) CHECK(held.contains(id));
    if (must) {
      CHECK(std::any_of(incidents.begin(), incidents.end(),
                        [&](const IncidentRecord& row) { return row.id == id; }));
    }
  }
}

}  // namespace tocsin
