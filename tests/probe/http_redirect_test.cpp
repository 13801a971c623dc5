// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <catch2/catch.hpp>

#include "probe/http_fixture.h"

namespace tocsin {

TEST_CASE("http: redirects are followed, hop by hop", "[probe]") {
  Site site({{"/end", http_answer("200 OK", "", "the end")},
             {"/one", redirect("302 Found", "/two")},
             {"/two", redirect("301 Moved", "end")},
             {"/loop", redirect("302 Found", "/pool")},
             {"/pool", redirect("302 Found", "/loop")},
             {"/self", redirect("307 Again", "/self")},
             {"/nowhere", http_answer("302 Found", "", "")}});
  SECTION("to the end") {
    const Result result = look(site.url("/one"), "expect: {body_contains: the end}");
    CHECK(result.verdict == Verdict::up);
    CHECK(site.asked().size() == 3);
    CHECK(contains(joined(result.notes), "request: GET " + site.url("/two")));
  }
  SECTION("not at all: then the redirect itself is the answer") {
    CHECK(look(site.url("/one"), "redirects: 0, expect: {status: 302, header: {Location: /two}}")
              .verdict == Verdict::up);
    CHECK(look(site.url("/one"), "redirects: 0").reason ==
          "status 302, 2xx expected (" + site.address() + ")");
  }
  SECTION("as many as allowed") {
    CHECK(look(site.url("/one"), "redirects: 2").verdict == Verdict::up);
    CHECK(look(site.url("/one"), "redirects: 1").reason ==
          "more than 1 redirect (" + site.address() + ")");
  }
  SECTION("a loop is told as one") {
    CHECK(look(site.url("/loop")).reason == "redirect loop after 2 hops (" + site.address() + ")");
    CHECK(look(site.url("/self")).reason == "redirect loop after 1 hop (" + site.address() + ")");
  }
  SECTION("without a location") {
    CHECK(look(site.url("/nowhere")).reason ==
          "redirect (302) without a location (" + site.address() + ")");
  }
}

TEST_CASE("http: a redirect goes to http and https only", "[probe]") {
  for (const char* location : {"file:///etc/passwd", "gopher://127.0.0.1/", "javascript:alert(1)",
                               "ftp://127.0.0.1/", "http://", "//"}) {
    CAPTURE(location);
    const Site site({{"/", redirect("302 Found", location)}});
    const Result result = look(site.url("/"));
    CHECK(result.verdict == Verdict::down);
    CHECK_FALSE(contains(joined(result.notes), "root:"));
    CHECK(result.reason == "redirect to what is not an http or https URL (" + site.address() + ")");
  }
}

TEST_CASE("http: the method of the next hop follows the status", "[probe]") {
  const auto second = [](const std::string& method, const std::string& status) {
    Site site({{"/", redirect(status, "/next")}, {"/next", http_answer("200 OK", "", "")}});
    const std::string body = method == "GET" || method == "HEAD" ? "" : ", body: payload";
    look(site.url("/"),
         "method: " + method + ", headers: {Content-Type: text/x, X-Kept: 1}" + body);
    const auto asked = site.asked();
    REQUIRE(asked.size() == 2);
    CHECK(contains(asked[1], "X-Kept: 1"));
    const bool has_body = contains(asked[1], "payload");
    CHECK(has_body == contains(asked[1], "Content-Length: 7"));
    return asked[1].substr(0, asked[1].find(' ')) + (has_body ? "+body" : "");
  };
  CHECK(second("POST", "301 x") == "GET");
  CHECK(second("POST", "302 x") == "GET");
  CHECK(second("POST", "303 x") == "GET");
  CHECK(second("POST", "307 x") == "POST+body");
  CHECK(second("POST", "308 x") == "POST+body");
  CHECK(second("PUT", "302 x") == "PUT+body");
  CHECK(second("PUT", "303 x") == "GET");
  CHECK(second("DELETE", "301 x") == "DELETE+body");
  CHECK(second("HEAD", "303 x") == "HEAD");
  CHECK(second("GET", "308 x") == "GET");
}

TEST_CASE("http: credentials do not go to another origin, nor come back", "[probe]") {
  Site other({{"/there", http_answer("200 OK", "", "")}});
  Site site({{"/", redirect("302 Found", other.url("/there"))},
             {"/same", redirect("302 Found", "/end")},
             {"/back", redirect("302 Found", other.url("/back"))},
             {"/end", http_answer("200 OK", "", "")}});
  other.add("/back", redirect("302 Found", site.url("/end")));
  const TempDir dir;
  const std::string secret = dir.write("secret", "hunter2").string();
  const std::string headers =
      "headers: {Authorization: Bearer hunter2, Cookie: a=hunter2, X-Api-Key: hunter2, Host: "
      "named.example, X-Plain: kept, X-Filed: \"${file:" +
      secret + "}\"}";
  const auto with_user = [&site](const std::string& path) {
    return "http://me:hunter2@" + site.address() + path;
  };
  SECTION("they go along within the origin") {
    look(with_user("/same"), "headers: {X-Api-Key: hunter2, Host: named.example}");
    const auto asked = site.asked();
    REQUIRE(asked.size() == 2);
    for (const std::string& head : asked) {
      CHECK(contains(head, "Authorization: Basic bWU6aHVudGVyMg=="));
      CHECK(contains(head, "X-Api-Key: hunter2"));
      CHECK(contains(head, "Host: named.example"));
    }
  }
  SECTION("they stay behind when it changes") {
    const Result result = look(with_user("/"), headers);
    CHECK(result.verdict == Verdict::up);
    REQUIRE(other.asked().size() == 1);
    const std::string head = other.asked()[0];
    CHECK_FALSE(contains(head, "hunter2"));
    CHECK_FALSE(contains(head, "Authorization"));
    CHECK(contains(head, "Host: " + other.address()));
    CHECK(contains(head, "X-Plain: kept"));
    CHECK(contains(site.asked()[0], "X-Filed: hunter2"));
    CHECK_FALSE(contains(joined(result.notes), "hunter2"));
  }
  SECTION("they stay behind when it leads back") {
    CHECK(look(with_user("/back"), headers).verdict == Verdict::up);
    REQUIRE(site.asked().size() == 2);
    CHECK_FALSE(contains(site.asked()[1], "hunter2"));
    CHECK_FALSE(contains(site.asked()[1], "Authorization"));
  }
  SECTION("a body with a secret is not sent on") {
    Site asking({{"/", redirect("307 Again", other.url("/there"))}});
    const Result result = look(asking.url("/"), "method: POST, body: \"${file:" + secret + "}\"");
    CHECK(result.reason ==
          "redirect to another host, which is not to get the secrets in the body "
          "(" +
              asking.address() + ")");
    CHECK(other.asked().empty());
  }
}

TEST_CASE("http: each hop's name is resolved anew, and a dead hop is told", "[probe]") {
  const TempDir dir;
  DnsServer dns;
  Site end({{"/", http_answer("200 OK", "", "")}});
  const std::string port = end.address().substr(end.address().find(':'));
  Site site({{"/", redirect("302 Found", "http://second.example" + port + "/")}});
  const std::string keys =
      http("http://first.example" + site.address().substr(site.address().find(':')) + "/");
  dns.set("first.example", {.v4 = {"127.0.0.1"}});
  CHECK(look_with(dns, dir, keys).reason == "no such host: second.example");
  dns.set("second.example", {.v4 = {"127.0.0.1"}});
  const Result result = look_with(dns, dir, keys);
  CHECK(result.verdict == Verdict::up);
  CHECK(result.address == end.address());
  CHECK(result.phases.get(Phase::name));
}

}  // namespace tocsin
