// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <atomic>
#include <catch2/catch.hpp>
#include <ctime>
#include <thread>

#include "store/house.h"

namespace tocsin {
namespace {

std::vector<std::int64_t> ids(const std::vector<IncidentRecord>& rows) {
  std::vector<std::int64_t> out;
  for (const IncidentRecord& row : rows) out.push_back(row.id);
  return out;
}

std::vector<std::int64_t> ids(const std::vector<NotificationRow>& rows) {
  std::vector<std::int64_t> out;
  for (const NotificationRow& row : rows) out.push_back(row.notification->id);
  return out;
}

using Ids = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("store: what was committed is there after a restart, field by field", "[store]") {
  StorePlace place;
  FakeClock clock;
  Change change;
  change.checks = {held_record("web-01"), check_record("gone"), check_record("never")};
  change.checks[0].incident = 7;
  change.checks[1].gone_since = WallTime{Millis{1'767'000'000'001}};
  change.forgotten = {"never"};
  change.incidents = {incident_record(7), incident_record(6, true)};
  change.notifications = {notification(3), notification(4), notification(5)};
  change.deliveries = {delivery(3, DeliveryStatus::waiting), delivery(4, DeliveryStatus::sent)};
  change.deliveries[0].attempts = 4;
  change.deliveries[0].in_doubt = true;
  change.deliveries[0].last_error = "503";
  change.deliveries[0].next_at = WallTime{Millis{1'767'323'999'000}};
  change.deliveries[0].folded_into = 2;
  change.deliveries[0].message_ref = "spaces/A/messages/M";
  change.deliveries[1].thread_ref = "spaces/A/threads/T";
  {
    const auto store = open_store(place.dir(), clock, {});
    CHECK(store->trouble().empty());
    CHECK(store->load().checks.empty());
    CHECK(commit_and_wait(*store, change));
  }
  const auto store = open_store(place.dir(), clock, {});
  const Saved saved = store->load();
  REQUIRE(saved.checks.size() == 2);
  const CheckRecord& gone = saved.checks[0];
  const CheckRecord& web = saved.checks[1];
  CHECK(web.name == "web-01");
  CHECK(web.state == State::down);
  CHECK(web.told == State::up);
  CHECK(web.since == change.checks[0].since);
  CHECK(web.reason == change.checks[0].reason);
  CHECK(web.incident == 7);
  CHECK_FALSE(web.gone_since.has_value());
  CHECK(web.held == change.checks[0].held);
  CHECK(web.flaps == change.checks[0].flaps);
  CHECK(gone.held == Held{});
  CHECK(gone.flaps == FlapRecord{});
  CHECK_FALSE(gone.incident.has_value());
  CHECK(gone.gone_since == change.checks[1].gone_since);

  REQUIRE(saved.open_incidents.size() == 1);
  const IncidentRecord& incident = saved.open_incidents[0];
  CHECK(incident.id == 7);
  CHECK(incident.check == "web-7");
  CHECK(incident.since == change.incidents[0].since);
  CHECK(incident.opened_at == change.incidents[0].opened_at);
  CHECK_FALSE(incident.closed_at.has_value());
  CHECK(incident.worst == State::down);
  CHECK(incident.reason == "no answer");
  CHECK(incident.told == std::vector<std::string>{"ops", "terminal"});
  CHECK(incident.told_at == change.incidents[0].told_at);
  CHECK(incident.escalated == 1);
  CHECK(incident.reminders == 2);
  CHECK(incident.reminded_at == change.incidents[0].reminded_at);
  CHECK(incident.acknowledged == change.incidents[0].acknowledged);
  CHECK(incident.acknowledged.has_value());
  CHECK_FALSE(store->incidents(7, 1, false).at(0).acknowledged.has_value());

  REQUIRE(saved.waiting.size() == 2);
  const Saved::Waiting& waiting = saved.waiting[0];
  CHECK(waiting.notification->id == 3);
  CHECK(waiting.notification->uid == "uid-3");
  CHECK(waiting.notification->notifier == "ops");
  CHECK(waiting.notification->thread_key == "web-01");
  CHECK(waiting.notification->created_at == change.notifications[0]->created_at);
  CHECK(waiting.notification->message->kind == Kind::down);
  CHECK(waiting.notification->message->reason == "no answer");
  CHECK(waiting.delivery.notification == 3);
  CHECK(waiting.delivery.status == DeliveryStatus::waiting);
  CHECK(waiting.delivery.attempts == 4);
  CHECK(waiting.delivery.in_doubt);
  CHECK(waiting.delivery.last_error == "503");
  CHECK(waiting.delivery.at == change.deliveries[0].at);
  CHECK(waiting.delivery.next_at == change.deliveries[0].next_at);
  CHECK(waiting.delivery.folded_into == 2);
  CHECK(waiting.delivery.message_ref == "spaces/A/messages/M");
  CHECK(saved.waiting[1].notification->id == 5);
  CHECK(saved.waiting[1].delivery.attempts == 0);

  REQUIRE(saved.threads.size() == 1);
  CHECK(saved.threads[0].notifier == "ops");
  CHECK(saved.threads[0].thread_key == "web-01");
  CHECK(saved.threads[0].ref == "spaces/A/threads/T");
  CHECK(saved.last_incident == 7);
  CHECK(saved.last_notification == 5);
}

TEST_CASE("store: callbacks run in the order of the commits, also of those in one group",
          "[store]") {
  StorePlace place;
  FakeClock clock;
  std::vector<int> order;
  {
    const auto store = open_store(place.dir(), clock, {});
    for (int i = 0; i < 500; ++i) {
      store->commit({.checks = {check_record("c" + std::to_string(i))}},
                    [&order, i](bool durable) { order.push_back(durable ? i : -1); });
    }
  }
  REQUIRE(order.size() == 500);
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK(order.front() == 0);
}

TEST_CASE("store: a commit without a callback is written too", "[store]") {
  StorePlace place;
  FakeClock clock;
  const auto store = open_store(place.dir(), clock, {});
  store->commit({.incidents = {incident_record(1)}}, {});
  store->flush();
  CHECK(store->incidents(0, 10, false).size() == 1);
}

TEST_CASE("store: the destructor writes all and calls back all", "[store]") {
  StorePlace place;
  FakeClock clock;
  std::atomic<int> durable = 0;
  {
    const auto store = open_store(place.dir(), clock, {});
    for (int i = 1; i <= 300; ++i) {
      store->commit({.incidents = {incident_record(i)}}, [&](bool ok) { durable += ok ? 1 : 0; });
    }
  }
  CHECK(durable == 300);
  CHECK(sql(place.file(), "SELECT count(*) FROM incidents") == "300");
}

TEST_CASE("store: a later record replaces the earlier one", "[store]") {
  StorePlace place;
  FakeClock clock;
  const auto store = open_store(place.dir(), clock, {});
  REQUIRE(commit_and_wait(*store, {.incidents = {incident_record(1)}}));
  REQUIRE(commit_and_wait(*store, {.incidents = {incident_record(1, true)}}));
  const auto rows = store->incidents(0, 10, false);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].closed_at.has_value());
}

