// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <catch2/catch.hpp>

#include "probe/http_fixture.h"
#include "probe/step_template.h"
#include "support/http_stand_in.h"
#include "support/nginx.h"

namespace tocsin {
namespace {

constexpr const char* kToken = "tok-Zq8/+==";

// A shop with a login: a token by JSON, a session by cookie, an order's number in the page's text.
class Shop {
 public:
  std::string base() const { return server_.base_url(); }
  std::string address() const { return "127.0.0.1:" + std::to_string(server_.port()); }
  std::vector<std::string> asked() {
    const std::scoped_lock lock(mutex_);
    return asked_;
  }
  void say(const std::string& path, HttpReply reply) {
    const std::scoped_lock lock(mutex_);
    replies_[path] = std::move(reply);
  }

 private:
  HttpReply answer(const HttpAsked& asked) {
    const std::scoped_lock lock(mutex_);
    asked_.push_back(asked.method + " " + asked.target);
    const auto said = replies_.find(asked.target.substr(0, asked.target.find('?')));
    if (said != replies_.end()) return said->second;
    if (asked.target == "/login") return login(asked);
    const bool known = asked.header("Authorization") == std::string("Bearer ") + kToken &&
                       asked.header("Cookie").find("session=s3ss10n") != std::string_view::npos;
    if (!known) return {.status = 401, .body = R"({"error": "who are you?"})"};
    if (asked.target == "/orders/a%2Fb%20%3F%23c?q=1") {
      return {.body = R"({"items": [{"id": 1}, {"id": 2}], "echo": "tok-Zq8/+=="})"};
    }
    if (asked.target == "/logout") return {.status = 204, .body = ""};
    return {.status = 404, .body = asked.target};
  }

  static HttpReply login(const HttpAsked& asked) {
    if (asked.body != R"({"user":"probe","password":"hunter22"})") return {.status = 403};
    return {
        .body = R"({"data": {"token": "tok-Zq8/+==", "list": [], "none": null, "n": 17}})",
        .headers = {
            {"Set-Cookie", "session=s3ss10n; Path=/"}, {"X-Order", "a/b ?#c"}, {"X-Step", ".."}}};
  }

  std::mutex mutex_;
  std::map<std::string, HttpReply> replies_;
  std::vector<std::string> asked_;
  HttpStandIn server_{{.head = nullptr, .whole = [this](const HttpAsked& a) { return answer(a); }}};
};

const std::string kLogin =
    "{name: login, url: /login, method: POST, body: '{\"user\":\"probe\",\"password\":"
    "\"hunter22\"}', capture: {token: data.token, order: {header: X-Order}}}";
const std::string kCall =
    "{name: call, url: '/orders/{order}?q=1', headers: {Authorization: 'Bearer {token}'}, "
    "expect: {json: {items.length: 2}}}";
const std::string kLogout =
    "{name: logout, url: /logout, method: POST, always: true, "
    "headers: {Authorization: 'Bearer {token}'}}";

std::string steps(const std::string& base, const std::string& list, const std::string& more = "") {
  return "timeout: 10s, steps: {base_url: '" + base + "', steps: [" + list + "]" +
         (more.empty() ? "" : ", " + more) + "}";
}

// The whole visit, and all its texts in one.
struct Visited {
  Visited(const Shop& shop, const std::string& list, const std::string& more = "")
      : result(probe(steps(shop.base(), list, more))),
        text(result.reason + "\n" + joined(result.notes) + result.details) {}

