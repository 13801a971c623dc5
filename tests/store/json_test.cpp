// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <catch2/catch.hpp>

#include "store/message_json.h"
#include "util/text.h"

namespace tocsin {
namespace {

Message full_message() {
  Message message;
  message.kind = Kind::over;
  message.instance = "mon-1";
  message.check = "web-01/nginx";
  message.type = "http";
  message.target = "https://web-01/";
  message.description = "the \"shop\"\\ \n second line \t\x01 ü € 𝄞";
  message.runbook = "https://wiki/shop";
  message.labels = {{"team", "shop"}, {"team", "twice"}, {"", ""}};
  message.reason = "connection refused";
  message.details = "line 1\nline 2";
  message.note = "not acknowledged for 10 min\nwith it unreachable: \"a\", ü";
  message.from = State::down;
  message.to = State::up;
  message.decided_at = WallTime{Millis{1'767'323'045'678}};
  message.since = WallTime{Millis{-5}};
  message.failed_probes = 4'294'967'295U;
  message.incident = 9'007'199'254'740'993;
  message.worst_reason = "timeout";
  message.worst = State::degraded;
  message.durable = false;
  return message;
}

void require_equal(const Message& a, const Message& b) {
  CHECK(a.kind == b.kind);
  CHECK(a.instance == b.instance);
  CHECK(a.check == b.check);
  CHECK(a.type == b.type);
  CHECK(a.target == b.target);
  CHECK(a.description == b.description);
  CHECK(a.runbook == b.runbook);
  CHECK(a.labels == b.labels);
  CHECK(a.reason == b.reason);
  CHECK(a.details == b.details);
  CHECK(a.note == b.note);
  CHECK(a.from == b.from);
  CHECK(a.to == b.to);
  CHECK(a.decided_at == b.decided_at);
  CHECK(a.since == b.since);
  CHECK(a.failed_probes == b.failed_probes);
  CHECK(a.incident == b.incident);
  CHECK(a.worst_reason == b.worst_reason);
  CHECK(a.worst == b.worst);
  CHECK(a.durable == b.durable);
}

}  // namespace

TEST_CASE("message json: every field comes back", "[store]") {
  require_equal(message_from_json(to_json(full_message())), full_message());
  require_equal(message_from_json(to_json(Message{})), Message{});
}

TEST_CASE("message json: every kind and every state comes back", "[store]") {
  for (const Kind kind : kKinds) {
    Message message;
    message.kind = kind;
    CHECK(message_from_json(to_json(message)).kind == kind);
  }
  for (const State state :
       {State::pending, State::up, State::degraded, State::down, State::unknown}) {
    Message message;
    message.to = state;
    CHECK(message_from_json(to_json(message)).to == state);
  }
}

TEST_CASE("message json: broken UTF-8 is mended, the rest of the text stays", "[store]") {
  Message message;
  const std::string broken[] = {"a\xFFz", "\xC3", "\xED\xA0\x80", "\xF5\x80\x80\x80",
                                "ok \xE2\x82"};
  for (const std::string& text : broken) {
    message.reason = text;
    const std::string json = to_json(message);
    CHECK(is_valid_utf8(json));
    const std::string back = message_from_json(json).reason;
    CHECK(is_valid_utf8(back));
    CHECK(back.find("\xEF\xBF\xBD") != std::string::npos);
  }
  message.reason = "a\xFFz";
  CHECK(message_from_json(to_json(message)).reason == "a\xEF\xBF\xBDz");
}

TEST_CASE("message json: a NUL and a megabyte survive", "[store]") {
  Message message;
  message.reason = std::string("a\0b", 3) + std::string(1'000'000, 'x');
  CHECK(message_from_json(to_json(message)).reason == message.reason);
}

TEST_CASE("message json: unknown, missing and mistyped fields do no harm", "[store]") {
  SECTION("unknown ones are skipped") {
    const Message message =
        message_from_json(R"({"kind":"up","invented":{"a":[1,2]},"reason":"x"})");
    CHECK(message.kind == Kind::up);
    CHECK(message.reason == "x");
  }
  SECTION("missing ones keep their defaults") {
    const Message message = message_from_json(R"({"kind":"down"})");
    CHECK(message.kind == Kind::down);
    CHECK(message.durable);
    CHECK(message.to == State::pending);
    CHECK(message.incident == 0);
  }
  SECTION("mistyped ones keep their defaults") {
    const Message message = message_from_json(
        R"({"kind":7,"reason":null,"incident":"4","failed_probes":-1,"since":1.5e300,)"
        R"("durable":"no","labels":[["a"],["b","c"],5,{"d":"e"}],"to":"sideways"})");
    CHECK(message.kind == Kind::daemon);
    CHECK(message.reason.empty());
    CHECK(message.incident == 0);
    CHECK(message.failed_probes == 0);
    CHECK(message.since == WallTime{});
    CHECK(message.durable);
    CHECK(message.labels == std::vector<std::pair<std::string, std::string>>{{"b", "c"}});
    CHECK(message.to == State::pending);
  }
  SECTION("a kind from the future is about the daemon") {
    CHECK(message_from_json(R"({"kind":"earthquake"})").kind == Kind::daemon);
  }
}

TEST_CASE("message json: what is no object is told as unreadable", "[store]") {
  for (const char* text :
       {"", "{", "[]", "7", "null", "\"x\"", "{\"kind\":\"do", "\xFF\xFE", "{}x"}) {
    INFO(text);
    const Message message = message_from_json(text);
    CHECK(message.kind == Kind::daemon);
    CHECK(message.reason.find("could not be read") != std::string::npos);
  }
}

TEST_CASE("message json: lists of texts come back", "[store]") {
  const std::vector<std::string> texts{"ops", "", "a \"b\" ü"};
  CHECK(texts_from_json(to_json(texts)) == texts);
  CHECK(texts_from_json(to_json(std::vector<std::string>{})).empty());
  CHECK(texts_from_json("{").empty());
  CHECK(texts_from_json("{}").empty());
  CHECK(texts_from_json(R"(["a",1,null,"b"])") == std::vector<std::string>{"a", "b"});
}

}  // namespace tocsin
