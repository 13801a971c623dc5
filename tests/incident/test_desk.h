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
  check.notify = std::make_shared<const std::vector<std::string>>(std::move(notify));
  return check;
}

}  // namespace tocsin
