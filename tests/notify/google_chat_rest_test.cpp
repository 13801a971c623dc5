// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// A Google Chat app by its service account, before a strict stand-in for the REST API and the token
// server: what is asked, what is remembered, and what becomes of every refusal.
#include <catch2/catch.hpp>
#include <string>

#include "notify/notify_fixture.h"
#include "support/chat_app_stand_in.h"

namespace tocsin {
namespace {

using What = Outcome::What;

ChatSpace::Rules no_quota() {
  ChatSpace::Rules rules;
  rules.quota = false;
  return rules;
}

std::shared_ptr<const Notifier> app_notifier(const ChatAppStandIn& chat,
                                             const std::string& more = "") {
  const LoadedNotifier loaded = load_notifier("google_chat", chat.settings(more));
  INFO(loaded.all_problems());
  REQUIRE(loaded.notifier);
  return loaded.notifier;
}

Notification about(const std::string& check, Kind kind, std::int64_t incident = 42) {
  Message message = a_message(kind);
  message.check = check;
  message.incident = incident;
  return a_notification(message, check);
}

// An app before its service, and what sends with it.
struct Bench {
  explicit Bench(ChatSpace::Rules rules = no_quota(), const std::string& more = "")
      : chat(std::move(rules)), notifier(app_notifier(chat, more)) {}

  Outcome send(const Notification& one) { return desk.send(*notifier, one); }
  Outcome send(Kind kind) { return send(a_notification(kind)); }
  Outcome update(const Notification& one) { return desk.update(*notifier, one); }

