// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// The ways of an http check to its target, packed bodies, and the further expectations.
#include <catch2/catch.hpp>

#include "probe/http_fixture.h"
#include "support/certificates.h"
#include "support/child.h"
#include "support/nginx.h"
#include "support/proxies.h"

namespace tocsin {
namespace {

std::string judged(const Result& result) {
  return std::string(to_string(result.verdict)) + ": " + result.reason;
}

std::string told(const std::string& more, const std::string& url = "https://127.0.0.1/") {
  return problems_of(http(url, more));
}

}  // namespace

TEST_CASE("http: a proxy is asked; its own failures make no target down", "[probe]") {
  const Nginx nginx({.server = "location / { return 200 \"$http_via\"; }"});
  const Tinyproxy tiny("BasicAuth me hunter22\nViaProxyName \"tiny\"");
  const Microsocks socks;
  const auto by = [&](const std::string& proxy) {
    return look(nginx.url("/"), "proxy: '" + proxy + "'");
  };
  const Result result = by("http://me:hunter22@" + tiny.address());
  CHECK(judged(result) == "up: ");
  CHECK(result.address == tiny.address());
  CHECK_FALSE(contains(joined(result.notes), "hunter22"));
  CHECK(judged(by("http://" + tiny.address())) ==
        "down: status 407, 2xx expected (" + tiny.address() + ")");
  CHECK(judged(by("socks5://" + socks.address())) == "up: ");
  CHECK(judged(by("socks5h://" + socks.address())) == "up: ");
  const std::string gone = "127.0.0.1:" + std::to_string(free_port());
  for (const std::string scheme : {"http://", "https://", "socks5://", "socks5h://"}) {
    CHECK(judged(by(scheme + gone)) == "unknown: proxy: connection refused (" + gone + ")");
  }
  CHECK(judged(look("http://" + gone + "/", "proxy: 'socks5://" + socks.address() + "'")) ==
        "down: proxy says: connection refused (" + socks.address() + ")");
}

TEST_CASE("http: another address, a socket file, one family", "[probe]") {
  const TempDir dir;
  const std::string path = (dir.path() / "web.sock").string();
  const std::string six = std::to_string(free_port());
  const Nginx nginx({.server = "listen unix:" + path + "; listen [::1]:" + six +
                               "; location / { return 200 \"$host\"; }"});
  const std::string expect = ", expect: {body_contains: web-01.example}";
  CHECK(judged(look("http://web-01.example/", "connect_to: '" + nginx.address() + "'" + expect)) ==
        "up: ");
  const Result file = look("http://web-01.example/", "unix_socket: '" + path + "'" + expect);
  CHECK(judged(file) == "up: ");
  CHECK(file.address == "unix:" + path);
  CHECK(judged(look("http://x/", "unix_socket: '" + path + "2'")) ==
        "down: there is no such socket (unix:" + path + "2)");
  CHECK(judged(look("http://[::1]:" + six + "/", "family: ipv6")) == "up: ");
  const DnsServer dns;
  const_cast<DnsServer&>(dns).set("web-01.example", {.v4 = {"127.0.0.1"}, .v6 = {"::1"}});
  const std::string url = "http://web-01.example:" + six + "/";
  CHECK(judged(look_with(dns, dir, http(url, "family: ipv6"))) == "up: ");
  CHECK(judged(look_with(dns, dir, http(url, "family: ipv4"))) ==
        "down: connection refused (127.0.0.1:" + six + ")");
}

TEST_CASE("http: what leads the way to one origin does not lead to another", "[probe]") {
  Site other({{"/", http_answer("200 OK", "", "the other")}});
  Site site({{"/", redirect("302 Found", other.url("/"))}});
  CHECK(judged(look("http://web-01.example/",
                    "connect_to: '" + site.address() + "', expect: {body_contains: the other}")) ==
        "up: ");
  CHECK(other.asked().size() == 1);
}

TEST_CASE("http: each hop of a redirect is timed", "[probe]") {
  Site site({{"/", redirect("302 Found", "/end")}, {"/end", http_answer("200 OK", "", "")}});
  const std::string notes = joined(look(site.url("/")).notes);
  const auto first = notes.find("took: connect ");
  REQUIRE(first != std::string::npos);
  CHECK(notes.find("took: connect ", first + 1) != std::string::npos);
}

TEST_CASE("http: packed bodies are looked into, and a bomb is down", "[probe]") {
  const Nginx nginx({.server = "location / { add_header Content-Encoding gzip; }"});
  const auto put = [&](const std::string& name, const std::string& command) {
    nginx.put(name, run_program({"/bin/sh", "-c", command}).out);
  };
  put("hello", "echo all is well | gzip");
  put("bomb", "head -c 50000000 /dev/zero | gzip");
  const std::string at = " (" + nginx.address() + ")";
  CHECK(judged(look(nginx.url("/hello"), "decompress: true, expect: {body_contains: is well}")) ==
        "up: ");
  CHECK(judged(look(nginx.url("/hello"), "expect: {body_contains: is well}")).starts_with("down"));
  CHECK(judged(look(nginx.url("/bomb"), "decompress: true")) ==
        "down: unpacked, the answer is longer than the limit of 1048576 bytes" + at);
  CHECK(judged(look(nginx.url("/bomb"), "decompress: true, body_limit: 60MB")) == "up: ");
  nginx.put("liar", "this is no gzip, whatever its header says");
  CHECK(judged(look(nginx.url("/liar"), "decompress: true")) ==
        "down: the answer cannot be unpacked: it is not what its encoding says" + at);
}

TEST_CASE("http: bodies and headers may also lack what they should lack", "[probe]") {
  const Answers answers("200 OK", "X-One: abc\r\nX-One: def\r\nX-Token: t0ps3cret\r\n",
                        "all is well, no error");
  for (const char* good :
       {"body_contains: [all, well]", "body_not_contains: panic", "body_not_contains: [a1, a2]",
        "body_not_matches: '[0-9]'", "header_matches: {x-one: '^d'}", "header_present: X-One",
        "header_absent: [X-Two, X-Three]"}) {
    CAPTURE(good);
    CHECK(answers.look_for(good) == kUp);
  }
  const std::string begins = "; it begins \"all is well, no error\"";
  CHECK(answers.look_for("body_contains: [all, bad]") ==
        answers.down("body does not contain \"bad\"" + begins));
  CHECK(answers.look_for("body_not_contains: [panic, error]") ==
        answers.down("body contains \"error\""));
  CHECK(answers.look_for("body_not_matches: 'no (err|warn)'") ==
        answers.down("body matches /no (err|warn)/: \"err\""));
  CHECK(answers.look_for("header_matches: {X-One: '^x'}") ==
        answers.down("header X-One is \"def\", /^x/ expected"));
  CHECK(answers.look_for("header_matches: {X-Two: '^x'}") ==
        answers.down("no header X-Two, /^x/ expected"));
  CHECK(answers.look_for("header_present: [X-Two]") == answers.down("no header X-Two"));
  CHECK(answers.look_for("header_absent: [x-one]") == answers.down("header x-one is there"));
  CHECK(answers.look_for("header_matches: {X-Token: '^x'}") ==
        answers.down("header X-Token is not what is expected"));
}

TEST_CASE("http: JSON has patterns, a last place, lengths and absences", "[probe]") {
  const Answers answers("200 OK", "", R"({"name": "web-01", "n": 17,
      "list": [{"a": 1, "b": [1]}, {"a": 2, "b": [1, 2, 3]}, {"c": 3}], "empty": [],
      "nested": [[1, 2], [3]], "own": {"length": 99}})");
  for (const char* good :
       {"name: '~ ^web'", "name: '!~ ^db'", "n: '~ ^1'", "list.length: 3", "empty.length: 0",
        "'list[-1].c': 3", "'list[1].b[-1]': 3", "'list[1].b.length': '> 2'", "'nested[-1][-1]': 3",
        "'nested[0][-1]': 2", "'nested[-1].length': 1", "own.length: 99"}) {
    CAPTURE(good);
    CHECK(answers.look_for(std::string("json: {") + good + "}") == kUp);
  }
  CHECK(answers.look_for("json_absent: [error, 'list[3]', 'list[-1].a']") == kUp);
  const auto down = [&](const std::string& json, const std::string& reason) {
    CHECK(answers.look_for("json: {" + json + "}") == answers.down("JSON " + reason));
  };
  down("name: '~ ^db'", "name is \"web-01\", ~ ^db expected");
  down("name: '!~ 01$'", "name is \"web-01\", !~ 01$ expected");
  down("list.length: '< 3'", "list.length is 3, < 3 expected");
  down("'list[-1].a': 2", "list[-1].a is missing, 2 expected");  // the last one has none
  down("'empty[-1]': 1", "empty[-1] is missing, 1 expected");
  down("list: '~ x'", "list is a list, ~ x expected");
  CHECK(answers.look_for("json_absent: [name]") ==
        answers.down("JSON name is there, absent expected"));
}

