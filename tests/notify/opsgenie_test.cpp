// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <Poco/JSON/Array.h>

#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "notify/service_stand_in.h"
#include "notify/sink_text.h"
#include "util/text.h"

namespace tocsin {
namespace {

using Poco::JSON::Object;
using What = Outcome::What;

const std::string kApiKey = "eb243592-faa2-4ba2-a551-1afdf565c889";

// The Alert API v2 by docs.opsgenie.com; stricter in that it takes no field that is not described.
// Its limits are in UTF-16 units.
class OpsgenieStandIn {
 public:
  struct Alert {
    bool open = false;
    bool acknowledged = false;
    int count = 0;
    std::string priority;
    std::vector<std::string> notes;
  };
  explicit OpsgenieStandIn(std::string base = "")
      : service([this](const HttpAsked& asked) { return judge(asked); }), base_(std::move(base)) {}

  std::shared_ptr<const Notifier> notifier(const std::string& more = "") {
    return notifier_of("opsgenie", "{api_key: " + kApiKey + ", api_url: \"" + service.base_url() +
                                       base_ + "\"" + more + "}");
  }

  std::map<std::string, Alert> alerts;  // by alias
  ServiceStandIn service;

 private:
  static HttpReply refuse(int status, const std::string& message, const std::string& errors = "") {
    return {.status = status,
            .body = R"({"message": ")" + message + "\"" +
                    (errors.empty() ? "" : R"(, "errors": )" + errors) +
                    R"(, "took": 0.001, "requestId": "r-0"})"};
  }
  static HttpReply unprocessable(const std::string& field, const std::string& what) {
    return refuse(422, "Request body is not processable. Please check the errors.",
                  "{\"" + field + "\": \"" + what + "\"}");
  }
  HttpReply accepted() {
    return {.status = 202,
            .body = R"({"result": "Request will be processed", "took": 0.3, "requestId": )"
                    R"("43a29c5c-3dbf-4fa4-9c26-)" +
                    std::to_string(++requests_) + "\"}"};
  }
  static bool longer(const Object::Ptr& object, const std::string& field, std::size_t most) {
    return units(json_field(object, field), TextUnit::utf16) > most;
  }

  HttpReply judge(const HttpAsked& asked) {
    if (!asked.header("Content-Type").starts_with("application/json")) return {.status = 415};
    const std::string_view auth = asked.header("Authorization");
    if (auth != "GenieKey " + kApiKey) return refuse(401, "Could not authenticate");
    const auto body = json_in(asked.body);
    if (!body) return refuse(400, "Could not parse JSON");
    const std::string path = path_of(asked);
    const std::string begin = base_ + "/v2/alerts";
    if (path == begin && asked.method == "POST") return create(body);
    if (!path.starts_with(begin + "/") || query_of(asked) != "identifierType=alias") {
      return refuse(404, "Not found");
    }
    const std::size_t at = begin.size() + 1;
    const std::size_t slash = path.find('/', at);
    std::string alias;
    percent_decode(path.substr(at, slash - at), alias);
    return act(asked.method + " " + path.substr(slash + 1), alias, body);
  }

