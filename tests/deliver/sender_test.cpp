// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "deliver/sender.h"

#include <catch2/catch.hpp>
#include <set>
#include <thread>

#include "deliver/send_once.h"
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

TEST_CASE("sender: a notification is told at once, and what came of it is committed", "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops");
  bench.start();
  bench.tell({{.id = 1}});
  bench.settle();
  REQUIRE(ids(ops->seen()) == Ids{1});
  const Seen seen = ops->seen()[0];
  CHECK(seen.uid == "uid-1");
  CHECK(seen.thread_key == "web-01");
  CHECK(seen.message.kind == Kind::down);
  CHECK_FALSE(seen.late);
  const DeliveryRecord record = bench.delivery(1);
  CHECK(record.status == DeliveryStatus::sent);
  CHECK(record.attempts == 1);
  CHECK(record.at == bench.clock.wall());
  CHECK(record.thread_ref == "threads/1");
  CHECK(record.message_ref == "messages/1");
  REQUIRE(bench.outcomes().size() == 1);
  CHECK(bench.outcomes()[0].second == DeliveryStatus::sent);
}

TEST_CASE("sender: the sink's name of a thread is used the next time", "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops");
  bench.start();
  bench.tell({{.id = 1}});
  bench.settle();
  bench.tell({{.id = 2, .kind = Kind::up}, {.id = 3, .check = "other", .incident = 2}});
  for (int i = 0; i < 3; ++i) bench.pass(Millis{1000});
  REQUIRE(ops->seen().size() == 3);
  CHECK(ops->seen()[0].thread_ref.empty());
  CHECK(ops->seen()[1].thread_ref == "threads/1");
  CHECK(ops->seen()[2].thread_ref.empty());
}

TEST_CASE("sender: attempts at one sink are kept apart, whichever notifier makes them",
          "[deliver]") {
  SenderBench bench;
  const auto a = bench.notifier("a", "chat:spaces/AAA");
  const auto b = bench.notifier("b", "chat:spaces/AAA");
  bench.start();
  bench.tell({{.id = 1, .notifier = "a"},
              {.id = 2, .notifier = "b"},
              {.id = 3, .check = "x", .incident = 2, .notifier = "a"}});
  bench.settle();
  CHECK(ids(a->seen()) == Ids{1});
  CHECK(b->seen().empty());
  bench.pass(Millis{999});
  CHECK(b->seen().empty());
  bench.pass(Millis{1});
  CHECK(ids(b->seen()) == Ids{2});
  bench.pass(Millis{1000});
  CHECK(ids(a->seen()) == Ids{1, 3});
}

TEST_CASE("sender: a sink that hangs delays no other", "[deliver]") {
  SenderBench bench;
  const auto slow = bench.notifier("slow");
  const auto ops = bench.notifier("ops");
  slow->from_now_on(Does::hang);
  bench.start();
  bench.tell({{.id = 1, .notifier = "slow"},
              {.id = 2},
              {.id = 3, .check = "b", .incident = 2, .notifier = "slow"}});
  bench.settle();
  CHECK(ids(slow->seen()) == Ids{1});
  CHECK(ids(ops->seen()) == Ids{2});
  for (int i = 0; i < 5; ++i) bench.pass(Millis{1000});
  CHECK(ids(slow->seen()) == Ids{1});
  slow->from_now_on(Does::take);
  slow->let_go();
  bench.settle();
  bench.pass(Millis{1000});
  CHECK(ids(slow->seen()) == Ids{1, 3});
}

TEST_CASE("sender: what is put off is tried again with the same uid, and counted", "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops");
  ops->then(Does::put_off, 2);
  bench.start();
  bench.tell({{.id = 1}});
  bench.settle();
  const DeliveryRecord waiting = bench.delivery(1);
  CHECK(waiting.status == DeliveryStatus::waiting);
  CHECK(waiting.attempts == 1);
  CHECK(waiting.last_error == "503 Service Unavailable");
  CHECK_FALSE(waiting.in_doubt);
  REQUIRE(waiting.next_at);
  CHECK(*waiting.next_at > bench.clock.wall());
  CHECK(bench.view("ops").later == 1);
  CHECK(bench.view("ops").waiting == 1);
  CHECK(bench.view("ops").oldest_waiting == bench.store.row(1).notification->created_at);
  CHECK(bench.view("ops").last_error == "503 Service Unavailable");
  for (int i = 0; i < 5; ++i) bench.pass(Millis{1000});
  REQUIRE(ids(ops->seen()) == Ids{1, 1, 1});
  for (const Seen& seen : ops->seen()) CHECK(seen.uid == "uid-1");
  CHECK(bench.delivery(1).attempts == 3);
  CHECK(bench.status(1) == DeliveryStatus::sent);
  CHECK(bench.view("ops").sent == 1);
  CHECK(bench.view("ops").waiting == 0);
  CHECK(bench.view("ops").last_error.empty());
}

