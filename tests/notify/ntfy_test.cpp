// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <Poco/JSON/Array.h>

#include <catch2/catch.hpp>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include "notify/service_stand_in.h"
#include "util/text.h"

namespace tocsin {
namespace {

using Poco::JSON::Object;
using What = Outcome::What;

// Publishing as JSON by docs.ntfy.sh and the server's own checks (server.go); stricter in that it
// takes no field that is not described, and no message that would become an attachment.
class NtfyStandIn {
 public:
  NtfyStandIn() : service([this](const HttpAsked& asked) { return judge(asked); }) {}

  std::shared_ptr<const Notifier> notifier(const std::string& more = "") {
    return notifier_of("ntfy", "{url: \"" + service.base_url() + "\", topic: ops" + more + "}");
  }
  Object::Ptr message() const { return json_in(service.asked().back().body); }

  std::string authorization;                                  // what is asked for; empty: nothing
  std::map<std::string, std::vector<std::string>> sequences;  // titles
  ServiceStandIn service;

 private:
  static HttpReply refuse(int code, const std::string& error) {
    const int status = code / 100;
    return {.status = status,
            .body = R"({"code": )" + std::to_string(code) + R"(, "http": )" +
                    std::to_string(status) + R"(, "error": ")" + error + "\"}"};
  }
  static bool is_web_address(const std::string& url) {
    return url.starts_with("https://") || url.starts_with("http://");
  }

  HttpReply judge(const HttpAsked& asked) {
    if (asked.target != "/" || asked.method != "POST") return refuse(40401, "page not found");
    if (asked.body.size() > 8192) return refuse(41303, "JSON body too large");
    const auto it = json_in(asked.body);
    if (!it) return refuse(40017, "invalid request: request body must be message JSON");
    const std::string problem = problem_with(it, {{"topic", 't', true},
                                                  {"message"},
                                                  {"title"},
                                                  {"tags", 'l'},
                                                  {"priority", 'n'},
                                                  {"actions", 'l'},
                                                  {"click"},
                                                  {"attach"},
                                                  {"markdown", 'f'},
                                                  {"icon"},
                                                  {"filename"},
                                                  {"delay"},
                                                  {"email"},
                                                  {"call"},
                                                  {"sequence_id"}});
    if (!problem.empty()) return refuse(40017, problem);
    static const std::regex id("^[-_A-Za-z0-9]{1,64}$");
    if (!std::regex_match(json_field(it, "topic"), id)) {
      return refuse(40009, "invalid request: topic invalid");
    }
    if (asked.header("Authorization") != authorization) return refuse(40301, "forbidden");
    const std::string sequence = json_field(it, "sequence_id");
    if (it->has("sequence_id") && !std::regex_match(sequence, id)) {
      return refuse(40049, "invalid request: sequence ID invalid");
    }
    const int priority = it->getValue<int>("priority");
    if (priority < 1 || priority > 5) return refuse(40007, "invalid priority parameter");
    if (json_field(it, "message").size() > 4096) return refuse(41301, "attachment too large");
    if (json_field(it, "message").empty()) return refuse(40017, "the message would be: triggered");
    const auto actions = it->getArray("actions");
    for (unsigned i = 0; actions && i < actions->size(); ++i) {
      const auto action = actions->getObject(i);
      if (json_field(action, "action") != "view" || json_field(action, "label").empty() ||
          !is_web_address(json_field(action, "url"))) {
        return refuse(40018, "invalid request: actions invalid");
      }
    }
    sequences[sequence].push_back(json_field(it, "title"));
    return {.body = R"({"id": "hwQ2YpKdmg", "time": 1, "event": "message", "topic": "ops"})"};
  }
};

}  // namespace

