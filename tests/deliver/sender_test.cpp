// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "deliver/sender.h"

#include <catch2/catch.hpp>
#include <set>
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
  bench.let_go(*slow);
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

TEST_CASE("sender: a digest says of how many checks it speaks, as the latest reload has it",
          "[deliver]") {
  SenderBench bench;
  const auto ops = bench.notifier("ops");
  bench.start();
  auto config = std::make_shared<Config>(*bench.config());
  for (int i = 0; i < 40; ++i) {
    auto check = std::make_shared<Check>();
    check->labels = {{"dc", "dc-2"}};
    config->checks.push_back(std::move(check));
  }
  bench.sender->reconfigure(config);
  Change change;
  for (int id = 1; id <= 30; ++id) {
    auto made = std::make_shared<Notification>(
        *tell({.id = id, .check = "web-" + std::to_string(id), .incident = id}));
    auto message = std::make_shared<Message>(*made->message);
    message->labels = {{"dc", "dc-2"}};
    made->message = std::move(message);
    change.notifications.push_back(std::move(made));
  }
  bench.store.commit(change, {});
  bench.sender->submit(change.notifications);
  bench.pass(Millis{1000});
  REQUIRE_FALSE(ops->seen().empty());
  CHECK(ops->seen()[0].message.reason.starts_with(
      "DOWN 30 of 40 checks on dc=dc-2, connection refused: web-1, web-2, web-3 and 27 more\n"));
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
  bench.let_go(*ops);  // the first one ends after all: nobody cares
  bench.settle();
  CHECK(bench.delivery(1).attempts == 2);
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
