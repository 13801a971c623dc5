// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Two hundred times kill -9, at random moments, while targets fail and recover and the sink has
// faults of its own. Whatever the daemon decided is told once, in order, and nothing else is told.
#include <catch2/catch.hpp>
#include <random>
#include <sstream>

#include "e2e/daemon.h"
#include "e2e/targets.h"
#include "support/chat_stand_in.h"

using namespace tocsin;

namespace {

constexpr int kKills = 200;
constexpr std::size_t kLanes = 4;
constexpr Millis kLong{300'000};

std::string name(std::size_t lane) {
  return "web-" + std::to_string(lane);
}

// Which incident a message is about ("incident 12"), and what its first line says.
struct Told {
  std::string incident;
  bool down = false;
  bool up = false;
  bool both = false;  // opened and closed while the sink was away
};

Told parse(const std::string& text) {
  Told told;
  std::istringstream in(text);
  std::string line;
  std::getline(in, line);
  told.both = line.find(" UP (was DOWN) ") != std::string::npos;
  told.up = !told.both && line.find(" UP ") != std::string::npos;
  told.down = line.find(" DOWN ") != std::string::npos && !told.up;
  while (std::getline(in, line)) {
    if (line.starts_with("incident ")) told.incident = line;
  }
  return told;
}

struct World {
  // A space for each check, so that the quota of one does not make the test last for minutes.
  std::array<ChatStandIn, kLanes> chats;
  std::array<WebTarget, kLanes> targets;
  Daemon daemon;
  std::mt19937 random{20261121};

  World() {
    std::string yaml =
        "defaults: {interval: 100ms, timeout: 100ms, retry_interval: 100ms, down_after: 1, "
        "up_after: 1, flapping: 0}\nnotifiers:\n";
    for (std::size_t i = 0; i < kLanes; ++i) {
      ChatStandIn::Rules rules;
      rules.space = "SPACE" + std::to_string(i);
      chats[i].set_rules(rules);
      yaml += "  - {name: ops-" + std::to_string(i) + ", google_chat: {webhook_url: '" +
              chats[i].webhook_url() + "', timeout: 2s}}\n";
    }
    yaml += "checks:\n";
    for (std::size_t i = 0; i < kLanes; ++i) {
      yaml += "  - {name: " + name(i) + ", notify: [ops-" + std::to_string(i) + "], http: '" +
              targets[i].url() + "'}\n";
    }
    daemon.configure(yaml);
  }

  int up_to(int most) { return std::uniform_int_distribution<int>(0, most)(random); }

  void make_trouble() {
    targets[static_cast<std::size_t>(up_to(kLanes - 1))].answer(up_to(1) == 0 ? 200 : 503);
    const auto lane = static_cast<std::size_t>(up_to(kLanes - 1));
    ChatStandIn& chat = chats[lane];
    // One fault at a time, so that the sink is not kept away for the whole test by those before.
    const std::size_t requests = chat.seen().requests;
    if (requests < next_fault[lane]) return;
    next_fault[lane] = requests + 1;
    switch (up_to(7)) {
      case 0: chat.script(ChatStep::take_and_close()); break;
      case 1: chat.script(ChatStep::take_and_hang()); break;
      case 2: chat.script(ChatStep::error(503)); break;
      case 3: chat.script(ChatStep::close_unread()); break;
      default: break;
    }
  }

  // Mostly too short for a message to be sent, sometimes long enough for two.
  Millis some_time() { return Millis{up_to(up_to(2) == 0 ? 2500 : 400)}; }

  std::array<std::size_t, kLanes> next_fault{};
};

}  // namespace

TEST_CASE("kill -9: two hundred times, and every change is told once, in order", "[e2e]") {
  World world;
  for (int kill = 0; kill < kKills; ++kill) {
    REQUIRE(world.daemon.start());
    world.make_trouble();
    eventually([] { return false; }, world.some_time());
    world.daemon.kill9();
  }
  REQUIRE(world.daemon.start());
  for (WebTarget& target : world.targets) target.answer(200);
  for (std::size_t i = 0; i < kLanes; ++i) REQUIRE(world.daemon.wait_state(name(i), "up"));
  REQUIRE(eventually(
      [&] {
        return world.daemon.get("/api/v1/notifications?status=waiting").find("\"waiting\"") ==
               std::string::npos;
      },
      kLong));

  std::size_t changes = 0;
  for (std::size_t i = 0; i < kLanes; ++i) {
    CAPTURE(i);
    const auto seen = world.chats[i].seen();
    CHECK(seen.invalid() == 0);
    CHECK(seen.threads(name(i)).size() <= 1);
    std::string open;
    for (const std::string& text : seen.texts(name(i))) {
      CAPTURE(text);
      const Told told = parse(text);
      REQUIRE(int{told.down} + int{told.up} + int{told.both} == 1);
      changes += told.both ? 2 : 1;
      if (told.both) {
        CHECK(open.empty());
      } else if (told.down) {
        CHECK(open.empty());
        open = told.incident;
      } else {
        CHECK(open == told.incident);
        open.clear();
      }
    }
    CHECK(open.empty());
  }
  // Every incident that the daemon remembers was told, and there were enough of them to mean
  // something.
  CHECK(changes == 2 * world.daemon.count("/api/v1/incidents?limit=1000", "incidents"));
  CHECK(changes >= 40);
  CHECK(world.daemon.terminate() == 0);
}