TEST_CASE("ntfy: DOWN, REMINDER and UP of two checks are two sequences", "[notify]") {
  NtfyStandIn ntfy;
  const auto notifier = ntfy.notifier();
  SendDesk desk;
  for (const Outcome& outcome : tell_two_checks(desk, *notifier)) {
    CHECK(outcome.what == What::sent);
    CHECK(outcome.reason.empty());
    CHECK(outcome.message_ref == "hwQ2YpKdmg");
  }
  REQUIRE(ntfy.sequences.size() == 2);
  for (const std::string key : {"web-01", "web-02"}) {
    REQUIRE(ntfy.sequences[key].size() == 3);
    CHECK(ntfy.sequences[key][0].starts_with("🔴 DOWN " + key));
    CHECK(ntfy.sequences[key][1].starts_with("🔁 REMINDER " + key));
    CHECK(ntfy.sequences[key][2].starts_with("✅ UP " + key));
  }
}

TEST_CASE("ntfy: a DOWN is this message", "[notify]") {
  NtfyStandIn ntfy;
  const auto notifier = ntfy.notifier(", tags: [house, rotating_light]");
  CHECK(SendDesk().send(*notifier, a_notification(Kind::down)).what == What::sent);
  auto message = ntfy.message();
  CHECK(json_field(message, "message").starts_with("target: 127.0.0.1:8080\nsince 2026-01-02"));
  message->set("message", "…");
  std::ostringstream written;
  message->stringify(written);
  CHECK(written.str() ==
        R"_({"actions":[{"action":"view","label":"Runbook",)_"
        R"_("url":"https://wiki.example.net/shop"}],"click":"https://wiki.example.net/shop",)_"
        R"_("message":"…","priority":5,"sequence_id":"web-01","tags":["house","rotating_light"],)_"
        R"_("title":"🔴 DOWN web-01 — connection refused (127.0.0.1:8080)","topic":"ops"})_");
}

TEST_CASE("ntfy: each kind has its priority", "[notify]") {
  NtfyStandIn ntfy;
  const auto notifier = ntfy.notifier(", priority: {degraded: 2, info: 1}");
  SendDesk desk;
  const std::vector<std::pair<Kind, int>> levels{
      {Kind::down, 5},     {Kind::degraded, 2},     {Kind::unknown, 4}, {Kind::up, 3},
      {Kind::reminder, 4}, {Kind::acknowledged, 2}, {Kind::over, 3},    {Kind::unwatched, 3},
      {Kind::info, 1},     {Kind::digest, 5},       {Kind::daemon, 4},  {Kind::test, 1},
      {Kind::flapping, 5}};
  CHECK(levels.size() == std::size(kKinds));
  for (const auto& [kind, level] : levels) {
    INFO(to_string(kind));
    CHECK(desk.send(*notifier, a_notification(kind)).what == What::sent);
    CHECK(ntfy.message()->getValue<int>("priority") == level);
  }
}

TEST_CASE("ntfy: keys with other characters are made plain, and stay apart", "[notify]") {
  NtfyStandIn ntfy;
  const auto notifier = ntfy.notifier();
  SendDesk desk;
  for (const std::string& key :
       {std::string("web-01/ssh"), std::string("web-01 ssh"), std::string("é"),
        std::string(65, 'k'), std::string(66, 'k'), std::string(64, 'k')}) {
    Message down = a_message(Kind::down);
    down.check = key;
    CHECK(desk.send(*notifier, a_notification(down, key)).what == What::sent);
  }
  CHECK(ntfy.sequences.size() == 6);
  CHECK(ntfy.sequences.contains(std::string(64, 'k')));
}

TEST_CASE("ntfy: no key, no sequence", "[notify]") {
  NtfyStandIn ntfy;
  CHECK(SendDesk().send(*ntfy.notifier(), a_notification(a_message(Kind::test), "")).what ==
        What::sent);
  CHECK_FALSE(ntfy.message()->has("sequence_id"));
}

