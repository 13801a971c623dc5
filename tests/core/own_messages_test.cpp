// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Messages of one's own in the core: stored, then answered or told; each once, whatever restarts,
// reloads, and clocks that jump.
#include <algorithm>
#include <catch2/catch.hpp>

#include "core/core.h"
#include "core/core_thread.h"
#include "support/fake_clock.h"
#include "support/memory_store.h"
#include "util/calendar.h"

using namespace tocsin;
using namespace std::chrono_literals;
using Fate = PostAnswer::Fate;
using Catch::Matchers::Contains;

namespace {

ScheduledMessagePtr weekly(const std::string& name = "tapes", const std::string& at = "*:0/30") {
  auto out = std::make_shared<ScheduledMessage>();
  out->name = name;
  out->at = at + " (UTC)";
  out->grace = 1h;
  out->notify = {"ops"};
  out->message = {name, "change the tapes", "both of them", {}};
  out->next_after = [calendar = Calendar::parse_systemd(at).calendar.value().each_once()](
                        WallTime moment) { return calendar.next_after(moment, TimeZone::utc()); };
  return out;
}

ScheduledMessagePtr disabled(const ScheduledMessagePtr& message) {
  auto out = std::make_shared<ScheduledMessage>(*message);
  out->enabled = false;
  return out;
}

std::shared_ptr<const Config> make_config(std::vector<ScheduledMessagePtr> scheduled,
                                          const std::vector<std::string>& notifiers = {"ops"}) {
  auto config = std::make_shared<Config>();
  config->instance = "mon-1";
  for (const std::string& name : notifiers) {
    config->notifiers.push_back({.name = name, .type = "x", .fallback = {}, .notifier = nullptr});
  }
  config->scheduled_messages = std::move(scheduled);
  return config;
}

struct MessageRig {
  MessageRig() { set_clock("09:10"); }

  // Minutes after midnight of a day on which nothing else happens.
  void set_clock(const std::string& time) {
    const auto minutes = std::stoi(time.substr(0, 2)) * 60 + std::stoi(time.substr(3));
    const WallTime wall{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + minutes * 1min};
    clock.step_wall(wall - clock.wall());
  }
  void start(const std::shared_ptr<const Config>& with, Saved saved = {}) {
    config = with;
    CorePorts ports{.store = store,
                    .clock = clock,
                    .notification_ids = ids,
                    .probe = [](std::vector<DueProbe>) {},
                    .forget = [](std::uint32_t) {},
                    .tell =
                        [this](std::vector<NotificationPtr> batch) {
                          told.insert(told.end(), batch.begin(), batch.end());
                        },
                    .notifier_views = [] { return std::vector<NotifierView>{}; },
                    .heartbeats = board};
    core = std::make_unique<Core>(std::move(ports), config, std::move(saved));
  }
  // The daemon ends, and another begins from what was stored, `away` later.
  void restart(Millis away = 1s) {
    core.reset();
    clock.advance(away);
    start(config, store.saved());
    turn();
  }
  void turn(Millis after = 1s) {
    clock.advance(after);
    core->tick();
  }
  std::optional<PostAnswer> post(PostedMessage posted) {
    // The answer may come long after this.
    const auto answer = std::make_shared<std::optional<PostAnswer>>();
    core->post_message(posted, [answer](PostAnswer became) { *answer = std::move(became); });
    return *answer;
  }
  PostAnswer must(PostedMessage posted) { return post(std::move(posted)).value(); }

  FakeClock clock;
  MemoryStore store;
  std::atomic<std::int64_t> ids{0};
  HeartbeatBoard board;
  std::vector<NotificationPtr> told;
  std::shared_ptr<const Config> config;
  std::unique_ptr<Core> core;
};

PostedMessage made(const std::string& text, const std::string& id = {},
                   std::vector<std::string> to = {}) {
  return {std::move(to), {"deploys", text, "by ci", "https://ci.example/42"}, id};
}

}  // namespace

