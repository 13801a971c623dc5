// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <Poco/JSON/Array.h>

#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "notify/service_stand_in.h"
#include "util/text.h"

namespace tocsin {
namespace {

using Poco::JSON::Object;
using What = Outcome::What;

const std::string kRoutingKey = "0123456789abcdef0123456789abcdef";

// The Events API v2 as its OpenAPI description and PD-CEF's field reference have it; stricter in
// that it takes no field that is not described.
class PagerDutyStandIn {
 public:
  struct Alert {
    std::string state;
    std::vector<std::string> actions;
    std::string severity;
  };
  PagerDutyStandIn() : service([this](const HttpAsked& asked) { return judge(asked); }) {}

  std::shared_ptr<const Notifier> notifier(const std::string& more = "") {
    return notifier_of("pagerduty", "{routing_key: " + kRoutingKey + ", api_url: \"" +
                                        service.base_url() + "\"" + more + "}");
  }

  std::map<std::string, Alert> alerts;  // by dedup_key
  std::vector<std::string> changes;     // summaries
  ServiceStandIn service;

 private:
  static HttpReply refuse(const std::string& error) {
    return {.status = 400,
            .body = R"({"status": "invalid event", "message": "Event object is invalid", )"
                    R"("errors": [")" +
                    error + "\"]}"};
  }

  static std::string problem_in_payload(const Object::Ptr& payload, bool change) {
    std::string problem =
        change ? problem_with(
                     payload,
                     {{"summary", 't', true}, {"source"}, {"timestamp"}, {"custom_details", 'o'}})
               : problem_with(payload, {{"summary", 't', true},
                                        {"source", 't', true},
                                        {"severity", 't', true},
                                        {"timestamp"},
                                        {"component"},
                                        {"group"},
                                        {"class"},
                                        {"custom_details", 'o'}});
    if (!problem.empty()) return problem;
    if (json_field(payload, "summary").empty()) return "'payload.summary' is missing or blank";
    if (json_field(payload, "summary").size() > 1024) return "summary is too long";
    const std::set<std::string> severities{"critical", "error", "warning", "info"};
    if (!change && !severities.contains(json_field(payload, "severity"))) {
      return "'payload.severity' is invalid";
    }
    return {};
  }

  static std::string problem_in_links(const Object::Ptr& event) {
    const auto links = event->getArray("links");
    for (std::size_t i = 0; links && i < links->size(); ++i) {
      const auto link = links->getObject(static_cast<unsigned>(i));
      const std::string problem = problem_with(link, {{"href", 't', true}, {"text"}});
      if (!problem.empty()) return problem;
    }
    return {};
  }

  HttpReply judge(const HttpAsked& asked) {
    const bool change = asked.target == "/v2/change/enqueue";
    if (asked.method != "POST" || (!change && asked.target != "/v2/enqueue")) {
      return {.status = 404, .body = "not found"};
    }
    if (!asked.header("Content-Type").starts_with("application/json")) return {.status = 415};
    if (asked.body.size() > 512 * 1024) return refuse("event is too large");
    const auto event = json_in(asked.body);
    std::string problem = change ? problem_with(event, {{"routing_key", 't', true},
                                                        {"payload", 'o', true},
                                                        {"links", 'l'},
                                                        {"images", 'l'}})
                                 : problem_with(event, {{"routing_key", 't', true},
                                                        {"event_action", 't', true},
                                                        {"dedup_key"},
                                                        {"payload", 'o'},
                                                        {"client"},
                                                        {"client_url"},
                                                        {"links", 'l'},
                                                        {"images", 'l'}});
    if (problem.empty() && json_field(event, "routing_key").size() != 32) {
      problem = "Length of 'routing_key' is incorrect (should be 32 characters)";
    }
    if (problem.empty()) problem = problem_in_links(event);
    const auto payload = event ? event->getObject("payload") : nullptr;
    if (problem.empty() && payload) problem = problem_in_payload(payload, change);
    if (!problem.empty()) return refuse(problem);
    if (change) {
      changes.push_back(json_field(payload, "summary"));
      return {.status = 202,
              .body = R"({"status": "success", "message": "Change event processed"})"};
    }
    return move(event, payload);
  }

  HttpReply move(const Object::Ptr& event, const Object::Ptr& payload) {
    const std::string action = json_field(event, "event_action");
    const std::string key = json_field(event, "dedup_key");
    if (action != "trigger" && action != "acknowledge" && action != "resolve") {
      return refuse("'event_action' is invalid");
    }
    if (key.empty() && action != "trigger") return refuse("'dedup_key' is missing or blank");
    if (key.size() > 255) return refuse("'dedup_key' is too long");
    if (action == "trigger" && !payload) return refuse("'payload' is missing");
    const auto open = alerts.find(key);
    if (action == "trigger") {
      Alert& alert = alerts[key];
      alert.state = alert.state == "acknowledged" ? alert.state : "triggered";
      alert.actions.push_back(action);
      alert.severity = json_field(payload, "severity");
    } else if (open != alerts.end()) {
      open->second.state = action == "resolve" ? "resolved" : "acknowledged";
      open->second.actions.push_back(action);
    }
    return {.status = 202,
            .body = R"({"status": "success", "message": "Event processed", "dedup_key": "k"})"};
  }
};

}  // namespace

