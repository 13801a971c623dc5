// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <catch2/catch.hpp>
#include <string>

#include "notify/notify_fixture.h"
#include "support/chat_stand_in.h"

namespace tocsin {
namespace {

using What = Outcome::What;
const std::string kUrl =
    "https://chat.googleapis.com/v1/spaces/AAQA1/messages?key=AIzaKey12345&token=abc_DEF-123%3D";

ChatStandIn::Rules no_quota() {
  ChatStandIn::Rules rules;
  rules.quota = false;
  return rules;
}

std::shared_ptr<const Notifier> chat_notifier(const std::string& url,
                                              const std::string& more = "") {
  const LoadedNotifier loaded =
      load_notifier("google_chat", "{webhook_url: \"" + url + "\"" + more + "}");
  INFO(loaded.all_problems());
  REQUIRE(loaded.notifier);
  return loaded.notifier;
}

std::string problems(const std::string& settings) {
  return load_notifier("google_chat", settings).all_problems();
}

}  // namespace

TEST_CASE("google_chat: a message arrives in its key's thread, and says where", "[notify]") {
  ChatStandIn chat(no_quota());
  const auto notifier = chat_notifier(chat.webhook_url());
  SendDesk desk;
  const Outcome down = desk.send(*notifier, a_notification(Kind::down));
  const Outcome up = desk.send(*notifier, a_notification(Kind::up));
  const Outcome other = desk.send(*notifier, a_notification(a_message(Kind::down), "web-02"));
  CHECK(down.what == What::sent);
  CHECK(down.reason.empty());
  const auto seen = chat.seen();
  REQUIRE(seen.messages.size() == 3);
  CHECK(seen.invalid() == 0);
  CHECK(
      seen.texts("web-01")[0].starts_with("🔴 DOWN web-01 — connection refused (127.0.0.1:8080)\n"));
  CHECK(down.thread_ref == seen.messages[0].thread);
  CHECK(down.message_ref == seen.messages[0].name);
  CHECK(up.thread_ref == down.thread_ref);
  CHECK(other.thread_ref != down.thread_ref);
  CHECK(seen.messages[1].reply);
}

TEST_CASE("google_chat: every kind, as hostile as can be, is valid by the API's description",
          "[notify]") {
  ChatStandIn chat(no_quota());
  const auto notifier = chat_notifier(chat.webhook_url());
  SendDesk desk;
  std::size_t sent = 0;
  for (const Kind kind : kKinds) {
    for (const std::string& text : {hostile_text(), hostile_text() + std::string(1 << 20, '<')}) {
      INFO(to_string(kind));
      const Notification one = a_notification(hostile_message(kind, text), text);
      CHECK(desk.send(*notifier, one, true).what == What::sent);
      ++sent;
    }
  }
  const auto seen = chat.seen();
  CHECK(seen.messages.size() == sent);
  CHECK(seen.refused.empty());
  for (const ChatMessage& message : seen.messages) {
    CHECK(message.text.find_first_of("<>") == std::string::npos);
    CHECK(message.ignored.empty());
  }
}

TEST_CASE("google_chat: a notification without a key is sent without a thread", "[notify]") {
  ChatStandIn chat;
  const auto notifier = chat_notifier(chat.webhook_url());
  CHECK(SendDesk().send(*notifier, a_notification(a_message(Kind::test), "")).what == What::sent);
  CHECK(chat.seen().invalid() == 0);
}

TEST_CASE("google_chat: a repeat carries the same requestId, and is recognised", "[notify]") {
  ChatStandIn chat(no_quota());
  const auto notifier = chat_notifier(chat.webhook_url());
  CHECK(notifier->pace().idempotent);
  SendDesk desk;
  const Notification one = a_notification(Kind::down);
  chat.script(ChatStep::take_and_close());
  const Outcome first = desk.send(*notifier, one);
  CHECK(first.what == What::later);
  CHECK(first.in_doubt);
  CHECK(desk.send(*notifier, one).what == What::sent);
  const auto seen = chat.seen();
  REQUIRE(seen.messages.size() == 1);
  CHECK(seen.messages[0].request_id == one.uid);
  CHECK(seen.messages[0].repeats == 1);
}

TEST_CASE("google_chat: a service that ignores requestId shows a repeat, once", "[notify]") {
  auto rules = no_quota();
  rules.request_ids = false;
  ChatStandIn chat(rules);
  const auto notifier = chat_notifier(chat.webhook_url());
  SendDesk desk;
  const Notification one = a_notification(Kind::down);
  chat.script(ChatStep::take_and_close());
  desk.send(*notifier, one);
  CHECK(desk.send(*notifier, one).what == What::sent);
  CHECK(chat.seen().texts("web-01").size() == 2);
}

TEST_CASE("google_chat: the quota's 429 is later, with what the service asks for", "[notify]") {
  ChatStandIn chat;
  const auto notifier = chat_notifier(chat.webhook_url());
  SendDesk desk;
  chat.script(ChatStep::error(429, "7"));
  const Outcome asked = desk.send(*notifier, a_notification(Kind::down));
  CHECK(asked.what == What::later);
  CHECK(asked.retry_after == Millis{7000});
  CHECK(asked.reason == "429: RESOURCE_EXHAUSTED: as the test's script has it");
  CHECK_FALSE(asked.in_doubt);
  CHECK(notifier->pace().spacing >= Millis{1050});
}

TEST_CASE("google_chat: what went wrong is told for people", "[notify]") {
  ChatStandIn chat;
  SendDesk desk;
  const Notification one = a_notification(Kind::down);
  std::string url = chat.webhook_url();
  SECTION("a token that is not valid") {
    url.replace(url.find("&token="), std::string::npos, "&token=another_token");
    const Outcome outcome = desk.send(*chat_notifier(url), one);
    CHECK(outcome.what == What::rejected);
    CHECK(outcome.reason ==
          "403: PERMISSION_DENIED: The API is called without a valid token. (do the webhook and "
          "its space still exist?)");
  }
  SECTION("nobody listens") {
    chat.stop();
    const Outcome outcome = desk.send(*chat_notifier(url), one);
    CHECK(outcome.what == What::later);
    CHECK(outcome.reason == "connection refused (127.0.0.1:" + std::to_string(chat.port()) + ")");
    CHECK_FALSE(outcome.in_doubt);
  }
  SECTION("no answer within the timeout") {
    chat.script(ChatStep::hang());
    const Outcome outcome = desk.send(*chat_notifier(url, ", timeout: 1s"), one);
    CHECK(outcome.what == What::later);
    CHECK(outcome.in_doubt);
    CHECK_FALSE(outcome.reason.empty());
  }
}

TEST_CASE("google_chat: a kept connection that has died meanwhile costs no delivery", "[notify]") {
  ChatStandIn chat(no_quota());
  const auto notifier = chat_notifier(chat.webhook_url());
  SendDesk desk;
  CHECK(desk.send(*notifier, a_notification(Kind::down)).what == What::sent);
  chat.stop();
  chat.start();
  CHECK(desk.send(*notifier, a_notification(Kind::up)).what == What::sent);
  CHECK(chat.seen().messages.size() == 2);
}

TEST_CASE("google_chat: only what is DOWN calls people by name", "[notify]") {
  ChatStandIn chat(no_quota());
  const auto notifier = chat_notifier(chat.webhook_url(), ", mention: [all, \"42\", users/7]");
  SendDesk desk;
  for (const Kind kind : kKinds) {
    Message message = a_message(kind);
    message.to = kind == Kind::digest ? State::up : message.to;
    desk.send(*notifier, a_notification(message));
  }
  Message storm = a_message(Kind::digest);
  storm.to = State::down;
  desk.send(*notifier, a_notification(storm));
  const auto texts = chat.seen().texts("web-01");
  REQUIRE(texts.size() == std::size(kKinds) + 1);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    INFO(texts[i]);
    const bool calls = i == std::size(kKinds) || kKinds[i] == Kind::down;
    const std::string top = texts[i].substr(0, texts[i].find('\n'));
    CHECK(top.ends_with(" <users/all> <users/42> <users/7>") == calls);
    CHECK((texts[i].find("<users/") != std::string::npos) == calls);
  }
}

