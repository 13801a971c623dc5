// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors

// What jobs tell, from the request to what the core is given; and who is not let in.

#include <catch2/catch.hpp>

#include "util/text.h"
#include "web/client.h"
#include "web/fakes.h"
#include "web/handlers.h"
#include "web/jobs.h"
#include "web/site.h"

using namespace tocsin;
using Event = Heartbeat::Event;

namespace {

struct JobSite : FakeSite {
  JobSite() { heartbeats.set_checks(kChecks); }

  Response tell(const std::string& rest, const std::string& body = {},
                std::vector<std::pair<std::string, std::string>> headers = {}) {
    Request request = made_request("/heartbeat/" + kSecret + rest, body.empty() ? "GET" : "POST");
    request.body = body;
    request.headers.insert(request.headers.end(), headers.begin(), headers.end());
    return ask(std::move(request));
  }
  Heartbeat last() {
    const auto all = control.heartbeats();
    REQUIRE_FALSE(all.empty());
    return all.back().second;
  }
};

}  // namespace

TEST_CASE("heartbeat: the word behind the secret says what is told", "[web]") {
  struct Row {
    const char* rest;
    Event event;
    std::optional<int> code;
  };
  JobSite site;
  for (const Row& row :
       {Row{"", Event::success, {}}, Row{"/success", Event::success, {}},
        Row{"/0", Event::success, 0}, Row{"/start", Event::start, {}},
        Row{"/fail", Event::fail, {}}, Row{"/1", Event::fail, 1}, Row{"/255", Event::fail, 255},
        Row{"/log", Event::log, {}}, Row{"?x=%zz&foo", Event::success, {}},
        Row{"/st%61rt", Event::start, {}}}) {
    INFO(row.rest);
    const Response response = site.tell(row.rest);
    CHECK(response.status == 200);
    CHECK(response.body == "OK\n");
    CHECK(site.last().event == row.event);
    CHECK(site.last().exit_code == row.code);
  }
  CHECK(site.control.heartbeats().front().first == "db-01/backup");
  for (const char* rest : {"/", "//", "/$?", "/256", "/-1", "/1.5", "/0x1", "/ok", "/start/", "//0",
                           "/START", "/ 1", "/1%00", "/99999999999999999999"}) {
    INFO(rest);
    const std::size_t before = site.control.heartbeats().size();
    CHECK(site.tell(rest).status == 400);
    CHECK(site.control.heartbeats().size() == before);
  }
}

TEST_CASE("heartbeat: GET, HEAD and POST tell the same; nothing else does", "[web]") {
  JobSite site;
  for (const char* method : {"GET", "HEAD", "POST"}) {
    CHECK(site.ask(made_request("/heartbeat/" + kSecret + "/start", method)).status == 200);
  }
  CHECK(site.control.heartbeats().size() == 3);
  for (const char* method : {"PUT", "DELETE", "OPTIONS", "get"}) {
    const Response response = site.ask(made_request("/heartbeat/" + kSecret, method));
    CHECK(response.status == 405);
    CHECK(response.body.find(kSecret) == std::string::npos);
  }
  CHECK(site.control.heartbeats().size() == 3);
}

TEST_CASE("heartbeat: neither Host nor Origin nor the kind of body matters", "[web]") {
  JobSite site;
  CHECK(site.tell("", "log=x", {{"content-type", "application/x-www-form-urlencoded"}}).status ==
        200);
  CHECK(site.last().log == "log=x");
  CHECK(site.tell("", "\xFF", {{"transfer-encoding", "chunked"}}).status == 200);
  CHECK(site.tell("", "", {{"origin", "https://elsewhere.example"}}).status == 200);
  Request request = made_request("/heartbeat/" + kSecret);
  request.headers = {{"host", "jobs.example.net"}};
  CHECK(site.ask(request).status == 200);
  request.headers = {};
  CHECK(site.ask(request).status == 200);
  // The other routes keep their rules.
  request.target = "/api/v1/checks";
  CHECK(site.ask(request).status == 400);
}

