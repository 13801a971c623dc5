// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// What jobs told, in the core: remembered, shown to probes, stored before it is answered, and not
// lost or turned into a false alarm by a reload, a restart, a disk that refuses, or a clock that
// jumps.
#include <catch2/catch.hpp>
#include <future>

#include "core/core.h"
#include "core/core_thread.h"
#include "support/fake_clock.h"
#include "support/memory_store.h"

using namespace tocsin;
using namespace std::chrono_literals;
using Event = Heartbeat::Event;

namespace {

CheckPtr make_check(const std::string& name, bool heartbeat = true) {
  auto check = std::make_shared<Check>();
  check->name = name;
  check->type = heartbeat ? "heartbeat" : "tcp";
  check->target = "every 1h, grace 5m";
  check->timing = {.interval = 60s, .down_after = 1, .up_after = 1};
  check->notify = std::make_shared<const std::vector<std::string>>(1, "ops");
  if (heartbeat) check->heartbeat = std::make_shared<const HeartbeatSettings>();
  return check;
}

CheckPtr changed(const CheckPtr& check, const std::function<void(Check&)>& change) {
  auto copy = std::make_shared<Check>(*check);
  change(*copy);
  return copy;
}

std::shared_ptr<const Config> make_config(std::vector<CheckPtr> checks) {
  auto config = std::make_shared<Config>();
  config->instance = "mon-1";
  config->checks = std::move(checks);
  config->notifiers = {{.name = "ops", .type = "console", .fallback = {}, .notifier = nullptr}};
  return config;
}

struct Rig {
  FakeClock clock;
  MemoryStore store;
  std::atomic<std::int64_t> ids{0};
  HeartbeatBoard board;
  std::vector<DueProbe> due;
  std::vector<NotificationPtr> told;
  std::unique_ptr<Core> core;

  CorePorts ports() {
    return {.store = store,
            .clock = clock,
            .notification_ids = ids,
            .probe =
                [this](std::vector<DueProbe> batch) {
                  due.insert(due.end(), batch.begin(), batch.end());
                },
            .forget = [](std::uint32_t) {},
            .tell =
                [this](std::vector<NotificationPtr> batch) {
                  told.insert(told.end(), batch.begin(), batch.end());
                },
            .notifier_views = [] { return std::vector<NotifierView>{}; },
            .heartbeats = board};
  }
  void start(std::vector<CheckPtr> checks, Saved saved = {}) {
    core = std::make_unique<Core>(ports(), make_config(std::move(checks)), std::move(saved));
  }
  // The daemon ends, and another begins from what was stored, `away` later.
  void restart(std::vector<CheckPtr> checks, Millis away = 1s) {
    core.reset();
    due.clear();
    clock.advance(away);
    start(std::move(checks), store.saved());
  }
  std::optional<HeartbeatFate> tell(const Heartbeat& heartbeat, const char* check = "backup") {
    // The answer may come long after this.
    const auto fate = std::make_shared<std::optional<HeartbeatFate>>();
    core->note_heartbeat(check, heartbeat, [fate](HeartbeatFate became) { *fate = became; });
    return *fate;
  }
  // Brings the state to what a probe of the check would say.
  void probed(Verdict verdict, const std::string& reason = "late",
              std::optional<WallTime> due_at = {}) {
    while (due.empty()) {
      clock.advance(1s);
      core->tick();
    }
    std::vector<EndedProbe> ended(1);
    ended[0].check = due.front().check;
    ended[0].result.verdict = verdict;
    ended[0].result.reason = reason;
    ended[0].result.due_at = due_at;
    due.erase(due.begin());
    core->on_ended(std::move(ended));
  }
  HeartbeatRecord stored(const std::string& check = "backup") const {
    for (const HeartbeatRecord& record : store.saved().heartbeats) {
      if (record.name == check) return record;
    }
    return {};
  }
};

}  // namespace

