// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// POST /api/v1/acknowledgements: who may, what is taken, what is refused and how that is said.
#include <catch2/catch.hpp>

#include "web/fakes.h"
#include "web/handlers.h"

using namespace tocsin;
using Catch::Matchers::Contains;

namespace {

struct AckSite : FakeSite {
  AckSite() { guard.admin_token = Secret("admin-token-0123456789"); }
  Response post(const std::string& body, const std::string& token = "admin-token-0123456789") {
    Request request = made_request("/api/v1/acknowledgements", "POST");
    if (!token.empty()) request.headers.emplace_back("authorization", "Bearer " + token);
    request.headers.emplace_back("content-type", "application/json");
    request.headers.emplace_back("content-length", std::to_string(body.size()));
    request.body = body;
    return ask(std::move(request));
  }
  // The error; nothing has reached the core.
  std::string refused(const std::string& body) {
    const Response response = post(body);
    CHECK(response.status == 400);
    CHECK(control.acknowledged().empty());
    return response.body;
  }
};

}  // namespace

TEST_CASE("acknowledgements: who, why and how long reach the core", "[web]") {
  AckSite site;
  const Response response = site.post(
      R"({"check": "web-01/http", "by": "Ann", "why": "disk\non order", "for_seconds": 90.5})");
  CHECK(response.status == 200);
  CHECK(response.body ==
        "{\"check\":\"web-01/http\",\"acknowledged\":true,\"lasts_seconds\":90.5,"
        "\"durable\":true}\n");
  REQUIRE(site.control.acknowledged().size() == 1);
  const auto [check, wish] = site.control.acknowledged()[0];
  CHECK(check == "web-01/http");
  REQUIRE(wish);
  CHECK(wish->by == "Ann");
  CHECK(wish->why == "disk on order");
  CHECK(wish->lasts == Millis{90'500});
}

TEST_CASE("acknowledgements: the check's name alone is enough", "[web]") {
  AckSite site;
  CHECK_THAT(site.post(R"({"check": "web"})").body, Contains("\"lasts_seconds\":null"));
  const auto [check, wish] = site.control.acknowledged().at(0);
  REQUIRE(wish);
  CHECK(wish->by.empty());
  CHECK_FALSE(wish->lasts);
}

TEST_CASE("acknowledgements: one can be taken back", "[web]") {
  AckSite site;
  const Response response = site.post(R"({"check": "web", "by": "Ann", "withdraw": true})");
  CHECK(response.status == 200);
  CHECK_THAT(response.body, Contains("\"acknowledged\":false"));
  CHECK_FALSE(site.control.acknowledged().at(0).second);
}

TEST_CASE("acknowledgements: what is wrong is said", "[web]") {
  AckSite site;
  CHECK_THAT(site.refused("[]"), Contains("must be a JSON object"));
  CHECK_THAT(site.refused("{"), Contains("not JSON"));
  CHECK_THAT(site.refused("{}"), Contains("check") && Contains("is missing"));
  CHECK_THAT(site.refused(R"({"check": "web", "bye": "x"})"),
             Contains("did you mean") && Contains("by"));
  CHECK_THAT(site.refused(R"({"check": "web", "check": "db"})"), Contains("given twice"));
  CHECK_THAT(site.refused(R"({"check": 7})"), Contains("must be a text"));
  CHECK_THAT(site.refused(R"({"check": "web", "by": ")" + std::string(101, 'x') + "\"}"),
             Contains("100 bytes"));
  for (const char* time : {"0", "-5", "1e99", "\"2h\"", "true", "[]", "32000000"}) {
    CHECK_THAT(site.refused(std::string(R"({"check": "web", "for_seconds": )") + time + "}"),
               Contains("number of seconds"));
  }
  CHECK_THAT(site.refused(R"({"check": "web", "withdraw": 1})"), Contains("true or false"));
  CHECK_THAT(site.refused(R"({"check": "web", "withdraw": true, "why": "x"})"),
             Contains("takes no why"));
}

TEST_CASE("acknowledgements: nobody else may", "[web]") {
  AckSite site;
  CHECK(site.post(R"({"check": "web"})", "").status == 401);
  CHECK(site.post(R"({"check": "web"})", "admin-token-0123456780").status == 401);
  CHECK(site.control.acknowledged().empty());
}

TEST_CASE("acknowledgements: what the core makes of it is answered", "[web]") {
  AckSite site;
  const auto answer = [&](AckFate fate) {
    site.control.set_ack_fate(fate);
    return site.post(R"({"check": "web"})");
  };
  CHECK_THAT(answer(AckFate::memory).body, Contains("\"durable\":false"));
  CHECK(answer(AckFate::no_such_check).status == 404);
  CHECK_THAT(answer(AckFate::no_such_check).body, Contains("no check is named"));
  CHECK(answer(AckFate::nothing_open).status == 409);
  CHECK_THAT(answer(AckFate::nothing_open).body, Contains("no open incident"));
  CHECK_THAT(answer(AckFate::not_acknowledged).body, Contains("nothing to take back"));
  CHECK(answer(AckFate::late).status == 503);
}

TEST_CASE("acknowledgements: check, incident and page show who looks after it", "[web]") {
  FakeSite site;
  const WallTime at{std::chrono::seconds{1'767'323'045}};
  const Acknowledgement ack{"<Ann>", "disk is on order", at, at + std::chrono::hours{1}};
  auto check = std::make_shared<Check>();
  check->name = "web";
  check->notify = std::make_shared<const std::vector<std::string>>();
  auto view = std::make_shared<CheckView>();
  view->check = check;
  view->state = State::down;
  view->reason = "refused";
  view->acknowledged = ack;
  const auto show = [&](WallTime now) {
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->at = now;
    snapshot->checks = {view};
    site.control.set(snapshot);
    return site.get("/").body;
  };
  CHECK_THAT(show(at), Contains("refused (acknowledged by &lt;Ann&gt;: disk is on order)"));
  CHECK_THAT(site.get("/api/v1/checks/web").body,
             Contains(R"("acknowledged":{"by":"<Ann>","why":"disk is on order",)") &&
                 Contains(R"("until":"2026-01-02T04:04:05)"));
  CHECK_THAT(show(at + std::chrono::hours{2}), !Contains("acknowledged"));
  IncidentRecord incident;
  incident.id = 7;
  site.store.incident_rows = {incident};
  CHECK_THAT(site.get("/api/v1/incidents").body, Contains("\"acknowledged\":null"));
  site.store.incident_rows[0].acknowledged = ack;
  CHECK_THAT(site.get("/api/v1/incidents").body, Contains(R"("acknowledged":{"by":"<Ann>")"));
}