  HttpReply create(const Object::Ptr& body) {
    const std::string problem = problem_with(body, {{"message", 't', true},
                                                    {"alias"},
                                                    {"description"},
                                                    {"responders", 'l'},
                                                    {"visibleTo", 'l'},
                                                    {"actions", 'l'},
                                                    {"tags", 'l'},
                                                    {"details", 'o'},
                                                    {"entity"},
                                                    {"source"},
                                                    {"priority"},
                                                    {"user"},
                                                    {"note"}});
    if (!problem.empty()) return unprocessable("body", problem);
    const std::map<std::string, std::size_t> limits{
        {"message", 130}, {"alias", 512}, {"description", 15000}, {"entity", 512}, {"source", 100}};
    for (const auto& [field, most] : limits) {
      if (longer(body, field, most)) return unprocessable(field, "is too long");
    }
    std::size_t size = 0;
    for (const auto& [name, value] : *body->getObject("details")) {
      if (!value.isString()) return unprocessable("details", "is no map of texts");
      size += units(name, TextUnit::utf16) + units(value.extract<std::string>(), TextUnit::utf16);
    }
    if (size > 8000) return unprocessable("details", "is too long");
    const std::string priority = json_field(body, "priority");
    if (priority.size() != 2 || priority[0] != 'P' || priority[1] < '1' || priority[1] > '5') {
      return unprocessable("priority", "should be one of [ P1, P2, P3, P4, P5 ]");
    }
    Alert& alert = alerts[json_field(body, "alias")];
    ++alert.count;
    if (!alert.open) {
      alert.open = true;
      alert.priority = priority;
    }
    return accepted();
  }

  HttpReply act(const std::string& what, const std::string& alias, const Object::Ptr& body) {
    Alert& alert = alerts[alias];
    if (what == "PUT priority") {
      if (!problem_with(body, {{"priority", 't', true}}).empty()) {
        return unprocessable("priority", "?");
      }
      alert.priority = json_field(body, "priority");
      return accepted();
    }
    const bool note = what == "POST notes";
    if (!note && what != "POST acknowledge" && what != "POST close") {
      return refuse(404, "Not found");
    }
    if (!problem_with(body, {{"user"}, {"source"}, {"note", 't', note}}).empty()) {
      return unprocessable("note", "?");
    }
    if (longer(body, "note", 25000)) return unprocessable("note", "is too long");
    alert.notes.push_back(what + ": " + json_field(body, "note"));
    if (what == "POST acknowledge") alert.acknowledged = true;
    if (what == "POST close") alert.open = false;
    return accepted();
  }

  std::string base_;
  int requests_ = 0;
};

std::string first_line_of(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

TEST_CASE("opsgenie: DOWN, REMINDER and UP of two checks are two alerts", "[notify]") {
  OpsgenieStandIn pager;
  const auto notifier = pager.notifier();
  SendDesk desk;
  for (const Outcome& outcome : tell_two_checks(desk, *notifier)) {
    CHECK(outcome.what == What::sent);
    CHECK(outcome.reason.empty());
  }
  REQUIRE(pager.alerts.size() == 2);
  for (const char* const key : {"web-01", "web-02"}) {
    CHECK_FALSE(pager.alerts[key].open);
    CHECK(pager.alerts[key].count == 2);
    REQUIRE(pager.alerts[key].notes.size() == 1);
    CHECK(pager.alerts[key].notes[0].starts_with("POST close: ✅ UP " + std::string(key)));
  }
}

TEST_CASE("opsgenie: a DOWN is this alert", "[notify]") {
  OpsgenieStandIn pager;
  const auto notifier = pager.notifier(
      ", tags: [prod, eu], responders: [{team: ops}, {user: \"a@example.net\"}, "
      "{schedule: nights}]");
  const Outcome outcome = SendDesk().send(*notifier, a_notification(Kind::down));
  CHECK(outcome.what == What::sent);
  CHECK(outcome.thread_ref == "web-01");
  CHECK(outcome.message_ref == "43a29c5c-3dbf-4fa4-9c26-1");
  const auto asked = pager.service.asked();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].target == "/v2/alerts");
  auto alert = json_in(asked[0].body);
  CHECK(first_line_of(json_field(alert, "description")) ==
        "🔴 DOWN web-01 — connection refused (127.0.0.1:8080)");
  CHECK(json_field(alert, "description").find("\nincident 42\n") != std::string::npos);
  alert->set("description", "…");
  std::ostringstream written;
  alert->stringify(written);
  CHECK(written.str() ==
        R"({"alias":"web-01","description":"…","details":{"check":"web-01","incident":"42",)"
        R"("label team":"shop","label tier":"front","state":"down"},"entity":"127.0.0.1:8080",)"
        R"_("message":"🔴 DOWN web-01 — connection refused (127.0.0.1:8080)","priority":"P1",)_"
        R"("responders":[{"name":"ops","type":"team"},{"type":"user","username":"a@example.net"},)"
        R"({"name":"nights","type":"schedule"}],"source":"Tocsin on mon-1","tags":["prod","eu"]})");
}