TEST_CASE("messages: one is stored, then told and answered", "[core]") {
  MessageRig rig;
  rig.start(make_config({}, {"ops", "boss"}));
  rig.store.hold();
  const auto answer = std::make_shared<std::optional<PostAnswer>>();
  rig.core->post_message(made("v42 is out", {}, {"boss", "ops", "boss"}),
                         [answer](PostAnswer became) { *answer = std::move(became); });
  CHECK_FALSE(*answer);
  CHECK(rig.told.empty());
  rig.store.release();
  REQUIRE(*answer);
  CHECK((*answer)->fate == Fate::durable);
  CHECK_FALSE((*answer)->repeated);
  REQUIRE(rig.told.size() == 2);
  CHECK(rig.told[0]->notifier == "boss");
  CHECK(rig.told[1]->notifier == "ops");
  CHECK(rig.told[0]->uid != rig.told[1]->uid);
  CHECK((*answer)->notifications ==
        std::vector<MadeNotification>{{rig.told[0]->id, rig.told[0]->uid, "boss"},
                                      {rig.told[1]->id, rig.told[1]->uid, "ops"}});
  const Notification& it = *rig.told[0];
  CHECK(it.thread_key == "deploys");
  CHECK(it.created_at == rig.clock.wall());
  CHECK(it.message->kind == Kind::info);
  CHECK(it.message->check.empty());
  CHECK(it.message->reason == "v42 is out");
  CHECK(it.message->details == "by ci");
  CHECK(it.message->runbook == "https://ci.example/42");
  CHECK(it.message->instance == "mon-1");
  CHECK(rig.store.saved().waiting.size() == 2);
  CHECK(rig.store.saved().told_once.empty());
}

TEST_CASE("messages: with one notifier nobody need be named; else who is named must be there",
          "[core]") {
  MessageRig rig;
  rig.start(make_config({}));
  CHECK(rig.must(made("a")).notifications.at(0).notifier == "ops");
  const PostAnswer unknown = rig.must(made("a", "k", {"ops", "opps"}));
  CHECK(unknown.fate == Fate::refused);
  CHECK(unknown.mistake == "no notifier is named \"opps\"; did you mean \"ops\"?");
  rig.core->reload(make_config({}, {"ops", "boss"}));
  CHECK(rig.must(made("a")).mistake ==
        "there are several notifiers: name those that are to be told (\"to\", or --to)");
  CHECK(rig.must(made("a", {}, {"boss"})).fate == Fate::durable);
  rig.core->reload(make_config({}, {}));
  CHECK(rig.must(made("a")).mistake == "there are no notifiers; add one to the configuration");
  CHECK(rig.told.size() == 2);
  CHECK(rig.store.saved().told_once.empty());
}

TEST_CASE("messages: an id that comes again within a day is answered alike and not told again",
          "[core]") {
  MessageRig rig;
  rig.start(make_config({}));
  const PostAnswer first = rig.must(made("v42 is out", "deploy 42"));
  CHECK_FALSE(first.repeated);
  const auto check_repeat = [&] {
    const PostAnswer again = rig.must(made("v42 is out", "deploy 42"));
    CHECK(again.repeated);
    CHECK(again.fate == Fate::durable);
    CHECK(again.notifications == first.notifications);
    CHECK(rig.must(made("v43 is out", "deploy 42")).fate == Fate::id_taken);
    CHECK(rig.told.size() == 1);
  };
  check_repeat();
  rig.restart(23h + 50min);
  check_repeat();
  rig.core->reload(rig.config);
  check_repeat();
  rig.clock.advance(10min);
  CHECK_FALSE(rig.must(made("v43 is out", "deploy 42")).repeated);
  CHECK(rig.told.size() == 2);
  rig.turn(25h);
  CHECK(rig.store.saved().told_once.empty());
}

TEST_CASE("messages: a repeat is answered only when the first one is on disk", "[core]") {
  MessageRig rig;
  rig.start(make_config({}));
  rig.store.hold();
  const auto answer = std::make_shared<std::optional<PostAnswer>>();
  for (int i = 0; i < 2; ++i) {
    rig.core->post_message(made("a", "k"),
                           [answer](PostAnswer became) { *answer = std::move(became); });
  }
  CHECK_FALSE(*answer);
  rig.store.release();
  CHECK((*answer)->repeated);
  CHECK(rig.told.size() == 1);
}

TEST_CASE("messages: when the disk refuses, one is told all the same, and that is said", "[core]") {
  MessageRig rig;
  rig.start(make_config({weekly()}));
  rig.store.set_durable(false);
  CHECK(rig.must(made("a")).fate == Fate::memory);
  CHECK_FALSE(rig.told.at(0)->message->durable);
  rig.turn(20min);
  CHECK_FALSE(rig.told.at(1)->message->durable);
}

