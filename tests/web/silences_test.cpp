// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// /api/v1/silences: who may, what is taken, what is refused and how that is said; and what is shown
// of what is not told.
#include <catch2/catch.hpp>

#include "web/fakes.h"
#include "web/handlers.h"

using namespace tocsin;
using Catch::Matchers::Contains;

namespace {

Silence made_silence() {
  return {.id = 7,
          .is_maintenance = false,
          .match = {{"web-*"}, {{"team", "shop"}}},
          .from = kNoon,
          .until = kNoon + std::chrono::hours{1},
          .by = "Ann",
          .why = "moving house"};
}

struct SilenceSite : FakeSite {
  SilenceSite() {
    guard.admin_token = Secret("admin-token-0123456789");
    control.set_silence_answer({SilenceAnswer::Fate::durable, made_silence(), 12});
  }
  Response post(const std::string& body, const std::string& path = "/api/v1/silences",
                const std::string& token = "admin-token-0123456789") {
    Request request = made_request(path, "POST");
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
    CHECK(control.wishes().empty());
    return response.body;
  }
  // What is said of a match, with the rest in order.
  std::string refused_match(const std::string& match) {
    return refused(R"({"lasts_seconds": 60, "match": )" + match + "}");
  }
};

const std::string kSilence =
    R"({"id":7,"maintenance":false,"match":{"name":["web-*"],"labels":{"team":"shop"}},)"
    R"("from":"2026-11-21T12:00:00.250Z","until":"2026-11-21T13:00:00.250Z",)"
    R"("by":"Ann","why":"moving house"})";

}  // namespace

TEST_CASE("silences: which checks, how long, who and why reach the core", "[web]") {
  SilenceSite site;
  const Response response =
      site.post(R"({"match": {"name": ["web-*", "db-1"], "labels": {"team": "shop", "by": "x"}},)"
                R"( "lasts_seconds": 90.5, "by": "Ann", "why": "moving\nhouse"})");
  CHECK(response.status == 200);
  CHECK(response.body == "{\"silence\":" + kSilence + ",\"checks\":12,\"durable\":true}\n");
  REQUIRE(site.control.wishes().size() == 1);
  const SilenceWish wish = site.control.wishes()[0];
  CHECK(wish.match.names == std::vector<std::string>{"web-*", "db-1"});
  CHECK(wish.match.labels ==
        std::vector<std::pair<std::string, std::string>>{{"by", "x"}, {"team", "shop"}});
  CHECK(wish.lasts == Millis{90'500});
  CHECK(wish.by == "Ann");
  CHECK(wish.why == "moving house");
  CHECK_FALSE(wish.is_maintenance);
}

TEST_CASE("silences: maintenance is one in another word, and one pattern needs no list", "[web]") {
  SilenceSite site;
  const std::string body =
      R"({"match": {"name": "*"}, "lasts_seconds": 31622400, "maintenance": true})";
  CHECK(site.post(body).status == 200);
  const SilenceWish wish = site.control.wishes().at(0);
  CHECK(wish.is_maintenance);
  CHECK(wish.match == Selector{{"*"}, {}});
  CHECK(wish.lasts == std::chrono::hours{366 * 24});
}

TEST_CASE("silences: everything is silenced by its name only, never by leaving it out", "[web]") {
  SilenceSite site;
  for (const char* match : {"{}", R"({"name": []})", R"({"labels": {}})", R"({"name": null})"}) {
    CHECK_THAT(site.refused_match(match),
               Contains(R"(\"match\" must say which checks: a pattern in \"name\", or \"labels\"; )"
                        R"(for every check, {\"name\": \"*\"})"));
  }
}

TEST_CASE("silences: what is wrong is said", "[web]") {
  SilenceSite site;
  CHECK_THAT(site.refused("[]"), Contains("must be a JSON object"));
  CHECK_THAT(site.refused("{}"), Contains(R"(\"match\" is missing)"));
  CHECK_THAT(site.refused_match("\"web\""), Contains(R"(\"match\" must be an object)"));
  CHECK_THAT(site.refused_match(R"({"names": "a"})"), Contains(R"(did you mean \"name\"?)"));
  CHECK_THAT(site.refused_match(R"({"name": "a", "name": "b"})"), Contains("given twice"));
  CHECK_THAT(site.refused_match(R"({"name": 7})"), Contains("must be a text"));
  CHECK_THAT(site.refused_match(R"({"name": [["a"]]})"), Contains("must be a text"));
  CHECK_THAT(site.refused_match(R"({"name": [" "]})"), Contains("is blank"));
  CHECK_THAT(site.refused_match(R"({"name": ")" + std::string(129, 'x') + "\"}"),
             Contains("128 bytes at the most"));
  CHECK_THAT(site.refused_match(R"({"labels": "team=shop"})"), Contains("must be an object"));
  CHECK_THAT(site.refused_match(R"({"labels": {"team": 7}})"), Contains("a label's value must be"));
  std::string many = "\"a\"";
  for (int i = 0; i < 64; ++i) many += ",\"a\"";
  CHECK_THAT(site.refused_match("{\"name\": [" + many + "]}"), Contains("64 patterns at the most"));
  CHECK_THAT(site.refused(R"({"match": {"name": "a"}})"),
             Contains(R"(\"lasts_seconds\" is missing: every silence ends)"));
  for (const char* time : {"0", "-5", "0.9", "1e99", "\"2h\"", "true", "[]", "31622401"}) {
    CHECK_THAT(
        site.refused(R"({"match": {"name": "a"}, "lasts_seconds": )" + std::string(time) + "}"),
        Contains("must be a number of seconds, from 1 to 31622400 (366 days)"));
  }
  CHECK_THAT(site.refused(R"({"match": {"name": "a"}, "lasts_seconds": 1, "by": ")" +
                          std::string(101, 'x') + "\"}"),
             Contains("100 bytes"));
  CHECK_THAT(site.refused(R"({"match": {"name": "a"}, "lasts_seconds": 1, "maintenance": 1})"),
             Contains("true or false"));
}