  Result result;
  std::string text;
};

std::string told(const std::string& list, const std::string& more = "") {
  return problems_of(steps("http://127.0.0.1:1", list, more));
}

}  // namespace

TEST_CASE("steps: login, token, call, logout", "[probe]") {
  Shop shop;
  const TempDir dir;
  std::string login = kLogin;
  const std::string password = "hunter22";
  login.replace(login.find(password), password.size(),
                "${file:" + dir.write("password", password).string() + "}");
  const Visited visit(shop, login + ", " + kCall + ", " + kLogout);
  CHECK(visit.result.reason.empty());
  CHECK(visit.result.verdict == Verdict::up);
  CHECK(shop.asked() ==
        std::vector<std::string>{"POST /login", "GET /orders/a%2Fb%20%3F%23c?q=1", "POST /logout"});
  REQUIRE(visit.result.metrics.size() == 3);
  CHECK(visit.result.metrics[0].name == "login");
  CHECK(visit.result.metrics[0].unit == "s");
  CHECK(visit.result.metrics[2].name == "logout");
  double seconds = 0;
  for (const Metric& metric : visit.result.metrics) seconds += metric.value;
  CHECK(seconds <= static_cast<double>(visit.result.took.count()) / 1e6);
  REQUIRE(visit.result.phases.get(Phase::connect));
  CHECK(visit.result.address == shop.address());
  SECTION("and no secret that came or went is in any text") {
    for (const char* secret : {kToken, "hunter22", "s3ss10n", "a/b", "a%2Fb", "Zq8"}) {
      CAPTURE(secret);
      CHECK_FALSE(contains(visit.text, secret));
    }
    CHECK(contains(visit.text, "step login\nrequest: POST " + shop.base() + "/login\n"));
    CHECK(contains(visit.text, "captured: token\n"));
    CHECK(contains(visit.text, "cookies kept: 1\n"));
    CHECK(contains(visit.text, "request: GET " + shop.base() + "/orders/{order}?q=1\n"));
    CHECK(contains(visit.text, "sent Authorization: ***\n"));
  }
}

TEST_CASE("steps: the step that fails is named, and the ones behind it are left out", "[probe]") {
  Shop shop;
  const std::string all = kLogin + ", " + kCall + ", {url: /never}, " + kLogout;
  SECTION("at the first one") {
    shop.say("/login", {.status = 503});
    const Visited visit(shop, all);
    CHECK(visit.result.verdict == Verdict::down);
    CHECK(visit.result.reason == "step login: status 503, 2xx expected (" + shop.address() + ")");
    CHECK(shop.asked() == std::vector<std::string>{"POST /login"});
    CHECK(contains(visit.text, "step call: left out\n"));
    CHECK(contains(visit.text, "step logout: left out, for want of what was to be captured\n"));
  }
  SECTION("at a later one: what runs always runs, and changes nothing") {
    shop.say("/orders/a%2Fb%20%3F%23c", {.status = 500});
    shop.say("/logout", {.status = 502});
    const Visited visit(shop, all);
    CHECK(visit.result.verdict == Verdict::down);
    CHECK(visit.result.reason == "step call: status 500, 2xx expected (" + shop.address() + ")");
    CHECK(shop.asked().back() == "POST /logout");
    CHECK(shop.asked().size() == 3);
  }
  SECTION("at one without a name: by its number") {
    const Visited visit(shop, kLogin + ", {url: /nothing}");
    CHECK(visit.result.reason == "step 2: status 401, 2xx expected (" + shop.address() + ")");
  }
  SECTION("for a server that is gone") {
    const std::string gone = "127.0.0.1:" + std::to_string(free_port());
    const Visited visit(shop, kLogin + ", {name: far, url: 'http://" + gone + "/'}");
    CHECK(visit.result.verdict == Verdict::down);
    CHECK(visit.result.reason == "step far: connection refused (" + gone + ")");
  }
  SECTION("an expectation that is not met quotes nothing that may be a secret") {
    const Visited visit(shop,
                        kLogin +
                            ", {name: call, url: '/orders/{order}?q=1', headers: {Authorization: "
                            "'Bearer {token}'}, expect: {json: {echo: other}}}");
    CHECK(visit.result.reason ==
          "step call: JSON echo is another text, other expected (" + shop.address() + ")");
  }
}

TEST_CASE("steps: what cannot be captured, or not be used, is down", "[probe]") {
  Shop shop;
  const auto reason_of = [&](const std::string& what) {
    const std::string login = kLogin.substr(0, kLogin.find("capture: ")) + "capture: {x: " + what;
    return Visited(shop, login + "}}, {url: '/{x}'}").result.reason;
  };
  const auto no = [&](const std::string& why) {
    return "step login: no x: " + why + " (" + shop.address() + ")";
  };
  CHECK(reason_of("data.nothing") == no("JSON data.nothing is missing"));
  CHECK(reason_of("data.list") == no("JSON data.list is a list"));
  CHECK(reason_of("data") == no("JSON data is an object"));
  CHECK(reason_of("data.none") == no("JSON data.none is null"));
  CHECK(reason_of("{header: X-None}") == no("there is no header X-None"));
  CHECK(reason_of("{header: X-Step}") ==
        no("what came for it is of no use: it would be a step in a path"));
  CHECK(reason_of("{pattern: 'id=(\\d+)'}") == no("the body does not match /id=(\\d+)/"));
  CHECK(reason_of("{pattern: 'x*'}") == no("what came for it is of no use: it is empty"));
  CHECK(reason_of("{pattern: '\"n\": (\\d+)'}").starts_with("step 2: status 401"));
  CHECK(shop.asked().back() == "GET /17");
  shop.say("/login", {.body = "<html>"});
  CHECK(reason_of("data.token") == no("the body is not JSON"));
  for (const char* bad : {R"({"data": {"token": "a\u000ab"}})", R"({"data": {"token": "a\u0000"}})",
                          R"({"data": {"token": "a\u007f"}})", R"({"data": {"token": "\t"}})"}) {
    CAPTURE(bad);
    shop.say("/login", {.body = bad});
    CHECK(reason_of("data.token") ==
          no("what came for it is of no use: it holds a control character"));
  }
  shop.say("/login", {.body = "{\"data\": {\"token\": \"\"}}"});
  CHECK(reason_of("data.token") == no("what came for it is of no use: it is empty"));
  shop.say("/login", {.body = "{\"data\": {\"token\": \"" + std::string(20'000, 'x') + "\"}}"});
  CHECK(reason_of("data.token") == no("what came for it is of no use: it is too long"));
  shop.say("/login", {.body = "{\"data\": {\"token\": \"\xff\xfe\"}}"});
  CHECK_FALSE(reason_of("data.token").empty());
}

TEST_CASE("steps: a captured value chooses neither host nor scheme", "[probe]") {
  Shop shop;
  Site evil({{"/", http_answer("200 OK", "", "")}});
  for (const std::string value :
       {"@evil.example/", "//evil.example/", "http://evil.example/", ":80@evil.example", "../../x",
        "\\\\evil.example", "%2e%2e", "?x=1#y", ".example"}) {
    CAPTURE(value);
    shop.say("/login", {.headers = {{"X-Order", value}}});
    shop.say("/", {});
    const Visited visit(shop,
                        "{url: /login, capture: {x: {header: X-Order}}}, {url: '/{x}'}, "
                        "{url: '/login?{x}'}");
    CHECK(visit.result.address == shop.address());
  }
  CHECK(evil.asked().empty());
  for (const std::string& asked : shop.asked()) {
    CAPTURE(asked);
    CHECK(asked.substr(5).find_first_of("/@:#\\ ") == std::string::npos);
  }
}

TEST_CASE("steps: what goes into a body is written as the body's type has it", "[probe]") {
  Site site({{"/give", http_answer("200 OK", "X-V: a\"b\\c&d=e {w}\r\n", "")},
             {"/take", http_answer("200 OK", "", "")}});
  const std::string give = "{url: /give, capture: {v: {header: X-V}}}, ";
  const auto body_for = [&](const std::string& type) {
    const std::string header = type.empty() ? "" : ", headers: {Content-Type: " + type + "}";
    probe(steps(site.url(""),
                give + "{url: /take, method: POST, body: '[{v}] {{v} {'" + header + "}"));
    const std::string asked = site.asked().back();
    return asked.substr(asked.find("\r\n\r\n") + 4);
  };
  CHECK(body_for("") == "[a\"b\\c&d=e {w}] {v} {");
  CHECK(body_for("application/json") == "[a\\\"b\\\\c&d=e {w}] {v} {");
  CHECK(body_for("application/x-www-form-urlencoded") == "[a%22b%5Cc%26d%3De%20%7Bw%7D] {v} {");
}

TEST_CASE("steps: a redirect to another origin takes no captured value along", "[probe]") {
  Site other({{"/", http_answer("200 OK", "", "fine")}});
  Site site({{"/give", http_answer("200 OK", "X-V: s3cr3t\r\nSet-Cookie: c=cookie17\r\n", "")},
             {"/away", redirect("307 Away", other.url("/"))}});
  const std::string give = "{url: /give, capture: {v: {header: X-V}}}, ";
  SECTION("in a header") {
    CHECK(probe(steps(site.url(""), give + "{url: /away, headers: {X-Plain: '{v}'}}")).verdict ==
          Verdict::up);
    REQUIRE(other.asked().size() == 1);
    CHECK_FALSE(contains(other.asked().front(), "s3cr3t"));
  }
  SECTION("in a body") {
    CHECK(probe(steps(site.url(""), give + "{url: /away, method: POST, body: '{v}'}")).reason ==
          "step 2: redirect to another host, which is not to get the secrets in the body (" +
              site.address() + ")");
    CHECK(other.asked().empty());
  }
}

TEST_CASE("steps: who we are is meant for the first step's origin", "[probe]") {
  Site other({{"/", http_answer("200 OK", "", "")}});
  Site site({{"/", http_answer("200 OK", "", "")}});
  const Result result =
      probe(steps(site.url(""), "{url: /}, {url: '" + other.url("/") + "'}, {url: /}",
                  "auth: {username: me, password: hunter22}"));
  CHECK(result.verdict == Verdict::up);
  REQUIRE(site.asked().size() == 2);
  for (const std::string& asked : site.asked()) {
    CHECK(contains(asked, "Authorization: Basic bWU6aHVudGVyMjI=\r\n"));
  }
  CHECK_FALSE(contains(other.asked().front(), "Authorization"));
}

TEST_CASE("steps: slowness degrades, of a step and of the whole", "[probe]") {
  Shop shop;
  shop.say("/slow", {.delay = Millis{60}});
  const Visited step(shop, "{name: slow, url: /slow, expect: {response_time: 20ms}}, " + kLogin);
  CHECK(step.result.verdict == Verdict::degraded);
  CHECK(step.result.reason.starts_with("step slow: slow: "));
  CHECK(shop.asked().size() == 2);
  const Visited whole(shop, "{url: /slow}, {name: next, url: /slow}",
                      "expect: {response_time: 80ms}");
  CHECK(whole.result.verdict == Verdict::degraded);
  CHECK(whole.result.reason.starts_with("slow: 1"));
  shop.say("/bad", {.status = 500});
  const Visited bad(shop, "{url: /slow, expect: {response_time: 20ms}}, {name: bad, url: /bad}");
  CHECK(bad.result.verdict == Verdict::down);
  CHECK(bad.result.reason.starts_with("step bad: status 500"));
}

TEST_CASE("steps: the time limit is for the whole visit", "[probe]") {
  const RawServer mute([](RawConnection& connection) { connection.hold(); });
  const Result result = probe("timeout: 400ms, steps: [{url: '" + mute.url("/") +
                              "', name: mute}, {url: '" + mute.url("/x") + "', always: true}]");
  CHECK(result.verdict == Verdict::down);
  CHECK(result.reason.starts_with("step mute: no answer within 400 ms (" + mute.address() + ")"));
  CHECK_FALSE(contains(result.reason, "used up"));
  Shop shop;
  const Result late = probe("timeout: 2s, steps: [{url: '" + shop.base() +
                            "/login', expect: {status: 403}}, {url: '" + mute.url("/") + "'}]");
  CHECK(late.verdict == Verdict::down);
  CHECK(contains(late.reason, "; the steps before it had used up the rest of the timeout"));
}

TEST_CASE("steps: each mistake is told", "[probe]") {
  CHECK(told("") == "error: there is no step\n");
  CHECK(told("{url: /}").empty());
  CHECK(told("{name: a}") == "error: 'url' is missing\n");
  CHECK(told("{url: /, name: a}, {url: /, name: a}") ==
        "error: another step has this name: \"a\"\n");
  CHECK(told("{url: /, name: ''}") == "error: not a step's name: 1 to 64 printable characters\n");
  CHECK(contains(told("{url: '/{token}'}"),
                 "error: no earlier step captures {token}; {{ is a brace"));
  const std::string give = "{url: /, capture: {token: a.b}}, ";
  CHECK(told(give + "{url: '/{token}'}").empty());
  CHECK(told(give + "{url: '/{tokn}'}") ==
        "error: no earlier step captures {tokn}; did you mean {token}?\n");
  CHECK(contains(told(give + "{url: /, body: '{x_1}'}"), "no earlier step captures {x_1}"));
  CHECK(contains(told(give + "{url: /, headers: {X-A: '{y}'}}"), "no earlier step captures {y}"));
  CHECK(contains(told(give + "{url: /, headers: {Authorization: 'Bearer {y}'}}"),
                 "error: no earlier step captures a name in it"));
  CHECK(contains(told("{url: '/{token}', capture: {token: a.b}}"), "no earlier step captures"));
  CHECK(told("{url: '/{{token}'}").empty());
  SECTION("a placeholder stands behind scheme, host and port") {
    for (const std::string url :
         {"http://{token}/", "{token}://127.0.0.1/", "http://a.{token}/",
          "http://127.0.0.1:{token}/", "http://{token}@127.0.0.1/", "http://127.0.0.1{token}"}) {
      CAPTURE(url);
      const std::string message = told(give + "{url: '" + url + "'}");
      CHECK(message.starts_with("error: "));
      CHECK((contains(message, "cannot choose scheme, host or port") ||
             contains(message, "neither an http or https URL")));
    }
    CHECK(told(give + "{url: 'http://127.0.0.1?{token}'}").empty());
    CHECK(contains(told(give + "{url: '{token}'}"), "neither an http or https URL"));
    CHECK(contains(told("{url: '//evil.example/'}"), "neither an http or https URL"));
    CHECK(contains(told("{url: 'ftp://evil.example/'}"), "neither an http or https URL"));
  }
  SECTION("captures") {
    CHECK(contains(told("{url: /, capture: {9x: a}}"), "not a name to put in braces"));
    CHECK(contains(told("{url: /, capture: {a-b: a}}"), "not a name to put in braces"));
    CHECK(contains(told("{url: /, capture: {x: {}}}"), "give exactly one of"));
    CHECK(contains(told("{url: /, capture: {x: {json: a, header: B}}}"), "give exactly one of"));
    CHECK(contains(told("{url: /, capture: {x: a..b}}"), "not a path such as data.token"));
    CHECK(contains(told("{url: /, capture: {x: {header: 'a b'}}}"), "not a header's name"));
    CHECK(contains(told("{url: /, capture: {x: {pattern: '('}}}"), "error: "));
    CHECK(contains(told("{url: /, capture: {x: {jsn: a}}}"), "did you mean \"json\"?"));
    CHECK(contains(told("{url: /, method: HEAD, capture: {x: a}}"), "the answer to HEAD has no"));
    CHECK(contains(told("{url: /, always: true, capture: {x: a}}"), "is not waited for"));
  }
  SECTION("what is shared") {
    CHECK(contains(problems_of("steps: [{url: /x}]"), "a path needs a 'base_url'"));
    CHECK(contains(problems_of(steps("http://127.0.0.1/?x", "{url: /}")), "it has no query"));
    CHECK(contains(problems_of(steps("http://127.0.0.1/{x}", "{url: /}")), "cannot stand here"));
    CHECK(contains(told("{url: /, headers: {Authorization: x}}", "auth: {token: t}"),
                   "it is set by 'auth'"));
    CHECK(contains(told("{url: 'http://u:p@127.0.0.1/'}", "auth: {token: t}"),
                   "a step's URL has a user already"));
    CHECK(contains(told("{url: /, expect: {statu: 200}}"), "did you mean \"status\"?"));
    CHECK(contains(told("{url: /, expect: {response_time: 1h}}"), "error: "));
    CHECK(contains(told("{url: /}", "proxy: 'http://127.0.0.1:1', connect_to: '127.0.0.1:1'"),
                   "only one of"));
    std::string many = "{url: /}";
    for (int i = 0; i < 50; ++i) many += ", {url: /}";
    CHECK(contains(told(many), "more than 50 steps"));
  }
}

TEST_CASE("steps: a secret is not looked at for placeholders", "[probe]") {
  std::string mistake;
  const StepTemplate whole(Text("Bearer {token}", "***"), mistake);
  CHECK(mistake.empty());
  CHECK(whole.fill({{"token", "t"}}, Encoding::none).value() == "Bearer t");
  CHECK(whole.fill({{"token", "t"}}, Encoding::none).shown() == "***");
  const StepTemplate braces(Text("x={{p{w}", "x=***"), mistake);
  CHECK(mistake.empty());
  CHECK(braces.names().empty());
  CHECK(braces.fill({}, Encoding::none).value() == "x={{p{w}");
  const StepTemplate password(Text("p{{w", "***"), mistake);
  CHECK(password.fill({}, Encoding::none).value() == "p{{w");
  CHECK(mistake.empty());
  const StepTemplate mixed(Text("{a} p{{w", "{a} ***"), mistake);
  CHECK_FALSE(mistake.empty());
  mistake.clear();
  const StepTemplate part(Text("{a} pa{ss}word", "{a} ***"), mistake);
  CHECK(contains(mistake, "a secret in it holds a word in braces"));
  CHECK_FALSE(contains(mistake, "ss}"));
  mistake.clear();
  const StepTemplate fine(Text("{a} pa{s s}word}{", "{a} ***"), mistake);
  CHECK(mistake.empty());
  CHECK(fine.fill({{"a", "1"}}, Encoding::none).value() == "1 pa{s s}word}{");
  CHECK(fine.fill({{"a", "1"}}, Encoding::none).shown() == "{a} ***");
}

}  // namespace tocsin