TEST_CASE("ntfy: whatever a target sent, it is one message and no attachment", "[notify]") {
  NtfyStandIn ntfy;
  const auto notifier = ntfy.notifier();
  SendDesk desk;
  for (const Kind kind : kKinds) {
    for (const std::string& text :
         {hostile_text(), std::string(1 << 20, '"'), std::string(1 << 20, '\\'),
          "https://x.example/" + std::string(1 << 16, 'x')}) {
      INFO(to_string(kind));
      Message message = hostile_message(kind, text);
      message.details = text + "\n" + text + "\n" + text;
      const Outcome outcome = desk.send(*notifier, a_notification(message, text), true);
      CHECK(outcome.reason.empty());
      CHECK(outcome.what == What::sent);
      CHECK_FALSE(ntfy.message()->has("markdown"));
    }
  }
}

TEST_CASE("ntfy: it says who it is, by token or by user and password", "[notify]") {
  NtfyStandIn ntfy;
  SECTION("token") {
    ntfy.authorization = "Bearer tk_0123456789";
    const auto notifier = ntfy.notifier(", token: tk_0123456789");
    CHECK(SendDesk().send(*notifier, a_notification(Kind::down)).what == What::sent);
  }
  SECTION("user and password") {
    ntfy.authorization = "Basic dG9jc2luOnBhc3Mtd29yZC0x";
    const auto notifier = ntfy.notifier(", user: tocsin, password: pass-word-1");
    CHECK(SendDesk().send(*notifier, a_notification(Kind::down)).what == What::sent);
  }
  SECTION("neither, where it is needed") {
    ntfy.authorization = "Bearer tk_0123456789";
    const Outcome outcome = SendDesk().send(*ntfy.notifier(), a_notification(Kind::down));
    CHECK(outcome.what == What::rejected);
    CHECK(outcome.reason ==
          "403: forbidden (token, or user and password, must have the right to write to the "
          "topic)");
  }
}

TEST_CASE("ntfy: what it refuses is told in its own words", "[notify]") {
  NtfyStandIn ntfy;
  const auto notifier = ntfy.notifier();
  SendDesk desk;
  ntfy.service.script({.status = 429,
                       .body = R"({"code":42908,"http":429,)"
                               R"("error":"limit reached: daily message quota reached"})"});
  const Outcome quota = desk.send(*notifier, a_notification(Kind::down));
  CHECK(quota.what == What::later);
  CHECK(quota.reason == "429: limit reached: daily message quota reached");
  ntfy.service.script({.status = 507, .body = "<html>"});
  CHECK(desk.send(*notifier, a_notification(Kind::down)).what == What::later);
  const auto wrong =
      notifier_of("ntfy", "{url: \"" + ntfy.service.base_url() + "/ops\", topic: ops}");
  CHECK(desk.send(*wrong, a_notification(Kind::down)).reason ==
        "404: page not found (url is the server's root, without the topic)");
}

TEST_CASE("ntfy: each mistake is reported at its place", "[notify]") {
  CHECK(problems_of("ntfy", "{}") == "error: topic is missing\n");
  CHECK(problems_of("ntfy", "ops").empty());
  CHECK(problems_of("ntfy", "{topic: \"a/b\"}") ==
        "error: a topic has 1 to 64 letters, digits, - and _\n");
  CHECK(problems_of("ntfy", "{topic: a, priority: {down: 6}}").find("error: ") == 0);
  CHECK(problems_of("ntfy", "{topic: a, tags: [\"a,b\"]}") ==
        "error: a tag has 1 to 50 characters and no comma\n");
  CHECK(problems_of("ntfy", "{topic: a, password: b}") == "error: user and password go together\n");
  CHECK(problems_of("ntfy", "{topic: a, user: \"a:b\", password: b}") ==
        "error: user holds a colon, or one of both a control character\n");
  CHECK(notifier_of("ntfy", "ops")->sink() == "ntfy ntfy.sh/ops");
  CHECK(notifier_of("ntfy", "ops")->pace().spacing == Millis{1000});
}

}  // namespace tocsin
