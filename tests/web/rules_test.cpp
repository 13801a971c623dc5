// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors

// Who may ask what, as tables: each rule in the way in which it lets pass and in which it refuses.

#include <catch2/catch.hpp>

#include "web/fakes.h"
#include "web/handlers.h"
#include "web/head.h"
#include "web/listen.h"

using namespace tocsin;
using Where = GuardSettings::Where;
using Headers = std::vector<std::pair<std::string, std::string>>;

namespace {

Response say_parameter(const Request& request, const Services&) {
  return Response{200, std::string(kJson), request.parameter, {}};
}

Response say_body(const Request& request, const Services&) {
  return Response{200, std::string(kJson), request.body, {}};
}

Response fail(const Request&, const Services&) {
  throw std::runtime_error("the inside of the daemon");
}

constexpr Route kTestRoutes[] = {
    {"GET", "/open", Access::open, say_parameter},
    {"GET", "/read", Access::read, say_parameter},
    {"POST", "/steer", Access::steer, say_body},
    {"GET", "/both", Access::open, say_parameter},
    {"POST", "/both", Access::steer, say_body},
    {"GET", "/one/{id}", Access::open, say_parameter},
    {"GET", "/one/{id}/more", Access::open, say_parameter},
    {"GET", "/all/{name*}", Access::open, say_parameter},
    {"GET", "/fail", Access::open, fail},
};

constexpr std::string_view kReadToken = "read-0123456789";
constexpr std::string_view kAdminToken = "admin-9876543210";

struct SiteWithTokens : FakeSite {
  SiteWithTokens() {
    guard.read_token = Secret(std::string(kReadToken));
    guard.admin_token = Secret(std::string(kAdminToken));
  }
};

Request post(std::string target, Headers headers) {
  Request out = made_request(std::move(target), "POST");
  out.headers.insert(out.headers.end(),
                     {{"content-type", "application/json"}, {"content-length", "2"}});
  out.headers.insert(out.headers.end(), headers.begin(), headers.end());
  out.body = "{}";
  return out;
}

Request get(std::string target, Headers headers = {}) {
  Request out = made_request(std::move(target));
  out.headers.insert(out.headers.end(), headers.begin(), headers.end());
  return out;
}

std::pair<std::string, std::string> bearer(std::string_view token) {
  return {"authorization", "Bearer " + std::string(token)};
}

}  // namespace

TEST_CASE("guard: on loopback Host must be a loopback name with our port", "[web]") {
  FakeSite site;
  site.guard.host = "127.0.0.5";
  const auto status_for = [&site](const std::string& host) {
    Request request = made_request("/healthz");
    request.headers = {{"host", host}};
    return site.ask(request).status;
  };
  for (const char* host : {"localhost:8480", "127.0.0.1:8480", "[::1]:8480", "LocalHost:8480",
                           "127.0.0.5:8480", " localhost:8480 "}) {
    CAPTURE(host);
    CHECK(status_for(host) == 200);
  }
  // What a name that was rebound to 127.0.0.1 looks like, and its relatives.
  for (const char* host : {"evil.example", "evil.example:8480", "localhost", "localhost:80",
                           "localhost:8481", "127.0.0.1.evil.example:8480", "127.0.0.2:8480",
                           "localhost.:8480", "[::2]:8480", "10.0.0.7:8480"}) {
    CAPTURE(host);
    CHECK(status_for(host) == 421);
  }
  for (const char* host : {"", ":8480", "local host:8480", "localhost:", "localhost:0",
                           "localhost:99999", "localhost:8480x", "[::1:8480", "user@localhost:8480",
                           "[localhost]:8480", "localhost:8480, evil.example", "::1"}) {
    CAPTURE(host);
    CHECK(status_for(host) == 400);
  }
}