TEST_CASE("pagerduty: DOWN, REMINDER and UP of two checks are two alerts", "[notify]") {
  PagerDutyStandIn pager;
  const auto notifier = pager.notifier();
  SendDesk desk;
  for (const Outcome& outcome : tell_two_checks(desk, *notifier)) {
    CHECK(outcome.what == What::sent);
    CHECK(outcome.reason.empty());
  }
  REQUIRE(pager.alerts.size() == 2);
  for (const char* const key : {"web-01", "web-02"}) {
    CHECK(pager.alerts[key].state == "resolved");
    CHECK(pager.alerts[key].actions == std::vector<std::string>{"trigger", "trigger", "resolve"});
  }
}

TEST_CASE("pagerduty: a DOWN is this event", "[notify]") {
  PagerDutyStandIn pager;
  const auto notifier = pager.notifier(", client_url: \"https://mon-1.example.net/\"");
  const Outcome outcome = SendDesk().send(*notifier, a_notification(Kind::down));
  CHECK(outcome.what == What::sent);
  CHECK(outcome.thread_ref == "web-01");
  const auto asked = pager.service.asked();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].target == "/v2/enqueue");
  auto event = json_in(asked[0].body);
  auto details = event->getObject("payload")->getObject("custom_details");
  const std::string text = json_field(details, "details");
  CHECK(text.starts_with("target: 127.0.0.1:8080\nsince 2026-01-02 03:03:50 UTC"));
  CHECK(text.find("\nrunbook: https://wiki.example.net/shop\n") != std::string::npos);
  details->set("details", "…");
  std::ostringstream written;
  event->stringify(written);
  CHECK(written.str() == R"({"client":"Tocsin on mon-1","client_url":"https://mon-1.example.net/",)"
                         R"("dedup_key":"web-01","event_action":"trigger",)"
                         R"("links":[{"href":"https://wiki.example.net/shop","text":"runbook"}],)"
                         R"("payload":{"class":"tcp","component":"127.0.0.1:8080",)"
                         R"("custom_details":{"check":"web-01","details":"…","incident":42,)"
                         R"("label team":"shop","label tier":"front","state":"down"},)"
                         R"("group":"web-01","severity":"critical","source":"web-01",)"
                         R"_("summary":"🔴 DOWN web-01 — connection refused (127.0.0.1:8080)",)_"
                         R"("timestamp":"2026-01-02T03:04:05.000Z"},)"
                         R"("routing_key":"0123456789abcdef0123456789abcdef"})");
}

TEST_CASE("pagerduty: each kind moves its alert, and some move none", "[notify]") {
  PagerDutyStandIn pager;
  const auto notifier = pager.notifier(", severity: {degraded: info, daemon: error}");
  SendDesk desk;
  const std::vector<std::pair<Kind, std::string>> moves{{Kind::down, "trigger critical"},
                                                        {Kind::degraded, "trigger info"},
                                                        {Kind::unknown, "trigger error"},
                                                        {Kind::flapping, "trigger critical"},
                                                        {Kind::reminder, "trigger critical"},
                                                        {Kind::acknowledged, "acknowledge"},
                                                        {Kind::up, "resolve"},
                                                        {Kind::over, "resolve"},
                                                        {Kind::unwatched, "resolve"},
                                                        {Kind::info, "change"},
                                                        {Kind::test, "change"},
                                                        {Kind::daemon, "trigger error"},
                                                        {Kind::digest, "trigger error"}};
  CHECK(moves.size() == std::size(kKinds));
  for (const auto& [kind, move] : moves) {
    INFO(to_string(kind));
    CHECK(desk.send(*notifier, a_notification(kind)).what == What::sent);
    const auto asked = pager.service.asked().back();
    const auto event = json_in(asked.body);
    std::string was = json_field(event, "event_action");
    if (was == "trigger") was += " " + json_field(event->getObject("payload"), "severity");
    CHECK((asked.target == "/v2/change/enqueue" ? "change" : was) == move);
  }
  CHECK(pager.changes.size() == 2);
}

TEST_CASE("pagerduty: a reminder of what is degraded has its severity", "[notify]") {
  PagerDutyStandIn pager;
  Message message = a_message(Kind::reminder);
  message.to = State::degraded;
  CHECK(SendDesk().send(*pager.notifier(), a_notification(message)).what == What::sent);
  CHECK(pager.alerts["web-01"].severity == "warning");
}

TEST_CASE("pagerduty: checks that share a thread have an alert each", "[notify]") {
  PagerDutyStandIn pager;
  const auto notifier = pager.notifier();
  SendDesk desk;
  Message other = a_message(Kind::down);
  other.check = "db-01";
  desk.send(*notifier, a_notification(a_message(Kind::down), "shop"));
  desk.send(*notifier, a_notification(other, "shop"));
  desk.send(*notifier, a_notification(a_message(Kind::up), "shop"));
  CHECK(pager.alerts["shop / web-01"].state == "resolved");
  CHECK(pager.alerts["shop / db-01"].state == "triggered");
  desk.send(*notifier, a_notification(a_message(Kind::down), "web-01 #42"));
  CHECK(pager.alerts["web-01 #42"].state == "triggered");
}

