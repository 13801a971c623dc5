// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "net/http_fixture.h"
#include "net/plain_answer.h"
#include "net/plain_request.h"
#include "support/raw_server.h"

namespace tocsin {
namespace {

// Answers of all sorts, good and bad.
const std::vector<std::string>& answers() {
  static const std::vector<std::string> kAnswers{
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
      "HTTP/1.1 200 OK\r\n\r\nuntil the end",
      "HTTP/1.0 200 Fine\r\nX-A: 1\r\nX-A: 2\r\n\r\nold",
      "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 204 No Content\r\n\r\n",
      "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
      "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone",
      "HTTP/1.1 503 Busy\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;x=y\r\n, "
      "w\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: end\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nX: y\r\nContent-Length: "
      "0\r\n\r\n",
      "HTTP/1.1 302 Found\r\nLocation: /next?a=b\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 301 Moved\r\nLocation: https://other.example/x\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 302 Found\r\nlocation:   ../up  \r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\nX: lines end as they like\nContent-Length: 2\n\nok",
      "HTTP/1.1 200 OK\r\nX-Empty:\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX-Cut: he",
      "HTTP/1.1 200 OK\r\n",
      "SSH-2.0-OpenSSH_9.2p1\r\n",
      "hello\r\n",
      "",
  };
  return kAnswers;
}

HttpResponse get(HttpFixture& fixture, const RawServer& server, bool by_libcurl,
                 const std::string& method = "GET") {
  HttpRequest request;
  request.method = method;
  request.url = server.url("/path");
  request.want_headers = true;
  request.body_limit = 8;
  request.decompress = by_libcurl;  // which only libcurl can
  return fixture.perform(request);
}

std::string show(const HttpResponse& response) {
  std::string text = response.error_text;
  const auto at = text.find(response.address);
  if (!response.address.empty() && at != std::string::npos) {
    text.replace(at, response.address.size(), "ADDRESS");
  }
  std::string location = response.location;
  if (location.starts_with("http://127.0.0.1:")) location.erase(0, location.find('/', 17));
  std::string out = "error " + std::to_string(static_cast<int>(response.error)) + " " + text +
                    "\nsent " + std::to_string(response.sent) + " status " +
                    std::to_string(response.status) + " cut " + std::to_string(response.body_cut) +
                    " location " + location + "\n";
  if (response.error != NetError::none) return out;
  out += response.status_line + "\n";
  for (const auto& [name, value] : response.headers) out += name + ": " + value + "\n";
  for (const auto& [name, value] : response.trailers) out += "trailer " + name + ": " + value;
  return out + "version " + response.version + "\n" + response.body;
}

}  // namespace

TEST_CASE("plain http: it makes of an answer what libcurl makes of it", "[net]") {
  HttpFixture fixture;
  for (const std::string& answer : answers()) {
    for (const bool byte_by_byte : {false, true}) {
      const RawServer server([&](RawConnection& connection) {
        connection.read_head();
        if (!byte_by_byte) return static_cast<void>(connection.send(answer));
        for (const char c : answer) connection.send(std::string(1, c));
      });
      for (const char* method : {"GET", "HEAD"}) {
        INFO(method << " " << answer);
        CHECK(show(get(fixture, server, false, method)) ==
              show(get(fixture, server, true, method)));
      }
    }
  }
}

TEST_CASE("plain http: an answer may be cut anywhere", "[net]") {
  HttpRequest request;
  request.want_headers = true;
  for (const std::string& answer : answers()) {
    INFO(answer);
    HttpResponse whole;
    PlainAnswer parser;
    parser.begin(request, whole);
    auto wanted =
        answer.empty() ? PlainAnswer::Step::more : parser.take(answer.data(), answer.size());
    if (wanted == PlainAnswer::Step::more) wanted = parser.take("", 0);
    for (std::size_t cut = 1; cut < answer.size(); ++cut) {
      HttpResponse response;
      parser.begin(request, response);
      auto step = parser.take(answer.data(), cut);
      if (step == PlainAnswer::Step::more)
        step = parser.take(answer.data() + cut, answer.size() - cut);
      if (step == PlainAnswer::Step::more) step = parser.take("", 0);
      REQUIRE(step == wanted);
      if (step == PlainAnswer::Step::done) REQUIRE(show(response) == show(whole));
    }
  }
}

TEST_CASE("plain http: only a URL that goes out as it is written is plain", "[net]") {
  const auto parts = [](std::string_view url) {
    const auto found = plain_url(url);
    if (!found) return std::string("-");
    return std::string(found->host) + " " + std::to_string(found->port) + " " +
           std::string(found->authority) + " " + std::string(found->path) +
           (found->literal ? " literal" : "");
  };
  CHECK(parts("http://web-01.example") == "web-01.example 80 web-01.example /");
  CHECK(parts("http://web-01:8080/a?b=c&d=%20") == "web-01 8080 web-01:8080 /a?b=c&d=%20");
  CHECK(parts("http://127.0.0.1/") == "127.0.0.1 80 127.0.0.1 / literal");
  for (const char* url : {"https://a.example/",
                          "ftp://a.example/",
                          "http://",
                          "http://:80/",
                          "http://me@a.example/",
                          "http://a.example:0/",
                          "http://a.example:080/",
                          "http://a.example:80/",
                          "http://a.example:65536/",
                          "http://a.example:x/",
                          "http://a.example:/",
                          "http://[::1]/",
                          "http://A.example/",
                          "http://a%2eexample/",
                          "http://a.example./",
                          "http://.example/",
                          "http://127.1/",
                          "http://0x7f.0.0.1/",
                          "http://2130706433/",
                          "http://127.0.0.01/",
                          "http://1.2.3.4.5/",
                          "http://a.example/#top",
                          "http://a.example/a b",
                          "http://a.example/\r\nX",
                          "http://a.example/../x",
                          "http://a.example/./x",
                          "http://a.example?q=1",
                          "http://a.example/\xC3\xA9",
                          "http://a.example\\@b.example/"}) {
    INFO(url);
    CHECK(parts(url) == "-");
  }
}

}  // namespace tocsin
