// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// What is told at calendar times, in the core: once an occasion, whatever restarts, reloads, and
// clocks that jump.
#include <catch2/catch.hpp>

#include "core/message_rig.h"

using namespace tocsin;
using Catch::Matchers::Contains;

TEST_CASE("scheduled: a message is told at its times, in its thread, and not before", "[core]") {
  MessageRig rig;
  rig.start(messages_config({weekly_message()}));
  rig.turn();
  CHECK(rig.told.empty());
  rig.set_clock("09:29");
  rig.turn(59s);
  CHECK(rig.told.empty());
  rig.turn();
  REQUIRE(rig.told.size() == 1);
  CHECK(rig.told[0]->thread_key == "tapes");
  CHECK(rig.told[0]->message->kind == Kind::info);
  CHECK(rig.told[0]->message->reason == "change the tapes");
  CHECK(rig.told[0]->message->details == "both of them");
  for (int i = 0; i < 100; ++i) rig.turn();
  CHECK(rig.told.size() == 1);
  rig.set_clock("10:00");
  rig.turn();
  CHECK(rig.told.size() == 2);
}

TEST_CASE("scheduled: that it was told is one change with its notifications", "[core]") {
  MessageRig rig;
  rig.start(messages_config({weekly_message()}));
  rig.set_clock("09:30");
  rig.turn();
  REQUIRE(rig.told.size() == 1);
  const auto changes = rig.store.changes();
  const auto with = std::count_if(changes.begin(), changes.end(), [](const Change& change) {
    return !change.notifications.empty();
  });
  CHECK(with == 1);
  for (const Change& change : changes) {
    if (change.notifications.empty()) continue;
    REQUIRE(change.told_once.size() == 1);
    CHECK(change.told_once[0].key == "scheduled tapes");
    CHECK(change.told_once[0].notifications.at(0).id == rig.told[0]->id);
  }
}

TEST_CASE("scheduled: a restart before the commit tells it, one after it does not tell it again",
          "[core]") {
  MessageRig rig;
  rig.start(messages_config({weekly_message()}));
  rig.turn();
  const Saved before = rig.store.saved();
  rig.set_clock("09:30");
  rig.turn();
  CHECK(rig.told.size() == 1);
  SECTION("after") {
    rig.restart();
    rig.restart(10s);
    CHECK(rig.told.size() == 1);
  }
  SECTION("before: as if nothing of it had been written") {
    rig.told.clear();
    rig.core.reset();
    rig.start(rig.config, before);
    rig.turn();
    CHECK(rig.told.size() == 1);
    CHECK(rig.told[0]->message->details == "both of them");
  }
}

TEST_CASE("scheduled: what was missed is told within its grace and says so, else skipped",
          "[core]") {
  MessageRig rig;
  rig.start(messages_config({weekly_message("tapes", "09:30")}));
  SECTION("by 25 minutes") {
    rig.restart(45min);
    REQUIRE(rig.told.size() == 1);
    CHECK_THAT(rig.told[0]->message->details,
               Contains("was due 2026-11-23 09:30:00 UTC, told 25 min late\nboth of them"));
    rig.restart();
    CHECK(rig.told.size() == 1);
  }
  SECTION("by more than an hour") {
    rig.restart(90min);
    CHECK(rig.told.empty());
    rig.restart(23h);
    CHECK(rig.told.size() == 1);
  }
}

TEST_CASE("scheduled: one message stands for all that were missed within its grace", "[core]") {
  MessageRig rig;
  rig.start(messages_config({weekly_message()}));
  rig.restart(20h);
  REQUIRE(rig.told.size() == 1);
  CHECK_THAT(rig.told[0]->message->details, Contains("stands for 1 earlier one that was missed"));
}

TEST_CASE("scheduled: a clock that is set back repeats nothing", "[core]") {
  MessageRig rig;
  rig.start(messages_config({weekly_message()}));
  rig.set_clock("09:30");
  rig.turn();
  CHECK(rig.told.size() == 1);
  rig.set_clock("09:29");
  for (int i = 0; i < 120; ++i) rig.turn();
  rig.set_clock("08:00");
  rig.restart();
  for (int i = 0; i < 100; ++i) rig.turn(1min);
  CHECK(rig.told.size() == 1);
  rig.set_clock("10:00");
  rig.turn();
  CHECK(rig.told.size() == 2);
}

TEST_CASE("scheduled: a clock that was years ahead is got over, once it has stayed right a while",
          "[core]") {
  MessageRig rig;
  rig.start(messages_config({weekly_message()}));
  rig.clock.step_wall(87'600h);
  rig.turn();
  const std::size_t before = rig.told.size();
  rig.clock.step_wall(-87'600h);
  // A clock that is wrong for a moment after a start is not believed.
  rig.restart();
  for (int i = 0; i < 9; ++i) rig.turn(1min);
  CHECK(rig.told.size() == before);
  for (int i = 0; i < 31; ++i) rig.turn(1min);
  CHECK(rig.told.size() == before + 1);
}

TEST_CASE("scheduled: a new calendar begins when it is taken over", "[core]") {
  MessageRig rig;
  rig.start(messages_config({weekly_message("tapes", "Mon 08:00")}));
  rig.turn();
  // 09:05 of today is past; it is no occasion of a calendar that was not there then.
  rig.core->reload(messages_config({weekly_message("tapes", "Mon 09:05")}));
  rig.turn();
  CHECK(rig.told.empty());
  SECTION("and the same one goes on over a reload") {
    rig.set_clock("09:04");
    rig.core->reload(messages_config({weekly_message("tapes", "Mon 09:20")}));
    rig.clock.advance(16min);
    rig.core->reload(
        messages_config({weekly_message("tapes", "Mon 09:20"), weekly_message("more")}));
    rig.turn();
    CHECK(rig.told.size() == 1);
  }
}

TEST_CASE("scheduled: what is disabled or gone is forgotten, and begins anew when it is back",
          "[core]") {
  MessageRig rig;
  rig.start(messages_config({weekly_message()}));
  rig.turn();
  CHECK(rig.store.saved().told_once.size() == 1);
  SECTION("disabled") {
    rig.core->reload(messages_config({disabled_message(weekly_message())}));
  }
  SECTION("gone") {
    rig.core->reload(messages_config({}));
  }
  CHECK(rig.store.saved().told_once.empty());
  rig.set_clock("09:30");
  rig.turn();
  rig.core->reload(messages_config({weekly_message()}));
  rig.turn();
  CHECK(rig.told.empty());
  rig.set_clock("10:00");
  rig.turn();
  CHECK(rig.told.size() == 1);
}
