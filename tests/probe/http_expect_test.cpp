// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <catch2/catch.hpp>

#include "probe/http_fixture.h"
#include "probe/json_pick.h"

namespace tocsin {

TEST_CASE("http: the status is compared", "[probe]") {
  const Answers made("201 Created");
  CHECK(made.look_for("") == kUp);
  CHECK(made.look_for("status: 201") == kUp);
  CHECK(made.look_for("status: 2xx") == kUp);
  CHECK(made.look_for("status: [404, 2XX]") == kUp);
  CHECK(made.look_for("status: 200") == made.down("status 201, 200 expected"));
  CHECK(made.look_for("status: [200, 204]") == made.down("status 201, 200 or 204 expected"));
  CHECK(made.look_for("status: [5xx, 404]") == made.down("status 201, 5xx or 404 expected"));
  const Answers failing("503 Service Unavailable");
  CHECK(failing.look_for("") == failing.down("status 503, 2xx expected"));
  CHECK(failing.look_for("status: 503") == kUp);
}

TEST_CASE("http: headers are compared, Content-Type by its media type", "[probe]") {
  const Answers answers("200 OK",
                        "Content-Type: application/json; charset=UTF-8\r\nX-One: 1\r\n"
                        "X-Two: a\r\nX-Two: b\r\nX-Empty:\r\n");
  CHECK(answers.look_for("header: {x-one: 1}") == kUp);
  CHECK(answers.look_for("header: {X-Two: b}") == kUp);
  CHECK(answers.look_for("header: {X-Empty: ''}") == kUp);
  CHECK(answers.look_for("header: {Content-Type: application/json}") == kUp);
  CHECK(answers.look_for("header: {Content-Type: 'Application/JSON;charset=utf-8'}") == kUp);
  CHECK(answers.look_for("header: {Content-Type: text/html}") ==
        answers.down("header Content-Type is \"application/json; charset=UTF-8\", \"text/html\" "
                     "expected"));
  CHECK(answers.look_for("header: {Content-Type: 'application/json; charset=latin1'}")
            .starts_with("down: header Content-Type is"));
  CHECK(answers.look_for("header: {X-One: 2}") ==
        answers.down("header X-One is \"1\", \"2\" expected"));
  CHECK(answers.look_for("header: {X-Three: 3}") ==
        answers.down("no header X-Three, \"3\" expected"));
}

TEST_CASE("http: the body is searched", "[probe]") {
  const Answers answers("200 OK", "", "version v42, all ok\n\x1b[31mred" + std::string(300, 'x'));
  CHECK(answers.look_for("body_contains: all ok") == kUp);
  CHECK(answers.look_for("body_matches: 'v[0-9]+'") == kUp);
  const std::string begins = "; it begins \"version v42, all ok [31mred";
  const std::string lacks = answers.look_for("body_contains: broken");
  CHECK(lacks.starts_with("down: body does not contain \"broken\"" + begins));
  CHECK(lacks.size() < 200);
  CHECK(answers.look_for("body_matches: '^ok$'")
            .starts_with("down: body does not match /^ok$/" + begins));
  CHECK(answers.look_for("body_contains: all ok, body_matches: 'w[0-9]'")
            .starts_with("down: body does not match"));
  const Answers empty("204 No Content");
  CHECK(empty.look_for("body_contains: x") ==
        empty.down("body does not contain \"x\"; it is empty"));
}

TEST_CASE("http: a body is not quoted when the request carried a secret it may echo", "[probe]") {
  const Answers answers("200 OK", "", "you sent: hunter2");
  const Result result =
      look(answers.server.url("/"), "headers: {X-Api-Key: hunter2}, expect: {body_contains: ok}");
  CHECK(result.verdict == Verdict::down);
  CHECK(result.reason == "body does not contain \"ok\" (" + answers.server.address() + ")");
  CHECK_FALSE(contains(joined(result.notes), "hunter2"));
  CHECK(contains(joined(result.notes), "sent X-Api-Key: ***"));
}

TEST_CASE("http: JSON is compared by path", "[probe]") {
  const Answers answers("200 OK", "", R"({"db": {"status": "up", "load": 42.5, "ok": true},
      "queues": [{"length": 7}, {"length": 120, "name": null}], "a.b": {"c": "dots"}, "n": "17"})");
  for (const char* good :
       {"db.status: up", "db.load: 42.5", "db.load: '42.50'", "db.ok: true",
        "'queues[0].length': 7", "'queues[0].length': '< 100'", "'queues[1].length': '>= 120'",
        "'queues[1].length': '> 7'", "'queues[0].length': '<= 7'", "db.status: '!= down'",
        "'queues[1].name': 'null'", "'[\"a.b\"].c': dots", "db.status: '== up'", "n: '> 16'"}) {
    CAPTURE(good);
    CHECK(answers.look_for(std::string("json: {") + good + "}") == kUp);
  }
  const auto down = [&](const std::string& json, const std::string& reason) {
    CHECK(answers.look_for("json: {" + json + "}") == answers.down("JSON " + reason));
  };
  down("db.status: down", "db.status is \"up\", down expected");
  down("db.status: '!= up'", "db.status is \"up\", != up expected");
  down("db.load: '< 10'", "db.load is 42.5, < 10 expected");
  down("db.status: '> 10'", "db.status is \"up\", > 10 expected");
  down("db.ok: false", "db.ok is true, false expected");
  down("db.missing: 1", "db.missing is missing, 1 expected");
  down("db.missing: '!= 1'", "db.missing is missing, != 1 expected");
  down("db: up", "db is an object, up expected");
  down("queues: '> 1'", "queues is a list, > 1 expected");
  down("'queues[2].length': 1", "queues[2].length is missing, 1 expected");
  down("'db.status.deeper': 1", "db.status.deeper is missing, 1 expected");
}

