// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <Poco/JSON/Array.h>

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "notify/service_stand_in.h"
#include "util/text.h"

namespace tocsin {
namespace {

using Poco::JSON::Object;
using What = Outcome::What;

const std::string kPath =
    "/workflows/0123456789abcdef/triggers/manual/paths/invoke?api-version=2016-06-01"
    "&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=Signature_0123456789";

// A workflow that posts the card of its request, by the trigger's schema and that of Adaptive Cards
// 1.2 as far as Teams shows it. Our threadKey is the one thing beside it that is taken.
class TeamsStandIn {
 public:
  TeamsStandIn() : service([](const HttpAsked& asked) { return judge(asked); }) {}

  std::shared_ptr<const Notifier> notifier() {
    return notifier_of("teams", "{webhook_url: \"" + service.base_url() + kPath + "\"}");
  }
  Object::Ptr message(std::size_t i) const { return json_in(service.asked().at(i).body); }
  static Object::Ptr card(const Object::Ptr& message) {
    return message->getArray("attachments")->getObject(0)->getObject("content");
  }
  static Object::Ptr run(const Object::Ptr& card, unsigned block) {
    return card->getArray("body")->getObject(block)->getArray("inlines")->getObject(0);
  }

  ServiceStandIn service;

 private:
  static HttpReply refuse(int status, const std::string& code, const std::string& message) {
    return {.status = status,
            .body = R"({"error": {"code": ")" + code + R"(", "message": ")" + message + "\"}}"};
  }

  static std::string problem_in_block(const Object::Ptr& block) {
    std::string problem = problem_with(block, {{"type", 't', true}, {"inlines", 'l', true}});
    if (!problem.empty()) return problem;
    if (json_field(block, "type") != "RichTextBlock") return "not a RichTextBlock";
    const auto runs = block->getArray("inlines");
    for (unsigned i = 0; i < runs->size(); ++i) {
      const auto one = runs->getObject(i);
      problem = problem_with(
          one, {{"type", 't', true}, {"text", 't', true}, {"weight"}, {"size"}, {"color"}});
      if (!problem.empty()) return problem;
      if (json_field(one, "type") != "TextRun") return "not a TextRun";
      const std::set<std::string> colors{"", "default", "accent", "good", "warning", "attention"};
      if (!colors.contains(json_field(one, "color"))) return "no such color";
    }
    return {};
  }

  static std::string problem_in_card(const Object::Ptr& card) {
    std::string problem = problem_with(card, {{"$schema"},
                                              {"type", 't', true},
                                              {"version", 't', true},
                                              {"fallbackText"},
                                              {"body", 'l', true},
                                              {"actions", 'l'},
                                              {"msteams", 'o'}});
    if (!problem.empty()) return problem;
    if (json_field(card, "type") != "AdaptiveCard") return "not an AdaptiveCard";
    const auto blocks = card->getArray("body");
    for (unsigned i = 0; i < blocks->size(); ++i) {
      problem = problem_in_block(blocks->getObject(i));
      if (!problem.empty()) return problem;
    }
    const auto actions = card->getArray("actions");
    for (unsigned i = 0; actions && i < actions->size(); ++i) {
      const auto action = actions->getObject(i);
      problem =
          problem_with(action, {{"type", 't', true}, {"title", 't', true}, {"url", 't', true}});
      if (!problem.empty()) return problem;
      if (!json_field(action, "url").starts_with("https://")) return "not a web address";
    }
    return {};
  }

