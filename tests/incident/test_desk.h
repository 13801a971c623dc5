// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "incident/incident.h"

namespace tocsin {

// A desk whose numbers count up and whose clock is turned by hand. One thread.
class TestDesk {
 public:
  Desk desk() {
    return {.instance = "mon-1",
            .now = now,
            .next_incident = [this] { return ++incidents; },
            .next_notification = [this] { return ++notifications; },
            .new_uid = [this] { return "uid-" + std::to_string(++uids); }};
  }
  void pass(Millis by) { now += by; }

  WallTime now{std::chrono::hours{24 * 365 * 56}};
  std::int64_t incidents = 40;
  std::int64_t notifications = 700;
  int uids = 0;
};

inline Check make_check(std::vector<std::string> notify) {
  Check check;
  check.name = "web-01/http";
  check.type = "http";
  check.target = "https://web-01/health";
  check.description = "the web shop";
  check.runbook = "https://wiki/shop";
  check.labels = {{"team", "shop"}};
  check.timing.flap_window = Millis{0};
  check.notify = std::make_shared<const std::vector<std::string>>(std::move(notify));
  return check;
}

using Names = std::vector<std::string>;

inline Names told_in(const Change& change) {
  Names out;
  for (const auto& notification : change.notifications) out.push_back(notification->notifier);
  return out;
}

// One check and what became of it; each step gives the change it made and takes a minute.
struct World {
  explicit World(Names notify) : check(make_check(std::move(notify))) {}

  Change go(State to, const std::string& reason, std::uint16_t row = 3) {
    Change change;
    const Transition transition{.from = held.record.state,
                                .to = to,
                                .since = desk.now - std::chrono::seconds{10},
                                .row = row,
                                .failed = row};
    apply_transition(check, transition, Finding(reason), {}, held, desk.desk(), change);
    desk.pass(std::chrono::minutes{1});
    return change;
  }
  void notify(Names names) { check.notify = std::make_shared<const Names>(std::move(names)); }

  TestDesk desk;
  Check check;
  Case held;
};

}  // namespace tocsin
