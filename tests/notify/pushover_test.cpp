// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <catch2/catch.hpp>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "notify/service_stand_in.h"
#include "notify/sink_text.h"
#include "util/text.h"

namespace tocsin {
namespace {

using What = Outcome::What;

const std::string kToken = "azGDORePK8gMaC0QOYAMyEEuzJnyUi";
const std::string kUser = "uQiRzpo4DXghDmr9QzzfQu27cmVRsG";

// pushover.net/api: messages, and emergencies that ring until they are cancelled by their tag.
// Stricter in that it takes no field that is not described.
class PushoverStandIn {
 public:
  PushoverStandIn() : service([this](const HttpAsked& asked) { return judge(asked); }) {}

  std::shared_ptr<const Notifier> notifier(const std::string& more = "") {
    return notifier_of("pushover", "{token: " + kToken + ", user: " + kUser + ", api_url: \"" +
                                       service.base_url() + "\"" + more + "}");
  }
  // What was done, in order: "2 🔴 DOWN web-01 — …" or "cancel web-01".
  std::vector<std::string> did;
  std::map<std::string, int> ringing;  // by tag
  ServiceStandIn service;

 private:
  static HttpReply refuse(const std::string& field, const std::string& error) {
    return {.status = 400,
            .body = "{\"" + field + R"(": "invalid", "errors": [")" + error +
                    R"("], "status": 0, "request": "5042853c"})"};
  }

  HttpReply judge(const HttpAsked& asked) {
    if (asked.header("Content-Type") != "application/x-www-form-urlencoded") {
      return {.status = 415};
    }
    if (form_field(asked.body, "token") != kToken) {
      return refuse("token", "application token is invalid");
    }
    static const std::regex cancel("^/1/receipts/cancel_by_tag/([-_A-Za-z0-9]+)\\.json$");
    std::smatch found;
    if (std::regex_match(asked.target, found, cancel)) {
      did.push_back("cancel " + found.str(1));
      const int count = ringing[found.str(1)];
      ringing.erase(found.str(1));
      return {.body =
                  R"({"status": 1, "canceled": )" + std::to_string(count) + R"(, "request": "r"})"};
    }
    if (asked.target != "/1/messages.json") return {.status = 404, .body = "{}"};
    return take(asked.body);
  }

  HttpReply take(const std::string& form) {
    const std::set<std::string> known{"token",  "user", "message",   "title", "priority",  "retry",
                                      "expire", "tags", "timestamp", "url",   "url_title", "device",
                                      "sound",  "html", "monospace", "ttl"};
    for (const std::string& name : form_names(form)) {
      if (!known.contains(name)) return refuse(name, name + " is unknown");
    }
    if (form_field(form, "user") != kUser) return refuse("user", "user identifier is invalid");
    const std::string message = form_field(form, "message");
    if (message.empty()) return refuse("message", "message cannot be blank");
    const std::map<std::string, std::size_t> limits{
        {"message", 1024}, {"title", 250}, {"url", 512}, {"url_title", 100}};
    for (const auto& [name, most] : limits) {
      if (units(form_field(form, name), TextUnit::code_point) > most) {
        return refuse(name, name + " is too long");
      }
    }
    const std::string priority = form_field(form, "priority");
    if (!std::regex_match(priority, std::regex("-2|-1|0|1|2"))) {
      return refuse("priority", "priority is invalid, it must be between -2 and 2");
    }
    did.push_back(priority + " " + form_field(form, "title"));
    if (priority != "2") return {.body = R"({"status": 1, "request": "647d2300"})"};
    const std::string retry = form_field(form, "retry");
    const std::string expire = form_field(form, "expire");
    if (retry.empty() || std::stoi(retry) < 30) {
      return refuse("retry", "retry parameter must be at least 30 seconds");
    }
    if (expire.empty() || std::stoi(expire) > 10'800) {
      return refuse("expire", "expire parameter must be less than 3 hours");
    }
    ++ringing[form_field(form, "tags")];
    return {.body = R"({"status": 1, "request": "647d2300", )"
                    R"("receipt": "rLqVuqTRh62UzxtmqiaLzQmVcPgiCy"})"};
  }
};

std::string end_of(const std::vector<std::string>& did, std::size_t from_end) {
  return did.size() < from_end ? std::string() : did[did.size() - from_end];
}

}  // namespace

