// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors

// What jobs tell, from the request to what the core is given; and who is not let in.

#include <catch2/catch.hpp>

#include "util/text.h"
#include "web/client.h"
#include "web/fakes.h"
#include "web/handlers.h"
#include "web/site.h"

using namespace tocsin;
using Event = Heartbeat::Event;

namespace {

const std::string kSecret = "backup-secret-0123456789";
const std::string kOther = "vacuum-secret-0123456789";

CheckPtr check_with(const std::string& name, const std::string& secret) {
  auto check = std::make_shared<Check>();
  check->name = name;
  auto heartbeat = std::make_shared<HeartbeatSettings>();
  heartbeat->secret = Secret(secret);
  check->heartbeat = std::move(heartbeat);
  return check;
}

const std::vector<CheckPtr> kChecks{check_with("db-01/backup", kSecret),
                                    check_with("db-01/vacuum", kOther)};

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

SteadyTime at(double seconds) {
  return SteadyTime{} + std::chrono::hours{1} +
         std::chrono::round<SteadyTime::duration>(std::chrono::duration<double>(seconds));
}

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

TEST_CASE("door: who is wrong too often is told to wait, then not let in by the right one either",
          "[web]") {
  HeartbeatDoor door;
  door.set_checks(kChecks);
  const auto wrong = [&](int times, double when) {
    for (int i = 0; i < times; ++i) {
      const auto answer = door.open("wrong-" + std::to_string(i), "192.0.2.1", at(when));
      if (answer.check) return -1;
      if (answer.wait) return i;
    }
    return times;
  };
  CHECK(wrong(21, 0) == 20);
  // A person who mistyped is let in …
  CHECK(door.open(kSecret, "192.0.2.1", at(0)).check == "db-01/backup");
  for (int i = 0; i < 200; ++i) wrong(1, 0);
  // … and who guesses is not, but for what is used there anyway.
  const auto hit = door.open(kOther, "192.0.2.1", at(0));
  CHECK(hit.wait);
  CHECK_FALSE(hit.check);
  CHECK(door.open(kSecret, "192.0.2.1", at(0)).check == "db-01/backup");
  // Others are not harmed.
  CHECK(door.open("wrong", "192.0.2.2", at(0)).wait == std::nullopt);
  CHECK(door.open(kOther, "192.0.2.2", at(0)).check == "db-01/vacuum");
  // Time heals: one try in three seconds, all of them in ten minutes.
  CHECK(wrong(1, 3.1) == 0);
  CHECK(door.open(kOther, "192.0.2.1", at(3.2)).wait);
  CHECK(door.open(kOther, "192.0.2.1", at(7)).check == "db-01/vacuum");
  CHECK(wrong(21, 700) == 20);
  // A clock that stands never makes the wait longer.
  CHECK(door.open(kOther, "192.0.2.9", at(-100)).check == "db-01/vacuum");
}

TEST_CASE("door: jobs go on telling from where a stranger guesses, after a restart too", "[web]") {
  HeartbeatDoor door;
  const auto flood = [&](HeartbeatDoor& it) {
    for (int i = 0; i < 5'000; ++i) {
      const auto answer = it.open("wrong-" + std::to_string(i), "127.0.0.1", at(0));
      REQUIRE_FALSE(answer.check);
    }
  };
  door.set_checks(kChecks);
  REQUIRE(door.open(kSecret, "127.0.0.1", at(0)).check);
  flood(door);
  CHECK(door.open(kSecret, "127.0.0.1", at(0)).check == "db-01/backup");
  CHECK(door.open(kSecret, "127.3.2.1", at(0)).check == "db-01/backup");  // the same machine
  CHECK(door.open(kOther, "127.0.0.2", at(0)).wait);
  door.set_checks(kChecks);  // a reload
  CHECK(door.open(kSecret, "127.0.0.1", at(0)).check == "db-01/backup");
  CHECK(door.open(kOther, "127.0.0.1", at(0)).wait);

  HeartbeatDoor next;
  HeartbeatRecord told{.name = "db-01/backup", .succeeded_at = kNoon, .address = "127.0.0.1"};
  HeartbeatRecord never{.name = "db-01/vacuum"};
  next.set_checks(kChecks, {told, never});
  flood(next);
  CHECK(next.open(kSecret, "127.0.0.1", at(0)).check == "db-01/backup");
  CHECK(next.open(kOther, "127.0.0.1", at(0)).wait);
}

TEST_CASE("door: an IPv6 network is one place, this machine is another", "[web]") {
  HeartbeatDoor door;
  door.set_checks(kChecks);
  for (int i = 0; i < 200; ++i) {
    door.open("wrong", "2001:db8:0:1:0:0:0:" + std::to_string(i), at(0));
    door.open("wrong", i % 2 == 0 ? "" : "0:0:0:0:0:0:0:1", at(0));
  }
  CHECK(door.open(kSecret, "2001:db8:0:1:ffff:0:0:1", at(0)).wait);
  CHECK(door.open(kSecret, "2001:db8:0:2:0:0:0:1", at(0)).check);
  CHECK(door.open(kOther, "127.0.0.1", at(0)).wait);
}

TEST_CASE("door: strangers from everywhere cost bounded memory, and bring each other nothing",
          "[web]") {
  HeartbeatDoor door;
  door.set_checks(kChecks);
  const auto place = [](int i) {
    return "10." + std::to_string(i / 65536) + "." + std::to_string(i / 256 % 256) + "." +
           std::to_string(i % 256);
  };
  for (int i = 0; i < 4096; ++i) door.open("wrong", place(i), at(0));
  int patient = 0;
  for (int i = 5000; i < 7'000; ++i) patient += door.open("wrong", place(i), at(0)).wait ? 0 : 1;
  CHECK(patient == 20);
  CHECK(door.open(kSecret, place(7), at(0)).check);  // who was there before is not harmed
  CHECK(door.open(kSecret, "192.0.2.77", at(0)).wait);
  CHECK(door.open(kSecret, "192.0.2.77", at(5)).check);
}

TEST_CASE("door: an empty secret opens nothing", "[web]") {
  HeartbeatDoor door;
  auto unresolved = check_with("x", "");
  door.set_checks({unresolved, std::make_shared<Check>()});
  CHECK_FALSE(door.open("", "192.0.2.1", at(0)).check);
}

TEST_CASE("heartbeat: the listener for heartbeats serves nothing else", "[web]") {
  Site site("127.0.0.1:0", heartbeat_routes());
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
  Site site;
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
  Site site;
  Client client(site.address);
  client.send("POST /heartbeat/wrong HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
  CHECK(parse_reply(client.read_all().value_or("")).status == 404);
}

TEST_CASE("heartbeat: guesses over the wire end in 429, and a job beside them goes on", "[web]") {
  Site site;
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
