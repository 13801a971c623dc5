// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// What holds for every notifier that is told by HTTP: what an answer means, and which thread a
// message lands in.
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "notify/contract_bench.h"
#include "notify/notify_fixture.h"
#include "notify/rigs.h"
#include "notify/webhook_url.h"

namespace tocsin {
namespace {

using What = Outcome::What;

bool shows_secret(const Rig& rig, const std::string& text) {
  return gives_away(text, rig.secrets) || text.find("http://") != std::string::npos;
}

}  // namespace

TEST_CASE("notifiers: status codes are sent, later or rejected", "[notify]") {
  for_each_http([](const Rig&, RigBench& bench) {
    for (const int status : {200, 201, 204}) {
      CHECK(bench.outcome_of({.status = status}).what == What::sent);
    }
    for (const int status : {408, 425, 429, 500, 502, 503, 504}) {
      INFO(status);
      const Outcome outcome = bench.outcome_of({.status = status});
      CHECK(outcome.what == What::later);
      CHECK(outcome.reason.find(std::to_string(status)) != std::string::npos);
      CHECK(outcome.retry_after == std::nullopt);
    }
    for (const int status : {301, 307, 400, 401, 403, 404, 405, 410, 413, 422}) {
      INFO(status);
      const Outcome outcome = bench.outcome_of({.status = status});
      CHECK(outcome.what == What::rejected);
      CHECK(outcome.reason.find(std::to_string(status)) != std::string::npos);
    }
  });
}

TEST_CASE("notifiers: Retry-After is handed on", "[notify]") {
  for_each_http([](const Rig&, RigBench& bench) {
    const Outcome asked = bench.outcome_of({.status = 429, .headers = {{"Retry-After", "42"}}});
    CHECK(asked.retry_after == Millis{42'000});
  });
}

TEST_CASE("notifiers: a redirect is not followed", "[notify]") {
  for_each_http([](const Rig& rig, RigBench& bench) {
    RigSink elsewhere(rig);
    const std::string target = elsewhere.base_url() + "/x";
    const Outcome outcome = bench.outcome_of({.status = 307, .headers = {{"Location", target}}});
    CHECK(outcome.what == What::rejected);
    CHECK(elsewhere.asked().empty());
  });
}

TEST_CASE("notifiers: no answer is later, in doubt once it was sent", "[notify]") {
  for_each_http([](const Rig& rig, RigBench& bench) {
    for (const auto way : {HttpReply::Way::hang, HttpReply::Way::close}) {
      const auto began = std::chrono::steady_clock::now();
      const Outcome outcome = bench.outcome_of({.way = way});
      CHECK(outcome.what == What::later);
      CHECK(outcome.in_doubt);
      CHECK_FALSE(outcome.reason.empty());
      CHECK_FALSE(shows_secret(rig, outcome.reason));
      CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds{60});
    }
    bench.sink.http().stop();
    const Outcome outcome = bench.outcome_of({});
    CHECK(outcome.what == What::later);
    CHECK_FALSE(outcome.in_doubt);
    CHECK_FALSE(shows_secret(rig, outcome.reason));
  });
}

TEST_CASE("notifiers: a service that echoes the secret does not get it into a reason", "[notify]") {
  for_each_http([](const Rig& rig, RigBench& bench) {
    for (const int status : {400, 404, 429, 503}) {
      bench.sink.echo(status);
      const Outcome outcome = bench.send(a_notification(Kind::down));
      INFO(outcome.reason);
      CHECK_FALSE(shows_secret(rig, outcome.reason));
      CHECK_FALSE(outcome.reason.empty());
    }
  });
}

TEST_CASE("notifiers: odd answers to a message that was taken are survived", "[notify]") {
  for_each_http([](const Rig&, RigBench& bench) {
    for (const std::string& body :
         {std::string{}, std::string("<html>"), std::string(1 << 20, '['),
          std::string("\xff\0\x01", 3), "{\"name\": \"" + std::string(1 << 20, 'x') + "\"}"}) {
      const Outcome outcome = bench.outcome_of({.body = body});
      CHECK(outcome.what == What::sent);
      CHECK(outcome.thread_ref.size() + outcome.message_ref.size() < 2000);
    }
  });
}

TEST_CASE("notifiers: the idempotency key is the notification's, in every attempt", "[notify]") {
  for_each_http([](const Rig& rig, RigBench& bench) {
    CHECK(bench.pace().idempotent == (rig.idempotency_of != nullptr || rig.merges_repeats));
    if (rig.idempotency_of == nullptr) return;
    const Notification one = a_notification(Kind::down);
    const Notification two = a_notification(Kind::down);
    for (const Notification* next : {&one, &one, &two}) bench.send(*next);
    const auto asked = bench.sink.asked();
    REQUIRE(asked.size() == 3);
    CHECK(rig.idempotency_of(asked[0]) == one.uid);
    CHECK(rig.idempotency_of(asked[1]) == one.uid);
    CHECK(rig.idempotency_of(asked[2]) == two.uid);
  });
}

TEST_CASE("notifiers: the same key is the same thread, another one is another", "[notify]") {
  for_each_threaded([](const Rig& rig, RigBench& bench) {
    const std::string huge(5000, 'k');
    for (const std::string& key : {std::string("web-01"), std::string("web-01"),
                                   std::string("web-02"), huge, huge, huge + "k"}) {
      CHECK(bench.send(a_notification(a_message(Kind::down), key)).what == What::sent);
    }
    const auto asked = bench.sink.asked();
    REQUIRE(asked.size() == 6);
    CHECK(rig.thread_of(asked[0]) == rig.thread_of(asked[1]));
    CHECK(rig.thread_of(asked[0]) != rig.thread_of(asked[2]));
    CHECK(rig.thread_of(asked[3]) == rig.thread_of(asked[4]));
    CHECK(rig.thread_of(asked[3]) != rig.thread_of(asked[5]));
  });
}

TEST_CASE("notifiers: a deleted thread is begun anew, once", "[notify]") {
  for_each_threaded([](const Rig& rig, RigBench& bench) {
    if (rig.no_such_thread == nullptr) return;
    for (const Kind kind : {Kind::down, Kind::reminder}) bench.send(a_notification(kind));
    bench.sink.delete_threads();
    const std::size_t before = bench.sink.asked().size();
    CHECK(bench.send(a_notification(Kind::reminder)).what == What::sent);
    const std::size_t begun = bench.sink.asked().size();
    CHECK(bench.send(a_notification(Kind::up)).what == What::sent);
    const auto asked = bench.sink.asked();
    CHECK(begun <= before + 2);
    REQUIRE(asked.size() == begun + 1);
    CHECK(rig.thread_of(asked[begun]) == rig.thread_of(asked[begun - 1]));
    CHECK(rig.thread_of(asked[begun]) != rig.thread_of(asked[0]));
  });
}

TEST_CASE("notifiers: the connection is kept for the next message", "[notify]") {
  for_each_http([](const Rig&, RigBench& bench) {
    for (int i = 0; i < 3; ++i) bench.send(a_notification(Kind::down));
    const auto asked = bench.sink.asked();
    REQUIRE(asked.size() == 3);
    CHECK(asked[0].peer_port == asked[1].peer_port);
    CHECK(asked[1].peer_port == asked[2].peer_port);
  });
}

TEST_CASE("notifiers: several at once do not disturb one another", "[notify]") {
  for_each_threaded([](const Rig& rig, RigBench& bench) {
    std::vector<Notification> all;
    for (int i = 0; i < 8; ++i) {
      all.push_back(a_notification(a_message(Kind::down), "key-" + std::to_string(i)));
    }
    for (const Outcome& outcome : bench.send_all(all)) CHECK(outcome.what == What::sent);
    std::vector<std::string> threads;
    for (const SinkExchange& asked : bench.sink.asked()) threads.push_back(rig.thread_of(asked));
    std::sort(threads.begin(), threads.end());
    CHECK(std::unique(threads.begin(), threads.end()) == threads.end());
    CHECK(threads.size() == 8);
  });
}

}  // namespace tocsin
