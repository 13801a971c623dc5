// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Parser.h>

#include <catch2/catch.hpp>
#include <memory>
#include <regex>
#include <string>
#include <vector>

#include "notify/service_stand_in.h"
#include "util/text.h"

namespace tocsin {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;
using What = Outcome::What;

Array::Ptr alerts_in(const std::string& body) {
  try {
    return Poco::JSON::Parser().parse(body).extract<Array::Ptr>();
  } catch (const Poco::Exception&) {
    return nullptr;
  }
}

// POST /api/v2/alerts by the API's OpenAPI description and the checks of the alerts themselves;
// stricter in that it takes no field that is not described.
class AlertmanagerStandIn {
 public:
  AlertmanagerStandIn() : service([this](const HttpAsked& asked) { return judge(asked); }) {}

  // The alerts of the latest request.
  Array::Ptr alerts() const { return alerts_in(service.asked().back().body); }
  Object::Ptr alert(unsigned i = 0) const { return alerts()->getObject(i); }
  std::string label(const std::string& name) const {
    return json_field(alert()->getObject("labels"), name);
  }
  std::string annotation(const std::string& name) const {
    return json_field(alert()->getObject("annotations"), name);
  }

  ServiceStandIn service;

 private:
  static std::string problem_with_texts(const Object::Ptr& texts) {
    static const std::regex name("^[a-zA-Z_][a-zA-Z0-9_]*$");
    for (const auto& [key, value] : *texts) {
      if (!std::regex_match(key, name))
        return "invalid label set: invalid name \\\"" + key + "\\\"";
      if (!value.isString() || !is_valid_utf8(value.extract<std::string>())) {
        return "invalid label set: invalid value";
      }
    }
    return {};
  }

  static std::string problem_with_alert(const Object::Ptr& alert) {
    std::string problem = problem_with(
        alert,
        {{"labels", 'o', true}, {"annotations", 'o'}, {"startsAt"}, {"endsAt"}, {"generatorURL"}});
    if (!problem.empty()) return problem;
    if (alert->getObject("labels")->size() == 0) return "at least one label pair required";
    for (const char* const part : {"labels", "annotations"}) {
      problem = problem_with_texts(alert->getObject(part));
      if (!problem.empty()) return problem;
    }
    const std::string starts = json_field(alert, "startsAt");
    const std::string ends = json_field(alert, "endsAt");
    if (!starts.empty() && starts > ends) return "start time must be before end time";
    return {};
  }

  HttpReply judge(const HttpAsked& asked) {
    if (asked.target != "/api/v2/alerts") return {.status = 404, .body = "404 page not found"};
    if (asked.method != "POST") return {.status = 405};
    if (!asked.header("Content-Type").starts_with("application/json")) {
      return {.status = 415, .body = R"({"code": 415, "message": "unsupported media type"})"};
    }
    const auto all = alerts_in(asked.body);
    if (!all) return {.status = 400, .body = R"({"code": 400, "message": "parsing failed"})"};
    for (unsigned i = 0; i < all->size(); ++i) {
      const std::string problem = problem_with_alert(all->getObject(i));
      if (!problem.empty()) return {.status = 400, .body = "\"" + problem + "\"\n"};
    }
    return {.status = 200, .body = ""};
  }
};

std::shared_ptr<const Notifier> manager(const AlertmanagerStandIn& stand_in,
                                        const std::string& more = "") {
  return notifier_of("alertmanager", "{urls: \"" + stand_in.service.base_url() + "\"" + more + "}");
}

}  // namespace

TEST_CASE("alertmanager: DOWN, REMINDER and UP of two checks are two alerts that end", "[notify]") {
  AlertmanagerStandIn stand_in;
  const auto notifier = manager(stand_in);
  SendDesk desk;
  const auto outcomes = tell_two_checks(desk, *notifier);
  for (const Outcome& outcome : outcomes) {
    CHECK(outcome.what == What::sent);
    CHECK(outcome.reason.empty());
    CHECK_FALSE(outcome.message_ref.empty());
  }
  CHECK(outcomes[0].thread_ref == outcomes[4].thread_ref);
  CHECK(outcomes[0].thread_ref != outcomes[1].thread_ref);
  CHECK(stand_in.label("instance") == "web-02");
  CHECK(json_field(stand_in.alert(), "endsAt") == "2026-01-02T03:04:05.000Z");
}

TEST_CASE("alertmanager: a DOWN is this alert", "[notify]") {
  AlertmanagerStandIn stand_in;
  const auto notifier = manager(stand_in, ", labels: {site: fra1}");
  CHECK(SendDesk().send(*notifier, a_notification(Kind::down)).what == What::sent);
  REQUIRE(stand_in.alerts()->size() == 1);
  std::ostringstream labels;
  stand_in.alert()->getObject("labels")->stringify(labels);
  CHECK(labels.str() ==
        R"({"alertname":"TocsinCheck","instance":"web-01","severity":"critical","site":"fra1",)"
        R"("team":"shop","tier":"front"})");
  CHECK(stand_in.annotation("summary") == "🔴 DOWN web-01 — connection refused (127.0.0.1:8080)");
  CHECK(stand_in.annotation("description").starts_with("target: 127.0.0.1:8080\nsince "));
  CHECK(stand_in.annotation("runbook_url") == "https://wiki.example.net/shop");
  CHECK(json_field(stand_in.alert(), "startsAt") == "2026-01-02T03:03:50.000Z");
  CHECK(json_field(stand_in.alert(), "endsAt") > "2026-06");
}