TEST_CASE("http: each mistake in the further keys is told", "[probe]") {
  const auto expect = [](const std::string& keys) { return told("expect: {" + keys + "}"); };
  CHECK(contains(told("proxy: 'ftp://a/'"), "error: "));
  CHECK(contains(told("proxy: 'a:80'"), "error: "));
  CHECK(told("proxy: 'socks5h://u:p@a:80'").empty());
  CHECK(contains(told("connect_to: a"), "not HOST:PORT"));
  CHECK(contains(told("unix_socket: run/x"), "not an absolute path"));
  CHECK(contains(told("unix_socket: '/" + std::string(120, 'x') + "'"), "not an absolute path"));
  CHECK(contains(told("unix_socket: /x, connect_to: 'a:1'"), "only one of 'proxy'"));
  CHECK(contains(told("unix_socket: /x, family: ipv4"), "a socket file has no address"));
  CHECK(contains(told("family: ipv6"), "an address of the other family"));
  CHECK(contains(told("family: ipv4, connect_to: '[::1]:80'"), "an address of the other family"));
  CHECK(contains(told("family: v6"), "error: "));
  CHECK(contains(told("http_version: 3"), "error: "));
  CHECK(contains(told("server_name: 'a b'"), "not a host's name"));
  CHECK(contains(told("server_name: a", "http://127.0.0.1/"), "it needs an https URL"));
  CHECK(contains(told("client_certificate: /nonexistent", "http://127.0.0.1/"),
                 "it needs an https URL"));
  CHECK(contains(told("client_key: /nonexistent"), "it needs a 'client_certificate'"));
  CHECK(contains(told("crl_file: /nonexistent"), "warning: the file cannot be read now"));
  CHECK(contains(told("crl_file: /etc/passwd, verify: false"), "of no use with 'verify: false'"));
  CHECK(contains(told("decompress: true, headers: {Accept-Encoding: x}"),
                 "it is set by 'decompress'"));
  CHECK(contains(expect("tls_version: 1.1"), "error: "));
  CHECK(contains(told("redirects: 0, expect: {tls_version: 1.2}", "http://127.0.0.1/"),
                 "it needs an https URL"));
  CHECK(contains(expect("body_contains: [a, '']"), "an empty text is in every body"));
  CHECK(contains(expect("body_not_matches: '('"), "error: "));
  CHECK(contains(expect("header_matches: {X-A: '('}"), "X-A: not a pattern (RE2): missing )"));
  CHECK(contains(expect("header_matches: {'X A': a}"), "not a header's name"));
  CHECK(contains(expect("header_present: ['X A']"), "not a header's name"));
  CHECK(contains(expect("header_absent: ['X A']"), "not a header's name"));
  CHECK(contains(expect("json: {a: '~ ('}"), "a: not a pattern (RE2): missing )"));
  CHECK(contains(expect("json: {'a[-2]': 1}"), "not a path such as"));
  CHECK(contains(expect("json_absent: ['a..b']"), "not a path such as"));
  CHECK(contains(told("method: HEAD, expect: {body_not_contains: x}"),
                 "the answer to HEAD has no body"));
}

}  // namespace tocsin