TEST_CASE("heartbeat: of a log the end is kept, as lines that people can read", "[web]") {
  JobSite site;
  site.tell("/fail", "line 1\r\n\tline\x1b[31m 2\xff\n\n");
  CHECK(site.last().log == "line 1\nline [31m 2\xEF\xBF\xBD");
  std::string body;
  for (int i = 1; i <= 5000; ++i) body += "línea " + std::to_string(i) + "\n";
  site.tell("", body);
  const std::string log = site.last().log;
  CHECK(log.size() <= Result::kMostDetails);
  CHECK(log.size() > Result::kMostDetails - 8);
  CHECK(log.starts_with("…\n"));
  CHECK(log.ends_with("\nlínea 5000"));
  CHECK(is_valid_utf8(log));
  site.tell("", std::string(70'000, '\xFF'));
  CHECK(site.last().log.size() <= Result::kMostDetails);
  CHECK(is_valid_utf8(site.last().log));
}

TEST_CASE("heartbeat: ?rid= names the run", "[web]") {
  JobSite site;
  site.tell("/start?rid=1f0e7c1e-0b7c-4d5c-9d7e-2f1f4d5b0c11&x=y");
  CHECK(site.last().run == "1f0e7c1e-0b7c-4d5c-9d7e-2f1f4d5b0c11");
  site.tell("?rid=" + std::string(1000, 'a') + "%0A");
  CHECK(site.last().run.size() <= 64);
}

TEST_CASE("heartbeat: the job is answered what became of it", "[web]") {
  JobSite site;
  site.control.set_fate(HeartbeatFate::memory);
  CHECK(site.tell("").status == 200);
  CHECK(site.tell("").body == "OK, noted in memory: the disk refuses it at present\n");
  site.control.set_fate(HeartbeatFate::disabled);
  CHECK(site.tell("").status == 200);
  CHECK(site.tell("").body == "OK, not noted: the check is disabled\n");
  site.control.set_fate(HeartbeatFate::late);
  CHECK(site.tell("").status == 503);
  CHECK(header_of(site.tell(""), "Retry-After") == "5");
}

TEST_CASE("heartbeat: a wrong secret is a 404 like any other, and shows nothing", "[web]") {
  JobSite site;
  const std::string nowhere = site.get("/nowhere").body;
  for (const std::string& path :
       {"/heartbeat/" + kSecret + "x", "/heartbeat/" + kSecret.substr(1),
        "/heartbeat/" + to_lower(kSecret) + "%00", std::string("/heartbeat/x/start"),
        "/heartbeat//" + kSecret, "/Heartbeat/" + kSecret,
        "/heartbeat/" + kSecret + "%2Fstart/x"}) {
    INFO(path);
    const Response response = site.get(path);
    if (path.ends_with("/x") && path.find("%2F") != std::string::npos) {
      CHECK(response.status == 400);  // the secret is right, and what follows is no word
      continue;
    }
    CHECK(response.status == 404);
    CHECK(response.body == nowhere);
  }
  CHECK(site.get("/heartbeat/").status == 404);
  CHECK(site.get("/heartbeat").status == 404);
  CHECK(site.control.heartbeats().empty());
}

TEST_CASE("heartbeat: no secret is left in the request that handlers and logs see", "[web]") {
  JobSite site;
  const Router router(web_routes(), Guard(site.guard),
                      Services{site.control, site.store, site.heartbeats});
  for (const std::string& target :
       {"/heartbeat/" + kSecret + "/start?rid=1", "/heartbeat/" + kSecret + "x/start",
        "/heartbeet/" + kSecret, "/" + kSecret + "/heartbeat/"}) {
    Request request = made_request(target);
    router.admit(request);
    INFO(target);
    CHECK(request.path.find(kSecret) == std::string::npos);
    CHECK(request.check.find(kSecret) == std::string::npos);
    if (!request.check.empty()) CHECK(request.parameter == "start");
  }
}

TEST_CASE("heartbeat: a reload brings new secrets and takes old ones", "[web]") {
  JobSite site;
  site.heartbeats.set_checks({check_with("db-01/backup", "another-secret-0123456789")});
  CHECK(site.tell("").status == 404);
  CHECK(site.get("/heartbeat/another-secret-0123456789").status == 200);
}

TEST_CASE("heartbeat: the listener for heartbeats serves nothing else", "[web]") {
  ServedSite site("127.0.0.1:0", heartbeat_routes());
  site.heartbeats.set_checks(kChecks);
  CHECK(fetch(site.address, "/heartbeat/" + kSecret).status == 200);
  for (const char* path : {"/", "/healthz", "/metrics", "/api/v1/checks", "/style.css"}) {
    INFO(path);
    CHECK(fetch(site.address, path).status == 404);
  }
  CHECK(site.control.heartbeats().size() == 1);
}

namespace {

// Sends the bytes as they are.
Reply converse(const std::string& address, const std::string& request) {
  Client client(address);
  client.send(request);
  return parse_reply(client.read_all().value_or(""));
}

std::string post(const std::string& more) {
  return "POST /heartbeat/" + kSecret + " HTTP/1.1\r\nHost: x\r\n" + more;
}

}  // namespace

TEST_CASE("heartbeat: over the wire a body may be long, in chunks, absent or cut off", "[web]") {
  ServedSite site;
  site.heartbeats.set_checks(kChecks);
  const auto last_log = [&] { return site.control.heartbeats().back().second.log; };

  CHECK(converse(site.address, post("\r\n")).status == 200);
  CHECK(last_log().empty());
  CHECK(converse(site.address, post("Content-Length: 5\r\n\r\nhello")).status == 200);
  CHECK(last_log() == "hello");
  CHECK(converse(site.address, post("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\n"
                                    "\ndef\r\n0\r\n\r\n"))
            .status == 200);
  CHECK(last_log() == "abc\ndef");
  const std::string megabyte = std::string(1 << 20, 'x') + "the end";
  CHECK(converse(site.address,
                 post("Content-Length: " + std::to_string(megabyte.size()) + "\r\n\r\n" + megabyte))
            .status == 200);
  CHECK(last_log().size() <= Result::kMostDetails);
  CHECK(last_log().ends_with("the end"));
  {
    Client client(site.address);
    client.send(post("Content-Length: 100\r\n\r\nas far as it came"));
    client.finish_sending();
    CHECK(parse_reply(client.read_all().value_or("")).status == 200);
  }
  CHECK(last_log() == "as far as it came");
  CHECK(site.control.heartbeats().size() == 5);
}

TEST_CASE("heartbeat: a stranger's body is not read", "[web]") {
  ServedSite site;
  Client client(site.address);
  client.send("POST /heartbeat/wrong HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
  CHECK(parse_reply(client.read_all().value_or("")).status == 404);
}

TEST_CASE("heartbeat: guesses over the wire end in 429, and a job beside them goes on", "[web]") {
  ServedSite site;
  site.heartbeats.set_checks(kChecks);
  REQUIRE(fetch(site.address, "/heartbeat/" + kSecret).status == 200);
  int refused = 0;
  for (int i = 0; i < 230; ++i) {
    const int status = fetch(site.address, "/heartbeat/guess-" + std::to_string(i)).status;
    CHECK((status == 404 || status == 429));
    refused += status == 429 ? 1 : 0;
  }
  CHECK(refused >= 150);
  const Reply reply = fetch(site.address, "/heartbeat/" + kOther);
  CHECK(reply.status == 429);
  CHECK(reply.header("retry-after") == "3");
  CHECK(fetch(site.address, "/heartbeat/" + kSecret).status == 200);
}

TEST_CASE("heartbeat: the API shows what was told, and escapes it", "[web]") {
  JobSite site;
  MadeCheck made("db-01/backup");
  HeartbeatRecord record;
  record.name = "db-01/backup";
  record.known_since = kNoon;
  record.succeeded_at = kNoon;
  record.exit_code = 0;
  record.run_time = Millis{1234};
  record.runs = {{"", kNoon}};
  record.log = kHostile;
  record.address = "192.0.2.7";
  made.view->heartbeat = std::make_shared<const HeartbeatRecord>(record);
  made.view->due_at = kNoon + std::chrono::hours{1};
  site.control.set(made_snapshot({made}));
  const std::string body = site.get("/api/v1/checks/db-01/backup").body;
  CHECK(body.find("\"heartbeat\":{\"known_since\":\"2026-11-21T12:00:00.250Z\",\"last_start_at\":"
                  "null,\"last_success_at\":\"2026-11-21T12:00:00.250Z\",\"last_failure_at\":null,"
                  "\"exit_code\":0,\"run_time_seconds\":1.234,\"running\":1,\"due_at\":"
                  "\"2026-11-21T13:00:00.250Z\",\"address\":\"192.0.2.7\",\"log\":\"") !=
        std::string::npos);
  CHECK(is_valid_utf8(body));
  CHECK(body.find("\n}") == std::string::npos);
  site.control.set(made_snapshot({MadeCheck("web-01")}));
  CHECK(site.get("/api/v1/checks/web-01").body.find("\"heartbeat\":null") != std::string::npos);
}
