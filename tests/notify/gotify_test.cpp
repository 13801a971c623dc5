// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "notify/service_stand_in.h"
#include "util/text.h"

namespace tocsin {
namespace {

using Poco::JSON::Object;
using What = Outcome::What;

// POST /message by gotify.net/api-docs; stricter in that it takes no field that is not described.
class GotifyStandIn {
 public:
  GotifyStandIn() : service([](const HttpAsked& asked) { return judge(asked); }) {}

  std::shared_ptr<const Notifier> notifier(const std::string& more = "",
                                           const std::string& token = "AToken.0123456") {
    return notifier_of(
        "gotify", "{url: \"" + service.base_url() + "/gotify/\", token: " + token + more + "}");
  }
  Object::Ptr message(std::size_t i) const { return json_in(service.asked().at(i).body); }

  ServiceStandIn service;

 private:
  static HttpReply refuse(int status, const std::string& error, const std::string& description) {
    return {.status = status,
            .body = R"({"error": ")" + error + R"(", "errorCode": )" + std::to_string(status) +
                    R"(, "errorDescription": ")" + description + "\"}"};
  }

  static HttpReply judge(const HttpAsked& asked) {
    if (asked.target != "/gotify/message" || asked.method != "POST") {
      return refuse(404, "Not Found", "page not found");
    }
    if (asked.header("X-Gotify-Key") != "AToken.0123456") {
      return refuse(401, "Unauthorized",
                    "you need to provide a valid access token or user credentials to access this "
                    "api");
    }
    const auto it = json_in(asked.body);
    const std::string problem =
        problem_with(it, {{"message", 't', true}, {"title"}, {"priority", 'n'}, {"extras", 'o'}});
    if (!problem.empty() || json_field(it, "message").empty()) {
      return refuse(400, "Bad Request", problem.empty() ? "Field 'message' is required" : problem);
    }
    return {.body = R"({"id": 25, "appid": 5, "message": "…", "date": "2026-01-02T03:04:05Z"})"};
  }
};

}  // namespace

TEST_CASE("gotify: each message says which check it is about, first of all", "[notify]") {
  GotifyStandIn gotify;
  const auto notifier = gotify.notifier();
  SendDesk desk;
  for (const Outcome& outcome : tell_two_checks(desk, *notifier)) {
    CHECK(outcome.what == What::sent);
    CHECK(outcome.thread_ref.empty());
  }
  const std::vector<std::string> titles{"🔴 DOWN web-01",     "🔴 DOWN web-02", "🔁 REMINDER web-01",
                                        "🔁 REMINDER web-02", "✅ UP web-01",   "✅ UP web-02"};
  for (std::size_t i = 0; i < titles.size(); ++i) {
    CHECK(json_field(gotify.message(i), "title").starts_with(titles[i]));
  }
}

TEST_CASE("gotify: a DOWN is this message", "[notify]") {
  GotifyStandIn gotify;
  CHECK(SendDesk().send(*gotify.notifier(), a_notification(Kind::down)).what == What::sent);
  auto message = gotify.message(0);
  CHECK(json_field(message, "message").starts_with("target: 127.0.0.1:8080\nsince 2026-01-02"));
  message->set("message", "…");
  std::ostringstream written;
  message->stringify(written);
  CHECK(written.str() ==
        R"_({"extras":{"client::display":{"contentType":"text/plain"},)_"
        R"_("client::notification":{"click":{"url":"https://wiki.example.net/shop"}}},)_"
        R"_("message":"…","priority":8,)_"
        R"_("title":"🔴 DOWN web-01 — connection refused (127.0.0.1:8080)"})_");
}

TEST_CASE("gotify: each kind has its priority", "[notify]") {
  GotifyStandIn gotify;
  const auto notifier = gotify.notifier(", priority: {up: 0, daemon: 10}");
  SendDesk desk;
  const std::vector<std::pair<Kind, int>> levels{
      {Kind::down, 8},     {Kind::degraded, 5},     {Kind::unknown, 5}, {Kind::up, 0},
      {Kind::reminder, 6}, {Kind::acknowledged, 2}, {Kind::over, 0},    {Kind::unwatched, 0},
      {Kind::info, 4},     {Kind::digest, 8},       {Kind::daemon, 10}, {Kind::test, 4},
      {Kind::flapping, 8}};
  CHECK(levels.size() == std::size(kKinds));
  for (std::size_t i = 0; i < levels.size(); ++i) {
    INFO(to_string(levels[i].first));
    CHECK(desk.send(*notifier, a_notification(levels[i].first)).what == What::sent);
    CHECK(gotify.message(i)->getValue<int>("priority") == levels[i].second);
  }
}

TEST_CASE("gotify: whatever a target sent is shown as plain text, of a bounded length",
          "[notify]") {
  GotifyStandIn gotify;
  const auto notifier = gotify.notifier();
  SendDesk desk;
  for (const Kind kind : kKinds) {
    for (const std::string& text :
         {hostile_text() + "![x](https://evil.example/x.png)", std::string(1 << 20, '*')}) {
      INFO(to_string(kind));
      const Notification one = a_notification(hostile_message(kind, text), text);
      CHECK(desk.send(*notifier, one, true).what == What::sent);
    }
  }
  for (std::size_t i = 0; i < gotify.service.asked().size(); ++i) {
    const auto message = gotify.message(i);
    CHECK(json_field(message, "title").size() <= 500);
    CHECK(json_field(message, "message").size() <= 8192);
    const auto display = message->getObject("extras")->getObject("client::display");
    CHECK(json_field(display, "contentType") == "text/plain");
    CHECK_FALSE(message->getObject("extras")->has("client::notification"));
  }
}

TEST_CASE("gotify: what it refuses is told in its own words", "[notify]") {
  GotifyStandIn gotify;
  SendDesk desk;
  const Outcome outcome =
      desk.send(*gotify.notifier("", "Cclient.012345"), a_notification(Kind::down));
  CHECK(outcome.what == What::rejected);
  CHECK(outcome.reason ==
        "401: you need to provide a valid access token or user credentials to access this api "
        "(token is an application's (it begins with A), not a client's)");
  const auto wrong =
      notifier_of("gotify", "{url: \"" + gotify.service.base_url() + "\", token: AToken.0123456}");
  CHECK(desk.send(*wrong, a_notification(Kind::down)).reason ==
        "404: page not found (url is the server's root, as a browser opens it)");
  gotify.service.script({.status = 500});
  CHECK(desk.send(*gotify.notifier(), a_notification(Kind::down)).what == What::later);
}

TEST_CASE("gotify: each mistake is reported at its place", "[notify]") {
  CHECK(problems_of("gotify", "{}") ==
        "error: url is missing: the server's address\nerror: token is missing\n");
  const auto with = [](const std::string& more) {
    return problems_of("gotify", "{url: \"https://g.example\", token: abc, " + more + "}");
  };
  CHECK(with("priority: {down: 8}").empty());
  CHECK(with("priority: {down: 11}").find("error: ") == 0);
  CHECK(with("priorty: {}") == "error: unknown key \"priorty\"; did you mean \"priority\"?\n");
}

}  // namespace tocsin
