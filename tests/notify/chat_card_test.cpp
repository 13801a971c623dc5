// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/chat_card.h"

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <catch2/catch.hpp>
#include <sstream>

#include "notify/chat_message.h"
#include "notify/notify_fixture.h"
#include "notify/sink_text.h"
#include "notify/text.h"
#include "support/chat_card_rules.h"
#include "support/chat_schema.h"
#include "util/text.h"

namespace tocsin {
namespace {

Words words_of(const Message& message) {
  Words words{first_line(message), body_lines(message, message.decided_at, {}), {}};
  if (message.runbook.starts_with("http")) words.link = message.runbook;
  return words;
}

std::string json_of(const Poco::JSON::Array::Ptr& cards) {
  std::ostringstream out;
  cards->stringify(out);
  return out.str();
}

std::string unslashed(std::string json) {
  for (auto at = json.find("\\/"); at != std::string::npos; at = json.find("\\/"))
    json.erase(at, 1);
  return json;
}

void check_valid(const Words& words, const std::string& key = "web-01") {
  const auto cards = chat_cards(words);
  const std::string body = chat_body({chat_top(words.title, "<users/all>"), cards}, {{}, key});
  const auto problems = ChatSchema::load()->problems(body);
  INFO((problems.empty() ? std::string() : problems.front()));
  CHECK(problems.empty());
  const auto sent = Poco::JSON::Parser().parse(json_of(cards)).extract<Poco::JSON::Array::Ptr>();
  CHECK(card_problems(*sent).empty());
  CHECK(body.size() <= kChatBodyBytes);
  CHECK(is_valid_utf8(body));
}

}  // namespace

TEST_CASE("chat card: header, facts and a button", "[notify]") {
  const Words words = words_of(a_message(Kind::down));
  CHECK(unslashed(json_of(chat_cards(words))) ==
        R"([{"card":{"header":{"title":"🔴 DOWN web-01"},"sections":[{"widgets":[)"
        R"({"decoratedText":{"text":"127.0.0.1:8080","topLabel":"target","wrapText":true}},)"
        R"({"textParagraph":{"text":"since 2026-01-02 03:03:50 UTC (15 s ago), 3 probes failed)"
        R"(<br>incident 42"}},)"
        R"({"decoratedText":{"text":"the web shop","topLabel":"about","wrapText":true}},)"
        R"({"decoratedText":{"text":"team=shop, tier=front","topLabel":"labels","wrapText":true}},)"
        R"({"textParagraph":{"text":"told by mon-1"}},)"
        R"({"buttonList":{"buttons":[{"onClick":{"openLink":)"
        R"({"url":"https://wiki.example.net/shop"}},)"
        R"("text":"Runbook"}]}}]}]},"cardId":"tocsin"}])");
  check_valid(words);
}

TEST_CASE("chat card: a link that would blank the card stays a text", "[notify]") {
  for (const std::string link :
       {"http://wiki.example.net/shop", "https://", "https:///x", "wiki/shop", "", "https://a b/",
        "https://me@evil.example/", "https://x.example/\"", "https://x.example/<b>",
        "javascript:alert(1)", "HTTPS://x.example/"}) {
    INFO(link);
    CHECK_FALSE(is_button_link(link));
    Message message = a_message(Kind::down);
    message.runbook = link;
    const Words words = words_of(message);
    CHECK(json_of(chat_cards(words)).find("buttonList") == std::string::npos);
    check_valid(words);
  }
  CHECK_FALSE(is_button_link("https://x.example/" + std::string(1000, 'x')));
  CHECK_FALSE(is_button_link("https://bücher.example/"));
  CHECK(is_button_link("https://x.example"));
  CHECK(is_button_link("https://[::1]:8480/checks?name=a%20b#c"));
  Message message = a_message(Kind::down);
  message.runbook = "http://wiki.example.net/shop";
  CHECK(unslashed(json_of(chat_cards(words_of(message)))).find("http://wiki.example.net/shop") !=
        std::string::npos);
}

TEST_CASE("chat card: values make no markup, in any widget or the header", "[notify]") {
  for (const std::string hostile :
       {"<a href=\"https://evil.example\">ok</a>", "<b>x</b>", "<users/all>", "<br>", "&lt;b&gt;",
        "</b><font color=\"#FF0000\">", "target: <i>"}) {
    for (const Kind kind : kKinds) {
      Message message = hostile_message(kind, hostile);
      message.check = kind == Kind::daemon ? "" : hostile;
      message.details = message.note = hostile + "\n" + hostile;
      std::string json = json_of(chat_cards(words_of(message)));
      for (auto at = json.find("<br>"); at != std::string::npos; at = json.find("<br>")) {
        json.erase(at, 4);
      }
      CHECK(json.find_first_of("<>") == std::string::npos);
      check_valid(words_of(message));
    }
  }
}

TEST_CASE("chat card: a card is never without a widget, nor a widget without a text", "[notify]") {
  check_valid({"title", {}, {}});
  check_valid({"", {}, {}});
  check_valid({"title", {"target: ", "", ": x"}, {}});
  CHECK(json_of(chat_cards({"only <this>", {}, {}})).find("only &lt;this&gt;") !=
        std::string::npos);
}

TEST_CASE("chat card: however much there is, it fits", "[notify]") {
  for (const std::string piece : {"x", "\"", "\\", "<", "漢", "🔔"}) {
    INFO(piece);
    std::string big;
    while (big.size() < 8000) big += piece;
    Words words{big, {}, "https://x.example/" + std::string(900, 'x')};
    for (int i = 0; i < 300; ++i) words.lines.push_back("key" + std::to_string(i) + ": " + big);
    for (int i = 0; i < 300; ++i) words.lines.push_back(big);
    std::string key;
    while (units(key, TextUnit::utf16) + 2 <= kChatKeyUnits) key += piece;
    check_valid(words, key);
  }
  Words many{"title", {}, {}};
  for (int i = 0; i < 300; ++i) many.lines.push_back("k" + std::to_string(i) + ": v");
  check_valid(many);
  CHECK(json_of(chat_cards(many)).find("k299: v") != std::string::npos);
}

}  // namespace tocsin