TEST_CASE("sender: an attempt without an answer is remembered as in doubt", "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops");
  ops->then(Does::lose_the_answer);
  bench.start();
  bench.tell({{.id = 1}});
  bench.settle();
  CHECK(bench.delivery(1).in_doubt);
  // And the end of its incident is told by itself, after it.
  bench.tell({{.id = 2, .kind = Kind::up}});
  for (int i = 0; i < 4; ++i) bench.pass(Millis{1000});
  CHECK(ids(ops->seen()) == Ids{1, 1, 2});
  CHECK(bench.delivery(1).in_doubt);
}

TEST_CASE("sender: a rejected delivery is not retried", "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops");
  ops->then(Does::reject);
  bench.start();
  bench.tell({{.id = 1}, {.id = 2, .check = "b", .incident = 2}});
  bench.settle();
  bench.pass_minutes(1);
  CHECK(ids(ops->seen()) == Ids{1, 2});
  CHECK(bench.status(1) == DeliveryStatus::dead);
  CHECK(bench.delivery(1).last_error == "404 Not Found");
  CHECK(bench.status(2) == DeliveryStatus::sent);
  CHECK(bench.view("ops").rejected == 1);
}

TEST_CASE("sender: a dead letter is told through the fallback", "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops", "", "mail");
  const auto mail = bench.notifier("mail", "", "ops");
  ops->from_now_on(Does::reject);
  bench.start();
  bench.tell({{.id = 1}});
  bench.settle();
  REQUIRE(mail->seen().size() == 1);
  const Seen seen = mail->seen()[0];
  CHECK(seen.id > 100'000);
  CHECK(seen.thread_key == "web-01");
  CHECK(seen.message.kind == Kind::down);
  CHECK(seen.uid != "uid-1");
  CHECK(bench.store.row(seen.id).notification->notifier == "mail");
  CHECK(bench.status(seen.id) == DeliveryStatus::sent);
  // Both in one transaction: a crash leaves either neither or both.
  bool together = false;
  for (const Change& change : bench.store.changes()) {
    together = together ||
               (change.deliveries.size() == 1 && change.notifications.size() == 1 &&
                change.deliveries[0].notification == 1 && change.notifications[0]->id == seen.id);
  }
  CHECK(together);
}

TEST_CASE("sender: a fallback's own rejection is the end", "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops", "", "mail");
  const auto mail = bench.notifier("mail", "", "ops");
  ops->from_now_on(Does::reject);
  mail->from_now_on(Does::reject);
  SECTION("at once") {
    bench.start();
    bench.tell({{.id = 1}});
    for (int i = 0; i < 10; ++i) bench.pass(Millis{1000});
  }
  SECTION("with a restart in between") {
    mail->from_now_on(Does::put_off);
    bench.start();
    bench.tell({{.id = 1}});
    bench.settle();
    mail->from_now_on(Does::reject);
    bench.restart(bench.store.saved());
    for (int i = 0; i < 10; ++i) bench.pass(Millis{1000});
  }
  CHECK(ops->seen().size() == 1);
  CHECK(bench.store.saved().waiting.empty());
  CHECK(bench.store.notifications(0, 10, DeliveryStatus::dead).size() == 2);
}

TEST_CASE("sender: a page that is told late says so", "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops");
  ops->then(Does::put_off);
  bench.start();
  bench.tell({{.id = 1}});
  bench.settle();
  bench.pass(Millis{61'000});
  REQUIRE(ops->seen().size() == 2);
  CHECK_FALSE(ops->seen()[0].late);
  CHECK(ops->seen()[1].late);
}

TEST_CASE("sender: an incident that came and went while its sink was away is one message",
          "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops");
  ops->then(Does::put_off, 3);
  bench.start();
  bench.tell({{.id = 1}});
  bench.settle();
  bench.tell({{.id = 2, .kind = Kind::up}});
  std::vector<DeliveryStatus> at_send;
  ops->at_each([&](const Notification& it) {
    if (it.message->kind != Kind::over) return;
    at_send.push_back(bench.status(1));
    at_send.push_back(bench.status(2));
  });
  ops->from_now_on(Does::take);
  for (int i = 0; i < 10; ++i) bench.pass(Millis{1000});
  REQUIRE(ops->seen().size() == 2);
  const Seen over = ops->seen()[1];
  CHECK(over.message.kind == Kind::over);
  CHECK(over.message.worst_reason == "connection refused (10.0.0.1:80)");
  // The folding was committed before it was sent.
  CHECK(at_send == std::vector<DeliveryStatus>{DeliveryStatus::folded, DeliveryStatus::folded});
  CHECK(bench.delivery(1).folded_into == over.id);
  CHECK(bench.delivery(2).folded_into == over.id);
  CHECK(bench.status(over.id) == DeliveryStatus::sent);
}

