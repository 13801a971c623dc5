// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors

// What the routes answer, without sockets; JSON is read back with Poco's parser.

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <set>

#include "util/text.h"
#include "web/fakes.h"
#include "web/handlers.h"
#include "web/json.h"

using namespace tocsin;
using Poco::JSON::Object;

namespace {

Object::Ptr parsed(const Response& response) {
  Poco::JSON::Parser parser;
  return parser.parse(response.body).extract<Object::Ptr>();
}

std::vector<std::string> names(const Response& response) {
  std::vector<std::string> out;
  const auto checks = parsed(response)->getArray("checks");
  for (std::size_t i = 0; i < checks->size(); ++i) {
    out.push_back(checks->getObject(static_cast<unsigned>(i))->getValue<std::string>("name"));
  }
  return out;
}

std::string written(auto&& write) {
  std::string out;
  JsonWriter json(out);
  write(json);
  return out;
}

}  // namespace

TEST_CASE("json: texts are escaped and repaired, numbers are exact", "[web]") {
  CHECK(written([](JsonWriter& json) { json.value("a\"b\\c\n\t\r\x01\x7f/é"); }) ==
        "\"a\\\"b\\\\c\\n\\t\\r\\u0001\\u007f/é\"");
  CHECK(written([](JsonWriter& json) { json.value(std::string("a\0b", 3)); }) == "\"a\\u0000b\"");
  CHECK(written([](JsonWriter& json) { json.value("\xFFx"); }) == "\"\xEF\xBF\xBDx\"");
  CHECK(written([](JsonWriter& json) { json.value(Micros{12'345}); }) == "0.012345");
  CHECK(written([](JsonWriter& json) { json.value(Micros{-5}); }) == "-0.000005");
  CHECK(written([](JsonWriter& json) { json.value(Millis{90'000}); }) == "90");
  CHECK(written([](JsonWriter& json) { json.value(Millis{1'500}); }) == "1.5");
  CHECK(written([](JsonWriter& json) { json.value(Millis::min()); }) == "-9223372036854775.808");
  CHECK(written([](JsonWriter& json) { json.value(std::numeric_limits<std::uint64_t>::max()); }) ==
        "18446744073709551615");
  CHECK(written([](JsonWriter& json) { json.value(0.5); }) == "0.5");
  CHECK(written([](JsonWriter& json) { json.value(std::numeric_limits<double>::infinity()); }) ==
        "null");
  CHECK(written([](JsonWriter& json) { json.value(std::optional<int>{}); }) == "null");
  CHECK(written([](JsonWriter& json) { json.value(kNoon); }) == "\"2026-11-21T12:00:00.250Z\"");
  CHECK(written([](JsonWriter& json) { json.value(true); }) == "true");
}

TEST_CASE("healthz: is ok while the daemon is well, else 503 and why", "[web]") {
  FakeSite site;
  CHECK(site.get("/healthz").status == 200);
  CHECK(site.get("/healthz").body == "ok\n");
  site.control.set_health("the scheduler is 12 s late");
  const Response response = site.get("/healthz");
  CHECK(response.status == 503);
  CHECK(response.body == "the scheduler is 12 s late\n");
}

TEST_CASE("api: before the first snapshot the answer is 503", "[web]") {
  FakeSite site;
  site.control.set(nullptr);
  for (const char* target : {"/", "/api/v1/checks", "/api/v1/checks/a", "/metrics"}) {
    CHECK(site.get(target).status == 503);
  }
  CHECK(site.get("/healthz").status == 200);
}

TEST_CASE("api: a check is told with the keys of the contract", "[web]") {
  FakeSite site;
  MadeCheck made("shop/api v1", State::down);
  made.check->description = "the web shop";
  made.check->labels = {{"team", "shop"}, {"tier", "front"}};
  made.check->runbook = "https://wiki.example/shop";
  made.check->depends_on = {"web-01"};
  made.view->suspected = true;
  made.view->reason = "connection refused (127.0.0.1:8080)";
  made.view->address = "127.0.0.1:8080";
  made.view->incident = 42;
  made.view->certificate_days = -3;
  made.view->probes = 7;
  site.control.set(made_snapshot({made, MadeCheck("other")}));

  for (const char* target : {"/api/v1/checks/shop%2Fapi%20v1", "/api/v1/checks/shop/api%20v1"}) {
    const Response response = site.get(target);
    REQUIRE(response.status == 200);
    CHECK(response.content_type == "application/json");
    const Object::Ptr check = parsed(response);
    CHECK(check->getValue<std::string>("name") == "shop/api v1");
    CHECK(check->getValue<std::string>("type") == "http");
    CHECK(check->getValue<std::string>("target") == "https://shop.example/");
    CHECK(check->getValue<std::string>("state") == "down");
    CHECK(check->getValue<bool>("suspected"));
    CHECK(check->getValue<std::string>("since") == "2026-11-21T10:00:00.250Z");
    CHECK(check->getValue<std::string>("reason") == "connection refused (127.0.0.1:8080)");
    CHECK(check->getValue<std::string>("last_probe_at") == "2026-11-21T12:00:00.250Z");
    CHECK(check->getValue<double>("response_time_seconds") == Approx(0.012345));
    CHECK(check->getValue<int>("incident") == 42);
    CHECK(check->getObject("phases")->getValue<double>("connect_seconds") == Approx(0.0003));
    CHECK(check->getObject("phases")->size() == 2);
    CHECK(check->getValue<int>("certificate_days") == -3);
    CHECK(check->getValue<int>("probes") == 7);
    CHECK(check->getValue<std::string>("address") == "127.0.0.1:8080");
    CHECK(check->getValue<std::string>("description") == "the web shop");
    CHECK(check->getValue<std::string>("runbook") == "https://wiki.example/shop");
    CHECK(check->getObject("labels")->getValue<std::string>("tier") == "front");
    CHECK(check->getValue<std::string>("thread") == "shop/api v1");
    CHECK(check->getValue<double>("interval_seconds") == 30);
    CHECK(check->getArray("depends_on")->getElement<std::string>(0) == "web-01");
    CHECK(check->getArray("notify")->getElement<std::string>(0) == "ops");
  }
  const Response missing = site.get("/api/v1/checks/nope");
  CHECK(missing.status == 404);
  CHECK(parsed(missing)->getValue<std::string>("detail") == "there is no check 'nope'");
}

TEST_CASE("api: what is not known of a check is null", "[web]") {
  FakeSite site;
  MadeCheck made("new", State::pending);
  made.view->last_probe_at.reset();
  made.view->response_time.reset();
  made.check->thread_per_incident = true;
  site.control.set(made_snapshot({made}));
  const Object::Ptr check = parsed(site.get("/api/v1/checks/new"));
  for (const char* key :
       {"last_probe_at", "response_time_seconds", "incident", "certificate_days", "thread"}) {
    CAPTURE(key);
    CHECK(check->isNull(key));
    CHECK(check->has(key));
  }
}

TEST_CASE("api: checks come by name, filtered, page by page", "[web]") {
  FakeSite site;
  site.control.set(made_snapshot({MadeCheck("b", State::down), MadeCheck("a"), MadeCheck("c"),
                                  MadeCheck("web/1"), MadeCheck("web/2", State::down)}));
  using Names = std::vector<std::string>;
  CHECK(names(site.get("/api/v1/checks")) == Names{"a", "b", "c", "web/1", "web/2"});
  CHECK(names(site.get("/api/v1/checks?state=down")) == Names{"b", "web/2"});
  CHECK(names(site.get("/api/v1/checks?name=web%2F*")) == Names{"web/1", "web/2"});
  CHECK(names(site.get("/api/v1/checks?name=*2&state=down")) == Names{"web/2"});
  CHECK(names(site.get("/api/v1/checks?name=c")) == Names{"c"});

  const Response first = site.get("/api/v1/checks?limit=2");
  CHECK(names(first) == Names{"a", "b"});
  CHECK(parsed(first)->getValue<int>("total") == 5);
  CHECK(parsed(first)->getValue<std::string>("next") == "b");
  const Response second = site.get("/api/v1/checks?limit=2&after=b");
  CHECK(names(second) == Names{"c", "web/1"});
  const Response third = site.get("/api/v1/checks?limit=2&after=web%2F1");
  CHECK(names(third) == Names{"web/2"});
  CHECK(parsed(third)->isNull("next"));
  CHECK(parsed(site.get("/api/v1/checks?limit=5"))->isNull("next"));
}

TEST_CASE("api: a query that makes no sense is a 400 that says so", "[web]") {
  FakeSite site;
  const auto detail = [&site](const std::string& target) {
    const Response response = site.get(target);
    CHECK(response.status == 400);
    return parsed(response)->getValue<std::string>("detail");
  };
  CHECK(detail("/api/v1/checks?stat=down") ==
        "there is no parameter 'stat'; did you mean 'state'?");
  CHECK(detail("/api/v1/checks?state=broken") ==
        "'state' must be pending, up, degraded, down or unknown");
  CHECK(detail("/api/v1/checks?limit=0") == "'limit' must be a whole number from 1 to 10000");
  CHECK(detail("/api/v1/checks?limit=1e3") == "'limit' must be a whole number from 1 to 10000");
  CHECK(detail("/api/v1/checks?limit=1&limit=2") == "'limit' is given twice");
  CHECK(detail("/api/v1/incidents?open=yes") == "'open' must be true or false");
  CHECK(detail("/api/v1/incidents?before=-1").starts_with("'before' must be"));
  CHECK(detail("/api/v1/notifications?status=gone") ==
        "'status' must be waiting, sent, dead or folded");
  CHECK(detail("/?x=<script>") == "there is no parameter 'x'");
}

TEST_CASE("api: patterns with stars match in linear steps back, not exponentially", "[web]") {
  CHECK(glob_matches("*", ""));
  CHECK(glob_matches("", ""));
  CHECK_FALSE(glob_matches("", "a"));
  CHECK(glob_matches("a*c", "abbc"));
  CHECK(glob_matches("a?c*", "abc"));
  CHECK_FALSE(glob_matches("a?c", "ac"));
  CHECK_FALSE(glob_matches("a*d", "abc"));
  std::string stars;
  for (int i = 0; i < 1000; ++i) stars += "*a";
  CHECK_FALSE(glob_matches(stars + "b", std::string(4000, 'a')));
}

TEST_CASE("api: incidents come newest first with a cursor", "[web]") {
  FakeSite site;
  for (std::int64_t id = 5; id >= 1; --id) {
    IncidentRecord row;
    row.id = id;
    row.check = "web";
    row.since = kNoon;
    row.opened_at = kNoon;
    row.worst = State::down;
    row.reason = kHostile;
    row.told = {"ops"};
    if (id % 2 == 0) row.closed_at = kNoon;
    site.store.incident_rows.push_back(row);
  }
  const Object::Ptr page = parsed(site.get("/api/v1/incidents?limit=2&before=5"));
  const auto rows = page->getArray("incidents");
  REQUIRE(rows->size() == 2);
  CHECK(rows->getObject(0)->getValue<int>("id") == 4);
  CHECK_FALSE(rows->getObject(0)->getValue<bool>("open"));
  CHECK(rows->getObject(1)->isNull("closed_at"));
  CHECK(rows->getObject(0)->getValue<std::string>("worst") == "down");
  CHECK(page->getValue<int>("next") == 3);
  CHECK(parsed(site.get("/api/v1/incidents?before=3"))->isNull("next"));
  CHECK(parsed(site.get("/api/v1/incidents?open=true"))->getArray("incidents")->size() == 3);

  site.store.broken = true;
  const Response broken = site.get("/api/v1/incidents");
  CHECK(broken.status == 500);
  CHECK(broken.body.find("secret") == std::string::npos);
}

TEST_CASE("api: notifications show what became of them", "[web]") {
  FakeSite site;
  auto message = std::make_shared<Message>();
  message->kind = Kind::down;
  message->check = "web";
  message->reason = kHostile;
  message->note = "not acknowledged for 10 min\nwith it unreachable: a";
  message->to = State::down;
  message->decided_at = kNoon;
  message->incident = 3;
  Notification notification{7, "uid-7", "ops", "web", kNoon, message};
  DeliveryRecord dead{7, DeliveryStatus::dead, 4};
  dead.last_error = "404 Not Found";
  dead.at = kNoon;
  site.store.notification_rows.push_back(
      {std::make_shared<const Notification>(notification), dead});
  notification.id = 6;
  site.store.notification_rows.push_back(
      {std::make_shared<const Notification>(notification), DeliveryRecord{6}});

  const auto all = parsed(site.get("/api/v1/notifications"))->getArray("notifications");
  REQUIRE(all->size() == 2);
  const auto first = all->getObject(0);
  CHECK(first->getValue<std::string>("status") == "dead");
  CHECK(first->getValue<std::string>("kind") == "down");
  CHECK(first->getValue<std::string>("note") ==
        "not acknowledged for 10 min\nwith it unreachable: a");
  CHECK(first->getValue<std::string>("last_error") == "404 Not Found");
  CHECK(first->getValue<std::string>("last_attempt_at") == "2026-11-21T12:00:00.250Z");
  CHECK(first->getValue<std::string>("thread_key") == "web");
  CHECK(all->getObject(1)->isNull("last_attempt_at"));
  CHECK(parsed(site.get("/api/v1/notifications?status=waiting"))
            ->getArray("notifications")
            ->getObject(0)
            ->getValue<int>("id") == 6);
  const Object::Ptr page = parsed(site.get("/api/v1/notifications?limit=1"));
  CHECK(page->getValue<int>("next") == 7);
}

TEST_CASE("api: hostile texts neither break the JSON nor get lost", "[web]") {
  FakeSite site;
  MadeCheck made("x", State::down);
  made.view->reason = kHostile;
  made.check->labels = {{kHostile, kHostile}};
  made.check->description = "\\u0000 \xF0\x9F\x94\xB4";
  site.control.set(made_snapshot({made}));
  const Response response = site.get("/api/v1/checks/x");
  CHECK(is_valid_utf8(response.body));
  const Object::Ptr check = parsed(response);
  CHECK(check->getValue<std::string>("reason").starts_with("<script>alert(1)</script>\"'&\\"));
  CHECK(check->getValue<std::string>("description") == "\\u0000 \xF0\x9F\x94\xB4");
}

TEST_CASE("page: shows what is wrong, the worst first, and escapes everything", "[web]") {
  FakeSite site;
  MadeCheck bad("bad/one", State::down);
  bad.view->reason = kHostile;
  bad.check->target = "<b>'\"&";
  MadeCheck soft("soft");
  soft.view->suspected = true;
  auto snapshot = made_snapshot({MadeCheck("fine"), MadeCheck("slow", State::degraded), bad, soft});
  snapshot->instance = "<i>mon";
  snapshot->store_trouble = "disk <full>";
  snapshot->last_reload_ok = false;
  snapshot->notifiers.resize(1);
  snapshot->notifiers[0].name = "ops";
  snapshot->notifiers[0].waiting = 2;
  snapshot->notifiers[0].last_error = "<timeout>";
  site.control.set(snapshot);
  site.control.set_health("12 s <late>");
  const std::string page = site.get("/").body;

  CHECK(is_valid_utf8(page));
  for (const char* raw : {"<script", "<b>'", "<i>mon", "<full>", "<timeout>", "<late>"}) {
    CHECK(page.find(raw) == std::string::npos);
  }
  CHECK(page.find("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;") != std::string::npos);
  CHECK(page.find("12 s &lt;late&gt;") != std::string::npos);
  CHECK(page.find("disk &lt;full&gt;") != std::string::npos);
  CHECK(page.find("2 waiting: &lt;timeout&gt;") != std::string::npos);
  CHECK(page.find("<b>1</b>&nbsp;down") != std::string::npos);
  CHECK(page.find("href=\"/api/v1/checks/bad%2Fone\"") != std::string::npos);
  CHECK(page.find("2 h") != std::string::npos);
  CHECK(page.find(">fine<") == std::string::npos);
  CHECK(page.find("UP (suspected)") != std::string::npos);
  CHECK(page.find(">DOWN<") < page.find(">DEGRADED<"));
}

TEST_CASE("page: is bounded and says what it leaves out", "[web]") {
  FakeSite site;
  std::vector<std::shared_ptr<const CheckView>> checks;
  for (int i = 0; i < 2000; ++i) {
    checks.push_back(MadeCheck("c" + std::to_string(i), State::down));
  }
  site.control.set(made_snapshot(checks));
  const std::string page = site.get("/").body;
  CHECK(page.find("the worst 500 of 2000") != std::string::npos);
  CHECK(page.size() < 300'000);
  site.control.set(made_snapshot({MadeCheck("a")}));
  CHECK(site.get("/").body.find("Every check is up.") != std::string::npos);
}

TEST_CASE("answers: ten thousand checks are answered whole and quickly", "[web]") {
  FakeSite site;
  site.control.set(many_checks(10'000));
  const bool show = std::getenv("TOCSIN_SHOW_TIMES") != nullptr;
  const auto timed = [&site, show](const std::string& target) {
    const std::clock_t begin = std::clock();
    Response response = site.get(target);
    const double took = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    if (show) WARN(target << ": " << response.body.size() << " bytes, " << took << " s of CPU");
    // What holds even for a debug build with sanitizers; a release build takes some tens of ms.
    CHECK(took < 5);
    return response;
  };
  const Response list = timed("/api/v1/checks?limit=10000");
  const Response metrics = timed("/metrics");
  const Response page = timed("/");
  CHECK(names(list).size() == 10'000);
  CHECK(parsed(list)->isNull("next"));
  CHECK(metrics.body.find("rack-09999/http") != std::string::npos);
  CHECK(page.body.size() < 300'000);
  // Without a limit the list comes in pages that join without a gap or an overlap.
  std::set<std::string> seen;
  std::string after;
  for (int page_number = 0; page_number < 10; ++page_number) {
    const Response part = site.get("/api/v1/checks" + (after.empty() ? "" : "?after=" + after));
    for (std::string& name : names(part)) CHECK(seen.insert(std::move(name)).second);
    if (!parsed(part)->isNull("next")) {
      after = percent_encode(parsed(part)->getValue<std::string>("next"));
    }
  }
  CHECK(seen.size() == 10'000);
}