TEST_CASE("pushover: DOWN of two checks rings, and each UP silences its own", "[notify]") {
  PushoverStandIn pushover;
  const auto notifier = pushover.notifier();
  SendDesk desk;
  const auto outcomes = tell_two_checks(desk, *notifier);
  for (const Outcome& outcome : outcomes) {
    CHECK(outcome.what == What::sent);
    CHECK(outcome.reason.empty());
  }
  CHECK(outcomes[0].message_ref == "rLqVuqTRh62UzxtmqiaLzQmVcPgiCy");
  CHECK(outcomes[2].message_ref.empty());
  std::vector<std::string> did;
  for (const std::string& it : pushover.did) did.push_back(it.substr(0, it.find(" — ")));
  CHECK(did == std::vector<std::string>{"2 🔴 DOWN web-01", "2 🔴 DOWN web-02", "1 🔁 REMINDER web-01",
                                        "1 🔁 REMINDER web-02", "cancel web-01", "0 ✅ UP web-01",
                                        "cancel web-02", "0 ✅ UP web-02"});
  CHECK(pushover.ringing.empty());
}

TEST_CASE("pushover: a DOWN is this message", "[notify]") {
  PushoverStandIn pushover;
  const auto notifier = pushover.notifier(", device: phone, sound: siren, retry: 90s, expire: 2h");
  CHECK(SendDesk().send(*notifier, a_notification(Kind::down)).what == What::sent);
  const std::string form = pushover.service.asked().at(0).body;
  const std::map<std::string, std::string> wanted{
      {"token", kToken},
      {"user", kUser},
      {"title", "🔴 DOWN web-01 — connection refused (127.0.0.1:8080)"},
      {"priority", "2"},
      {"retry", "90"},
      {"expire", "7200"},
      {"tags", "web-01"},
      {"timestamp", "1767323045"},
      {"url", "https://wiki.example.net/shop"},
      {"url_title", "Runbook"},
      {"device", "phone"},
      {"sound", "siren"}};
  for (const auto& [name, value] : wanted) {
    INFO(name);
    CHECK(form_field(form, name) == value);
  }
  CHECK(form_field(form, "message").starts_with("target: 127.0.0.1:8080\nsince 2026-01-02"));
  CHECK(form_names(form).size() == wanted.size() + 1);
}

TEST_CASE("pushover: an acknowledgement, an end and a better state silence what rings",
          "[notify]") {
  for (const Kind kind :
       {Kind::acknowledged, Kind::up, Kind::over, Kind::unwatched, Kind::degraded}) {
    INFO(to_string(kind));
    PushoverStandIn pushover;
    const auto notifier = pushover.notifier();
    SendDesk desk;
    desk.send(*notifier, a_notification(Kind::down));
    REQUIRE(pushover.ringing["web-01"] == 1);
    Message next = a_message(kind);
    next.from = State::down;
    CHECK(desk.send(*notifier, a_notification(next)).what == What::sent);
    CHECK(pushover.ringing.empty());
    CHECK(end_of(pushover.did, 2) == "cancel web-01");
  }
}

TEST_CASE("pushover: what flaps rings on, though it may be up at the moment", "[notify]") {
  PushoverStandIn pushover;
  const auto notifier = pushover.notifier();
  SendDesk desk;
  desk.send(*notifier, a_notification(Kind::down));
  Message flapping = a_message(Kind::flapping);
  flapping.from = State::down;
  flapping.to = State::up;
  CHECK(desk.send(*notifier, a_notification(flapping)).what == What::sent);
  CHECK(pushover.ringing["web-01"] == 2);
  CHECK(end_of(pushover.did, 1).find("cancel") == std::string::npos);
  desk.send(*notifier, a_notification(Kind::up));
  CHECK(pushover.ringing.empty());
}

TEST_CASE("pushover: without emergencies nothing is cancelled, and digests are fine", "[notify]") {
  PushoverStandIn pushover;
  const auto quiet = pushover.notifier(", priority: {down: high}");
  SendDesk desk;
  tell_two_checks(desk, *quiet);
  CHECK(pushover.did.size() == 6);
  CHECK(quiet->pace().foldable);
  CHECK_FALSE(pushover.notifier()->pace().foldable);
}

