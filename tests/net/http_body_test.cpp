// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Packed bodies, trailers, cookies: what a request must ask for, and what the next one on the same
// handle must not have of it.
#include <sys/resource.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "net/http_fixture.h"
#include "support/child.h"
#include "support/nginx.h"
#include "support/raw_server.h"

namespace tocsin {
namespace {

constexpr const char* kPacked = "location / { add_header Content-Encoding gzip; }";

// What a shell command prints: packed bytes.
std::string output_of(const std::string& command) {
  const Ran ran = run_program({"/bin/sh", "-c", command});
  REQUIRE(ran.status == 0);
  return ran.out;
}

RawServer::Script echo(const std::string& headers = "") {
  return [headers](RawConnection& connection) {
    connection.send(http_answer("200 OK", headers, connection.read_head()));
  };
}

std::string name_of(const std::string& cookie) {
  std::string rest = cookie.substr(0, cookie.rfind('\t'));
  return rest.substr(rest.rfind('\t') + 1);
}

}  // namespace

TEST_CASE("http client: a packed body is unpacked where that is asked for", "[net]") {
  const Nginx nginx({.server = kPacked});
  nginx.put("hello", output_of("echo hello, world | gzip"));
  HttpFixture f;
  HttpRequest request;
  request.url = nginx.url("/hello");
  request.decompress = true;
  CHECK(f.perform(request).body == "hello, world\n");
  CHECK(f.perform(request).body_size == 13);
  SECTION("and left as it is otherwise") {
    request.decompress = false;
    CHECK(f.perform(request).body.starts_with("\x1f\x8b"));
    const RawServer server(echo());
    request.url = server.url("/");
    CHECK(f.perform(request).body.find("Accept-Encoding") == std::string::npos);
    request.decompress = true;
    CHECK(f.perform(request).body.find("Accept-Encoding: gzip, deflate, br\r\n") !=
          std::string::npos);
  }
  SECTION("what is not packed as it says is no answer") {
    nginx.put("hello", "not gzip at all, but long enough to be looked at");
    const HttpResponse response = f.perform(request);
    CHECK(response.error == NetError::protocol);
    CHECK(response.error_text ==
          "the answer cannot be unpacked: it is not what its encoding says (" + nginx.address() +
              ")");
  }
}

TEST_CASE("http client: a gzip bomb is a bad answer, and takes no memory", "[net]") {
  const Nginx nginx({.server = kPacked});
  nginx.put("bomb", output_of("head -c 60000000 /dev/zero | gzip"));
  HttpFixture f;
  HttpRequest request;
  request.url = nginx.url("/bomb");
  request.decompress = true;
  request.body_limit = 20'000;
  request.want_body = GENERATE(true, false);
  rusage before{};
  getrusage(RUSAGE_SELF, &before);
  const HttpResponse response = f.perform(request);
  rusage after{};
  getrusage(RUSAGE_SELF, &after);
  CHECK(response.error == NetError::too_large);
  CHECK(response.error_text ==
        "unpacked, the answer is longer than the limit of 20000 bytes (" + nginx.address() + ")");
  CHECK(response.body_size == 20'000);
  CHECK(response.body.size() <= 20'000);
  CHECK(after.ru_maxrss - before.ru_maxrss < 20'000);  // KiB
  SECTION("a plain body that is too long is cut, as ever") {
    request.decompress = false;
    const HttpResponse cut = f.perform(request);
    CHECK(cut.error == NetError::none);
    CHECK(cut.body_cut);
  }
}

TEST_CASE("http client: trailers are told apart from headers", "[net]") {
  const RawServer server(
      answer_with("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                  "2\r\nok\r\n0\r\nX-Sum: 17\r\nX-Other:\r\n\r\n"));
  HttpFixture f;
  HttpRequest request;
  request.url = server.url("/");
  request.want_headers = true;
  const HttpResponse response = f.perform(request);
  CHECK(response.error_text.empty());
  CHECK(response.body == "ok");
  CHECK(response.headers.size() == 2);
  REQUIRE(response.trailers.size() == 2);
  CHECK(response.trailers[0] == std::pair<std::string, std::string>{"X-Sum", "17"});
  CHECK(response.trailers[1].second.empty());
  request.want_headers = false;
  CHECK(f.perform(request).trailers.empty());
  SECTION("and never without end") {
    const RawServer endless([](RawConnection& connection) {
      connection.read_head();
      connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n");
      while (connection.send("X-Sum: 17\r\n")) {
      }
    });
    request.url = endless.url("/");
    request.want_headers = true;
    CHECK(f.perform(request).error == NetError::too_large);
  }
}

TEST_CASE("http client: cookies are a visit's own", "[net]") {
  const RawServer server(
      echo("Set-Cookie: id=17; Path=/\r\nSet-Cookie: deep=1; Path=/deep\r\n"
           "Set-Cookie: alien=1; Domain=other.example\r\n"
           "Set-Cookie: safe=1; Secure\r\n"));
  HttpFixture f;
  std::vector<std::string> jar;
  HttpRequest request;
  request.url = server.url("/");
  request.cookies = &jar;
  CHECK(f.perform(request).body.find("Cookie") == std::string::npos);
  std::vector<std::string> names;
  for (const std::string& cookie : jar) names.push_back(name_of(cookie));
  std::sort(names.begin(), names.end());  // "safe", as a loopback address is a secure place
  CHECK(names == std::vector<std::string>{"deep", "id", "safe"});
  CHECK(f.perform(request).body.find("id=17") != std::string::npos);
  request.url = server.url("/deep/x");
  CHECK(f.perform(request).body.find("deep=1") != std::string::npos);
  SECTION("another visit has none of them, on the same handle") {
    std::vector<std::string> other;
    request.cookies = &other;
    CHECK(f.perform(request).body.find("Cookie") == std::string::npos);
    CHECK(other.size() == 3);
  }
  SECTION("nor has a request without a visit") {
    request.cookies = nullptr;
    CHECK(f.perform(request).body.find("Cookie") == std::string::npos);
    CHECK(f.perform(request).body.find("Cookie") == std::string::npos);
  }
  SECTION("nor another host") {
    const auto before = jar;
    const RawServer second(echo());
    f.dns.set("web-01.example", {.v4 = {"127.0.0.1"}});
    request.url = "http://web-01.example:" + std::to_string(second.port()) + "/";
    CHECK(f.perform(request).body.find("Cookie") == std::string::npos);
    CHECK(jar == before);
  }
}

TEST_CASE("http client: nothing of a request is left on its handle for the next", "[net]") {
  const RawServer server(echo("Set-Cookie: id=17\r\n"));
  const RawServer other(echo());
  const TempDir dir;
  const std::string path = (dir.path() / "web.sock").string();
  const Nginx nginx({.server = "listen unix:" + path + "; location / { return 200 ok; }"});
  HttpFixture f;
  // A POST goes by libcurl, always.
  const auto plain = [&] {
    HttpRequest request;
    request.method = "POST";
    request.url = server.url("/");
    const HttpResponse response = f.perform(request);
    CHECK(response.address == server.address());
    CHECK(response.headers.empty());
    CHECK(response.version == "1.1");
    return response.body;
  };
  const std::string before = plain();
  CHECK(before.starts_with("POST / HTTP/1.1\r\nHost: " + server.address() + "\r\nUser-Agent: "));
  HttpRequest request;
  request.method = "POST";
  request.url = server.url("/");
  std::vector<std::string> jar;
  SECTION("cookies") {
    request.cookies = &jar;
    CHECK(f.perform(request).status == 200);
    CHECK(jar.size() == 1);
  }
  SECTION("unpacking") {
    request.decompress = true;
    CHECK(f.perform(request).body.find("Accept-Encoding") != std::string::npos);
  }
  SECTION("a proxy") {
    request.proxy = "http://me:secret@" + other.address();
    CHECK(f.perform(request).body.find("Proxy-Authorization") != std::string::npos);
  }
  SECTION("another address") {
    request.connect_to = other.address();
    CHECK(f.perform(request).address == other.address());
  }
  SECTION("a socket file") {
    request.unix_socket = path;
    CHECK(f.perform(request).address == "unix:" + path);
  }
  SECTION("HTTP/2") {
    request.version = HttpVersion::http2;
    CHECK(f.perform(request).error == NetError::protocol);
  }
  SECTION("headers, a body and a method") {
    request.headers = {{"X-One", "1"}};
    request.body = "body";
    request.method = "PUT";
    CHECK(f.perform(request).body.starts_with("PUT "));
  }
  SECTION("what was wanted of TLS, which was not to be had") {
    request.url = "https://" + nginx.address() + "/";
    request.least_tls = 13;
    request.server_name = "web-01.example";
    request.verify = false;
    CHECK(f.perform(request).error == NetError::tls);
  }
  CHECK(plain() == before);
}

}  // namespace tocsin