TEST_CASE("pagerduty: long keys fit, and differ where the keys differ", "[notify]") {
  PagerDutyStandIn pager;
  const auto notifier = pager.notifier();
  SendDesk desk;
  for (const std::string& key : {std::string(5000, 'k'), std::string(5000, 'k') + "é"}) {
    CHECK(desk.send(*notifier, a_notification(a_message(Kind::down), key)).what == What::sent);
  }
  CHECK(pager.alerts.size() == 2);
  CHECK(notifier->pace().idempotent);
  CHECK_FALSE(notifier->pace().foldable);
}

TEST_CASE("pagerduty: whatever a target sent, the event is one that PagerDuty takes", "[notify]") {
  PagerDutyStandIn pager;
  const auto notifier = pager.notifier();
  SendDesk desk;
  for (const Kind kind : kKinds) {
    for (const std::string& text : {hostile_text(), std::string(1 << 20, '"')}) {
      INFO(to_string(kind));
      const Notification one = a_notification(hostile_message(kind, text), text);
      CHECK(desk.send(*notifier, one, true).what == What::sent);
    }
  }
  for (const SinkExchange& asked : pager.service.asked()) {
    CHECK(is_valid_utf8(asked.body));
    CHECK(asked.body.size() < 128 * 1024);
    CHECK(asked.body.find("javascript:") == std::string::npos);
  }
}

TEST_CASE("pagerduty: a runbook that is no web address is no link", "[notify]") {
  PagerDutyStandIn pager;
  Message message = a_message(Kind::down);
  message.runbook = "javascript:alert(1)";
  CHECK(SendDesk().send(*pager.notifier(), a_notification(message)).what == What::sent);
  CHECK_FALSE(json_in(pager.service.asked()[0].body)->has("links"));
}

TEST_CASE("pagerduty: what it refuses is told in its own words", "[notify]") {
  PagerDutyStandIn pager;
  const auto notifier = pager.notifier();
  SendDesk desk;
  const auto told = [&](const HttpReply& reply) {
    pager.service.script(reply);
    return desk.send(*notifier, a_notification(Kind::down));
  };
  const Outcome invalid = told(
      {.status = 400,
       .body = R"({"status": "invalid event", "message": "Event object is invalid", "errors": )"
               R"_(["Length of 'routing_key' is incorrect (should be 32 characters)", "b"]})_"});
  CHECK(invalid.what == What::rejected);
  CHECK(invalid.reason ==
        "400: Event object is invalid: Length of 'routing_key' is incorrect (should be 32 "
        "characters), b (routing_key is the integration key of an Events API v2 integration)");
  const Outcome odd = told({.status = 400, .body = R"({"errors": {"a": 1}, "message": 7})"});
  CHECK(odd.what == What::rejected);
  CHECK(odd.reason == "400");
  const Outcome many = told({.status = 429, .headers = {{"Retry-After", "7"}}});
  CHECK(many.what == What::later);
  CHECK(many.retry_after == Millis{7000});
  CHECK(told({.status = 500}).what == What::later);
  CHECK(told({.status = 403}).reason == "403 (does api_url fit the account's region?)");
}

TEST_CASE("pagerduty: each mistake is reported at its place, without the key", "[notify]") {
  CHECK(problems_of("pagerduty", "{}") == "error: routing_key is missing\n");
  CHECK(problems_of("pagerduty", "{routing_key: abc}") ==
        "error: routing_key has 3 characters; the integration key of an Events API v2 integration "
        "has 32\n");
  CHECK(problems_of("pagerduty", kRoutingKey).empty());
  const auto with = [](const std::string& more) {
    return problems_of("pagerduty", "{routing_key: " + kRoutingKey + ", " + more + "}");
  };
  CHECK(with("severity: {down: fatal}").find("error: ") == 0);
  CHECK(with("severity: {dwon: error}") ==
        "error: unknown key \"dwon\"; known here: down, degraded, unknown, daemon\n");
  CHECK(with("api_url: \"https://u:p@x.example\"") ==
        "error: api_url takes no user or password: it has keys of its own\n");
  CHECK(with("api_url: \"http://10.0.0.1\"") ==
        "warning: api_url is plain http: whoever sees the traffic can read the credentials\n");
  CHECK(with("client_url: \"https://u:p@x.example\"") ==
        "error: client_url is shown to people: it may hold no secret\n");
  CHECK(with("timeout: 0").find("must be between 1s and 1m") != std::string::npos);
}

TEST_CASE("pagerduty: its sink names the region and its pace the integration", "[notify]") {
  const auto one = notifier_of("pagerduty", kRoutingKey);
  const auto two = notifier_of("pagerduty", "f" + kRoutingKey.substr(1));
  CHECK(one->sink() == "PagerDuty (events.pagerduty.com)");
  CHECK(one->pace().key != two->pace().key);
  CHECK(one->pace().key.find(kRoutingKey) == std::string::npos);
}

}  // namespace tocsin
