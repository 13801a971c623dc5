// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// What outlives the sender, or changes under it: the disk, a kill, a stop, a reload.
#include "deliver/sender.h"

#include <catch2/catch.hpp>
#include <thread>

#include "deliver/sender_bench.h"
#include "util/log.h"

using namespace tocsin;
using Does = FakeNotifier::Does;
using Ids = std::vector<std::int64_t>;

namespace {

// The sender logs what it does; here only what operators must not miss is of interest.
struct Quiet {
  Quiet() { set_log("error", "text"); }
} const quiet;

}  // namespace

TEST_CASE("sender: killed in mid-delivery, DOWN and UP still arrive, in order, with the same uid",
          "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops");
  Saved at_kill;
  ops->at_each([&](const Notification&) { at_kill = bench.store.saved(); });
  bench.start();
  bench.tell({{.id = 1}});
  bench.settle();
  ops->at_each({});
  // The outcome of the first attempt never reached the disk; then the target came back.
  REQUIRE(at_kill.waiting.size() == 1);
  bench.restart(at_kill);
  bench.tell({{.id = 2, .kind = Kind::up}});
  for (int i = 0; i < 5; ++i) bench.pass(Millis{1000});
  REQUIRE(ids(ops->seen()) == Ids{1, 1, 2});
  CHECK(ops->seen()[0].uid == ops->seen()[1].uid);
}

TEST_CASE("sender: delivered, killed, restarted: nothing is told again", "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops");
  bench.start();
  bench.tell({{.id = 1}});
  bench.settle();
  bench.restart(bench.store.saved());
  bench.pass_minutes(2);
  CHECK(ids(ops->seen()) == Ids{1});
}

TEST_CASE("sender: what was found waiting is told as it is, in its old thread", "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops");
  Saved saved;
  for (const Telling& telling :
       {Telling{.id = 1, .kind = Kind::reminder}, Telling{.id = 2, .kind = Kind::reminder},
        Telling{.id = 3, .kind = Kind::up}}) {
    Saved::Waiting waiting;
    waiting.notification = tell(telling);
    waiting.delivery.notification = telling.id;
    saved.waiting.push_back(waiting);
  }
  saved.threads.push_back({"ops", "web-01", "threads/old"});
  bench.restart(saved);
  for (int i = 0; i < 5; ++i) bench.pass(Millis{1000});
  CHECK(ids(ops->seen()) == Ids{1, 2, 3});
  CHECK(ops->seen()[0].thread_ref == "threads/old");
}

TEST_CASE("sender: a digest found at the start comes before what followed it", "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops");
  const WallTime then = bench.clock.wall();
  Saved saved;
  const auto add = [&](Telling telling, Millis after) {
    telling.at = then + after;
    Saved::Waiting waiting;
    waiting.notification = tell(telling);
    waiting.delivery.notification = telling.id;
    saved.waiting.push_back(waiting);
  };
  add({.id = 3, .check = "a"}, Millis{0});
  add({.id = 9, .kind = Kind::up, .check = "b"}, Millis{9000});
  // Made of 4 and 5, when 9 was on its way.
  add({.id = 12, .kind = Kind::digest, .check = "", .thread = "tocsin/storms"}, Millis{4000});
  bench.restart(saved);
  for (int i = 0; i < 5; ++i) bench.pass(Millis{1000});
  CHECK(ids(ops->seen()) == Ids{3, 12, 9});
}