TEST_CASE("alertmanager: each kind fires or ends", "[notify]") {
  AlertmanagerStandIn stand_in;
  const auto notifier = manager(stand_in, ", severity: {unknown: ticket, info: \"\"}");
  SendDesk desk;
  const std::vector<std::pair<Kind, std::string>> looks{
      {Kind::down, "TocsinCheck critical fires"},
      {Kind::degraded, "TocsinCheck warning fires"},
      {Kind::unknown, "TocsinCheck ticket fires"},
      {Kind::flapping, "TocsinCheck critical fires"},
      {Kind::reminder, "TocsinCheck critical fires"},
      {Kind::acknowledged, "TocsinCheck critical fires"},
      {Kind::up, "TocsinCheck critical ends"},
      {Kind::over, "TocsinCheck critical ends"},
      {Kind::unwatched, "TocsinCheck critical ends"},
      {Kind::info, "TocsinInfo  fires"},
      {Kind::test, "TocsinTest  fires"},
      {Kind::digest, "TocsinItself warning fires"},
      {Kind::daemon, "TocsinItself warning fires"}};
  CHECK(looks.size() == std::size(kKinds));
  for (const auto& [kind, look] : looks) {
    INFO(to_string(kind));
    CHECK(desk.send(*notifier, a_notification(kind)).what == What::sent);
    const bool fires = json_field(stand_in.alert(), "endsAt") > "2026-06";
    CHECK(stand_in.label("alertname") + " " + stand_in.label("severity") +
              (fires ? " fires" : " ends") ==
          look);
    CHECK(stand_in.annotation("acknowledged").empty() == (kind != Kind::acknowledged));
  }
}

TEST_CASE("alertmanager: another severity is another alert, and the one before ends", "[notify]") {
  AlertmanagerStandIn stand_in;
  const auto notifier = manager(stand_in);
  Message worse = a_message(Kind::down);
  worse.from = State::degraded;
  CHECK(SendDesk().send(*notifier, a_notification(worse)).what == What::sent);
  REQUIRE(stand_in.alerts()->size() == 2);
  const auto now = stand_in.alert(0);
  const auto before = stand_in.alert(1);
  CHECK(json_field(now->getObject("labels"), "severity") == "critical");
  CHECK(json_field(before->getObject("labels"), "severity") == "warning");
  CHECK(json_field(now, "endsAt") > "2026-06");
  CHECK(json_field(before, "endsAt") == "2026-01-02T03:04:05.000Z");
}

TEST_CASE("alertmanager: with one severity for all the alert goes on", "[notify]") {
  AlertmanagerStandIn stand_in;
  const auto notifier = manager(stand_in, ", severity: {degraded: critical}");
  Message worse = a_message(Kind::down);
  worse.from = State::degraded;
  CHECK(SendDesk().send(*notifier, a_notification(worse)).what == What::sent);
  CHECK(stand_in.alerts()->size() == 1);
}

TEST_CASE("alertmanager: labels of checks are made valid, and cannot pass for ours", "[notify]") {
  AlertmanagerStandIn stand_in;
  const auto notifier = manager(stand_in);
  Message message = a_message(Kind::down);
  message.labels = {
      {"a-b.c", "1"},       {"7", "2"},         {"__name__", "3"}, {"instance", "other"},
      {"severity", "page"}, {"alertname", "x"}, {"é", "4"}};
  CHECK(SendDesk().send(*notifier, a_notification(message, "shop")).what == What::sent);
  std::ostringstream labels;
  stand_in.alert()->getObject("labels")->stringify(labels);
  CHECK(labels.str() == R"({"a_b_c":"1","alertname":"TocsinCheck","instance":"web-01","l_7":"2",)"
                        R"("l___":"4","l___name__":"3","severity":"page","thread":"shop"})");
}

TEST_CASE("alertmanager: whatever a target sent, it is an alert without markup", "[notify]") {
  AlertmanagerStandIn stand_in;
  const auto notifier = manager(stand_in);
  SendDesk desk;
  for (const Kind kind : kKinds) {
    for (const std::string& text : {hostile_text(), std::string(1 << 20, '<')}) {
      INFO(to_string(kind));
      const Notification one = a_notification(hostile_message(kind, text), text);
      const Outcome outcome = desk.send(*notifier, one, true);
      CHECK(outcome.reason.empty());
      CHECK(outcome.what == What::sent);
    }
  }
}