  ChatAppStandIn chat;
  std::shared_ptr<const Notifier> notifier;
  SendDesk desk;
};

std::string top_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

TEST_CASE("google_chat app: a message is created with an id, and its thread found by key",
          "[notify]") {
  Bench bench;
  const Notification down = a_notification(Kind::down);
  const Outcome outcome = bench.send(down);
  CHECK(outcome.what == What::sent);
  CHECK(outcome.reason.empty());
  const auto seen = bench.chat.seen();
  CHECK(seen.invalid() == 0);
  REQUIRE(seen.messages.size() == 1);
  const ChatMessage& message = seen.messages[0];
  CHECK(outcome.message_ref == message.name);
  CHECK(outcome.thread_ref == message.thread);
  CHECK(message.request_id == down.uid);
  CHECK(message.client_id.starts_with("client-"));
  CHECK(message.client_id.size() == 63);
  CHECK(message.thread_key == "web-01");
  CHECK(message.text.starts_with("🔴 DOWN web-01 — connection refused (127.0.0.1:8080)\ntarget: "));
  CHECK(message.cards.empty());
  CHECK(message.ignored.empty());
  REQUIRE(seen.calls.size() == 1);
  CHECK(seen.calls[0] == "POST /v1/spaces/AAQATocsin01/messages?messageId=" + message.client_id +
                             "&requestId=" + down.uid +
                             "&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD");
}

TEST_CASE("google_chat app: two checks told in turns keep to two threads", "[notify]") {
  Bench bench;
  for (const Kind kind : {Kind::down, Kind::reminder, Kind::up}) {
    for (const std::string check : {"web-01", "db-01"}) {
      CHECK(bench.send(about(check, kind)).what == What::sent);
    }
  }
  const auto seen = bench.chat.seen();
  REQUIRE(seen.messages.size() == 6);
  const auto web = seen.texts(seen.messages[0].thread);
  const auto db = seen.texts(seen.messages[1].thread);
  REQUIRE(web.size() == 3);
  REQUIRE(db.size() == 3);
  CHECK(top_line(web[0]).find("DOWN web-01") != std::string::npos);
  CHECK(top_line(web[1]).find("REMINDER web-01") != std::string::npos);
  CHECK(top_line(web[2]).find("UP web-01") != std::string::npos);
  CHECK(top_line(db[2]).find("UP db-01") != std::string::npos);
  CHECK(seen.tokens == 1);
  // The thread is known by then, and named.
  CHECK(seen.bodies[5].find(R"("thread":{"name":")" + seen.messages[1].thread) !=
        std::string::npos);
}

TEST_CASE("google_chat app: a daemon that forgot everything finds the thread by its key",
          "[notify]") {
  Bench bench;
  const Outcome down = bench.send(Kind::down);
  SendDesk after_a_restart;
  const auto again = app_notifier(bench.chat);
  const Outcome up = after_a_restart.send(*again, a_notification(Kind::up));
  CHECK(up.thread_ref == down.thread_ref);
  CHECK(bench.chat.seen().tokens == 2);
}

TEST_CASE("google_chat app: a thread that a webhook began goes on", "[notify]") {
  ChatAppStandIn chat(no_quota());
  SendDesk desk;
  const LoadedNotifier webhook =
      load_notifier("google_chat", "{webhook_url: \"" + chat.webhook_url() + "\"}");
  const Outcome down = desk.send(*webhook.notifier, a_notification(Kind::down));
  const auto app = app_notifier(chat);
  const Outcome up = desk.send(*app, a_notification(Kind::up));
  CHECK(up.what == What::sent);
  CHECK(up.thread_ref == down.thread_ref);
  CHECK(app->pace().key == webhook.notifier->pace().key);
  CHECK(app->pace().spacing >= Millis{1050});
  CHECK(app->pace().idempotent);
  CHECK(app->sink() == chat.space());
}

TEST_CASE("google_chat app: a deleted thread is begun anew, once, and remembered", "[notify]") {
  ChatSpace::Rules rules;  // with its quota
  rules.lost_thread = GENERATE(400, 404);
  rules.write_spacing = Millis{0};
  Bench bench(rules);
  const Outcome down = bench.send(Kind::down);
  bench.chat.delete_thread(down.thread_ref);
  const std::size_t before = bench.chat.seen().calls.size();
  const Outcome reminder = bench.send(Kind::reminder);
  CHECK(reminder.what == What::sent);
  CHECK(reminder.thread_ref != down.thread_ref);
  CHECK(bench.chat.seen().calls.size() == before + 2);
  const Outcome up = bench.send(Kind::up);
  CHECK(up.thread_ref == reminder.thread_ref);
  CHECK(bench.chat.seen().calls.size() == before + 3);
  CHECK(bench.chat.seen().messages.size() == 3);
}

TEST_CASE("google_chat app: a repeat is recognised by its requestId", "[notify]") {
  Bench bench;
  const Notification one = a_notification(Kind::down);
  bench.chat.script(ChatStep::take_and_close());
  const Outcome first = bench.send(one);
  CHECK(first.what == What::later);
  CHECK(first.in_doubt);
  const Outcome second = bench.send(one);
  CHECK(second.what == What::sent);
  const auto seen = bench.chat.seen();
  REQUIRE(seen.messages.size() == 1);
  CHECK(seen.messages[0].repeats == 1);
  CHECK(second.message_ref == seen.messages[0].name);
}

TEST_CASE("google_chat app: where the requestId is forgotten, the messageId is not", "[notify]") {
  ChatSpace::Rules rules = no_quota();
  rules.request_ids = false;
  Bench bench(rules);
  const Notification one = a_notification(Kind::down);
  bench.chat.script(ChatStep::take_and_close());
  bench.send(one);
  SECTION("and the thread is asked for") {
    const Outcome second = bench.send(one);
    CHECK(second.what == What::sent);
    const auto seen = bench.chat.seen();
    REQUIRE(seen.messages.size() == 1);
    CHECK(second.message_ref == seen.messages[0].name);
    CHECK(second.thread_ref == seen.messages[0].thread);
    CHECK(seen.calls.back().starts_with("GET /v1/spaces/AAQATocsin01/messages/client-"));
  }
  SECTION("and it is sent, though nobody says where") {
    bench.chat.script(ChatStep::slow(Millis{0}));
    bench.chat.script(ChatStep::error(503));
    const Outcome second = bench.send(one);
    CHECK(second.what == What::sent);
    CHECK(second.message_ref.find("/messages/client-") != std::string::npos);
    CHECK(second.thread_ref.empty());
    CHECK(bench.chat.seen().messages.size() == 1);
  }
}

TEST_CASE("google_chat app: several at once, before there is a token, are all told", "[notify]") {
  Bench bench;
  std::vector<Notification> all;
  for (const std::string check : {"a", "b", "c", "d"}) all.push_back(about(check, Kind::down));
  for (const Outcome& outcome : bench.desk.send_all(*bench.notifier, all)) {
    CHECK(outcome.what == What::sent);
  }
  CHECK(bench.chat.seen().messages.size() == 4);
  CHECK(bench.send(Kind::up).what == What::sent);
  CHECK(bench.chat.seen().tokens <= 4);
}

TEST_CASE("google_chat app: the first message says how the incident stands", "[notify]") {
  Bench bench;
  CHECK(bench.notifier->updates());
  const Outcome down = bench.send(Kind::down);
  Message reminder = a_message(Kind::reminder);
  reminder.since = std::chrono::floor<Millis>(std::chrono::system_clock::now()) -
                   std::chrono::minutes{12} - std::chrono::seconds{1};
  Message acknowledged = reminder;
  acknowledged.kind = Kind::acknowledged;
  acknowledged.reason = "by Ann: looking at it";
  const Notification moves[] = {a_notification(reminder), a_notification(acknowledged),
                                a_notification(Kind::up)};
  for (const Notification& move : moves) {
    CHECK(bench.send(move).what == What::sent);
    CHECK(bench.update(move).what == What::sent);
  }
  const auto seen = bench.chat.seen();
  CHECK(seen.invalid() == 0);
  REQUIRE(seen.messages.size() == 4);
  const ChatMessage& root = seen.messages[0];
  REQUIRE(root.earlier.size() == 3);
  CHECK(root.name == down.message_ref);
  CHECK(top_line(root.earlier[0]) == "🔴 DOWN web-01 — connection refused (127.0.0.1:8080)");
  CHECK(top_line(root.earlier[1]) ==
        "🔴 DOWN web-01 — open for 12 min: connection refused (127.0.0.1:8080)");
  CHECK(top_line(root.earlier[2]) ==
        "👀 web-01 — acknowledged by Ann: looking at it, DOWN for 12 min");
  CHECK(top_line(root.text) ==
        "✅ web-01 — over after 31 min: was DOWN: connection refused (127.0.0.1:8080)");
  // The thread keeps the history.
  CHECK(top_line(seen.messages[3].text).starts_with("✅ UP web-01"));
  CHECK(seen.messages[3].earlier.empty());
  CHECK(seen.calls[2] == "PATCH /v1/" + root.name + "?updateMask=text");
}

TEST_CASE("google_chat app: nobody is called by an update", "[notify]") {
  Bench bench(no_quota(), ", mention: all");
  bench.send(Kind::down);
  CHECK(bench.chat.seen().messages[0].text.find("<users/all>") != std::string::npos);
  CHECK(bench.update(a_notification(Kind::down)).what == What::sent);
  CHECK(bench.chat.seen().messages[0].text.find("<users/all>") == std::string::npos);
}

TEST_CASE("google_chat app: an update that cannot be made says why, and loses nothing",
          "[notify]") {
  Bench bench;
  const Outcome down = bench.send(Kind::down);
  SECTION("the message was deleted") {
    bench.chat.delete_message(down.message_ref);
    const Outcome outcome = bench.update(a_notification(Kind::up));
    CHECK(outcome.what == What::rejected);
    CHECK(outcome.reason == "404: NOT_FOUND: Message not found. (was the message deleted?)");
  }
  SECTION("the service is busy") {
    bench.chat.script(ChatStep::error(429, "3"));
    const Outcome outcome = bench.update(a_notification(Kind::up));
    CHECK(outcome.what == What::later);
    CHECK(outcome.retry_after == Millis{3000});
  }
  SECTION("the first message is in another space") {
    ChatSpace::Rules rules = no_quota();
    rules.space = "BBB";
    ChatAppStandIn other(rules);
    const auto moved = app_notifier(other);
    const Outcome outcome = bench.desk.update(*moved, a_notification(Kind::up));
    CHECK(outcome.what == What::rejected);
    CHECK(outcome.reason == "the incident's first message is in another space");
    CHECK(other.seen().calls.empty());
    CHECK(bench.desk.send(*moved, a_notification(Kind::up)).what == What::sent);
  }
}

TEST_CASE("google_chat app: cards are created, and changed with their text", "[notify]") {
  Bench bench(no_quota(), ", style: card");
  CHECK(bench.send(Kind::down).what == What::sent);
  CHECK(bench.update(a_notification(Kind::up)).what == What::sent);
  const auto seen = bench.chat.seen();
  CHECK(seen.invalid() == 0);
  REQUIRE(seen.messages.size() == 1);
  const ChatMessage& root = seen.messages[0];
  CHECK(root.earlier[0] == "🔴 DOWN web-01 — connection refused (127.0.0.1:8080)");
  CHECK(root.text.starts_with("✅ web-01 — over after 31 min"));
  CHECK(root.cards.find("✅ web-01") != std::string::npos);
  CHECK(seen.calls.back() == "PATCH /v1/" + root.name + "?updateMask=text,cardsV2");
}

TEST_CASE("google_chat app: a card that the service does not take gives way to the text",
          "[notify]") {
  ChatSpace::Rules rules = no_quota();
  rules.takes_cards = false;
  Bench bench(rules, ", style: card");
  CHECK(bench.send(Kind::down).what == What::sent);
  CHECK(bench.update(a_notification(Kind::up)).what == What::sent);
  const auto seen = bench.chat.seen();
  CHECK(seen.calls.size() == 4);
  REQUIRE(seen.messages.size() == 1);
  CHECK(seen.messages[0].cards.empty());
  CHECK(seen.messages[0].text.find("\ntarget: 127.0.0.1:8080") != std::string::npos);
}

TEST_CASE("google_chat app: every kind, as hostile as can be, is valid by the API's description",
          "[notify]") {
  Bench bench(no_quota(), GENERATE(as<std::string>{}, "", ", style: card"));
  for (const Kind kind : kKinds) {
    INFO(to_string(kind));
    for (const std::string& text : {hostile_text(), hostile_text() + std::string(1 << 18, '<')}) {
      const Notification one = a_notification(hostile_message(kind, text), text);
      CHECK(bench.send(one).what == What::sent);
      CHECK(bench.update(one).what == What::sent);
    }
  }
  const auto seen = bench.chat.seen();
  CHECK(seen.refused.empty());
  for (const ChatMessage& message : seen.messages) {
    CHECK(message.text.find_first_of("<>") == std::string::npos);
    CHECK(message.ignored.empty());
  }
}

TEST_CASE("google_chat app: without a key, every message is a thread of its own", "[notify]") {
  Bench bench;
  const Outcome first = bench.send(a_notification(a_message(Kind::test), ""));
  const Outcome second = bench.send(a_notification(a_message(Kind::test), ""));
  CHECK(second.what == What::sent);
  CHECK(first.thread_ref != second.thread_ref);
  CHECK(bench.chat.seen().refused.empty());
}

TEST_CASE("google_chat app: what names a thread or a message is not taken from just anybody",
          "[notify]") {
  Bench bench;
  for (const std::string name :
       {"../../evil", "spaces/AAQATocsin01/threads/../x", "spaces/B/threads/T",
        "spaces/AAQATocsin01/threads/T?alt=media", "https://evil.example/threads/x"}) {
    INFO(name);
    ChatStep step;
    step.reply.body = R"({"name": ")" + name + R"(", "thread": {"name": ")" + name + R"("}})";
    bench.chat.script(step);
    CHECK(bench.send(about("hostile", Kind::down)).what == What::sent);
    CHECK(bench.send(about("hostile", Kind::up)).what == What::sent);
  }
  for (const std::string& call : bench.chat.seen().calls) {
    CHECK(call.starts_with("POST /v1/spaces/AAQATocsin01/messages?"));
  }
  for (const std::string& body : bench.chat.seen().bodies) {
    CHECK(body.find("evil") == std::string::npos);
  }
}

}  // namespace tocsin
