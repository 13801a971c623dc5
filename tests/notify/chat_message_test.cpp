// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/chat_message.h"

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <catch2/catch.hpp>

#include "notify/notify_fixture.h"
#include "notify/sink_text.h"
#include "notify/text.h"
#include "support/chat_schema.h"
#include "util/text.h"

namespace tocsin {
namespace {

Words words_of(const Message& message, std::optional<Millis> late = {}) {
  return {first_line(message), body_lines(message, message.decided_at, late), {}};
}

std::string text_of(const Message& message, std::string_view mention = {}) {
  return chat_text(words_of(message), mention);
}

std::size_t utf16_units(std::string_view text) {
  return units(text, TextUnit::utf16);
}

std::string repeated(std::string_view piece, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += piece;
  return out;
}

struct ReadBack {
  std::string text, key;
  bool threaded = false;
};
ReadBack read_back(const std::string& body) {
  using Poco::JSON::Object;
  const auto message = Poco::JSON::Parser().parse(body).extract<Object::Ptr>();
  ReadBack out{message->getValue<std::string>("text"), {}, message->has("thread")};
  if (out.threaded) out.key = message->getObject("thread")->getValue<std::string>("threadKey");
  return out;
}

}  // namespace

TEST_CASE("chat message: the text is the first line and the body", "[notify]") {
  CHECK(text_of(a_message(Kind::down)) ==
        "🔴 DOWN web-01 — connection refused (127.0.0.1:8080)\n"
        "target: 127.0.0.1:8080\n"
        "since 2026-01-02 03:03:50 UTC (15 s ago), 3 probes failed\n"
        "incident 42\n"
        "runbook: https://wiki.example.net/shop\n"
        "about: the web shop\n"
        "labels: team=shop, tier=front\n"
        "told by mon-1");
}

TEST_CASE("chat message: the mention stands at the end of the first line", "[notify]") {
  const std::string text = text_of(a_message(Kind::down), "<users/all>");
  CHECK(text.starts_with("🔴 DOWN web-01 — connection refused (127.0.0.1:8080) <users/all>\n"));
}

TEST_CASE("chat message: values can neither call nor forge a link nor a line", "[notify]") {
  Message message = hostile_message(Kind::down, "<users/all> <https://a|b> &lt; & \n🔴 DOWN db");
  message.check = "web<users/1>";
  const std::string text = text_of(message);
  CHECK(text.find_first_of("<>") == std::string::npos);
  CHECK(
      text.starts_with("🔴 DOWN web&lt;users/1&gt; — &lt;users/all&gt; &lt;https://a|b&gt; "
                       "&amp;lt; &amp; 🔴 DOWN db\n"));
  CHECK(text.find("\n🔴") == std::string::npos);
}

TEST_CASE("chat message: no text is longer than the service takes, whatever it is made of",
          "[notify]") {
  for (const std::string piece : {"x", "ä", "漢", "🔔", "<", "\"", "\xff"}) {
    INFO(piece);
    const std::string big = repeated(piece, (1 << 20) / piece.size());
    const Notification down = a_notification(hostile_message(Kind::down, big));
    Message folded = a_message(Kind::digest);
    folded.reason = "DOWN many\n" + big + "\n" + big;
    for (const Notification& one : {down, a_notification(folded)}) {
      const std::string text = chat_text(words_of(*one.message, Millis{5000}), "<users/all>");
      CHECK(is_valid_utf8(text));
      CHECK(utf16_units(text) <= kChatTextUnits);
      CHECK(text.find(" <users/all>") != std::string::npos);
      const std::string body = chat_body({text, nullptr}, {{}, chat_thread_key(big)});
      CHECK(body.size() <= kChatBodyBytes);
      CHECK(read_back(body).text == text);
    }
  }
}

TEST_CASE("chat message: what is cut ends in an ellipsis, between code points and entities",
          "[notify]") {
  Message message = a_message(Kind::digest);
  for (std::size_t before = 0; before < 6; ++before) {
    message.reason = "DOWN\n" + std::string(before, 'x') + repeated("<", 1500);
    const std::string text = text_of(message);
    CHECK(text.ends_with("&lt;…"));
    CHECK(utf16_units(text) > kChatTextUnits - 5);
    CHECK(utf16_units(text) <= kChatTextUnits);
  }
  message.reason = "DOWN\n" + std::string(2500, 'x') + "\n" + std::string(2500, 'y') + "\nlast";
  CHECK(text_of(message).ends_with("yy…"));
}

TEST_CASE("chat message: the first line stays whole when the rest does not fit", "[notify]") {
  Message message = hostile_message(Kind::down, std::string(900, '&'));
  message.reason = "connection refused (127.0.0.1:8080)";
  const std::string text = text_of(message);
  CHECK(text.starts_with("🔴 DOWN web-01 — connection refused (127.0.0.1:8080)\ntarget: &amp;"));
  CHECK(text.ends_with("&amp;…"));
  // Where even the first line does not fit, the mention still does.
  message.reason = std::string(1000, '&');
  const std::string cut = text_of(message, "<users/all>");
  CHECK(cut.ends_with("&amp;… <users/all>"));
  CHECK(utf16_units(cut) <= kChatTextUnits);
}

TEST_CASE("chat message: a thread key is itself, unless it is too long or unclean", "[notify]") {
  CHECK(chat_thread_key("web-01") == "web-01");
  CHECK(chat_thread_key("büro <x> \"y\" \\") == "büro <x> \"y\" \\");
  CHECK(chat_thread_key(std::string(4000, 'k')) == std::string(4000, 'k'));
  CHECK(chat_thread_key("").empty());

  const std::string hashed = chat_thread_key(std::string(4001, 'k'));
  CHECK(hashed == chat_thread_key(std::string(4001, 'k')));
  CHECK(hashed != chat_thread_key(std::string(4002, 'k')));
  CHECK(hashed.size() < 300);
  for (const std::string key : {"a\nb", "a\x01", "a\xff", "a\x7f"}) {
    const std::string clean = chat_thread_key(key);
    CHECK(clean.starts_with("a"));
    CHECK(clean.size() > 64);
    CHECK(is_valid_utf8(clean));
  }
  CHECK(chat_thread_key("a\x01") != chat_thread_key("a\x02"));
  CHECK(chat_thread_key("a\nb") != chat_thread_key("a b"));
  CHECK(chat_thread_key("\n").ends_with(
      "#01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b"));
}

TEST_CASE("chat message: the largest of everything stays below the service's bytes", "[notify]") {
  const std::string text = repeated("漢", kChatTextUnits);
  for (const std::string piece : {"漢", "\"", "🔔", "\\"}) {
    const std::string key = chat_thread_key(repeated(piece, kChatKeyUnits / utf16_units(piece)));
    const std::string body = chat_body({text, nullptr}, {{}, key});
    CHECK(body.size() <= kChatBodyBytes);
    CHECK(read_back(body).key == key);
  }
}

TEST_CASE("chat message: the body is valid by the API's description", "[notify]") {
  const auto schema = ChatSchema::load();
  for (const Kind kind : kKinds) {
    const Words words = words_of(hostile_message(kind, hostile_text()), Millis{5000});
    const std::string body = chat_body({chat_text(words, {}), nullptr}, {{}, "a\"b\\c"});
    INFO(body);
    CHECK(schema->problems(body).empty());
    CHECK(read_back(body).key == "a\"b\\c");
  }
  CHECK_FALSE(read_back(chat_body({"x", nullptr}, {})).threaded);
}

TEST_CASE("chat message: parameters go behind the URL as it was given", "[notify]") {
  CHECK(chat_url("https://h/v1/spaces/A/messages?key=k&token=t%3D", "u-1", true) ==
        "https://h/v1/spaces/A/messages?key=k&token=t%3D"
        "&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD&requestId=u-1");
  CHECK(chat_url("https://h?k=1", "a b&c", false) == "https://h?k=1&requestId=a%20b%26c");
  CHECK(chat_url("https://h?k=1", "", false) == "https://h?k=1");
}

}  // namespace tocsin