TEST_CASE("google_chat: a webhook's card has a first line above it, where people are called",
          "[notify]") {
  auto rules = no_quota();
  rules.takes_cards = GENERATE(true, false);
  ChatStandIn chat(rules);
  const auto notifier = chat_notifier(chat.webhook_url(), ", style: card, mention: all");
  SendDesk desk;
  const Outcome outcome = desk.send(*notifier, a_notification(Kind::down));
  CHECK(outcome.what == What::sent);
  const auto seen = chat.seen();
  CHECK(seen.requests == (rules.takes_cards ? 1 : 2));
  REQUIRE(seen.messages.size() == 1);
  const ChatMessage& message = seen.messages[0];
  const std::string top = "🔴 DOWN web-01 — connection refused (127.0.0.1:8080) <users/all>";
  CHECK(message.thread_key == "web-01");
  CHECK(outcome.thread_ref == message.thread);
  if (rules.takes_cards) {
    CHECK(message.text == top);
    CHECK(message.cards.find("🔴 DOWN web-01") != std::string::npos);
  } else {
    CHECK(message.text.starts_with(top + "\ntarget: "));
    CHECK(message.cards.empty());
  }
}

TEST_CASE("google_chat: a webhook's message is never changed", "[notify]") {
  CHECK_FALSE(chat_notifier(kUrl)->updates());
}

