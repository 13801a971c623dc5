// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "core/core.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "support/fake_clock.h"

using namespace tocsin;

namespace {

// Keeps what is committed and lets the test say when, and whether, it is durable.
class RecordingStore final : public Store {
 public:
  Saved load() override { return {}; }
  void commit(Change change, std::function<void(bool)> done) override {
    changes.push_back(std::move(change));
    if (done) done(durable);
  }
  std::vector<IncidentRecord> incidents(std::int64_t, int, bool) override { return {}; }
  std::vector<NotificationRow> notifications(std::int64_t, int,
                                             std::optional<DeliveryStatus>) override {
    return {};
  }
  std::vector<Withheld> withheld(const std::string&, std::int64_t, int) override { return {}; }
  void flush() override {}
  std::string trouble() const override { return {}; }

  // What a restart would find.
  Saved saved() const {
    Saved out;
    for (const Change& change : changes) {
      for (const CheckRecord& record : change.checks) {
        std::erase_if(out.checks, [&](const auto& old) { return old.name == record.name; });
        out.checks.push_back(record);
      }
      for (const IncidentRecord& incident : change.incidents) {
        std::erase_if(out.open_incidents, [&](const auto& old) { return old.id == incident.id; });
        if (!incident.closed_at) out.open_incidents.push_back(incident);
        out.last_incident = std::max(out.last_incident, incident.id);
      }
      for (const std::string& name : change.forgotten) {
        std::erase_if(out.checks, [&](const auto& old) { return old.name == name; });
      }
    }
    return out;
  }

  std::vector<Change> changes;
  bool durable = true;
};

CheckPtr make_check(const std::string& name, Timing timing = {}) {
  auto check = std::make_shared<Check>();
  check->name = name;
  check->type = "tcp";
  check->target = name + ":80";
  check->timing = timing;
  check->notify = std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"ops"});
  return check;
}

std::shared_ptr<const Config> make_config(std::vector<CheckPtr> checks) {
  auto config = std::make_shared<Config>();
  config->instance = "mon-1";
  config->checks = std::move(checks);
  config->notifiers = {{.name = "ops", .type = "console", .fallback = {}, .notifier = nullptr}};
  config->own_notify = {"ops"};
  return config;
}

// A core on a fake clock whose probes the test answers.
struct Rig {
  FakeClock clock;
  RecordingStore store;
  std::atomic<std::int64_t> ids{0};
  HeartbeatBoard board;
  std::vector<DueProbe> due;
  std::vector<std::uint32_t> forgotten;
  std::vector<NotificationPtr> told;
  std::unique_ptr<Core> core;

  void start(std::shared_ptr<const Config> config, Saved saved = {}) {
    CorePorts ports{.store = store,
                    .clock = clock,
                    .notification_ids = ids,
                    .probe =
                        [this](std::vector<DueProbe> batch) {
                          due.insert(due.end(), batch.begin(), batch.end());
                        },
                    .forget = [this](std::uint32_t id) { forgotten.push_back(id); },
                    .tell =
                        [this](std::vector<NotificationPtr> batch) {
                          told.insert(told.end(), batch.begin(), batch.end());
                        },
                    .notifier_views = [] { return std::vector<NotifierView>{}; },
                    .heartbeats = board};
    core = std::make_unique<Core>(std::move(ports), std::move(config), std::move(saved));
  }

  // Turns the clock until something is due, and takes it.
  DueProbe next_due() {
    for (int i = 0; i < 10'000 && due.empty(); ++i) {
      core->tick();
      const auto wait = std::chrono::ceil<Millis>(core->next_tick() - clock.steady());
      if (due.empty()) clock.advance(std::max(wait, Millis{1}));
    }
    REQUIRE_FALSE(due.empty());
    const DueProbe first = due.front();
    due.erase(due.begin());
    return first;
  }

  void answer(const DueProbe& probe, Verdict verdict, const std::string& reason = "refused") {
    std::vector<EndedProbe> ended(1);
    ended[0].check = probe.check;
    ended[0].result.verdict = verdict;
    ended[0].result.reason = reason;
    core->on_ended(std::move(ended));
  }