TEST_CASE("sender: a retry time that was agreed on holds across a restart", "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops");
  Saved saved;
  Saved::Waiting waiting;
  waiting.notification = tell({.id = 1});
  waiting.delivery.notification = 1;
  waiting.delivery.attempts = 4;
  waiting.delivery.next_at = bench.clock.wall() + Millis{30'000};
  saved.waiting.push_back(waiting);
  bench.restart(saved);
  bench.pass(Millis{28'000});
  CHECK(ops->seen().empty());
  bench.pass(Millis{1000});
  CHECK(ids(ops->seen()) == Ids{1});
  CHECK(bench.delivery(1).attempts == 5);
}

TEST_CASE("sender: a notifier that left the configuration leaves dead letters with that reason",
          "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops");
  const auto dev = bench.notifier("dev");
  ops->from_now_on(Does::put_off);
  bench.start();
  bench.tell({{.id = 1}, {.id = 2, .check = "b"}, {.id = 3, .notifier = "dev"}});
  bench.settle();
  bench.remove("ops");
  bench.sender->reconfigure(bench.config());
  bench.settle();
  for (const std::int64_t id : {1, 2}) {
    CHECK(bench.status(id) == DeliveryStatus::dead);
    CHECK(bench.delivery(id).last_error == "notifier ops is no longer configured");
  }
  CHECK(bench.status(3) == DeliveryStatus::sent);
  // What the core still sends there meets the same end.
  bench.tell({{.id = 4}});
  bench.settle();
  CHECK(bench.status(4) == DeliveryStatus::dead);
  CHECK(bench.sender->views().size() == 1);
  // And so does what a start finds.
  Saved saved;
  Saved::Waiting waiting;
  waiting.notification = tell({.id = 5});
  waiting.delivery.notification = 5;
  saved.waiting.push_back(waiting);
  bench.restart(saved);
  CHECK(bench.delivery(5).last_error == "notifier ops is no longer configured");
}

TEST_CASE("sender: a notifier that leaves while its attempt is under way is let finish",
          "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops");
  bench.notifier("dev");
  ops->then(Does::hang);
  bench.start();
  bench.tell({{.id = 1}, {.id = 2, .check = "b", .incident = 2}});
  bench.settle();
  bench.remove("ops");
  bench.sender->reconfigure(bench.config());
  bench.settle();
  CHECK(bench.status(1) == DeliveryStatus::waiting);
  bench.let_go(*ops);
  bench.settle();
  CHECK(bench.status(1) == DeliveryStatus::sent);
  CHECK(bench.status(2) == DeliveryStatus::dead);
}

TEST_CASE("sender: a notifier that moves takes its rows along once its attempt has ended",
          "[deliver]") {
  SenderBench bench;
  const auto old = bench.notifier("ops", "chat:spaces/AAA");
  old->then(Does::hang);
  bench.start();
  bench.tell({{.id = 1}, {.id = 2, .check = "b", .incident = 2}});
  bench.settle();
  const auto moved = bench.notifier("ops", "chat:spaces/BBB");
  bench.sender->reconfigure(bench.config());
  bench.settle();
  bench.tell({{.id = 3, .kind = Kind::reminder}});
  for (int i = 0; i < 4; ++i) bench.pass(Millis{1000});
  CHECK(moved->seen().empty());  // nothing overtakes the attempt under way
  bench.let_go(*old);
  for (int i = 0; i < 4; ++i) bench.pass(Millis{1000});
  CHECK(ids(old->seen()) == Ids{1});
  REQUIRE(ids(moved->seen()) == Ids{2, 3});
  // The thread of the first one is in the old place.
  CHECK(moved->seen()[1].thread_ref.empty());
  CHECK(bench.delivery(1).thread_ref.empty());
}

TEST_CASE("sender: a reload that changes nothing disturbs nothing", "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops");
  ops->then(Does::put_off);
  bench.start();
  bench.tell({{.id = 1}});
  bench.settle();
  for (int i = 0; i < 100; ++i) bench.sender->reconfigure(bench.config());
  bench.settle();
  CHECK(ids(ops->seen()) == Ids{1});  // its pause holds
  for (int i = 0; i < 3; ++i) bench.pass(Millis{1000});
  CHECK(ids(ops->seen()) == Ids{1, 1});
  CHECK(bench.view("ops").sent == 1);
}

TEST_CASE("sender: an attempt under way is let finish when it stops", "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops");
  ops->then(Does::hang);
  bench.start();
  bench.tell({{.id = 1}, {.id = 2, .check = "b", .incident = 2}});
  bench.settle();
  std::thread let_go([&] { ops->let_go(); });
  bench.sender.reset();
  let_go.join();
  CHECK(bench.status(1) == DeliveryStatus::sent);
  CHECK(bench.status(2) == DeliveryStatus::waiting);  // it stays in the store
  CHECK(ids(ops->seen()) == Ids{1});
}

TEST_CASE("sender: an attempt that outlasts the stop is in doubt, and repeated by the next start",
          "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops");
  ops->then(Does::hang);
  bench.start();
  bench.tell({{.id = 1}});
  bench.settle();
  const auto began = std::chrono::steady_clock::now();
  bench.sender.reset();
  const auto took = std::chrono::steady_clock::now() - began;
  CHECK(took >= Sender::kStopGrace);
  CHECK(took < Sender::kStopGrace + std::chrono::seconds{20});
  CHECK(bench.status(1) == DeliveryStatus::waiting);
  CHECK(bench.delivery(1).in_doubt);
  CHECK(bench.delivery(1).attempts == 1);
  bench.restart(bench.store.saved());
  REQUIRE(ids(ops->seen()) == Ids{1, 1});
  CHECK(ops->seen()[0].uid == ops->seen()[1].uid);
  CHECK(bench.status(1) == DeliveryStatus::sent);
}

