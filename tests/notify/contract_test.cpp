// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// What holds for every notifier in the registry, whatever its name (STYLE section 6). Each rule
// goes over all of them; a type without a rig fails the first.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <mutex>
#include <string>

#include "config/load.h"
#include "notify/chat_message.h"
#include "notify/notify_fixture.h"
#include "notify/registry.h"
#include "notify/rigs.h"
#include "notify/webhook_url.h"
#include "probe/registry.h"
#include "support/http_stand_in.h"
#include "util/text.h"

namespace tocsin {
namespace {

using What = Outcome::What;

bool is_plain(const HttpReply& reply) {
  return reply.status == 200 && reply.body == "{}" && reply.headers.empty() &&
         reply.way == HttpReply::Way::answer && reply.delay == Millis{0};
}

// A sink that answers everything alike and keeps what it was asked.
class Sink {
 public:
  explicit Sink(const Rig& rig)
      : rig_(rig), http_({{}, [this](const HttpAsked& asked) { return keep(asked); }}) {}
  void reply(HttpReply reply) {
    const std::lock_guard lock(mutex_);
    reply_ = std::move(reply);
  }
  // The answer's body is the request's own target, as an unkind service would quote it.
  void echo(int status) {
    const std::lock_guard lock(mutex_);
    echo_ = true;
    reply_.status = status;
  }
  std::vector<HttpAsked> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  std::string base_url() const { return http_.base_url(); }
  HttpStandIn& http() { return http_; }

 private:
  HttpReply keep(const HttpAsked& asked) {
    const std::lock_guard lock(mutex_);
    asked_.push_back(asked);
    HttpReply reply = reply_;
    if (rig_.taken != nullptr && is_plain(reply)) reply = rig_.taken(asked);
    const std::string status = std::to_string(reply.status);
    if (echo_) {
      reply.body = R"({"error": {"code": )" + status + R"(, "message": "no such thing: )" +
                   asked.target + R"(", "status": "NOT_FOUND"}})";
    }
    return reply;
  }

  const Rig& rig_;
  mutable std::mutex mutex_;
  std::vector<HttpAsked> asked_;
  HttpReply reply_;
  bool echo_ = false;
  HttpStandIn http_;
};

// A notifier of the rig's type before a sink of its own, and a loop to send on.
class Bench {
 public:
  explicit Bench(const Rig& rig) : sink(rig), rig_(rig) {
    const LoadedNotifier loaded = load_notifier(rig.type, rig.settings(sink.base_url()));
    INFO(rig.type);
    INFO(loaded.all_problems());
    REQUIRE(loaded.notifier);
    notifier_ = loaded.notifier;
  }

  Outcome send(const Notification& notification) { return desk_.send(*notifier_, notification); }
  std::vector<Outcome> send_all(const std::vector<Notification>& all) {
    return desk_.send_all(*notifier_, all);
  }
  Outcome outcome_of(HttpReply reply) {
    sink.reply(std::move(reply));
    return send(a_notification(Kind::down));
  }
  // What there is to see of one notification: the text as it arrived, or as it was printed.
  std::string told(const Notification& notification) {
    if (rig_.is_http()) {
      CHECK(send(notification).what == What::sent);
      return rig_.text_of(sink.asked().back());
    }
    const CapturedStdout captured;
    send(notification);
    return captured.text();
  }
  Pace pace() const { return notifier_->pace(); }

  Sink sink;

 private:
  const Rig& rig_;
  std::shared_ptr<const Notifier> notifier_;
  Desk desk_;
};

bool shows_secret(const Rig& rig, const std::string& text) {
  return gives_away(text, rig.secrets) || text.find("http://") != std::string::npos;
}

template <typename Rule>
void for_each(Rule rule) {
  for (const Rig& rig : rigs()) {
    INFO(rig.type);
    Bench bench(rig);
    rule(rig, bench);
  }
}

template <typename Rule>
void for_each_http(Rule rule) {
  for (const Rig& rig : rigs()) {
    if (!rig.is_http()) continue;
    INFO(rig.type);
    Bench bench(rig);
    rule(rig, bench);
  }
}

}  // namespace

TEST_CASE("notifiers: every type has a rig here, and the registry is sorted", "[notify]") {
  std::vector<std::string> types;
  std::vector<std::string> rigged;
  for (const NotifierType& type : notifier_types()) {
    types.emplace_back(type.name);
    CHECK_FALSE(type.summary.empty());
  }
  for (const Rig& rig : rigs()) rigged.emplace_back(rig.type);
  CHECK(types == rigged);
  CHECK(std::is_sorted(types.begin(), types.end()));
}

TEST_CASE("notifiers: each example is a configuration without a fault", "[notify]") {
  for (const NotifierType& type : notifier_types()) {
    const std::string name = "notify-" + std::string(type.name) + ".yaml";
    const auto file = std::filesystem::path(TOCSIN_SOURCE_DIR) / "etc/examples" / name;
    const Loaded loaded =
        load_config(file, check_types(), notifier_types(), LoadOptions{.resolve_secrets = false});
    for (const Problem& problem : loaded.problems) UNSCOPED_INFO(problem.text());
    CHECK(loaded.problems.empty());
    REQUIRE(loaded.config);
    const auto& all = loaded.config->notifiers;
    const auto is_it = [&](const NotifierEntry& entry) { return entry.type == type.name; };
    CHECK(std::any_of(all.begin(), all.end(), is_it));
  }
}