TEST_CASE("google_chat: its sink and pace are the space's, whichever webhook it is", "[notify]") {
  const auto one = chat_notifier(kUrl);
  const auto two = chat_notifier(kUrl + "x");
  CHECK(one->sink() == "spaces/AAQA1");
  CHECK(one->pace().key == "chat:spaces/AAQA1");
  CHECK(two->pace().key == one->pace().key);
}

TEST_CASE("google_chat: the short form is the URL alone", "[notify]") {
  CHECK(load_notifier("google_chat", "\"" + kUrl + "\"").notifier->sink() == "spaces/AAQA1");
}

TEST_CASE("google_chat: each mistake is reported at its place, without the secret", "[notify]") {
  const std::string whole =
      "; copy the whole URL that Google Chat shows for the webhook: "
      "https://chat.googleapis.com/v1/spaces/…/messages?key=…&token=…\n";
  CHECK(problems("{}") ==
        "3:18: error: webhook_url is missing (an incoming webhook's URL), or service_account and "
        "space "
        "(a Chat app's key file)\n");
  CHECK(problems("{webhook_url: \"\"}") == "3:32: error: webhook_url is empty\n");
  CHECK(problems("{webhook_url: \"${env:TOCSIN_NOT_SET}\"}").find("webhook_url is") ==
        std::string::npos);
  CHECK(problems("{webhook_url: \"" + kUrl.substr(0, kUrl.find('&')) + "\"}") ==
        "3:32: error: webhook_url has no token=" + whole);
  const std::string url = "{webhook_url: \"" + kUrl + "\", ";
  const auto only_text = [&](const std::string& rest) {
    const std::string found = problems(url + rest);
    const auto space = found.find(": ");
    return space == std::string::npos ? found : found.substr(space + 2);
  };
  CHECK(only_text("mention: [alice]}") ==
        "error: mention takes a user's number, such as 123456789012345678901, or all\n");
  CHECK(only_text("mention: [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21]}") ==
        "error: mention names more than 20 people; a group or all may serve better\n");
  CHECK(only_text("timeout: 500ms}") == "error: must be between 1s and 1m; got \"500ms\"\n");
  CHECK(only_text("timout: 5s}") == "error: unknown key \"timout\"; did you mean \"timeout\"?\n");
  CHECK(only_text("proxy: \"ftp://x\"}").starts_with("error: "));
  CHECK(only_text("ca_file: /dev/null, proxy: \"socks5h://127.0.0.1:1\", mention: all}").empty());
  CHECK(only_text("ca_file: /no/such/file}") == "warning: the file cannot be read now\n");
}

TEST_CASE("google_chat: plain http to another host is warned of", "[notify]") {
  const std::string far = "http://10.0.0.1/v1/spaces/A/messages?key=k&token=t";
  const LoadedNotifier loaded = load_notifier("google_chat", "{webhook_url: \"" + far + "\"}");
  CHECK(loaded.notifier);
  CHECK(loaded.all_problems() ==
        "3:32: warning: webhook_url is plain http: whoever sees the traffic can write to the "
        "space\n");
}

}  // namespace tocsin