  void probe(Verdict verdict, int times = 1) {
    for (int i = 0; i < times; ++i) answer(next_due(), verdict);
  }

  std::vector<Kind> kinds() const {
    std::vector<Kind> out;
    for (const auto& notification : told) out.push_back(notification->message->kind);
    return out;
  }
};

}  // namespace

TEST_CASE("core: a check that starts well is quiet", "[core]") {
  Rig rig;
  rig.start(make_config({make_check("web-01")}));
  rig.probe(Verdict::up, 3);
  CHECK(rig.told.empty());
  CHECK(rig.core->snapshot()->checks.at(0)->state == State::up);
}

TEST_CASE("core: DOWN after down_after bad results, UP after up_after good ones, in one thread",
          "[core]") {
  Rig rig;
  rig.start(make_config({make_check("web-01")}));
  rig.probe(Verdict::up);
  rig.probe(Verdict::down, 2);
  CHECK(rig.told.empty());
  CHECK(rig.core->snapshot()->checks.at(0)->suspected);
  rig.probe(Verdict::down);
  REQUIRE(rig.kinds() == std::vector{Kind::down});
  CHECK(rig.told[0]->thread_key == "web-01");
  CHECK(rig.told[0]->notifier == "ops");
  CHECK(rig.told[0]->message->failed_probes == 3);
  rig.probe(Verdict::up, 2);
  REQUIRE(rig.kinds() == std::vector{Kind::down, Kind::up});
  CHECK(rig.told[1]->thread_key == "web-01");
  CHECK(rig.told[1]->message->incident == rig.told[0]->message->incident);
  CHECK(rig.told[1]->id > rig.told[0]->id);
}

