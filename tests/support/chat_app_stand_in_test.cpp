// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// The stand-in for Google Chat's REST API is strict: what the API's description, or what Google
// writes about cards, does not allow is refused.
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Parser.h>

#include <catch2/catch.hpp>
#include <string>

#include "support/chat_card_rules.h"
#include "support/chat_space.h"

namespace tocsin {
namespace {

const std::string kApp = "app@stand-in";
const std::string kHello = R"({"text": "hello"})";

class AppDesk {
 public:
  AppDesk() : space({}, ChatSchema::load()) {}

  int ask(const std::string& method, const std::string& rest, const std::string& body = {},
          const std::string& app = kApp) {
    const HttpAsked asked{method,
                          "/v1/spaces/AAQATocsin01/messages" + rest,
                          {{"content-type", "application/json"}},
                          body,
                          now};
    verdict = space.as_app(asked, app);
    now += step;
    return verdict.reply.status;
  }
  std::string reason() const { return verdict.refusal ? verdict.refusal->reason : "none"; }

  ChatSpace space;
  SteadyTime now{std::chrono::hours{1}};
  Millis step{2000};
  ChatSpace::Verdict verdict;
};

std::vector<std::string> judged(const std::string& widgets, const std::string& header = "") {
  const std::string json = R"([{"cardId": "a", "card": {)" + header +
                           R"("sections": [{"widgets": [)" + widgets + "]}]}}]";
  return card_problems(*Poco::JSON::Parser().parse(json).extract<Poco::JSON::Array::Ptr>());
}

}  // namespace

TEST_CASE("chat app space: creates, gets and changes its own messages", "[support]") {
  AppDesk desk;
  REQUIRE(desk.ask("POST", "?messageId=client-1", kHello) == 200);
  const std::string id = "/T000001.M000000";
  CHECK(desk.ask("GET", id) == 200);
  CHECK(desk.ask("GET", "/client-1") == 200);
  CHECK(desk.verdict.reply.body.find("\"clientAssignedMessageId\"") != std::string::npos);
  CHECK(desk.ask("GET", "/client-2") == 404);
  CHECK(desk.ask("PATCH", "/client-1?updateMask=text", R"({"text": "bye"})") == 200);
  CHECK(desk.space.messages()[0].text == "bye");
  CHECK(desk.space.messages()[0].earlier == std::vector<std::string>{"hello"});
  CHECK(desk.ask("PATCH", id + "?updateMask=text", kHello, "another@app") == 403);
  desk.space.delete_message("spaces/AAQATocsin01/messages" + id);
  CHECK(desk.ask("PATCH", id + "?updateMask=text", kHello) == 404);
  CHECK_FALSE(desk.verdict.refusal->invalid);
}

TEST_CASE("chat app space: a change needs a mask of what can be changed", "[support]") {
  AppDesk desk;
  desk.ask("POST", "?messageId=client-1", kHello);
  const std::string id = "/client-1";
  CHECK(desk.ask("PATCH", id, kHello) == 400);
  CHECK(desk.reason() == "update_mask is required.");
  CHECK(desk.ask("PATCH", id + "?updateMask=thread", kHello) == 400);
  CHECK(desk.ask("PATCH", id + "?updateMask=text,fallbackText", kHello) == 400);
  CHECK(desk.ask("PATCH", id + "?updateMask=text&requestId=1", kHello) == 400);
  CHECK(desk.ask("PATCH", id + "?updateMask=text", "{}") == 400);
  CHECK(desk.ask("PATCH", id + "?updateMask=text", R"({"txt": "x"})") == 400);
  CHECK(desk.ask("DELETE", id) == 404);
  CHECK(desk.ask("PATCH", "/../x?updateMask=text", kHello) == 404);
  CHECK(desk.ask("PATCH", id + "?updateMask=text,cardsV2", kHello) == 200);
}

TEST_CASE("chat app space: creates and changes share the space's quota", "[support]") {
  AppDesk desk;
  desk.ask("POST", "?messageId=client-1", kHello);
  desk.step = Millis{600};
  CHECK(desk.ask("PATCH", "/client-1?updateMask=text", kHello) == 200);
  CHECK(desk.ask("POST", "", kHello) == 429);
  CHECK(desk.ask("GET", "/client-1") == 200);
  CHECK(desk.ask("PATCH", "/client-1?updateMask=text", kHello) == 200);
}

TEST_CASE("chat app space: a thread that was deleted has neither name nor key", "[support]") {
  AppDesk desk;
  const std::string reply = "?messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD";
  const std::string keyed = R"({"text": "x", "thread": {"threadKey": "web-01"}})";
  desk.ask("POST", reply, keyed);
  const std::string thread = desk.space.messages()[0].thread;
  const std::string named = R"({"text": "x", "thread": {"name": ")" + thread + "\"}}";
  CHECK(desk.ask("POST", reply, named) == 200);
  CHECK(desk.space.messages().back().thread == thread);
  desk.space.delete_thread(thread);
  CHECK(desk.ask("POST", reply, named) == 400);
  CHECK(desk.ask("POST", reply, keyed) == 200);
  CHECK(desk.space.messages().back().thread != thread);
}

TEST_CASE("chat cards: what would blank a card is a problem", "[support]") {
  CHECK(judged(R"({"textParagraph": {"text": "x"}})", R"("header": {"title": "t"}, )").empty());
  CHECK(judged(R"({"buttonList": {"buttons": [{"text": "a",
      "onClick": {"openLink": {"url": "https://x.example"}}}]}})")
            .empty());
  for (const std::string bad :
       {R"({"textParagraph": {"text": ""}})", R"({"decoratedText": {"topLabel": "x"}})", R"({})",
        R"({"divider": {}, "textParagraph": {"text": "x"}})", R"({"buttonList": {"buttons": []}})",
        R"({"buttonList": {"buttons": [{"text": "a"}]}})",
        R"({"buttonList": {"buttons": [{"text": "a", "onClick": {}}]}})",
        R"({"buttonList": {"buttons": [{"text": "a",
            "onClick": {"openLink": {"url": "http://x.example"}}}]}})"}) {
    INFO(bad);
    CHECK(judged(bad).size() == 1);
  }
  CHECK(judged("").size() == 1);
  CHECK(judged(R"({"textParagraph": {"text": "x"}})", R"("header": {"subtitle": "t"}, )").size() ==
        1);
  std::string many = R"({"divider": {}})";
  for (int i = 0; i < 100; ++i) many += R"(, {"divider": {}})";
  CHECK(judged(many).size() == 1);
  CHECK(judged(R"({"textParagraph": {"text": ")" + std::string(33'000, 'x') + "\"}}").size() == 1);
}

}  // namespace tocsin