TEST_CASE("core: a heartbeat is stored, then answered; the check is looked at at once", "[core]") {
  Rig rig;
  rig.start({make_check("backup")});
  CHECK(rig.stored().known_since == rig.clock.wall());
  rig.probed(Verdict::up);
  rig.store.hold();
  rig.clock.advance(1s);
  CHECK_FALSE(rig.tell({.event = Event::fail, .exit_code = 2, .log = "oh"}));
  const auto shown = rig.board.find(0);
  REQUIRE(shown);
  CHECK(shown->exit_code == 2);
  rig.store.release();
  CHECK(rig.stored().exit_code == 2);
  CHECK(rig.stored().log == "oh");
  rig.core->tick();
  CHECK(rig.due.size() == 1);
  CHECK(rig.core->snapshot()->checks.at(0)->heartbeat->exit_code == 2);
  CHECK(rig.tell({}) == HeartbeatFate::durable);
}

TEST_CASE("core: when the disk refuses, a heartbeat counts all the same, and that is said",
          "[core]") {
  Rig rig;
  rig.store.set_durable(false);
  rig.start({make_check("backup")});
  CHECK(rig.tell({}) == HeartbeatFate::memory);
  CHECK(rig.board.find(0)->succeeded_at == rig.clock.wall());
}

TEST_CASE("core: what is not watched takes no heartbeat", "[core]") {
  Rig rig;
  rig.start({make_check("web-01", false),
             changed(make_check("off"), [](Check& check) { check.enabled = false; })});
  for (const char* name : {"web-01", "off", "nobody"}) {
    CHECK(rig.tell({}, name) == HeartbeatFate::disabled);
  }
  CHECK(rig.store.saved().heartbeats.empty());
}

TEST_CASE("core: a success is announced in the check's thread, when that is asked for", "[core]") {
  auto settings = std::make_shared<HeartbeatSettings>();
  settings->announce = true;
  const CheckPtr check = changed(make_check("backup"), [&](Check& it) { it.heartbeat = settings; });
  Rig rig;
  rig.start({check, make_check("quiet")});
  rig.tell({}, "quiet");
  CHECK(rig.told.empty());
  rig.tell({.event = Event::start});
  rig.tell({.event = Event::log, .log = "x"});
  rig.clock.advance(90s);
  CHECK(rig.told.empty());
  rig.tell({.event = Event::success, .log = "copied 3 files"});
  REQUIRE(rig.told.size() == 1);
  CHECK(rig.told[0]->notifier == "ops");
  CHECK(rig.told[0]->thread_key == "backup");
  const Message& message = *rig.told[0]->message;
  CHECK(message.kind == Kind::info);
  CHECK(message.reason == "finished after 1 min 30 s");
  CHECK(message.details == "copied 3 files");
  CHECK(message.incident == 0);
  CHECK(message.durable);
  rig.tell({.event = Event::fail, .exit_code = 1});
  CHECK(rig.told.size() == 1);  // the DOWN says it

  // The record and the message are one transaction.
  std::size_t together = 0;
  for (const Change& change : rig.store.changes()) {
    if (change.notifications.empty()) continue;
    REQUIRE(change.heartbeats.size() == 1);
    ++together;
  }
  CHECK(together == 1);
}

TEST_CASE("core: news of an open incident go to its thread, as no part of it", "[core]") {
  auto settings = std::make_shared<HeartbeatSettings>();
  settings->announce = true;
  Rig rig;
  rig.start({changed(make_check("backup"), [&](Check& it) {
    it.heartbeat = settings;
    it.thread_per_incident = true;
  })});
  rig.probed(Verdict::down);
  REQUIRE(rig.told.size() == 1);
  rig.tell({});
  REQUIRE(rig.told.size() == 2);
  CHECK(rig.told[1]->thread_key == rig.told[0]->thread_key);
  CHECK(rig.told[1]->message->incident == 0);
  rig.probed(Verdict::up);
  REQUIRE(rig.told.size() == 3);
  CHECK(rig.told[2]->message->kind == Kind::up);
}