  static HttpReply judge(const HttpAsked& asked) {
    if (asked.target != kPath) {
      return refuse(401, "DirectApiAuthorizationRequired", "The signature is not valid.");
    }
    if (asked.method != "POST") return {.status = 405};
    if (asked.body.size() > 28'000) return refuse(413, "RequestEntityTooLarge", "too large");
    const auto message = json_in(asked.body);
    std::string problem =
        problem_with(message, {{"type", 't', true}, {"attachments", 'l', true}, {"threadKey"}});
    if (problem.empty() && json_field(message, "type") != "message") problem = "not a message";
    if (problem.empty()) {
      const auto attachment = message->getArray("attachments")->getObject(0);
      if (json_field(attachment, "contentType") != "application/vnd.microsoft.card.adaptive" ||
          !attachment->isNull("contentUrl")) {
        problem = "not a card";
      } else {
        problem = problem_in_card(attachment->getObject("content"));
      }
    }
    if (!problem.empty()) return refuse(400, "TriggerInputSchemaMismatch", problem);
    return {.status = 202, .body = ""};
  }
};

}  // namespace

TEST_CASE("teams: each message names its check first, and carries its thread's key", "[notify]") {
  TeamsStandIn teams;
  const auto notifier = teams.notifier();
  SendDesk desk;
  for (const Outcome& outcome : tell_two_checks(desk, *notifier)) {
    CHECK(outcome.what == What::sent);
    CHECK(outcome.reason.empty());
    CHECK(outcome.thread_ref.empty());
  }
  const std::vector<std::string> titles{"🔴 DOWN ",     "🔴 DOWN ", "🔁 REMINDER ",
                                        "🔁 REMINDER ", "✅ UP ",   "✅ UP "};
  for (std::size_t i = 0; i < titles.size(); ++i) {
    const std::string check = i % 2 == 0 ? "web-01" : "web-02";
    const auto message = teams.message(i);
    CHECK(json_field(message, "threadKey") == check);
    const auto title = TeamsStandIn::run(TeamsStandIn::card(message), 0);
    CHECK(json_field(title, "text").starts_with(titles[i] + check + " — "));
  }
}

TEST_CASE("teams: a DOWN is this card", "[notify]") {
  TeamsStandIn teams;
  CHECK(SendDesk().send(*teams.notifier(), a_notification(Kind::down)).what == What::sent);
  const auto card = TeamsStandIn::card(teams.message(0));
  CHECK(json_field(card, "version") == "1.2");
  const auto title = TeamsStandIn::run(card, 0);
  CHECK(json_field(title, "text") == "🔴 DOWN web-01 — connection refused (127.0.0.1:8080)");
  CHECK(json_field(title, "color") == "attention");
  CHECK(json_field(title, "weight") == "bolder");
  CHECK(json_field(card, "fallbackText") == json_field(title, "text"));
  CHECK(json_field(TeamsStandIn::run(card, 1), "text") == "target: 127.0.0.1:8080");
  const auto open = card->getArray("actions")->getObject(0);
  CHECK(json_field(open, "type") == "Action.OpenUrl");
  CHECK(json_field(open, "url") == "https://wiki.example.net/shop");
}

TEST_CASE("teams: each kind has its color", "[notify]") {
  TeamsStandIn teams;
  const auto notifier = teams.notifier();
  SendDesk desk;
  const std::vector<std::pair<Kind, std::string>> colors{
      {Kind::down, "attention"},    {Kind::degraded, "warning"},   {Kind::unknown, "warning"},
      {Kind::up, "good"},           {Kind::reminder, "attention"}, {Kind::acknowledged, "accent"},
      {Kind::over, "good"},         {Kind::unwatched, "default"},  {Kind::info, "default"},
      {Kind::digest, "default"},    {Kind::daemon, "warning"},     {Kind::test, "default"},
      {Kind::flapping, "attention"}};
  CHECK(colors.size() == std::size(kKinds));
  for (std::size_t i = 0; i < colors.size(); ++i) {
    INFO(to_string(colors[i].first));
    CHECK(desk.send(*notifier, a_notification(colors[i].first)).what == What::sent);
    const auto title = TeamsStandIn::run(TeamsStandIn::card(teams.message(i)), 0);
    CHECK(json_field(title, "color") == colors[i].second);
  }
}

TEST_CASE("teams: whatever a target sent is plain text, within 28 KB", "[notify]") {
  TeamsStandIn teams;
  const auto notifier = teams.notifier();
  SendDesk desk;
  for (const Kind kind : kKinds) {
    for (const std::string& text :
         {hostile_text() + "<at>everyone</at> {{DATE(2017-02-14T06:00:00Z, SHORT)}} {{{{",
          std::string(1 << 20, '"'), "[x](https://evil.example)" + std::string(1 << 16, '{')}) {
      INFO(to_string(kind));
      Message message = hostile_message(kind, text);
      message.details = text + "\n" + text + "\n" + text;
      if (kind == Kind::digest) {
        for (int i = 0; i < 300; ++i) message.reason += "\n" + text.substr(0, 200);
      }
      const Outcome outcome = desk.send(*notifier, a_notification(message, text), true);
      CHECK(outcome.reason.empty());
      CHECK(outcome.what == What::sent);
    }
  }
  for (std::size_t i = 0; i < teams.service.asked().size(); ++i) {
    std::ostringstream card;
    TeamsStandIn::card(teams.message(i))->stringify(card);
    CHECK(card.str().find("{{") == std::string::npos);
    CHECK(card.str().find("\"entities\"") == std::string::npos);
  }
}

TEST_CASE("teams: what it refuses is told in its own words, without the URL", "[notify]") {
  TeamsStandIn teams;
  const auto notifier = teams.notifier();
  SendDesk desk;
  const auto told = [&](const HttpReply& reply) {
    teams.service.script(reply);
    return desk.send(*notifier, a_notification(Kind::down));
  };
  const Outcome gone = told({.status = 404,
                             .body = R"({"error": {"code": "WorkflowNotFound", )"
                                     R"("message": "The workflow could not be found."}})"});
  CHECK(gone.what == What::rejected);
  CHECK(gone.reason ==
        "404: WorkflowNotFound: The workflow could not be found. (is the workflow there and "
        "turned on? Incoming Webhook connectors are retired)");
  CHECK(told({.status = 400, .body = "{}"}).reason ==
        "400 (does the workflow post the card of the request's attachments?)");
  CHECK(told({.status = 401}).reason ==
        "401 (copy the workflow's URL anew: its signature is not valid)");
  CHECK(told({.status = 429}).what == What::later);
  const std::string failed =
      "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error ";
  CHECK(told({.status = 200, .body = failed + "429"}).what == What::later);
  const Outcome connector = told({.status = 200, .body = failed + "403"});
  CHECK(connector.what == What::rejected);
  CHECK(connector.reason == "200: " + failed + "403");
  CHECK(told({.status = 200, .body = "1"}).what == What::sent);
}

TEST_CASE("teams: each mistake is reported at its place, without the URL", "[notify]") {
  CHECK(
      problems_of("teams", "{}").starts_with("error: webhook_url is missing; copy the whole URL"));
  CHECK(problems_of("teams", "{webhook_url: \"ftp://a/b\"}")
            .starts_with("error: webhook_url does not begin with https://"));
  CHECK(
      problems_of("teams",
                  "\"https://contoso.webhook.office.com/webhookb2/0123456789/IncomingWebhook/a\"")
          .starts_with("warning: this is an Incoming Webhook connector, which Microsoft retires"));
  CHECK(problems_of("teams", "\"https://prod-00.westus.logic.azure.com" + kPath + "\"").empty());
  const auto notifier =
      notifier_of("teams", "\"https://prod-00.westus.logic.azure.com" + kPath + "\"");
  CHECK(notifier->sink() == "Teams (prod-00.westus.logic.azure.com)");
  CHECK(notifier->pace().spacing == Millis{300});
}

}  // namespace tocsin