TEST_CASE("notifiers: an unknown key is refused", "[notify]") {
  for (const Rig& rig : rigs()) {
    std::string settings = rig.settings("http://127.0.0.1:1");
    settings.insert(1, "no_such_key: 1, ");
    const LoadedNotifier loaded = load_notifier(rig.type, settings);
    CHECK_FALSE(loaded.notifier);
    CHECK(loaded.all_problems().find("error: unknown key \"no_such_key\"") != std::string::npos);
  }
}

TEST_CASE("notifiers: no secret is in a problem, a sink or a pace", "[notify]") {
  for (const Rig& rig : rigs()) {
    std::string settings = rig.settings("http://127.0.0.1:1");
    const auto notifier = load_notifier(rig.type, settings).notifier;
    REQUIRE(notifier);
    CHECK_FALSE(notifier->sink().empty());
    CHECK_FALSE(notifier->pace().key.empty());
    CHECK_FALSE(shows_secret(rig, notifier->sink() + notifier->pace().key));
    settings.insert(1, "no_such_key: 1, ");
    CHECK_FALSE(gives_away(load_notifier(rig.type, settings).all_problems(), rig.secrets));
  }
}

TEST_CASE("notifiers: each kind of message arrives, with its name and reason", "[notify]") {
  for_each([](const Rig&, Bench& bench) {
    for (const Kind kind : kKinds) {
      INFO(to_string(kind));
      const Message message = a_message(kind);
      const std::string text = bench.told(a_notification(message));
      CHECK(text.find(message.check) != std::string::npos);
      CHECK(text.find("connection refused (127.0.0.1:8080)") != std::string::npos);
    }
  });
}

TEST_CASE("notifiers: hostile text can neither ping nor break what is sent", "[notify]") {
  for_each([](const Rig& rig, Bench& bench) {
    for (const Kind kind : kKinds) {
      INFO(to_string(kind));
      const std::string text = bench.told(a_notification(hostile_message(kind, hostile_text())));
      CHECK(is_valid_utf8(text));
      CHECK_FALSE(rig.can_ping(text));
    }
  });
}

TEST_CASE("notifiers: a text beyond the sink's limit is cut between code points", "[notify]") {
  for_each([](const Rig& rig, Bench& bench) {
    for (const std::string piece : {"x", "é", "漢", "🔔", "<"}) {
      INFO(piece);
      std::string big;
      while (big.size() < 1 << 20) big += piece;
      Message message = hostile_message(Kind::digest, big);
      message.reason = "DOWN\n" + big + "\n" + big;
      const std::string text = bench.told(a_notification(message));
      CHECK(is_valid_utf8(text));
      CHECK(utf16_units(text) <= rig.most_text);
      CHECK(text.find("\xEF\xBF\xBD") == std::string::npos);
    }
  });
}

TEST_CASE("notifiers: status codes are sent, later or rejected", "[notify]") {
  for_each_http([](const Rig&, Bench& bench) {
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
  for_each_http([](const Rig&, Bench& bench) {
    const Outcome asked = bench.outcome_of({.status = 429, .headers = {{"Retry-After", "42"}}});
    CHECK(asked.retry_after == Millis{42'000});
  });
}

TEST_CASE("notifiers: a redirect is not followed", "[notify]") {
  for_each_http([](const Rig& rig, Bench& bench) {
    Sink elsewhere(rig);
    const std::string target = elsewhere.base_url() + "/x";
    const Outcome outcome = bench.outcome_of({.status = 307, .headers = {{"Location", target}}});
    CHECK(outcome.what == What::rejected);
    CHECK(elsewhere.asked().empty());
  });
}

TEST_CASE("notifiers: no answer is later, in doubt once it was sent", "[notify]") {
  for_each_http([](const Rig& rig, Bench& bench) {
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
  for_each_http([](const Rig& rig, Bench& bench) {
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
  for_each_http([](const Rig&, Bench& bench) {
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
  for_each_http([](const Rig& rig, Bench& bench) {
    CHECK(bench.pace().idempotent == (rig.idempotency_of != nullptr));
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
  for_each_http([](const Rig& rig, Bench& bench) {
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

TEST_CASE("notifiers: the connection is kept for the next message", "[notify]") {
  for_each_http([](const Rig&, Bench& bench) {
    for (int i = 0; i < 3; ++i) bench.send(a_notification(Kind::down));
    const auto asked = bench.sink.asked();
    REQUIRE(asked.size() == 3);
    CHECK(asked[0].peer_port == asked[1].peer_port);
    CHECK(asked[1].peer_port == asked[2].peer_port);
  });
}

TEST_CASE("notifiers: several at once do not disturb one another", "[notify]") {
  for_each_http([](const Rig& rig, Bench& bench) {
    std::vector<Notification> all;
    for (int i = 0; i < 8; ++i) {
      all.push_back(a_notification(a_message(Kind::down), "key-" + std::to_string(i)));
    }
    for (const Outcome& outcome : bench.send_all(all)) CHECK(outcome.what == What::sent);
    std::vector<std::string> threads;
    for (const HttpAsked& asked : bench.sink.asked()) threads.push_back(rig.thread_of(asked));
    std::sort(threads.begin(), threads.end());
    CHECK(std::unique(threads.begin(), threads.end()) == threads.end());
    CHECK(threads.size() == 8);
  });
}

}  // namespace tocsin