TEST_CASE("core: the next look comes when the verdict says that it will change", "[core]") {
  Rig soon;  // sooner than the interval, a minute
  soon.start({make_check("backup")});
  soon.probed(Verdict::up);
  soon.probed(Verdict::up);
  soon.tell({});
  soon.core->tick();
  soon.probed(Verdict::up, "", soon.clock.wall() + 7s);
  const SteadyTime before = soon.clock.steady();
  CHECK(soon.core->next_tick() - before <= 7s + Millis{10});
  while (soon.due.empty()) {
    soon.clock.advance(Millis{500});
    soon.core->tick();
  }
  CHECK(soon.clock.steady() - before >= 7s);
  CHECK(soon.clock.steady() - before <= 8s);
}

TEST_CASE("core: after a restart everything is as it was told", "[core]") {
  Rig rig;
  rig.start({make_check("backup")});
  const WallTime known = rig.clock.wall();
  rig.probed(Verdict::up);
  rig.tell({.event = Event::start, .run = "r1"});
  rig.tell({.event = Event::fail, .exit_code = 9, .run = "r0", .log = "tail"});
  const HeartbeatRecord before = rig.stored();
  rig.restart({make_check("backup")});
  HeartbeatRecord after = *rig.board.find(0);
  CHECK(after.known_since == known);
  CHECK(after.listening_since == rig.clock.wall());
  after.listening_since = before.listening_since;
  CHECK(after == before);
}

TEST_CASE("core: one that was killed before its first look is still known", "[core]") {
  Rig rig;
  rig.start({make_check("backup")});
  const WallTime known = rig.clock.wall();
  rig.restart({make_check("backup")}, 10min);
  CHECK(rig.board.find(0)->known_since == known);
}

TEST_CASE("core: a check that is not up is not excused by a restart", "[core]") {
  Rig rig;
  rig.start({make_check("backup")});
  const WallTime begun = rig.clock.wall();
  rig.probed(Verdict::down);
  rig.restart({make_check("backup")}, 3h);
  CHECK(rig.board.find(0)->listening_since == begun);
}

TEST_CASE("core: a machine that slept, or a clock that was set, excuses who is up", "[core]") {
  Rig rig;
  rig.start({make_check("backup")});
  const WallTime begun = rig.clock.wall();
  rig.probed(Verdict::up);
  CHECK(rig.board.find(0)->listening_since == begun);
  SECTION("asleep: both clocks stood, or the process was stopped") {
    rig.clock.advance(1h);
    rig.core->tick();
    CHECK(rig.board.find(0)->listening_since == rig.clock.wall());
  }
  SECTION("the wall clock alone jumps ahead") {
    rig.clock.step_wall(2h);
    rig.clock.advance(1s);
    rig.core->tick();
    CHECK(rig.board.find(0)->listening_since == rig.clock.wall());
  }
  SECTION("it is set back: nothing lies in the future then") {
    rig.tell({});
    rig.clock.step_wall(-5h);
    rig.clock.advance(1s);
    rig.core->tick();
    CHECK(rig.board.find(0)->succeeded_at == rig.clock.wall());
    CHECK(rig.board.find(0)->known_since == rig.clock.wall());
  }
  SECTION("seconds of delay are no sleep") {
    for (int i = 0; i < 10; ++i) {
      rig.clock.advance(9s);
      rig.core->tick();
    }
    CHECK(rig.board.find(0)->listening_since == begun);
  }
  CHECK(rig.stored() == *rig.board.find(0));
}

TEST_CASE("core: a reload keeps what was told; another expectation begins anew", "[core]") {
  Rig rig;
  const CheckPtr check = make_check("backup");
  rig.start({check});
  const WallTime begun = rig.clock.wall();
  rig.probed(Verdict::up);
  rig.tell({});
  rig.clock.advance(8s);
  rig.core->reload(make_config({changed(check, [](Check& it) { it.description = "new"; })}));
  CHECK(rig.board.find(0)->listening_since == begun);
  const auto stricter = changed(check, [](Check& it) { it.target = "every 1m, grace 5s"; });
  SECTION("so that nobody is late by a rule that did not hold then") {
    rig.core->reload(make_config({stricter}));
    CHECK(rig.board.find(0)->listening_since == rig.clock.wall());
    CHECK(rig.board.find(0)->succeeded_at);
    CHECK(rig.stored().expects == "every 1m, grace 5s");
  }
  SECTION("also when it came with a restart") {
    rig.restart({stricter});
    CHECK(rig.board.find(0)->listening_since == rig.clock.wall());
  }
  SECTION("but who is down is not forgiven by an edit") {
    rig.tell({.event = Event::fail});
    rig.core->tick();
    rig.probed(Verdict::down);
    rig.core->reload(make_config({stricter}));
    CHECK(rig.board.find(0)->listening_since == begun);
  }
}