TEST_CASE("pushover: what could not be silenced is tried again before UP is told", "[notify]") {
  PushoverStandIn pushover;
  const auto notifier = pushover.notifier();
  SendDesk desk;
  desk.send(*notifier, a_notification(Kind::down));
  pushover.service.script({.status = 503});
  CHECK(desk.send(*notifier, a_notification(Kind::up)).what == What::later);
  CHECK(pushover.did.size() == 1);
  CHECK(desk.send(*notifier, a_notification(Kind::up)).what == What::sent);
  CHECK(pushover.ringing.empty());
  // A tag that is not known any more holds up nothing.
  pushover.service.script({.status = 404, .body = R"({"status": 0, "errors": ["not found"]})"});
  CHECK(desk.send(*notifier, a_notification(Kind::up)).what == What::sent);
}

TEST_CASE("pushover: whatever a target sent, it is within the limits", "[notify]") {
  PushoverStandIn pushover;
  const auto notifier = pushover.notifier();
  SendDesk desk;
  for (const Kind kind : kKinds) {
    for (const std::string& text :
         {hostile_text(), std::string(1 << 20, '&'),
          "https://x.example/" + std::string(1 << 16, 'x'), std::string(300, 'y') + "🔔"}) {
      INFO(to_string(kind));
      Message message = hostile_message(kind, text);
      message.check = kind == Kind::daemon ? "" : text;
      const Outcome outcome = desk.send(*notifier, a_notification(message, text), true);
      CHECK(outcome.reason.empty());
      CHECK(outcome.what == What::sent);
    }
  }
}

TEST_CASE("pushover: what it refuses is told in its own words", "[notify]") {
  PushoverStandIn pushover;
  const auto notifier = pushover.notifier();
  SendDesk desk;
  const auto told = [&](const HttpReply& reply) {
    pushover.service.script(reply);
    return desk.send(*notifier, a_notification(Kind::down));
  };
  const Outcome user = told({.status = 400,
                             .body = R"({"user": "invalid", "status": 0, "errors": )"
                                     R"(["user identifier is invalid", "b"]})"});
  CHECK(user.what == What::rejected);
  CHECK(user.reason ==
        "400: user identifier is invalid, b (user is a user's or a group's key, and device one of "
        "its devices)");
  CHECK(told({.status = 400, .body = R"({"errors": ["application token is invalid"]})"}).reason ==
        "400: application token is invalid (token is the API token of an application)");
  CHECK(told({.status = 500}).what == What::later);
}

TEST_CASE("pushover: a used-up quota is waited for if that is soon, else told elsewhere",
          "[notify]") {
  PushoverStandIn pushover;
  const auto notifier = pushover.notifier();
  SendDesk desk;
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  const auto told = [&](std::int64_t reset) {
    pushover.service.script({.status = 429,
                             .body = R"({"status": 0, "errors": ["over quota"]})",
                             .headers = {{"X-Limit-App-Remaining", "0"},
                                         {"X-Limit-App-Reset", std::to_string(reset)}}});
    return desk.send(*notifier, a_notification(Kind::down));
  };
  const Outcome soon = told(now + 1800);
  CHECK(soon.what == What::later);
  REQUIRE(soon.retry_after);
  CHECK(*soon.retry_after > Millis{1'700'000});
  const Outcome far = told(now + 86'400);
  CHECK(far.what == What::rejected);
  CHECK(far.reason == "429: over quota (the application's messages of this month are used up)");
  pushover.service.script({.status = 429, .headers = {{"X-Limit-App-Remaining", "12"}}});
  CHECK(desk.send(*notifier, a_notification(Kind::down)).what == What::later);
}

TEST_CASE("pushover: each mistake is reported at its place, without the keys", "[notify]") {
  CHECK(problems_of("pushover", "{}") == "error: token is missing\nerror: user is missing\n");
  CHECK(problems_of("pushover", "{token: abc, user: " + kUser + "}") ==
        "error: token has 30 letters and digits\n");
  const auto with = [](const std::string& more) {
    return problems_of("pushover", "{token: " + kToken + ", user: " + kUser + ", " + more + "}");
  };
  CHECK(with("retry: 29s").find("must be between 30s and 3h") != std::string::npos);
  CHECK(with("expire: 4h").find("must be between 30s and 3h") != std::string::npos);
  CHECK(with("priority: {down: urgent}").find("error: ") == 0);
  CHECK(with("priority: {down: lowest}").empty());
}

}  // namespace tocsin