TEST_CASE("store: committing a notification again keeps what became of it", "[store]") {
  StorePlace place;
  FakeClock clock;
  const auto store = open_store(place.dir(), clock, {});
  REQUIRE(commit_and_wait(*store, {.notifications = {notification(1)},
                                   .deliveries = {delivery(1, DeliveryStatus::sent)}}));
  REQUIRE(commit_and_wait(*store, {.notifications = {notification(1, "other words")}}));
  const auto rows = store->notifications(0, 10, std::nullopt);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].delivery.status == DeliveryStatus::sent);
  CHECK(rows[0].notification->message->reason == "other words");
}

TEST_CASE("store: of a name that is put and forgotten in one group, the last word counts",
          "[store]") {
  StorePlace place;
  FakeClock clock;
  {
    const auto store = open_store(place.dir(), clock, {});
    // What is queued while the writer is busy with the first makes one group.
    Change busy;
    for (int i = 0; i < 2000; ++i) busy.checks.push_back(check_record("x" + std::to_string(i)));
    for (int i = 0; i < 2000; ++i) busy.forgotten.push_back("x" + std::to_string(i));
    store->commit(busy, {});
    store->commit({.checks = {check_record("back"), check_record("gone", State::up)}}, {});
    store->commit({.forgotten = {"back", "gone"}}, {});
    store->commit({.checks = {check_record("back", State::degraded)}}, {});
  }
  const Saved saved = open_store(place.dir(), clock, {})->load();
  REQUIRE(saved.checks.size() == 1);
  CHECK(saved.checks[0].name == "back");
  CHECK(saved.checks[0].state == State::degraded);
}