TEST_CASE("opsgenie: each kind opens, acknowledges or closes", "[notify]") {
  const std::vector<std::pair<Kind, std::vector<std::string>>> moves{
      {Kind::down, {"/v2/alerts P1"}},
      {Kind::degraded, {"/v2/alerts P4"}},
      {Kind::unknown, {"/v2/alerts P2"}},
      {Kind::flapping, {"/v2/alerts P1"}},
      {Kind::reminder, {"/v2/alerts P1"}},
      {Kind::acknowledged, {"acknowledge"}},
      {Kind::up, {"close"}},
      {Kind::over, {"close"}},
      {Kind::unwatched, {"close"}},
      {Kind::info, {"/v2/alerts P5", "close"}},
      {Kind::test, {"/v2/alerts P5", "close"}},
      {Kind::daemon, {"/v2/alerts P3"}},
      {Kind::digest, {"/v2/alerts P3"}}};
  CHECK(moves.size() == std::size(kKinds));
  for (const auto& [kind, wanted] : moves) {
    INFO(to_string(kind));
    OpsgenieStandIn pager;
    const auto notifier = pager.notifier(", priority: {degraded: P4}");
    CHECK(SendDesk().send(*notifier, a_notification(kind)).what == What::sent);
    std::vector<std::string> did;
    for (const SinkExchange& asked : pager.service.asked()) {
      const std::string path = path_of(asked);
      did.push_back(path == "/v2/alerts" ? path + " " + json_field(json_in(asked.body), "priority")
                                         : path.substr(path.rfind('/') + 1));
    }
    CHECK(did == wanted);
  }
}

TEST_CASE("opsgenie: an incident that goes on in another state changes the open alert",
          "[notify]") {
  const std::string base = GENERATE(as<std::string>{}, "", "/jsm/ops/integration");
  OpsgenieStandIn pager(base);
  const auto notifier = pager.notifier();
  SendDesk desk;
  CHECK(desk.send(*notifier, a_notification(Kind::degraded)).what == What::sent);
  CHECK(pager.alerts["web-01"].priority == "P3");
  Message worse = a_message(Kind::down);
  worse.from = State::degraded;
  CHECK(desk.send(*notifier, a_notification(worse)).what == What::sent);
  REQUIRE(pager.alerts["web-01"].notes.size() == 1);
  CHECK(pager.alerts["web-01"].notes[0].starts_with("POST notes: 🔴 DOWN web-01"));
  CHECK(pager.alerts["web-01"].priority == (base.empty() ? "P1" : "P3"));
  SECTION("and is told again if only half of it was taken") {
    pager.service.script({.status = 202, .body = "{}"});
    pager.service.script({.status = 503});
    CHECK(desk.send(*notifier, a_notification(worse)).what == What::later);
  }
}

TEST_CASE("opsgenie: names that no path should hold are made plain, and stay apart", "[notify]") {
  OpsgenieStandIn pager;
  const auto notifier = pager.notifier();
  SendDesk desk;
  for (const std::string& key :
       {std::string("web-01/ssh"), std::string("web-01 ssh"), std::string(".."),
        std::string("a?b#c"), std::string("é"), std::string(5000, 'k'), std::string(5001, 'k')}) {
    Message down = a_message(Kind::down);
    Message up = a_message(Kind::up);
    down.check = up.check = key;
    CHECK(desk.send(*notifier, a_notification(down, key)).what == What::sent);
    CHECK(desk.send(*notifier, a_notification(up, key)).what == What::sent);
  }
  CHECK(pager.alerts.size() == 7);
  for (const auto& [alias, alert] : pager.alerts) {
    INFO(alias);
    CHECK(alert.count == 1);
    CHECK_FALSE(alert.open);
  }
  CHECK(pager.alerts.begin()->first.find('/') == std::string::npos);
}