TEST_CASE("core: while suspected the next look comes after retry_interval", "[core]") {
  Rig rig;
  rig.start(make_config({make_check("web-01", {.interval = Millis{60'000}})}));
  rig.probe(Verdict::up);
  rig.answer(rig.next_due(), Verdict::down);
  const SteadyTime before = rig.clock.steady();
  rig.next_due();
  CHECK(rig.clock.steady() - before <= Millis{5'010});
}

TEST_CASE("core: a restart while down tells nothing again, and its end is told", "[core]") {
  Rig first;
  first.start(make_config({make_check("web-01")}));
  first.probe(Verdict::up);
  first.probe(Verdict::down, 3);
  REQUIRE(first.kinds() == std::vector{Kind::down});

  Rig second;
  second.start(make_config({make_check("web-01")}), first.store.saved());
  second.probe(Verdict::down, 5);
  CHECK(second.told.empty());
  second.probe(Verdict::up, 2);
  REQUIRE(second.kinds() == std::vector{Kind::up});
  CHECK(second.told[0]->message->incident == first.told[0]->message->incident);
}

TEST_CASE("core: what is told without having been stored says so", "[core]") {
  Rig rig;
  rig.store.durable = false;
  rig.start(make_config({make_check("web-01")}));
  rig.probe(Verdict::down, 3);
  REQUIRE(rig.told.size() == 1);
  CHECK_FALSE(rig.told[0]->message->durable);
}

TEST_CASE("core: a reload keeps the state of every check whose name still exists", "[core]") {
  Rig rig;
  rig.start(make_config({make_check("a"), make_check("b")}));
  for (int i = 0; i < 6; ++i) rig.probe(Verdict::down);
  REQUIRE(rig.told.size() == 2);
  rig.core->reload(make_config({make_check("b", {.interval = Millis{10'000}}), make_check("c")}));
  const auto snapshot = rig.core->snapshot();
  REQUIRE(snapshot->checks.size() == 2);
  CHECK(snapshot->checks[0]->check->name == "b");
  CHECK(snapshot->checks[0]->state == State::down);
  CHECK(snapshot->checks[1]->state == State::pending);
  CHECK(rig.forgotten.size() == 1);
  SECTION("and the thread of one that went while down is told so") {
    REQUIRE(rig.told.size() == 3);
    CHECK(rig.told[2]->message->kind == Kind::unwatched);
    CHECK(rig.told[2]->message->check == "a");
  }
  SECTION("one that comes back within a day and is still down is told anew, in the same incident") {
    const auto incident = rig.told[2]->message->incident;
    rig.core->reload(make_config({make_check("a")}));
    CHECK(rig.core->snapshot()->checks.at(0)->state == State::down);
    rig.due.clear();
    while (rig.told.back()->message->check != "a" || rig.told.back()->message->kind != Kind::down) {
      rig.probe(Verdict::down);
    }
    CHECK(rig.told.back()->message->incident == incident);
    rig.probe(Verdict::down, 3);
    rig.probe(Verdict::up, 2);
    CHECK(rig.told.back()->message->kind == Kind::up);
  }
  SECTION("one that stays away for a day is forgotten") {
    rig.clock.advance(std::chrono::hours{25});
    rig.core->tick();
    bool forgotten = false;
    for (const Change& change : rig.store.changes) {
      for (const auto& name : change.forgotten) forgotten = forgotten || name == "a";
    }
    CHECK(forgotten);
  }
}

TEST_CASE("core: a check that left the files while the daemon was off is told as unwatched once",
          "[core]") {
  Rig first;
  first.start(make_config({make_check("a")}));
  first.probe(Verdict::down, 3);
  Rig second;
  second.start(make_config({make_check("b")}), first.store.saved());
  REQUIRE(second.kinds() == std::vector{Kind::unwatched});
  for (const Change& change : first.store.changes)
    second.store.changes.insert(second.store.changes.begin(), change);
  Rig third;
  third.start(make_config({make_check("b")}), second.store.saved());
  CHECK(third.told.empty());
}

TEST_CASE("core: the result of a check that went while it was looked at is dropped", "[core]") {
  Rig rig;
  rig.start(make_config({make_check("a")}));
  const DueProbe under_way = rig.next_due();
  rig.core->reload(make_config({make_check("b")}));
  rig.answer(under_way, Verdict::down);
  CHECK(rig.told.empty());
  rig.core->reload(make_config({make_check("b"), make_check("c")}));
  rig.probe(Verdict::up, 4);
  CHECK(rig.core->snapshot()->checks.size() == 2);
}

TEST_CASE("core: a disabled check is not looked at", "[core]") {
  auto check = std::make_shared<Check>(*make_check("a"));
  check->enabled = false;
  Rig rig;
  rig.start(make_config({check}));
  CHECK(rig.core->snapshot()->checks.empty());
}

TEST_CASE("core: reminders come by the wall clock until up, and survive a restart", "[core]") {
  const Timing timing{.remind_every = Millis{600'000}};
  Rig rig;
  rig.start(make_config({make_check("web-01", timing)}));
  rig.probe(Verdict::down, 3);
  rig.clock.advance(Millis{601'000});
  rig.core->tick();
  REQUIRE(rig.kinds() == std::vector{Kind::down, Kind::reminder});
  Rig second;
  second.clock.advance(rig.clock.wall() - second.clock.wall());
  second.start(make_config({make_check("web-01", timing)}), rig.store.saved());
  second.clock.advance(Millis{300'000});
  second.core->tick();
  CHECK(second.told.empty());
  second.clock.advance(Millis{601'000});
  second.core->tick();
  CHECK(second.told.empty());  // the second one waits twice as long
  second.clock.advance(Millis{301'000});
  second.core->tick();
  CHECK(second.kinds() == std::vector{Kind::reminder});
}

TEST_CASE("core: a watched process's death brings the next look at once", "[core]") {
  Rig rig;
  rig.start(make_config({make_check("worker", {.interval = Millis{3'600'000}})}));
  rig.probe(Verdict::up);
  rig.core->look_again(0);
  const SteadyTime before = rig.clock.steady();
  rig.next_due();
  CHECK(rig.clock.steady() - before <= Millis{10});
}

TEST_CASE("core: snapshots share the views of checks that did not change", "[core]") {
  Rig rig;
  rig.start(make_config({make_check("a"), make_check("b")}));
  const auto before = rig.core->snapshot();
  const DueProbe probe = rig.next_due();
  rig.answer(probe, Verdict::up);
  const auto after = rig.core->snapshot();
  const std::size_t changed = probe.what->name == "a" ? 0 : 1;
  CHECK(before->checks[1 - changed] == after->checks[1 - changed]);
  CHECK(before->checks[changed] != after->checks[changed]);
}

TEST_CASE("core: what it tells of itself goes to own_notify, in a thread of its own", "[core]") {
  Rig rig;
  rig.start(make_config({make_check("a")}));
  rig.core->tell_own("the disk is full");
  REQUIRE(rig.kinds() == std::vector{Kind::daemon});
  CHECK(rig.told[0]->thread_key == "tocsin/mon-1");
  CHECK(rig.told[0]->message->check.empty());
}

TEST_CASE("core: a dump holds every state and every open incident", "[core]") {
  Rig rig;
  rig.start(make_config({make_check("a"), make_check("b")}));
  for (int i = 0; i < 6; ++i) rig.probe(Verdict::down);
  const Change dump = rig.core->dump();
  CHECK(dump.checks.size() == 2);
  CHECK(dump.incidents.size() == 2);
}

TEST_CASE("core: an acknowledgement holds reminders back, is committed, and survives a restart",
          "[core]") {
  const Timing timing{.remind_every = Millis{600'000}};
  Rig rig;
  rig.start(make_config({make_check("web-01", timing)}));
  AckFate fate = AckFate::late;
  const auto ack = [&](const std::string& name, std::optional<AckWish> what) {
    rig.core->acknowledge(name, std::move(what), [&](AckFate became) { fate = became; });
    return fate;
  };
  CHECK(ack("web-02", AckWish{}) == AckFate::no_such_check);
  CHECK(ack("web-01", AckWish{}) == AckFate::nothing_open);
  rig.probe(Verdict::down, 3);
  CHECK(ack("web-01", std::nullopt) == AckFate::not_acknowledged);
  CHECK_FALSE(rig.core->snapshot()->checks.at(0)->acknowledged);
  CHECK(ack("web-01", AckWish{.by = "Ann"}) == AckFate::durable);
  REQUIRE(rig.kinds() == std::vector{Kind::down, Kind::acknowledged});
  const auto view = rig.core->snapshot()->checks.at(0);
  REQUIRE(view->acknowledged);
  CHECK(view->acknowledged->by == "Ann");
  CHECK(view->acknowledged->at == rig.clock.wall());
  CHECK_FALSE(view->acknowledged->until);

  Rig second;
  second.clock.advance(rig.clock.wall() - second.clock.wall());
  second.start(make_config({make_check("web-01", timing)}), rig.store.saved());
  second.clock.advance(Millis{7'200'000});
  second.core->tick();
  CHECK(second.told.empty());
  CHECK(second.core->snapshot()->checks.at(0)->acknowledged);
  second.core->acknowledge("web-01", std::nullopt, [&](AckFate became) { fate = became; });
  CHECK(fate == AckFate::durable);
  CHECK_FALSE(second.core->snapshot()->checks.at(0)->acknowledged);
  second.clock.advance(Millis{2'000});
  second.core->tick();
  CHECK(second.kinds() == std::vector{Kind::reminder});
}

TEST_CASE("core: an acknowledgement that the disk refuses is said to be so", "[core]") {
  Rig rig;
  rig.start(make_config({make_check("web-01")}));
  rig.probe(Verdict::down, 3);
  rig.store.durable = false;
  AckFate fate = AckFate::late;
  rig.core->acknowledge("web-01", AckWish{}, [&](AckFate became) { fate = became; });
  CHECK(fate == AckFate::memory);
  CHECK(rig.kinds() == std::vector{Kind::down, Kind::acknowledged});
  rig.core->acknowledge("web-01", AckWish{.lasts = Millis{60'000}}, [](AckFate) {});
  CHECK(rig.core->snapshot()->checks.at(0)->acknowledged->until ==
        rig.clock.wall() + Millis{60'000});
}