TEST_CASE("guard: a Host that is missing or given twice is refused", "[web]") {
  FakeSite site;
  Request request = made_request("/healthz");
  request.headers.clear();
  CHECK(site.ask(request).status == 400);
  request.headers = {{"host", "localhost:8480"}, {"host", "localhost:8480"}};
  CHECK(site.ask(request).status == 400);
}

TEST_CASE("guard: port 80 needs not be named", "[web]") {
  FakeSite site;
  site.guard.port = 80;
  Request request = made_request("/healthz");
  request.headers = {{"host", "localhost"}};
  CHECK(site.ask(request).status == 200);
}

TEST_CASE("guard: off loopback and on a unix socket any well-formed Host will do", "[web]") {
  for (const Where where : {Where::elsewhere, Where::unix_socket}) {
    FakeSite site;
    site.guard.where = where;
    Request request = made_request("/healthz");
    request.headers = {{"host", "mon-1.example.net:8480"}};
    CHECK(site.ask(request).status == 200);
    request.headers = {{"host", "two words"}};
    CHECK(site.ask(request).status == 400);
  }
}

TEST_CASE("guard: an Origin must be the host that was asked", "[web]") {
  FakeSite site;
  const auto status_for = [&site](const std::string& origin) {
    return site.ask(get("/healthz", {{"origin", origin}})).status;
  };
  CHECK(status_for("http://127.0.0.1:8480") == 200);
  for (const char* origin : {"https://127.0.0.1:8480", "http://127.0.0.1", "http://localhost:8480",
                             "http://evil.example", "null", "", "127.0.0.1:8480",
                             "http://127.0.0.1:8480.evil.example"}) {
    CAPTURE(origin);
    CHECK(status_for(origin) == 403);
  }
  CHECK(site.ask(get("/healthz",
                     {{"origin", "http://127.0.0.1:8480"}, {"origin", "http://evil.example"}}))
            .status == 403);
}

TEST_CASE("guard: reading needs a token exactly when one is configured", "[web]") {
  FakeSite open;
  CHECK(open.ask(get("/read"), kTestRoutes).status == 200);
  CHECK(open.ask(get("/read", {bearer("whatever")}), kTestRoutes).status == 200);

  SiteWithTokens site;
  CHECK(site.ask(get("/read", {bearer(kReadToken)}), kTestRoutes).status == 200);
  CHECK(site.ask(get("/read", {bearer(kAdminToken)}), kTestRoutes).status == 200);
  CHECK(
      site.ask(get("/read", {{"authorization", "bEARER  " + std::string(kReadToken)}}), kTestRoutes)
          .status == 200);
  for (const Headers& headers :
       {Headers{}, Headers{bearer("")}, Headers{bearer("read-012345678")},
        Headers{bearer("read-0123456789x")}, Headers{bearer("read-0123456788")},
        Headers{{"authorization", std::string(kReadToken)}},
        Headers{{"authorization", "Basic " + std::string(kReadToken)}},
        Headers{bearer(kReadToken), bearer(kReadToken)}}) {
    const Response response = site.ask(get("/read", headers), kTestRoutes);
    CHECK(response.status == 401);
    CHECK(header_of(response, "WWW-Authenticate").starts_with("Bearer realm=\"tocsin\""));
    CHECK(response.content_type == "application/problem+json");
    CHECK(response.body.find(kReadToken) == std::string::npos);
  }
  CHECK(site.ask(get("/open"), kTestRoutes).status == 200);
}

TEST_CASE("guard: off loopback nothing is read without a read token, whatever the loader let pass",
          "[web]") {
  FakeSite site;
  site.guard.where = Where::elsewhere;
  CHECK(site.ask(get("/read"), kTestRoutes).status == 403);
  CHECK(site.ask(get("/read", {bearer("")}), kTestRoutes).status == 403);
  CHECK(site.ask(get("/open"), kTestRoutes).status == 200);
}

