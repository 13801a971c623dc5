// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// What silence, maintenance and why print of the daemon's answers.
#include <Poco/Exception.h>

#include <catch2/catch.hpp>

#include "cli/signal_text.h"

using namespace tocsin;

namespace {

std::string silence_json(const char* maintenance) {
  return std::string(R"({"id":7,"maintenance":)") + maintenance +
         R"(,"match":{"name":["web-*"],"labels":{"team":"shop"}},)"
         R"("from":"2026-11-21T12:00:00.250Z","until":"2026-11-21T13:00:00.250Z",)"
         R"("by":"Ann","why":"moving\u001b[31m house"})";
}

std::string answer_json(const char* maintenance, const char* rest) {
  return R"({"silence":)" + silence_json(maintenance) + rest;
}

WhyAnswers made_answers() {
  return {
      .check = R"({"name":"web","state":"down","suspected":false,)"
               R"("since":"2026-11-21T03:12:05.000Z","reason":"refused","held_back":)"
               R"({"why":"silenced","detail":"until 13:00, by bob",)"
               R"("since":"2026-11-21T03:12:06.000Z","changes":1},)"
               R"("flapping_since":null,"acknowledged":{"by":"Ann","why":"on it"}})",
      .withheld = R"({"withheld":[)"
                  R"({"id":2,"at":"2026-11-21T04:00:00.000Z","check":"web","kind":"reminder",)"
                  R"("why":"acknowledged","detail":"by Ann","notifiers":["ops","pager"]},)"
                  R"({"id":1,"at":"2026-11-21T03:12:05.000Z","check":"web","kind":"down",)"
                  R"("why":"parent_down","detail":"switch-1 is down","notifiers":["ops"]}],)"
                  R"("next":null})",
      .notifications =
          R"({"notifications":[)"
          R"({"created_at":"2026-11-21T03:50:00.000Z","check":"db","kind":"down","notifier":"ops",)"
          R"("status":"sent"},)"
          R"({"created_at":"2026-11-21T03:40:00.000Z","check":"web","kind":"up",)"
          R"("notifier":"pager",)"
          R"("status":"dead","last_error":"401"},)"
          R"({"created_at":"2026-11-21T03:40:00.000Z","check":"web","kind":"up","notifier":"ops",)"
          R"("status":"waiting","last_error":"","reason":"ok"},)"
          R"({"created_at":"2026-11-21T03:31:00.000Z","check":"web","kind":"down",)"
          R"("notifier":"far","status":"folded","folded_into":17},)"
          R"({"created_at":"2026-11-21T03:30:00.000Z","check":"web","kind":"down",)"
          R"("notifier":"ops","status":"sent","reason":"refused"}],"next":null})"};
}

}  // namespace

TEST_CASE("silence: what was begun is said, with how many and until when", "[cli]") {
  CHECK(begun_text(answer_json("false", R"(,"checks":12,"durable":true})")) ==
        "silence 7: nothing bad of 12 checks (web-*; team=shop) is told until 2026-11-21 13:00:00 "
        "UTC\n");
  CHECK(begun_text(answer_json("true", R"(,"checks":1,"durable":false})")) ==
        "maintenance 7: nothing bad of 1 check (web-*; team=shop) is told until 2026-11-21 "
        "13:00:00 UTC\n"
        "The daemon's disk refuses this: a restart may forget it.\n");
}

TEST_CASE("silence: what was ended is said", "[cli]") {
  CHECK(ended_text(answer_json("false", R"(,"checks":12,"durable":true})")) ==
        "silence 7 is over: what is bad of 12 checks (web-*; team=shop) is told again\n");
}

TEST_CASE("silence: the open ones are listed, fit for a terminal", "[cli]") {
  CHECK(silences_text(R"({"silences":[]})") == "nothing is silenced\n");
  CHECK(silences_text(R"({"silences":[)" + silence_json("true") + "]}") ==
        "maintenance 7 until 2026-11-21 13:00:00 UTC: web-*; team=shop, by Ann: moving [31m "
        "house\n");
}

TEST_CASE("silence: what is no answer of Tocsin's is refused", "[cli]") {
  for (const char* json : {"", "[]", "{}", "7", R"({"silence":{}})", R"({"silences":[7]})"}) {
    CHECK_THROWS_AS(begun_text(json), Poco::Exception);
    CHECK_THROWS_AS(silences_text(json), Poco::Exception);
  }
}

TEST_CASE("why: where a check stands, and one timeline of what was told and what was not",
          "[cli]") {
  CHECK(why_text(made_answers()) ==
        "web: DOWN since 2026-11-21 03:12:05 UTC: refused\n"
        "  not told now: silenced until 13:00, by bob (since 2026-11-21 03:12:06 UTC, 1 change "
        "meanwhile)\n"
        "  acknowledged by Ann: on it\n"
        "\n"
        "2026-11-21 03:12:05 UTC  DOWN not told to ops: switch-1 is down\n"
        "2026-11-21 03:30:00 UTC  DOWN told to ops: refused\n"
        "2026-11-21 03:31:00 UTC  DOWN told to far within notification 17\n"
        "2026-11-21 03:40:00 UTC  UP waits to be told to ops\n"
        "2026-11-21 03:40:00 UTC  UP could not be told to pager: 401\n"
        "2026-11-21 04:00:00 UTC  REMINDER not told to ops, pager: acknowledged by Ann\n");
}

TEST_CASE("why: a quiet check says so", "[cli]") {
  WhyAnswers answers = made_answers();
  answers.check =
      R"({"name":"x","state":"up","since":"2026-11-21T03:12:05.000Z","reason":"",)"
      R"("held_back":null,"flapping_since":"2026-11-21T03:12:06.000Z","acknowledged":null})";
  CHECK(why_text(answers) ==
        "x: UP since 2026-11-21 03:12:05 UTC\n"
        "  nothing holds its news back\n"
        "  flapping since 2026-11-21 03:12:06 UTC\n"
        "\n"
        "nothing was told of it of late, and nothing held back\n");
}

TEST_CASE("why: as JSON it holds the check's own rows alone", "[cli]") {
  const std::string json = why_json(made_answers());
  CHECK(json.starts_with("{\"check\":{"));
  CHECK(json.find("\"check\":\"db\"") == std::string::npos);
  CHECK(json.find("\"folded_into\":17") != std::string::npos);
  CHECK(json.find("switch-1 is down") != std::string::npos);
  CHECK(json.ends_with("}\n"));
}