TEST_CASE("store: what has ended is dated by its last attempt, what waits again is not",
          "[store]") {
  StorePlace place;
  FakeClock clock;
  const auto ended = [&](const std::string& id) {
    return sql(place.file(), "SELECT ended_at FROM notifications WHERE id = " + id);
  };
  const auto store = open_store(place.dir(), clock, {});
  REQUIRE(commit_and_wait(*store, {.notifications = {notification(1), notification(2)},
                                   .deliveries = {delivery(1, DeliveryStatus::sent)}}));
  CHECK(ended("1") == std::to_string(1'767'323'046'001));
  CHECK(ended("2") == "NULL");
  DeliveryRecord folded = delivery(2, DeliveryStatus::folded);
  folded.at = WallTime{};  // never attempted by itself
  REQUIRE(commit_and_wait(*store, {.deliveries = {delivery(1, DeliveryStatus::waiting), folded}}));
  CHECK(ended("1") == "NULL");
  CHECK(ended("2") == std::to_string(1'767'323'045'002));
}

TEST_CASE("store: the latest name of a thread counts, one per notifier and key", "[store]") {
  StorePlace place;
  FakeClock clock;
  {
    const auto store = open_store(place.dir(), clock, {});
    Change change{
        .notifications = {notification(1), notification(2)},
        .deliveries = {delivery(1, DeliveryStatus::sent), delivery(2, DeliveryStatus::sent)}};
    change.deliveries[0].thread_ref = "old";
    change.deliveries[1].thread_ref = "new";
    REQUIRE(commit_and_wait(*store, change));
    REQUIRE(commit_and_wait(*store, {.deliveries = {delivery(2, DeliveryStatus::sent)}}));
  }
  const Saved saved = open_store(place.dir(), clock, {})->load();
  REQUIRE(saved.threads.size() == 1);
  CHECK(saved.threads[0].ref == "new");
}

TEST_CASE("store: lists are newest first, in pages, and filtered", "[store]") {
  StorePlace place;
  FakeClock clock;
  const auto store = open_store(place.dir(), clock, {});
  Change change;
  for (std::int64_t id = 1; id <= 10; ++id) {
    change.incidents.push_back(incident_record(id, id % 2 == 0));
    change.notifications.push_back(notification(id));
    if (id % 2 == 0) change.deliveries.push_back(delivery(id, DeliveryStatus::dead));
  }
  REQUIRE(commit_and_wait(*store, change));
  CHECK(ids(store->incidents(0, 3, false)) == Ids{10, 9, 8});
  CHECK(ids(store->incidents(8, 3, false)) == Ids{7, 6, 5});
  CHECK(ids(store->incidents(0, 3, true)) == Ids{9, 7, 5});
  CHECK(ids(store->incidents(0, 0, false)).empty());
  CHECK(ids(store->incidents(0, -1, false)).empty());
  CHECK(ids(store->incidents(1, 5, false)).empty());
  CHECK(ids(store->notifications(0, 3, std::nullopt)) == Ids{10, 9, 8});
  CHECK(ids(store->notifications(9, 3, DeliveryStatus::dead)) == Ids{8, 6, 4});
  CHECK(ids(store->notifications(0, 100, DeliveryStatus::waiting)) == Ids{9, 7, 5, 3, 1});
  CHECK(ids(store->notifications(0, 100, DeliveryStatus::folded)).empty());
}

TEST_CASE("store: notifications of one event share one message after a restart", "[store]") {
  StorePlace place;
  FakeClock clock;
  auto second = std::make_shared<Notification>(*notification(2));
  const NotificationPtr first = notification(1);
  second->message = first->message;
  REQUIRE(commit_and_wait(*open_store(place.dir(), clock, {}),
                          {.notifications = {first, second, notification(3, "else")}}));
  const Saved saved = open_store(place.dir(), clock, {})->load();
  REQUIRE(saved.waiting.size() == 3);
  CHECK(saved.waiting[0].notification->message == saved.waiting[1].notification->message);
  CHECK(saved.waiting[2].notification->message->reason == "else");
}

TEST_CASE("store: hostile texts come back as texts", "[store]") {
  StorePlace place;
  FakeClock clock;
  Change change{.checks = {check_record("a'; DROP TABLE checks; --")},
                .incidents = {incident_record(1)},
                .notifications = {notification(1, "<users/all> \xFF\xFE '\";")},
                .deliveries = {delivery(1, DeliveryStatus::waiting)}};
  change.checks[0].reason = std::string("nul\0here \xFF ", 11) + std::string(1'000'000, 'x');
  change.incidents[0].told = {"\xC3\x28", "ops"};
  change.deliveries[0].last_error = std::string("a\0b", 3);
  REQUIRE(commit_and_wait(*open_store(place.dir(), clock, {}), change));
  const Saved saved = open_store(place.dir(), clock, {})->load();
  REQUIRE(saved.checks.size() == 1);
  CHECK(saved.checks[0].name == change.checks[0].name);
  CHECK(saved.checks[0].reason.size() == change.checks[0].reason.size());
  REQUIRE(saved.open_incidents[0].told.size() == 2);
  CHECK(saved.open_incidents[0].told[1] == "ops");
  CHECK(saved.waiting[0].notification->message->reason.find("<users/all>") == 0);
  CHECK(saved.waiting[0].delivery.last_error == "a b");
}

