// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <catch2/catch.hpp>

#include "probe/http_fixture.h"
#include "probe/http_settings.h"
#include "support/certificates.h"
#include "support/nginx.h"
#include "support/no_descriptors.h"

namespace tocsin {

TEST_CASE("http: an answer of a real server is up, with phases and no reason", "[probe]") {
  const Nginx nginx({.server = "location / { return 200 'all is well'; }"});
  const Result result = look(nginx.url("/health"));
  CHECK(result.verdict == Verdict::up);
  CHECK(result.reason.empty());
  CHECK(result.address == nginx.address());
  CHECK(result.phases.get(Phase::connect));
  CHECK(result.phases.get(Phase::first_byte));
  CHECK_FALSE(result.phases.get(Phase::tls));
  CHECK_FALSE(result.certificate_days);
  CHECK(result.took > Micros::zero());
  SECTION("in its short form too") {
    CHECK(probe("http: '" + nginx.url("/") + "'").verdict == Verdict::up);
  }
}

TEST_CASE("http: a target that cannot be reached is down, in words", "[probe]") {
  SECTION("refused") {
    const std::string at = "127.0.0.1:" + std::to_string(free_port());
    const Result result = look("http://" + at + "/");
    CHECK(result.verdict == Verdict::down);
    CHECK(result.reason == "connection refused (" + at + ")");
    CHECK(result.address == at);
  }
  SECTION("silent") {
    const RawServer server([](RawConnection& connection) { connection.hold(); });
    const Result result = probe(http(server.url("/"), "", "300ms"));
    CHECK(result.verdict == Verdict::down);
    CHECK(result.reason.starts_with("no answer within 300 ms (" + server.address() +
                                    "); connected in "));
  }
  SECTION("no such name") {
    const TempDir dir;
    const DnsServer dns;
    const Result result = look_with(dns, dir, http("http://nowhere.example/"));
    CHECK(result.verdict == Verdict::down);
    CHECK(result.reason == "no such host: nowhere.example");
  }
}

TEST_CASE("http: our own side's faults make no target down", "[probe]") {
  SECTION("a resolver that does not answer") {
    const TempDir dir;
    DnsServer dns;
    dns.be_silent(true);
    const Result result =
        look_with(dns, dir, http("http://web-01.example/", "", "300ms"), Millis{300});
    CHECK(result.verdict == Verdict::unknown);
    CHECK(result.reason == "resolver did not answer for web-01.example (127.0.0.1)");
  }
  SECTION("no descriptors") {
    const RawServer server(answer_with(http_answer("200 OK", "", "")));
    const CheckPtr check = make_check(http(server.url("/")));
    ProbeTools tools([](std::uint32_t) {});
    const SystemClock clock;
    ProbeContext context = tools.context(clock, clock.steady() + std::chrono::seconds{5});
    const NoDescriptors none;
    const Result result = on_loop(tools.loop(), check->prober->probe(context));
    CHECK(result.verdict == Verdict::unknown);
    CHECK(result.reason.starts_with("out of resources here: Too many open files"));
  }
  SECTION("a ca_file that is not there") {
    const TempDir dir;
    const auto files = Certificates(dir.path()).make({"good", {"127.0.0.1"}});
    const Nginx nginx({.server = "ssl_certificate " + files.certificate.string() +
                                 "; ssl_certificate_key " + files.key.string() + ";",
                       .tls = true});
    const Result result = look(nginx.url("/"), "ca_file: /nonexistent.pem");
    CHECK(result.verdict == Verdict::unknown);
    CHECK(result.reason == "cannot use the CA file /nonexistent.pem: No such file or directory");
  }
}

TEST_CASE("http: certificates are judged", "[probe]") {
  const TempDir dir;
  Certificates certificates(dir.path());
  const auto serve = [&](const Certificates::Spec& spec) {
    const auto files = certificates.make(spec);
    return std::make_unique<Nginx>(Nginx::Options{
        .server = "ssl_certificate " + files.certificate.string() + "; ssl_certificate_key " +
                  files.key.string() + "; location / { return 200 ok; }",
        .tls = true});
  };
  const std::string trusted = "ca_file: '" + certificates.authority().string() + "'";
  const auto reason_of = [&](const Nginx& nginx, const std::string& more) {
    const Result result = look(nginx.url("/"), more);
    return std::string(to_string(result.verdict)) + ": " + result.reason;
  };
  SECTION("good") {
    const auto nginx = serve({"good", {"127.0.0.1"}, -1, 90});
    const Result result = look(nginx->url("/"), trusted + ", expect: {certificate_days: 14}");
    CHECK(result.verdict == Verdict::up);
    CHECK(result.certificate_days == 89);
    CHECK(result.phases.get(Phase::tls));
    CHECK(contains(joined(result.notes), "certificate: ends in 89 days"));
  }
  SECTION("ending soon") {
    const auto nginx = serve({"soon", {"127.0.0.1"}, -1, 10});
    const std::string told = reason_of(*nginx, trusted + ", expect: {certificate_days: 14}");
    CHECK(told.starts_with("degraded: certificate ends in 9 days"));
    CHECK(reason_of(*nginx, trusted) == kUp);
  }
  SECTION("expired") {
    const auto nginx = serve({"old", {"127.0.0.1"}, -30, -3});
    const std::string down = "down: certificate expired 3 days ago (" + nginx->address() + ")";
    CHECK(reason_of(*nginx, trusted) == down);
    CHECK(reason_of(*nginx, trusted + ", expect: {certificate_days: 14}") == down);
    CHECK(reason_of(*nginx, "verify: false") == kUp);
    CHECK(reason_of(*nginx, "verify: false, expect: {certificate_days: 14}") == down);
  }
  SECTION("self-signed") {
    const auto nginx = serve({"own", {"127.0.0.1"}, -1, 90, true});
    CHECK(reason_of(*nginx, "") == "down: certificate is self-signed (" + nginx->address() + ")");
  }
  SECTION("for another name") {
    const auto nginx = serve({"other", {"other.example"}});
    CHECK(reason_of(*nginx, trusted) ==
          "down: certificate is for other.example, not 127.0.0.1 (" + nginx->address() + ")");
  }
  SECTION("none, where one is wanted") {
    Site site({{"/end", http_answer("200 OK", "", "")}});
    CHECK(look(site.url("/end"), "expect: {certificate_days: 14}").verdict == Verdict::degraded);
  }
}

TEST_CASE("http: notes say what was asked and what came, secrets hidden", "[probe]") {
  Site site({{"/x?token=hunter2", http_answer("200 OK", "Content-Type: text/plain\r\n", "hello")}});
  const TempDir dir;
  const std::string secret = dir.write("secret", "hunter2").string();
  const Result plain = look(site.url("/x?token=hunter2"), "headers: {Accept: text/plain}");
  CHECK(contains(joined(plain.notes), "sent Accept: text/plain"));
  CHECK(contains(joined(plain.notes), "answer: HTTP/1.1 200 OK from " + site.address()));
  CHECK(contains(joined(plain.notes), "Content-Type: text/plain"));
  CHECK(contains(joined(plain.notes), "body: 5 bytes, begins \"hello\""));

  const Loaded loaded =
      load_check("http: {url: \"" + site.url("/x?token=") + "${file:" + secret +
                 "}\", headers: {Authorization: \"Bearer ${file:" + secret + "}\"}}");
  REQUIRE(loaded.config);
  const Check& check = *loaded.config->checks.front();
  CHECK_FALSE(contains(check.target, "hunter2"));
  const Result hidden = probe_once(check, SystemClock(), true);
  CHECK(hidden.verdict == Verdict::up);
  CHECK(contains(joined(hidden.notes), "sent Authorization: ***"));
  CHECK_FALSE(contains(joined(hidden.notes), "hunter2"));
  CHECK(probe_once(check, SystemClock(), false).notes.empty());
}

TEST_CASE("http: each bad key is told", "[probe]") {
  const auto told = [](const std::string& keys) { return problems_of("http: {" + keys + "}"); };
  const std::string url = "url: 'http://127.0.0.1/', ";
  CHECK(contains(told("method: GET"), "error: 'url' is missing"));
  CHECK(contains(told("url: 'ftp://127.0.0.1/'"), "error: "));
  CHECK(contains(told("url: 'nonsense'"), "error: "));
  CHECK(contains(told(url + "method: FETCH"), "error: "));
  CHECK(contains(told(url + "headers: {'a b': c}"), "error: not a header's name: \"a b\""));
  CHECK(contains(told(url + "headers: {Content-Length: 5}"),
                 "error: Content-Length is not to be set: it follows from the request"));
  CHECK(contains(told(url + "headers: {X-A: \"a\\r\\nX-B: c\"}"),
                 "error: X-A: a header's value has no line break or control character"));
  CHECK(contains(told(url + "redirects: 21"), "error: "));
  CHECK(contains(told(url + "redirects: -1"), "error: "));
  CHECK(contains(told(url + "body_limit: 0"), "error: "));
  CHECK(contains(told(url + "body_limit: 1GiB"), "error: "));
  CHECK(contains(told(url + "verify: perhaps"), "error: "));
  CHECK(contains(told(url + "method: HEAD, body: x"), "error: a HEAD request has no body"));
  CHECK(contains(told(url + "method: HEAD, expect: {body_contains: x}"),
                 "error: the answer to HEAD has no body; 'expect' wants something of it"));
  CHECK(contains(told(url + "body: x"), "warning: a GET request hardly has a body"));
  CHECK(contains(told(url + "ca_file: /nonexistent.pem"), "warning: the file cannot be read now"));
  CHECK(contains(told(url + "ca_file: /etc/passwd, verify: false"), "warning: it is of no use"));
  const auto expect = [&](const std::string& keys) { return told(url + "expect: {" + keys + "}"); };
  CHECK(
      contains(expect("status: ok"), "error: not a status (200) or a class of them (2xx): \"ok\""));
  CHECK(contains(expect("status: [200, 999]"), "\"999\""));
  CHECK(contains(expect("status: 6xx"), "\"6xx\""));
  CHECK(contains(expect("status: 301"), "warning: a redirect is followed first"));
  CHECK(contains(expect("body_matches: '('"), "error: "));
  CHECK(contains(expect("json: {'a..b': 1}"),
                 "error: not a path such as db.status, items[0].name or items[-1]: \"a..b\""));
  CHECK(contains(expect("json: {a: '< many'}"),
                 "error: a: \"< many\" compares with what is not a number"));
  CHECK(contains(expect("header: {'a b': c}"), "error: not a header's name"));
  CHECK(contains(expect("response_time: 1h"), "error: "));
  CHECK(contains(expect("certificate_days: -1"), "error: "));
  CHECK(contains(expect("body_contain: x"), "did you mean \"body_contains\"?"));
  CHECK(contains(told(url + "redirects: 0, expect: {certificate_days: 3}"),
                 "error: it needs an https URL"));
  CHECK(told("url: 'http://127.0.0.1/', expect: {status: [2xx, 404]}").empty());
}

TEST_CASE("http: a check that says nothing but its URL takes little memory", "[probe]") {
  CHECK(sizeof(ParsedHttp) <= 80);
  // The other keys, once any of them is given, are apart.
  CHECK(sizeof(HttpSettings) <= 256);
  CHECK(sizeof(HttpExpect) <= 192);
}

}  // namespace tocsin