TEST_CASE("silences: one is ended by its number", "[web]") {
  SilenceSite site;
  const Response response = site.post("{}", "/api/v1/silences/7/end");
  CHECK(response.status == 200);
  CHECK(response.body == "{\"silence\":" + kSilence + ",\"checks\":12,\"durable\":true}\n");
  CHECK(site.control.ended() == std::vector<std::int64_t>{7});
  for (const char* id : {"0", "-7", "7x", "x", "99999999999999999999"}) {
    const Response bad = site.post("{}", "/api/v1/silences/" + std::string(id) + "/end");
    CHECK(bad.status == 400);
    CHECK_THAT(bad.body, Contains("a silence is named by its number; got '" + std::string(id)));
  }
  CHECK(site.post(R"({"id": 7})", "/api/v1/silences/7/end").status == 400);
  CHECK(site.control.ended().size() == 1);
}

TEST_CASE("silences: nobody else may begin or end one", "[web]") {
  SilenceSite site;
  const std::string body = R"({"match": {"name": "a"}, "lasts_seconds": 60})";
  for (const char* token : {"", "admin-token-0123456780"}) {
    CHECK(site.post(body, "/api/v1/silences", token).status == 401);
    CHECK(site.post("{}", "/api/v1/silences/7/end", token).status == 401);
  }
  CHECK(site.control.wishes().empty());
  CHECK(site.control.ended().empty());
}

