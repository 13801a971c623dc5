// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "support/chat_schema.h"

#include <catch2/catch.hpp>

namespace tocsin {
namespace {

ChatSchema short_form() {
  return ChatSchema::from_short_form(ChatSchema::short_form_file());
}

bool is_fine(const std::string& json) {
  static const ChatSchema schema = short_form();
  return schema.problems(json).empty();
}

std::string problem(const std::string& json) {
  const auto problems = short_form().problems(json);
  return problems.size() == 1 ? problems.front() : std::to_string(problems.size()) + " problems";
}

}  // namespace

TEST_CASE("chat schema: the short form says what the API's own description says", "[support]") {
  const auto discovery = ChatSchema::find_discovery();
  if (!discovery) {
    WARN("chat.v1.json is not at hand: the short form stands alone");
    return;
  }
  const ChatSchema theirs = ChatSchema::from_discovery(*discovery);
  const ChatSchema ours = short_form();
  CHECK(ours.queries() == theirs.queries());
  CHECK(ours.queries().size() == 5);
  REQUIRE(theirs.types().size() > 50);
  for (const auto& [type, fields] : theirs.types()) {
    INFO(type);
    REQUIRE(ours.types().contains(type));
    CHECK(ours.types().at(type) == fields);
  }
  CHECK(ours.types().size() == theirs.types().size());
}

TEST_CASE("chat schema: what the API takes is fine", "[support]") {
  CHECK(is_fine(R"({"text": "x"})"));
  CHECK(is_fine(R"({})"));
  CHECK(is_fine(
      R"({"text": null, "thread": {"threadKey": "web-01", "name": "spaces/A/threads/B"}})"));
  CHECK(is_fine(R"({"cardsV2": [{"cardId": "a", "card": {"header": {"title": "t"},
      "sections": [{"collapsible": true, "uncollapsibleWidgetsCount": 1,
                    "widgets": [{"textParagraph": {"text": "x"}}]}]}}]})"));
  CHECK(is_fine(R"({"createTime": "2026-01-02T03:04:05Z", "threadReply": true})"));
}

TEST_CASE("chat schema: unknown fields are problems, however deep", "[support]") {
  CHECK(problem(R"({"text": "x", "txt": "y"})") ==
        "Invalid JSON payload received. Unknown name \"txt\" at 'message': Cannot find field.");
  CHECK(problem(R"({"thread": {"thread_key": "x"}})") ==
        "Invalid JSON payload received. Unknown name \"thread_key\" at 'message.thread': "
        "Cannot find field.");
  CHECK(problem(R"({"cardsV2": [{"card": {"header": {"titel": "t"}}}]})") ==
        "Invalid JSON payload received. Unknown name \"titel\" at "
        "'message.cardsV2[0].card.header': Cannot find field.");
  CHECK(short_form().problems(R"({"a": 1, "b": 2})").size() == 2);
}

TEST_CASE("chat schema: values of the wrong kind are problems", "[support]") {
  CHECK(problem(R"({"text": 5})") == "Invalid value at 'message.text' (string)");
  CHECK(problem(R"({"thread": "web-01"})") == "Invalid value at 'message.thread' (Thread)");
  CHECK(problem(R"({"thread": []})") == "Invalid value at 'message.thread' (Thread)");
  CHECK(problem(R"({"cardsV2": {}})") == "Invalid value at 'message.cardsV2' (list)");
  CHECK(problem(R"({"cardsV2": [null]})") == "Invalid value at 'message.cardsV2[0]' (@CardWithId)");
  CHECK(problem(R"({"threadReply": "true"})") == "Invalid value at 'message.threadReply' (bool)");
  CHECK_FALSE(is_fine(R"({"createTime": "yesterday"})"));
  CHECK_FALSE(is_fine(R"({"cardsV2": [{"card": {"sections": [{"collapsible": 1}]}}]})"));
  CHECK_FALSE(is_fine(R"({"actionResponse": {"type": "SHOUT"}})"));
  CHECK(is_fine(R"({"actionResponse": {"type": "NEW_MESSAGE"}})"));
}

TEST_CASE("chat schema: what is not JSON, or not UTF-8, is a problem", "[support]") {
  for (const std::string text :
       {"", "x", "[]", "\"x\"", "{\"text\": \"x\"} y", "{\"text\": \"x\",}", "{'text': 'x'}",
        "{\"text\": \"\xff\"}", "{\"text\": \"a\x01\"}", "{\"text\": \"\\ud800\"}"}) {
    INFO(text);
    CHECK_FALSE(is_fine(text));
  }
  CHECK_FALSE(is_fine(std::string(50'000, '[')));
}

TEST_CASE("chat schema: each method has its own parameters", "[support]") {
  const ChatSchema schema = short_form();
  CHECK(schema.problem_of_parameter("updateMask", "text", "spaces.messages.patch").empty());
  CHECK_FALSE(schema.problem_of_parameter("updateMask", "text").empty());
  CHECK(schema.problem_of_parameter("pageSize", "1000", "spaces.list").empty());
  CHECK(schema.problem_of_parameter("pageSize", "many", "spaces.list") ==
        "Invalid value at 'pageSize' (int32), \"many\"");
  CHECK(schema.problems(R"({"spaces": [{"name": "spaces/A"}]})", "ListSpacesResponse").empty());
  CHECK(schema.problems(R"({"spaces": [{"nome": "x"}]})", "ListSpacesResponse").size() == 1);
}

TEST_CASE("chat schema: parameters of the query are known by name and kind", "[support]") {
  const ChatSchema schema = short_form();
  CHECK(schema.problem_of_parameter("requestId", "anything").empty());
  CHECK(schema.problem_of_parameter("messageReplyOption", "REPLY_MESSAGE_OR_FAIL").empty());
  CHECK(schema.problem_of_parameter("messageReplyOption", "REPLY") ==
        "Invalid value at 'messageReplyOption' (enum), \"REPLY\"");
  CHECK(schema.problem_of_parameter("prettyPrint", "yes") ==
        "Invalid value at 'prettyPrint' (bool), \"yes\"");
  CHECK(schema.problem_of_parameter("reqId", "x") ==
        "Invalid JSON payload received. Unknown name \"reqId\": Cannot bind query parameter.");
}

}  // namespace tocsin