TEST_CASE("store: threads that commit, read and ask at once do no harm", "[store]") {
  StorePlace place;
  FakeClock clock;
  const auto store = open_store(place.dir(), clock, {}, brisk());
  std::atomic<int> durable = 0;
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        const std::int64_t id = 1 + t * 100 + i;
        store->commit({.incidents = {incident_record(id)}, .notifications = {notification(id)}},
                      [&](bool ok) { durable += ok ? 1 : 0; });
        if (i % 25 == 0) store->flush();
      }
    });
  }
  std::thread reader([&] {
    while (!stop) {
      const auto rows = store->incidents(0, 50, true);
      for (std::size_t i = 1; i < rows.size(); ++i) {
        if (rows[i - 1].id <= rows[i].id) durable = -10'000;
      }
      store->notifications(0, 50, DeliveryStatus::waiting);
      if (!store->trouble().empty()) durable = -10'000;
    }
  });
  for (std::thread& thread : threads) thread.join();
  store->flush();
  stop = true;
  reader.join();
  CHECK(durable == 300);
  CHECK(store->incidents(0, 1000, false).size() == 300);
}

TEST_CASE("store: ten thousand checks are written and loaded quickly", "[store]") {
  StorePlace place;
  FakeClock clock;
  const std::clock_t began = std::clock();  // of our own work: the machine may be busy
  {
    Change change;
    for (int i = 0; i < 10'000; ++i) change.checks.push_back(check_record(std::to_string(i)));
    const auto store = open_store(place.dir(), clock, {});
    REQUIRE(commit_and_wait(*store, std::move(change)));
  }
  CHECK(open_store(place.dir(), clock, {})->load().checks.size() == 10'000);
  // It takes 0.1 s; the bound is for sanitizers and builds that are not optimized.
  CHECK((std::clock() - began) / CLOCKS_PER_SEC < 5);
}

TEST_CASE("store: the first and the latest message of an incident are found at a start",
          "[store]") {
  StorePlace place;
  FakeClock clock;
  const auto told = [](std::int64_t id, std::int64_t incident, const std::string& notifier) {
    auto out = std::make_shared<Notification>(*notification(id));
    auto message = std::make_shared<Message>(*out->message);
    message->incident = incident;
    out->message = std::move(message);
    out->notifier = notifier;
    return out;
  };
  const auto sent = [](std::int64_t id, WallTime at, const std::string& ref) {
    DeliveryRecord out = delivery(id, DeliveryStatus::sent);
    out.at = at;
    out.message_ref = ref;
    return out;
  };
  Change change;
  const WallTime opened = incident_record(7).opened_at;
  const auto minutes = [&](int count) { return opened + std::chrono::minutes{count}; };
  change.incidents = {incident_record(4), incident_record(5, true), incident_record(6, true),
                      incident_record(7)};
  change.incidents[1].closed_at = minutes(2);
  change.incidents[2].closed_at = minutes(25);
  for (const std::int64_t id : {10, 11, 12}) change.notifications.push_back(told(id, 7, "ops"));
  change.notifications.push_back(told(13, 7, "mail"));
  change.notifications.push_back(told(14, 5, "ops"));
  change.notifications.push_back(told(15, 6, "ops"));
  change.notifications.push_back(told(16, 4, "ops"));
  change.notifications.push_back(told(17, 7, "no refs"));
  change.deliveries = {sent(10, minutes(1), "m/10"),  sent(11, minutes(2), "m/11"),
                       sent(13, minutes(1), "m/13"),  sent(14, minutes(3), "m/14"),
                       sent(15, minutes(30), "m/15"), sent(17, minutes(1), "")};
  CHECK(commit_and_wait(*open_store(place.dir(), clock, {}), change));
  const Saved saved = open_store(place.dir(), clock, {})->load();
  // 12 waits, 4 was never sent, 5 ended long before the latest delivery, "no refs" cannot be named.
  REQUIRE(saved.incident_messages.size() == 3);
  const IncidentMessages& ops = saved.incident_messages[0];
  CHECK(ops.notifier == "ops");
  CHECK(ops.root_ref == "m/10");
  CHECK(ops.first->id == 10);
  CHECK(ops.latest->id == 11);
  CHECK(saved.incident_messages[1].notifier == "mail");
  CHECK(saved.incident_messages[1].latest->id == 13);
  CHECK(saved.incident_messages[2].root_ref == "m/15");
}

}  // namespace tocsin