TEST_CASE("silences: what the core makes of it is answered", "[web]") {
  SilenceSite site;
  site.control.set(made_snapshot({MadeCheck("web-01")}));
  const auto answer = [&](SilenceAnswer::Fate fate, const std::string& name = "web-0") {
    site.control.set_silence_answer({fate, made_silence(), 1});
    return site.post(R"({"lasts_seconds": 60, "match": {"name": ")" + name + "\"}}");
  };
  using Fate = SilenceAnswer::Fate;
  CHECK_THAT(answer(Fate::memory).body, Contains("\"durable\":false"));
  CHECK(answer(Fate::matches_none).status == 404);
  CHECK_THAT(
      answer(Fate::matches_none).body,
      Contains(R"(no check is meant by this, so nothing was done; did you mean \"web-01\"?)"));
  CHECK_THAT(answer(Fate::matches_none, "quite-another").body, Contains("nothing was done\""));
  CHECK(answer(Fate::too_many).status == 409);
  CHECK_THAT(answer(Fate::too_many).body, Contains("1000 silences are open"));
  const Response late = answer(Fate::late);
  CHECK(late.status == 503);
  CHECK(header_of(late, "Retry-After") == "5");
  site.control.set_silence_answer({Fate::no_such, {}, 0});
  const Response none = site.post("{}", "/api/v1/silences/9/end");
  CHECK(none.status == 404);
  CHECK_THAT(none.body, Contains("no silence 9 is open"));
}

TEST_CASE("silences: the open ones are listed and shown, escaped", "[web]") {
  FakeSite site;
  CHECK(site.get("/api/v1/silences").body == "{\"silences\":[]}\n");
  CHECK_THAT(site.get("/").body, !Contains("Not told of"));
  auto snapshot = made_snapshot({});
  snapshot->silences = {made_silence(), made_silence()};
  snapshot->silences[1].is_maintenance = true;
  snapshot->silences[1].by = "<script>";
  site.control.set(snapshot);
  CHECK_THAT(site.get("/api/v1/silences").body, Contains("{\"silences\":[" + kSilence + ","));
  const std::string page = site.get("/").body;
  CHECK_THAT(page, Contains("<li>Silence 7 until 2026-11-21 13:00:00 UTC: web-*; team=shop, by "
                            "Ann: moving house</li>"));
  CHECK_THAT(page, Contains("<li>Maintenance 7 ") && Contains("by &lt;script&gt;"));
  snapshot = made_snapshot({});
  snapshot->silences.assign(53, made_silence());
  site.control.set(snapshot);
  CHECK_THAT(site.get("/").body, Contains("<li>and 3 more</li>"));
}