TEST_CASE("guard: who may open the unix socket may read", "[web]") {
  SiteWithTokens site;
  site.guard.where = Where::unix_socket;
  Request request = get("/read");
  CHECK(site.ask(request, kTestRoutes).status == 401);
  request.peer = {true, false};
  CHECK(site.ask(request, kTestRoutes).status == 200);
}

TEST_CASE("guard: steering needs the admin token, or a trusted peer", "[web]") {
  SiteWithTokens site;
  const auto status_for = [&site](const Headers& headers, Peer peer) {
    Request request = post("/steer", headers);
    request.peer = peer;
    return site.ask(request, kTestRoutes).status;
  };
  CHECK(status_for({bearer(kAdminToken)}, {}) == 200);
  CHECK(status_for({}, {true, true}) == 200);
  CHECK(status_for({bearer(kAdminToken)}, {true, false}) == 200);
  CHECK(status_for({}, {}) == 401);
  CHECK(status_for({bearer("guess")}, {}) == 401);
  CHECK(status_for({}, {true, false}) == 401);
  CHECK(status_for({bearer(kReadToken)}, {}) == 403);

  SECTION("without an admin token no token opens it") {
    site.guard.admin_token = {};
    CHECK(status_for({bearer("")}, {}) == 403);
    CHECK(status_for({}, {}) == 403);
    CHECK(status_for({}, {true, false}) == 403);
    CHECK(status_for({}, {true, true}) == 200);
  }
  SECTION("a foreign page may not steer even with the token") {
    CHECK(status_for({bearer(kAdminToken), {"origin", "http://evil.example"}}, {}) == 403);
  }
}

TEST_CASE("guard: secrets are compared as a whole, and an empty one opens nothing", "[web]") {
  CHECK(same_secret("abc", "abc"));
  CHECK_FALSE(same_secret("abc", "abd"));
  CHECK_FALSE(same_secret("abc", "xbc"));
  CHECK_FALSE(same_secret("abc", "ab"));
  CHECK_FALSE(same_secret("abc", "abcabc"));
  CHECK_FALSE(same_secret("abc", ""));
  CHECK_FALSE(same_secret("", ""));
}

TEST_CASE("router: a path that is nowhere is a 404, a wrong method a 405 with Allow", "[web]") {
  FakeSite site;
  const Response missing = site.ask(get("/nowhere"), kTestRoutes);
  CHECK(missing.status == 404);
  CHECK(missing.content_type == "application/problem+json");
  const Response wrong = site.ask(post("/open", {}), kTestRoutes);
  CHECK(wrong.status == 405);
  CHECK(header_of(wrong, "Allow") == "GET, HEAD");
  CHECK(header_of(site.ask(made_request("/both", "PUT"), kTestRoutes), "Allow") ==
        "GET, HEAD, POST");
  CHECK(header_of(site.ask(get("/steer"), kTestRoutes), "Allow") == "POST");
  CHECK(site.ask(made_request("/open", "get"), kTestRoutes).status == 405);
  CHECK(site.ask(made_request("/open", "HEAD"), kTestRoutes).status == 200);
  CHECK(site.ask(get("//open"), kTestRoutes).status == 404);
  CHECK(site.ask(get("http://127.0.0.1:8480/open"), kTestRoutes).status == 400);
}

TEST_CASE("router: a placeholder takes one segment, or with a star the rest, decoded", "[web]") {
  FakeSite site;
  const auto answer = [&site](const std::string& target) {
    const Response response = site.ask(get(target), kTestRoutes);
    return response.status == 200 ? response.body : std::to_string(response.status);
  };
  CHECK(answer("/one/a") == "a");
  CHECK(answer("/one/a%2Fb%20c?x=1") == "a/b c");
  CHECK(answer("/one/a/b") == "404");
  CHECK(answer("/one/a/more") == "a");
  CHECK(answer("/one/") == "404");
  CHECK(answer("/all/a/b%2Fc") == "a/b/c");
  CHECK(answer("/all/") == "404");
  CHECK(answer("/all/%zz") == "400");
  CHECK(answer("/all/%4") == "400");
  CHECK(answer("/all/a?b=%") == "400");
}