TEST_CASE("http: a body that is no JSON has a reason of its own, however hostile", "[probe]") {
  const Answers html("200 OK", "", "<html>Bad gateway</html>");
  CHECK(html.look_for("json: {a: 1}") ==
        html.down("body is not JSON; it begins \"<html>Bad gateway</html>\""));
  const Answers empty("200 OK");
  CHECK(empty.look_for("json: {a: 1}") == empty.down("body is not JSON; it is empty"));
  const Answers cut("200 OK", "", "{\"a\": 1");
  CHECK(cut.look_for("json: {a: 1}").starts_with("down: body is not JSON"));
  const Answers deep("200 OK", "", std::string(500'000, '['));
  CHECK(deep.look_for("json: {a: 1}").starts_with("down: body is not JSON"));
  const Answers objects("200 OK", "", [] {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += "{\"a\":";
    return text;
  }());
  CHECK(objects.look_for("json: {a: 1}").starts_with("down: body is not JSON"));

  const RawServer endless([](RawConnection& connection) {
    connection.read_head();
    connection.send("HTTP/1.1 200 OK\r\n\r\n[1");
    while (connection.send(std::string(1'000, ','))) {
    }
  });
  const Result result = look(endless.url("/"), "body_limit: 64KiB, expect: {json: {a: 1}}");
  CHECK(result.reason ==
        "body is longer than body_limit: its JSON is incomplete (" + endless.address() + ")");
}

TEST_CASE("http: JSON paths lead where they say", "[probe]") {
  using Steps = JsonPath;
  CHECK(parse_json_path("a") == Steps{{"a", -1}});
  CHECK(parse_json_path("a.b") == Steps{{"a", -1}, {"b", -1}});
  CHECK(parse_json_path("[2]") == Steps{{"", 2}});
  CHECK(parse_json_path("a[0][1].b") == Steps{{"a", -1}, {"", 0}, {"", 1}, {"b", -1}});
  CHECK(parse_json_path("[\"x.y\"].z") == Steps{{"x.y", -1}, {"z", -1}});
  for (const char* bad : {"", ".", "a.", ".a", "a..b", "a[", "a[x]", "a[1", "a[-2]", "a]b",
                          "a[\"x]", "a[0]b", "a[\"x\"", "[99999999999999999999]", "a.[0]"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_json_path(bad));
  }
  const auto values = pick_json(R"([10, {"a": [true]}, "x"])",
                                {{{"", 0}}, {{"", 1}, {"a", -1}, {"", 0}}, {{"", 2}}});
  CHECK(values[0].number == 10);
  CHECK(values[1].text == "true");
  CHECK(values[2].text == "x");
  CHECK_THROWS(pick_json("{} trailing", {}));
}

TEST_CASE("http: the first expectation that fails is told, in a fixed order", "[probe]") {
  const Answers answers("500 Oops", "X-One: 1\r\n", "not JSON");
  const std::string rest =
      "header: {X-One: 2}, body_contains: missing, json: {a: 1}, response_time: 1ms";
  CHECK(answers.look_for(rest).starts_with("down: status 500"));
  CHECK(answers.look_for("status: 500, " + rest).starts_with("down: header X-One"));
  CHECK(answers.look_for("status: 500, header: {X-One: 1}, body_contains: missing, json: {a: 1}")
            .starts_with("down: body does not contain"));
  CHECK(answers.look_for("status: 500, body_contains: JSON, json: {a: 1}")
            .starts_with("down: body is not JSON"));
}

TEST_CASE("http: a slow answer is degraded", "[probe]") {
  const RawServer slow([](RawConnection& connection) {
    connection.read_head();
    std::this_thread::sleep_for(Millis{60});  // being slow is what is tested
    connection.send(http_answer("200 OK", "", ""));
  });
  const Result result = look(slow.url("/"), "expect: {response_time: 20ms}");
  CHECK(result.verdict == Verdict::degraded);
  CHECK(result.reason.starts_with("slow: "));
  CHECK(contains(result.reason, "20 ms"));
  CHECK(look(slow.url("/"), "expect: {response_time: 5s}").verdict == Verdict::up);
}

TEST_CASE("http: gigantic and endless answers end at the limit", "[probe]") {
  const RawServer endless([](RawConnection& connection) {
    connection.read_head();
    connection.send("HTTP/1.1 200 OK\r\n\r\nneedle at the front ");
    while (connection.send(std::string(10'000, 'x'))) {
    }
  });
  CHECK(look(endless.url("/")).verdict == Verdict::up);
  CHECK(look(endless.url("/"), "expect: {body_contains: needle}").verdict == Verdict::up);
  const Result result =
      look(endless.url("/"), "body_limit: 10KiB, expect: {body_contains: missing}");
  CHECK(result.verdict == Verdict::down);
  CHECK(result.reason.starts_with("body does not contain \"missing\" in its first 10240 bytes"));
}

}  // namespace tocsin