TEST_CASE("opsgenie: whatever a target sent, it is an alert without markup", "[notify]") {
  OpsgenieStandIn pager;
  const auto notifier = pager.notifier();
  SendDesk desk;
  for (const Kind kind : kKinds) {
    for (const std::string& text :
         {hostile_text(), "<a href=\"https://evil.example\">x</a>" + std::string(1 << 20, '<'),
          std::string("🔔") + std::string(1 << 16, 'x')}) {
      INFO(to_string(kind));
      const Notification one = a_notification(hostile_message(kind, text), text);
      const Outcome outcome = desk.send(*notifier, one, true);
      CHECK(outcome.reason.empty());
      CHECK(outcome.what == What::sent);
    }
  }
  for (const SinkExchange& asked : pager.service.asked()) {
    CHECK(asked.body.find_first_of("<>") == std::string::npos);
  }
}

TEST_CASE("opsgenie: what it refuses is told in its own words", "[notify]") {
  OpsgenieStandIn pager;
  const auto notifier = pager.notifier();
  SendDesk desk;
  const auto told = [&](const HttpReply& reply) {
    pager.service.script(reply);
    return desk.send(*notifier, a_notification(Kind::down));
  };
  const auto error = [](int status, const std::string& message) {
    return HttpReply{.status = status, .body = R"({"message": ")" + message + "\"}"};
  };
  CHECK(told(error(401, "Could not authenticate")).reason ==
        "401: Could not authenticate (is the integration enabled, and does api_url fit its "
        "region?)");
  CHECK(told(error(403, "You are not authorized")).reason ==
        "403: You are not authorized (the integration needs the right to create and update "
        "alerts)");
  CHECK(told(error(422, "Key format is not valid!")).reason ==
        "422: Key format is not valid! (api_key is the key of an API integration)");
  const Outcome fields = told({.status = 422,
                               .body = R"({"message": "Request body is not processable.", )"
                                       R"("errors": {"message": "Message can not be empty."}})"});
  CHECK(fields.what == What::rejected);
  CHECK(fields.reason ==
        "422: Request body is not processable.; message: Message can not be empty.");
  const Outcome many = told({.status = 429,
                             .body = R"({"message": "You are making too many )"
                                     R"(requests!"})"});
  CHECK(many.what == What::later);
  CHECK(many.reason == "429: You are making too many requests!");
  CHECK(told({.status = 503}).what == What::later);
}

TEST_CASE("opsgenie: each mistake is reported at its place", "[notify]") {
  CHECK(problems_of("opsgenie", "{}") == "error: api_key is missing\n");
  CHECK(problems_of("opsgenie", kApiKey).empty());
  const auto with = [](const std::string& more) {
    return problems_of("opsgenie", "{api_key: " + kApiKey + ", " + more + "}");
  };
  CHECK(with("api_url: \"https://api.opsgenie.com/v2/alerts\"") ==
        "error: api_url ends before /v2/alerts\n");
  CHECK(with("priority: {down: P0}").find("error: ") == 0);
  CHECK(with("responders: [{team: a, user: b}]") ==
        "error: a responder is one of team, user (their e-mail), schedule, escalation\n");
  CHECK(with("responders: [{teem: a}]").find("did you mean \"team\"?") != std::string::npos);
  CHECK(with("tags: [\"" + std::string(51, 'x') + "\"]") ==
        "error: a tag has 1 to 50 characters\n");
  CHECK(with("tags: [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u]") == "error: more than 20 tags\n");
  CHECK(with("api_url: \"https://api.eu.opsgenie.com/\"").empty());
  CHECK(with("api_url: \"https://api.atlassian.com/jsm/ops/integration\"").empty());
}

}  // namespace tocsin