TEST_CASE("router: a target beyond 8 KiB is a 414", "[web]") {
  FakeSite site;
  const std::string fits = "/all/" + std::string(kMostTarget - 5, 'a');
  CHECK(site.ask(get(fits), kTestRoutes).status == 200);
  CHECK(site.ask(get(fits + "a"), kTestRoutes).status == 414);
}

TEST_CASE("router: a POST must bring JSON of an announced, bounded size", "[web]") {
  SiteWithTokens site;
  const auto status_for = [&site](Headers headers) {
    Request request = made_request("/steer", "POST");
    request.headers.push_back(bearer(kAdminToken));
    request.headers.insert(request.headers.end(), headers.begin(), headers.end());
    return site.ask(request, kTestRoutes).status;
  };
  const std::pair<std::string, std::string> json{"content-type", "application/json"};
  CHECK(status_for({json, {"content-length", "65536"}}) == 200);
  CHECK(status_for({json, {"content-length", "65537"}}) == 413);
  CHECK(status_for({json, {"content-length", "99999999999999999999999"}}) == 413);
  CHECK(status_for({json}) == 411);
  CHECK(status_for({json, {"content-length", "-1"}}) == 411);
  CHECK(status_for({json, {"content-length", "2"}, {"content-length", "3"}}) == 411);
  CHECK(status_for({json, {"content-length", "2"}, {"transfer-encoding", "chunked"}}) == 411);
  CHECK(status_for(
            {{"content-type", "Application/JSON; charset=utf-8"}, {"content-length", "2"}}) == 200);
  // What a form of a foreign page can send without asking first.
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded",
                           "multipart/form-data; boundary=x", "application/jsonp", ""}) {
    CAPTURE(type);
    CHECK(status_for({{"content-type", type}, {"content-length", "2"}}) == 415);
  }
  CHECK(status_for({{"content-length", "2"}}) == 415);
}

TEST_CASE("router: who may not steer learns it before the body is looked at", "[web]") {
  SiteWithTokens site;
  Request request = made_request("/steer", "POST");
  request.headers.push_back({"content-length", "999999999"});
  CHECK(site.ask(request, kTestRoutes).status == 401);
}

TEST_CASE("router: what a handler throws is a 500 that tells nothing of it", "[web]") {
  FakeSite site;
  const Response response = site.ask(get("/fail"), kTestRoutes);
  CHECK(response.status == 500);
  CHECK(response.content_type == "application/problem+json");
  CHECK(response.body.find("inside") == std::string::npos);
}

TEST_CASE("router: every answer has the headers that keep browsers careful", "[web]") {
  FakeSite site;
  for (const Request& request : {get("/healthz"), get("/"), get("/nowhere"), get("/api/v1/checks"),
                                 get("/metrics"), get("/", {{"origin", "null"}})}) {
    const Response response = site.ask(request);
    CAPTURE(request.target, response.status);
    CHECK(header_of(response, "X-Content-Type-Options") == "nosniff");
    CHECK(header_of(response, "Cache-Control") == "no-store");
    CHECK(header_of(response, "Referrer-Policy") == "no-referrer");
    CHECK(header_of(response, "Cross-Origin-Resource-Policy") == "same-origin");
    const std::string policy = header_of(response, "Content-Security-Policy");
    CHECK(policy.starts_with("default-src 'none'"));
    CHECK(policy.find("frame-ancestors 'none'") != std::string::npos);
    CHECK(policy.find("unsafe") == std::string::npos);
  }
}