TEST_CASE("messages: so many ids and no more are remembered within a day", "[core]") {
  MessageRig rig;
  Saved saved;
  for (std::size_t i = 0; i < OwnMessages::kMostIds; ++i) {
    const std::string id = std::to_string(i);
    saved.told_once.push_back({once_key(OnceKind::posted, id), rig.clock.wall(), "x", {}});
  }
  rig.start(make_config({}), std::move(saved));
  CHECK(rig.must(made("a", "k")).fate == Fate::too_many);
  CHECK(rig.must(made("a")).fate == Fate::durable);
  rig.turn(24h);
  CHECK(rig.must(made("a", "k")).fate == Fate::durable);
}

TEST_CASE("messages: what posts over the thread of the core is answered as it was", "[core]") {
  MessageRig rig;
  CoreThread thread(rig.clock);
  thread.start({.store = rig.store,
                .clock = rig.clock,
                .notification_ids = rig.ids,
                .probe = [](std::vector<DueProbe>) {},
                .forget = [](std::uint32_t) {},
                .tell = [](std::vector<NotificationPtr>) {},
                .notifier_views = [] { return std::vector<NotifierView>{}; },
                .heartbeats = rig.board},
               make_config({}), {});
  Control& control = thread;
  CHECK(control.post_message(made("a")).fate == Fate::durable);
  CHECK(control.post_message(made("a", {}, {"x"})).fate == Fate::refused);
  thread.stop();
}

TEST_CASE("scheduled: a message is told at its times, in its thread, and not before", "[core]") {
  MessageRig rig;
  rig.start(make_config({weekly()}));
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
  rig.start(make_config({weekly()}));
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
  rig.start(make_config({weekly()}));
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
  rig.start(make_config({weekly("tapes", "09:30")}));
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
  rig.start(make_config({weekly()}));
  rig.restart(20h);
  REQUIRE(rig.told.size() == 1);
  CHECK_THAT(rig.told[0]->message->details, Contains("stands for 1 earlier one that was missed"));
}

TEST_CASE("scheduled: a clock that is set back repeats nothing", "[core]") {
  MessageRig rig;
  rig.start(make_config({weekly()}));
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
  rig.start(make_config({weekly()}));
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
  rig.start(make_config({weekly("tapes", "Mon 08:00")}));
  rig.turn();
  // 09:05 of today is past; it is no occasion of a calendar that was not there then.
  rig.core->reload(make_config({weekly("tapes", "Mon 09:05")}));
  rig.turn();
  CHECK(rig.told.empty());
  SECTION("and the same one goes on over a reload") {
    rig.set_clock("09:04");
    rig.core->reload(make_config({weekly("tapes", "Mon 09:20")}));
    rig.clock.advance(16min);
    rig.core->reload(make_config({weekly("tapes", "Mon 09:20"), weekly("more")}));
    rig.turn();
    CHECK(rig.told.size() == 1);
  }
}

TEST_CASE("scheduled: what is disabled or gone is forgotten, and begins anew when it is back",
          "[core]") {
  MessageRig rig;
  rig.start(make_config({weekly()}));
  rig.turn();
  CHECK(rig.store.saved().told_once.size() == 1);
  SECTION("disabled") {
    rig.core->reload(make_config({disabled(weekly())}));
  }
  SECTION("gone") {
    rig.core->reload(make_config({}));
  }
  CHECK(rig.store.saved().told_once.empty());
  rig.set_clock("09:30");
  rig.turn();
  rig.core->reload(make_config({weekly()}));
  rig.turn();
  CHECK(rig.told.empty());
  rig.set_clock("10:00");
  rig.turn();
  CHECK(rig.told.size() == 1);
}

TEST_CASE("messages: a store that is begun anew gets all that is remembered", "[core]") {
  MessageRig rig;
  rig.start(make_config({weekly()}));
  rig.must(made("a", "k"));
  std::vector<std::string> keys;
  for (const ToldOnce& once : rig.core->dump().told_once) keys.push_back(once.key);
  std::sort(keys.begin(), keys.end());
  CHECK(keys == std::vector<std::string>{"posted k", "scheduled tapes"});
}