TEST_CASE("core: a check under another name is another one", "[core]") {
  Rig rig;
  rig.start({make_check("backup")});
  rig.probed(Verdict::up);
  rig.tell({});
  rig.clock.advance(5s);
  rig.core->reload(make_config({make_check("db-01/backup")}));
  CHECK(rig.stored("db-01/backup").known_since == rig.clock.wall());
  CHECK_FALSE(rig.stored("db-01/backup").succeeded_at);
  SECTION("if the old name comes back within a day, its history goes on, and its clock anew") {
    rig.clock.advance(1h);
    rig.core->reload(make_config({make_check("backup")}));
    CHECK(rig.stored().succeeded_at);
    CHECK(rig.stored().listening_since == rig.clock.wall());
  }
  SECTION("else it is forgotten") {
    rig.clock.advance(25h);
    rig.core->tick();
    CHECK(rig.stored().name.empty());
    CHECK(rig.stored("db-01/backup").name == "db-01/backup");
  }
}

TEST_CASE("core: one that goes before it was ever judged leaves nothing", "[core]") {
  Rig rig;
  rig.start({make_check("backup")});
  SECTION("at a reload") {
    rig.core->reload(make_config({make_check("other")}));
  }
  SECTION("at a restart") {
    rig.restart({make_check("other")});
  }
  CHECK(rig.stored().name.empty());
  CHECK(rig.store.saved().heartbeats.size() == 1);
}

TEST_CASE("core: a check that becomes of another type, and comes back, is known anew", "[core]") {
  Rig rig;
  rig.start({make_check("backup")});
  rig.probed(Verdict::up);
  rig.tell({.event = Event::fail});
  rig.core->reload(make_config({make_check("backup", false)}));
  CHECK_FALSE(rig.board.find(0));
  CHECK_FALSE(rig.core->snapshot()->checks.at(0)->heartbeat);
  CHECK(rig.tell({}) == HeartbeatFate::disabled);
  SECTION("at a reload") {
    rig.clock.advance(8s);
    rig.core->reload(make_config({make_check("backup")}));
  }
  SECTION("at a restart") {
    rig.restart({make_check("backup")});
  }
  CHECK(rig.board.find(0)->known_since == rig.clock.wall());
  CHECK_FALSE(rig.board.find(0)->failed);
}

TEST_CASE("core: a dump holds what was told, for a store that begins anew", "[core]") {
  Rig rig;
  rig.start({make_check("backup"), make_check("web-01", false)});
  rig.tell({});
  const Change dump = rig.core->dump();
  REQUIRE(dump.heartbeats.size() == 1);
  CHECK(dump.heartbeats[0].succeeded_at == rig.clock.wall());
}

TEST_CASE("core thread: whoever tells waits until it is stored", "[core]") {
  Rig rig;
  CoreThread thread(rig.clock);
  thread.start(rig.ports(), make_config({make_check("backup")}), {});
  CHECK(thread.note_heartbeat("backup", {}) == HeartbeatFate::durable);
  CHECK(thread.note_heartbeat("nobody", {}) == HeartbeatFate::disabled);
  rig.store.hold();
  auto waiting = std::async(
      std::launch::async, [&] { return thread.note_heartbeat("backup", {.event = Event::fail}); });
  REQUIRE(thread.run([](Core&) {}, 30s));
  CHECK(waiting.wait_for(Millis{0}) == std::future_status::timeout);
  rig.store.release();
  CHECK(waiting.get() == HeartbeatFate::durable);
  thread.stop();
}