TEST_CASE("silences: a check says what holds its news back", "[web]") {
  FakeSite site;
  MadeCheck check("web", State::down);
  check.check->severity = CheckSeverity::warning;
  site.control.set(made_snapshot({check}));
  CHECK_THAT(site.get("/api/v1/checks/web").body,
             Contains(R"("severity":"warning","held_back":null,"flapping_since":null,)"));
  check.view->held = {Hold::parent_down, "<switch-1> is down", kNoon, 3};
  check.view->flapping_since = kNoon;
  site.control.set(made_snapshot({check}));
  CHECK_THAT(site.get("/api/v1/checks/web").body,
             Contains(R"("held_back":{"why":"parent_down","detail":"<switch-1> is down",)"
                      R"("since":"2026-11-21T12:00:00.250Z","changes":3},)"
                      R"("flapping_since":"2026-11-21T12:00:00.250Z",)"));
  CHECK_THAT(site.get("/").body, Contains("(unreachable: &lt;switch-1&gt; is down; flapping since "
                                          "2026-11-21 12:00:00 UTC)"));
  check.view->held = {Hold::silenced, "until 13:00, by bob", kNoon, 1};
  check.view->flapping_since.reset();
  site.control.set(made_snapshot({check}));
  CHECK_THAT(site.get("/").body, Contains(" (silenced until 13:00, by bob)</td>"));
  check.view->held.detail = kHostile + std::string(100'000, 'x');
  site.control.set(made_snapshot({check}));
  CHECK_THAT(site.get("/").body, !Contains("<script>"));
  CHECK(site.get("/").body.size() < 5'000);
}

TEST_CASE("silences: that the daemon itself is cut off or starved is said everywhere", "[web]") {
  FakeSite site;
  CHECK_THAT(site.get("/api/v1/checks").body,
             Contains(R"("blind_since":null,"starved_since":null,"no_resolver_since":null,)"));
  CHECK_THAT(site.get("/metrics").body,
             Contains("tocsin_blind 0\n") && Contains("tocsin_starved 0\n") &&
                 Contains("tocsin_no_resolver 0\n") && Contains("tocsin_silences 0\n") &&
                 Contains("tocsin_checks_held_back{why=\"silenced\"} 0\n"));
  MadeCheck check("web", State::down);
  check.view->held.why = Hold::silenced;
  auto snapshot = made_snapshot({check, MadeCheck("db")});
  snapshot->blind_since = kNoon;
  snapshot->starved_since = kNoon + std::chrono::hours{1};
  snapshot->no_resolver_since = kNoon + std::chrono::hours{2};
  snapshot->silences = {made_silence()};
  site.control.set(snapshot);
  CHECK_THAT(site.get("/api/v1/checks").body,
             Contains(R"("blind_since":"2026-11-21T12:00:00.250Z",)"
                      R"("starved_since":"2026-11-21T13:00:00.250Z",)"
                      R"("no_resolver_since":"2026-11-21T14:00:00.250Z",)"));
  const std::string metrics = site.get("/metrics").body;
  CHECK_THAT(metrics, Contains("tocsin_blind 1\n") && Contains("tocsin_starved 1\n") &&
                          Contains("tocsin_no_resolver 1\n") && Contains("tocsin_silences 1\n"));
  CHECK_THAT(metrics, Contains("tocsin_checks_held_back{why=\"silenced\"} 1\n") &&
                          Contains("tocsin_checks_held_back{why=\"blind\"} 0\n") &&
                          !Contains("why=\"none\"") && !Contains("why=\"over\""));
  const std::string page = site.get("/").body;
  CHECK_THAT(page, Contains("Tocsin is cut off since 2026-11-21 12:00:00 UTC"));
  CHECK_THAT(page, Contains("starved of CPU since 2026-11-21 13:00:00 UTC"));
  CHECK_THAT(page, Contains("resolver does not answer since 2026-11-21 14:00:00 UTC"));
}

TEST_CASE("withheld: what was not told is listed, newest first, of a check, page by page",
          "[web]") {
  FakeSite site;
  for (int id = 3; id > 0; --id) {
    site.store.withheld_rows.push_back({.id = id,
                                        .at = kNoon,
                                        .check = id == 2 ? "db" : "web",
                                        .incident = id == 1 ? 0 : 5,
                                        .kind = Kind::reminder,
                                        .to = State::down,
                                        .why = Hold::acknowledged,
                                        .detail = "by \"Ann\"",
                                        .notifiers = {"ops", "pager"}});
  }
  const std::string common =
      R"("kind":"reminder","to":"down","why":"acknowledged","detail":"by \"Ann\"",)"
      R"("notifiers":["ops","pager"]})";
  CHECK(site.get("/api/v1/withheld?check=web").body ==
        R"({"withheld":[{"id":3,"at":"2026-11-21T12:00:00.250Z","check":"web","incident":5,)" +
            common + R"(,{"id":1,"at":"2026-11-21T12:00:00.250Z","check":"web","incident":null,)" +
            common + "],\"next\":null}\n");
  CHECK_THAT(site.get("/api/v1/withheld?limit=2").body,
             Contains("\"id\":2") && !Contains("\"id\":1,") && Contains("\"next\":2}"));
  CHECK_THAT(site.get("/api/v1/withheld?before=2").body,
             Contains("\"id\":1") && !Contains("\"id\":2"));
  CHECK(site.get("/api/v1/withheld?limit=0").status == 400);
  CHECK(site.get("/api/v1/withheld?name=web").status == 400);
}