TEST_CASE("router: an ETag that the client has already is answered by 304", "[web]") {
  FakeSite site;
  const Response first = site.get("/api/v1/checks");
  const std::string tag = header_of(first, "ETag");
  REQUIRE(tag.size() == 18);
  for (const std::string& known : {tag, "W/" + tag, "\"x\", " + tag, std::string("*")}) {
    const Response again = site.ask(get("/api/v1/checks", {{"if-none-match", known}}));
    CHECK(again.status == 304);
    CHECK(again.body.empty());
    CHECK(header_of(again, "ETag") == tag);
  }
  site.control.set(made_snapshot({MadeCheck("new")}));
  const Response changed = site.ask(get("/api/v1/checks", {{"if-none-match", tag}}));
  CHECK(changed.status == 200);
  CHECK(header_of(changed, "ETag") != tag);
  CHECK(header_of(site.get("/nowhere"), "ETag").empty());
}

TEST_CASE("routes: only /healthz and the style sheet are open; heartbeats want their secret",
          "[web]") {
  SiteWithTokens site;
  for (const Route& route : web_routes()) {
    std::string path(route.pattern);
    if (const auto brace = path.find('{'); brace != std::string::npos) path.resize(brace + 1);
    CAPTURE(path);
    const bool open = path == "/healthz" || path == "/style.css";
    if (path == "/heartbeat/{") {
      CHECK(route.access == Access::secret);
      CHECK(site.get(path).status == 404);
      continue;
    }
    if (route.access == Access::steer) continue;  // messages_test.cpp and others of its kind
    CHECK(route.method == "GET");
    CHECK(site.get(path).status == (open ? 200 : 401));
  }
}

TEST_CASE("listen: addresses are HOST:PORT, [v6]:PORT or unix:/path", "[web]") {
  CHECK(parse_listen("127.0.0.1:8480").host == "127.0.0.1");
  CHECK(parse_listen("127.0.0.1:8480").port == 8480);
  CHECK(parse_listen("[::1]:0").host == "::1");
  CHECK(parse_listen("unix:/run/tocsin/web.sock").socket_path == "/run/tocsin/web.sock");
  for (const char* text : {"", "8480", ":8480", "localhost", "localhost:", "localhost:65536",
                           "localhost:1x", "localhost:-1", "::1:8480", "[127.0.0.1]:80", "[]:80",
                           "unix:", "unix:relative", "unix:/dir/", "http://localhost:80"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH(parse_listen(text), Catch::Contains(std::string("'") + text + "'"));
  }
}

TEST_CASE("head: is judged complete only when Poco will read it without waiting", "[web]") {
  CHECK(judge_head("") == Head::more);
  CHECK(judge_head("GET / HTTP/1.1\r\nHost: a\r\n") == Head::more);
  CHECK(judge_head("GET / HTTP/1.1\r\nHost: a\r\n\r\n") == Head::complete);
  CHECK(judge_head("GET / HTTP/1.0\n\n") == Head::complete);
  CHECK(judge_head("POST / HTTP/1.1\r\nA: b\r\n\r\nbody") == Head::complete);
  CHECK(judge_head("\r\n\r\nGET / HTTP/1.1") == Head::bad);
  CHECK(judge_head("GET \r\n\r\n") == Head::bad);
  CHECK(judge_head("GET / \r\n\r\n") == Head::bad);
  CHECK(judge_head("GET / HTTP/2.0\r\n\r\n") == Head::bad);
  CHECK(judge_head("GET / HTTP/1.1\r\nA: b\rC\r\n\r\n") == Head::bad);
  CHECK(judge_head("\x16\x03\x01 a TLS hello") == Head::bad);
  std::string many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 101; ++i) many += "A: b\r\n";
  CHECK(judge_head(many + "\r\n") == Head::bad);
  CHECK(judge_head("GET / HTTP/1.1\r\nA: " + std::string(9000, 'x') + "\r\n\r\n") == Head::bad);
  CHECK(judge_head("GET /" + std::string(kMostHead, 'x')) == Head::too_large);
  CHECK(judge_head("GET /" + std::string(kMostHead, 'x') + " HTTP/1.1\r\n\r\n") == Head::too_large);
}