TEST_CASE("sender: each outcome is on disk before the next attempt", "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops");
  bench.start();
  bench.store.hold();
  bench.tell({{.id = 1}, {.id = 2, .check = "b", .incident = 2}});
  bench.settle();
  bench.pass(Millis{5000});
  SECTION("as soon as it is") {
    bench.store.release();
    bench.settle();
    CHECK(ids(ops->seen()) == Ids{1, 2});
  }
  SECTION("but a disk that hangs holds up no page") {
    const auto began = std::chrono::steady_clock::now();
    while (ops->seen().size() < 2 &&
           std::chrono::steady_clock::now() - began < std::chrono::seconds{30}) {
      bench.settle();
    }
    CHECK(ids(ops->seen()) == Ids{1, 2});
    bench.store.release();
    bench.settle();
    CHECK(bench.status(2) == DeliveryStatus::sent);
  }
}

TEST_CASE("sender: what could not be stored is told as not durable", "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops", "", "mail");
  const auto mail = bench.notifier("mail");
  ops->then(Does::put_off);
  bench.start();
  bench.store.set_durable(false);
  bench.tell({{.id = 1}});
  bench.settle();
  bench.tell({{.id = 2, .kind = Kind::up}});
  ops->then(Does::reject);
  for (int i = 0; i < 4; ++i) bench.pass(Millis{1000});
  REQUIRE(ops->seen().size() == 2);
  CHECK(ops->seen()[1].message.kind == Kind::over);
  CHECK_FALSE(ops->seen()[1].message.durable);
  REQUIRE(mail->seen().size() == 1);
  CHECK_FALSE(mail->seen()[0].message.durable);
}

TEST_CASE("sender: a fallback's row that could not be stored says so", "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops", "", "mail");
  const auto mail = bench.notifier("mail");
  ops->then(Does::reject);
  bench.start();
  bench.store.set_durable(false);
  bench.tell({{.id = 1}});
  bench.settle();
  REQUIRE(ops->seen().size() == 1);
  CHECK(ops->seen()[0].message.durable);  // what the core said of it
  REQUIRE(mail->seen().size() == 1);
  CHECK_FALSE(mail->seen()[0].message.durable);
}

TEST_CASE("sender: a dump holds every row that waits, as it stands", "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops");
  const auto dev = bench.notifier("dev");
  ops->then(Does::lose_the_answer);
  dev->then(Does::hang);
  bench.start();
  bench.tell({{.id = 1}, {.id = 2, .notifier = "dev"}});
  bench.settle();
  bench.tell({{.id = 3, .kind = Kind::up}});
  std::promise<Change> dumped;
  bench.sender->dump([&](Change change) { dumped.set_value(std::move(change)); });
  const Change change = dumped.get_future().get();
  REQUIRE(change.notifications.size() == 3);
  for (int id = 1; id <= 3; ++id) {
    CHECK(change.notifications[static_cast<std::size_t>(id - 1)]->id == id);
  }
  MemoryStore fresh;
  fresh.commit(change, {});
  CHECK(fresh.saved().waiting.size() == 3);
  CHECK(fresh.row(1).delivery.in_doubt);
  CHECK(fresh.row(1).delivery.attempts == 1);
  bench.let_go(*dev);
}

TEST_CASE("sender: it stops at once when nothing is under way, whatever waits", "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops");
  ops->from_now_on(Does::put_off);
  bench.start();
  std::vector<Telling> many;
  for (int id = 1; id <= 15; ++id) {
    many.push_back({.id = id, .check = "c" + std::to_string(id), .incident = id});
  }
  bench.tell(many);
  bench.settle();
  const auto began = std::chrono::steady_clock::now();
  bench.sender.reset();
  CHECK(std::chrono::steady_clock::now() - began < Sender::kStopGrace);
  CHECK(bench.store.saved().waiting.size() == 15);
}

TEST_CASE("sender: a store may answer after the sender is gone", "[deliver]") {
  SenderBench bench;
  bench.notifier("ops");
  bench.start();
  bench.store.hold();
  bench.tell({{.id = 1}});
  bench.settle();
  bench.sender.reset();
  bench.store.release();
  CHECK(bench.status(1) == DeliveryStatus::sent);
}