TEST_CASE("sender: a storm is one page and a digest", "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops");
  bench.start();
  bench.tell({{.id = 1}});
  bench.settle();
  std::vector<Telling> storm;
  for (int id = 2; id <= 200; ++id) {
    storm.push_back({.id = id, .check = "web-" + std::to_string(id), .incident = id});
  }
  bench.tell(storm);
  for (int i = 0; i < 10; ++i) bench.pass(Millis{1000});
  REQUIRE(ops->seen().size() == 2);
  CHECK(ops->seen()[0].id == 1);
  CHECK(ops->seen()[1].message.kind == Kind::digest);
  CHECK(ops->seen()[1].thread_key == "tocsin/storms");
  for (int id = 2; id <= 200; ++id) {
    CHECK(bench.delivery(id).folded_into == ops->seen()[1].id);
  }
}

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
  ops->let_go();
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
  old->let_go();
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

TEST_CASE("sender: a notifier that throws is tried again, and its text is not told", "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops");
  ops->then(Does::throw_up);
  bench.start();
  bench.tell({{.id = 1}});
  bench.settle();
  const DeliveryRecord record = bench.delivery(1);
  CHECK(record.status == DeliveryStatus::waiting);
  CHECK(record.in_doubt);
  CHECK(record.last_error == "a fault in the notifier itself (std::runtime_error)");
  for (int i = 0; i < 3; ++i) bench.pass(Millis{1000});
  CHECK(bench.status(1) == DeliveryStatus::sent);
}

TEST_CASE("sender: a notifier that never comes back does not hold its lane for ever", "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops");
  ops->then(Does::hang);
  bench.start();
  bench.tell({{.id = 1}});
  bench.settle();
  bench.pass(Millis{119'000});
  CHECK(ids(ops->seen()) == Ids{1});
  bench.pass(Millis{1000});
  CHECK(bench.delivery(1).in_doubt);
  bench.pass(Millis{2000});
  CHECK(ids(ops->seen()) == Ids{1, 1});
  CHECK(bench.status(1) == DeliveryStatus::sent);
  ops->let_go();  // the first one ends after all: nobody cares
  bench.settle();
  CHECK(bench.delivery(1).attempts == 2);
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
  dev->let_go();
}

TEST_CASE("sender: all calls are safe from every thread at once", "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops");
  const auto dev = bench.notifier("dev", "ops");
  bench.start();
  const auto config = bench.config();
  std::atomic<bool> stop{false};
  std::thread time([&] {
    while (!stop) {
      bench.clock.advance(Millis{1000});
      std::promise<void> passed;
      bench.sender->ping([&] { passed.set_value(); });
      passed.get_future().wait();
    }
  });
  std::thread reader([&] {
    while (!stop) {
      if (bench.sender->views().size() != 2) stop = true;
      bench.sender->dump([](const Change&) {});
      bench.sender->reconfigure(config);
      std::promise<void> passed;
      bench.sender->ping([&] { passed.set_value(); });
      passed.get_future().wait();
    }
  });
  constexpr int kMany = 300;
  for (int id = 1; id <= kMany; ++id) {
    bench.tell({{.id = id,
                 .check = "c" + std::to_string(id % 7),
                 .incident = id,
                 .notifier = id % 3 == 0 ? "dev" : "ops"}});
  }
  const auto began = std::chrono::steady_clock::now();
  while (!bench.store.saved().waiting.empty() &&
         std::chrono::steady_clock::now() - began < std::chrono::seconds{120}) {
    std::this_thread::yield();
  }
  stop = true;
  time.join();
  reader.join();
  CHECK(bench.store.saved().waiting.empty());
  std::set<std::int64_t> told;
  for (const auto* sink : {ops.get(), dev.get()}) {
    for (const Seen& seen : sink->seen()) CHECK(told.insert(seen.id).second);
  }
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

TEST_CASE("send_once: makes one attempt and tells what came of it", "[deliver]") {
  const FakeClock clock;
  const auto sink = std::make_shared<FakeNotifier>("x");
  const NotifierEntry entry{"x", "fake", "", sink};
  const NotificationPtr it = tell({.id = 7, .kind = Kind::test});
  SECTION("taken") {
    const Outcome outcome = send_once(entry, *it, clock);
    CHECK(outcome.what == Outcome::What::sent);
    CHECK(outcome.thread_ref == "threads/1");
  }
  SECTION("rejected") {
    sink->then(Does::reject);
    const Outcome outcome = send_once(entry, *it, clock);
    CHECK(outcome.what == Outcome::What::rejected);
    CHECK(outcome.reason == "404 Not Found");
  }
  SECTION("a bug in the notifier") {
    sink->then(Does::throw_up);
    const Outcome outcome = send_once(entry, *it, clock);
    CHECK(outcome.what == Outcome::What::later);
    CHECK(outcome.reason.find("token") == std::string::npos);
  }
  CHECK(ids(sink->seen()) == Ids{7});
}