TEST_CASE("alertmanager: a renewal is the same alert, later", "[notify]") {
  AlertmanagerStandIn stand_in;
  const auto notifier = manager(stand_in, ", resend_every: 2s, expires_after: 1h");
  CHECK(notifier->renew_every() == Millis{2000});
  SendDesk desk;
  Message worse = a_message(Kind::down);
  worse.from = State::degraded;
  const Notification one = a_notification(worse);
  desk.send(*notifier, one);
  const std::string labels = json_field(stand_in.alert(), "labels");
  CHECK(desk.renew(*notifier, one).what == What::sent);
  REQUIRE(stand_in.alerts()->size() == 1);
  CHECK(json_field(stand_in.alert(), "labels") == labels);
}

TEST_CASE("alertmanager: peers are all told, and one of them is enough", "[notify]") {
  AlertmanagerStandIn one;
  AlertmanagerStandIn two;
  const auto notifier =
      notifier_of("alertmanager", "{urls: [\"" + one.service.base_url() + "\", \"" +
                                      two.service.base_url() + "/api/v2/alerts\"], timeout: 1s}");
  SendDesk desk;
  const Notification down = a_notification(Kind::down);
  CHECK(desk.send(*notifier, down).what == What::sent);
  CHECK(one.service.asked().size() == 1);
  CHECK(two.service.asked().size() == 1);
  SECTION("one refuses, or hangs") {
    one.service.script({.status = 500});
    CHECK(desk.send(*notifier, down).what == What::sent);
    two.service.script({.way = HttpReply::Way::hang});
    CHECK(desk.send(*notifier, down).what == What::sent);
  }
  SECTION("both fail: later rather than never") {
    one.service.script({.status = 400, .body = "\"no\""});
    two.service.script({.status = 503});
    const Outcome outcome = desk.send(*notifier, down);
    CHECK(outcome.what == What::later);
    CHECK(outcome.reason.ends_with(": 503"));
    CHECK(outcome.reason.starts_with("127.0.0.1:"));
  }
  SECTION("both refuse") {
    one.service.script({.status = 400, .body = "\"start time must be before end time\"\n"});
    two.service.script({.status = 400});
    const Outcome outcome = desk.send(*notifier, down);
    CHECK(outcome.what == What::rejected);
    CHECK(outcome.reason.ends_with(": 400: start time must be before end time"));
  }
}

TEST_CASE("alertmanager: what it refuses is told in its own words", "[notify]") {
  AlertmanagerStandIn stand_in;
  const auto notifier = manager(stand_in, ", user: tocsin, password: pass-word-1");
  SendDesk desk;
  const auto told = [&](const HttpReply& reply) {
    stand_in.service.script(reply);
    return desk.send(*notifier, a_notification(Kind::down)).reason;
  };
  CHECK(told({.status = 400, .body = R"({"code":602,"message":"0.labels in body is required"})"}) ==
        "400: 0.labels in body is required");
  CHECK(told({.status = 401, .body = "Unauthorized\n"}) ==
        "401 (user and password, or token, are those of its web.config.file or of the proxy)");
  CHECK(told({.status = 404}) ==
        "404 (urls end where Alertmanager's own pages begin; versions before 0.16 lack this API)");
  CHECK(stand_in.service.asked()[0].header("Authorization") == "Basic dG9jc2luOnBhc3Mtd29yZC0x");
}

TEST_CASE("alertmanager: each mistake is reported at its place", "[notify]") {
  const auto problems = [](const std::string& settings) {
    return problems_of("alertmanager", settings);
  };
  const std::string url = "urls: [http://127.0.0.1:9093]";
  CHECK(problems("{}") == "error: urls is missing: http://127.0.0.1:9093, or all peers\n");
  CHECK(problems("http://127.0.0.1:9093").empty());
  CHECK(problems("{urls: [ftp://a]}") ==
        "error: urls takes URLs that begin with https:// or http://\n");
  CHECK(problems("{urls: [\"http://127.0.0.1:1\", \"http://127.0.0.1:1/\"]}") ==
        "error: urls names the same one twice\n");
  CHECK(problems("{urls: [\"https://u:p@a\"]}").find("takes no user or password") !=
        std::string::npos);
  CHECK(problems("{" + url + ", resend_every: 6m}") ==
        "error: expires_after is at least twice resend_every: one lost round must not end an "
        "alert\n");
  CHECK(problems("{" + url + ", labels: {a-b: c}}") ==
        "error: a label's name is letters, digits and _, and begins with a letter\n");
  CHECK(problems("{" + url + ", labels: {instance: c}}") ==
        "error: instance is set by alertname, the check's name and severity\n");
  CHECK(problems("{" + url + ", user: a}") == "error: user and password go together\n");
  CHECK(problems("{" + url + ", token: abc, user: a, password: b}") ==
        "error: token, or user and password, but not both\n");
  CHECK(problems("{" + url + ", alertname: \"\"}") == "error: alertname is empty\n");
}

}  // namespace tocsin
