// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Servers that mean ill, or are broken: each ends in time, in bounded memory and in words.
#include <catch2/catch.hpp>

#include "net/http_fixture.h"
#include "support/raw_server.h"

namespace tocsin {
namespace {

using std::chrono::steady_clock;

struct HostileCase {
  const char* name;
  NetError error;
  std::string text;  // without the address
  std::string bytes;
};

}  // namespace

TEST_CASE("http client: what is no HTTP, or not all of it, is told as such", "[net]") {
  const HostileCase cases[] = {
      {"closed at once", NetError::closed, "connection closed before an answer", ""},
      {"another protocol", NetError::protocol, "not an HTTP answer", "SSH-2.0-OpenSSH_9.2p1\r\n"},
      {"no status", NetError::protocol, "not an HTTP answer",
       "hello, this is not HTTP at all\r\n\r\n"},
      {"cut in the headers", NetError::closed, "connection closed before",
       "HTTP/1.1 200 OK\r\nA: b"},
      {"cut in the body", NetError::closed, "connection closed before the answer was complete",
       "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"},
      {"a negative length", NetError::protocol, "not an HTTP answer",
       "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nx"},
      {"malformed chunks", NetError::protocol, "the answer's chunks are malformed",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n"},
      {"cut in the chunks", NetError::closed, "connection closed before the answer was complete",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"},
  };
  HttpFixture f;
  for (const HostileCase& hostile : cases) {
    CAPTURE(hostile.name);
    const RawServer server(answer_with(hostile.bytes));
    const HttpResponse response = f.get(server.url("/secret-path"));
    CHECK(response.error == hostile.error);
    CHECK(response.error_text.starts_with(hostile.text));
    CHECK(response.error_text.ends_with("(" + server.address() + ")"));
    CHECK(response.error_text.find("secret") == std::string::npos);
    CHECK(response.sent);
  }
}

TEST_CASE("http client: a reset is told as such", "[net]") {
  const RawServer server([](RawConnection& connection) {
    connection.read_head();
    connection.reset();
  });
  HttpFixture f;
  const HttpResponse response = f.get(server.url("/"));
  CHECK(response.error == NetError::closed);
  CHECK(response.error_text == "connection reset before an answer (" + server.address() + ")");
}

TEST_CASE("http client: a server that never answers costs the deadline and no more", "[net]") {
  HttpFixture f;
  const auto begun = steady_clock::now();
  SECTION("nothing at all") {
    const RawServer server([](RawConnection& connection) { connection.hold(); });
    const HttpResponse response = f.get(server.url("/"), Millis{300});
    CHECK(response.error == NetError::timeout);
    CHECK(response.error_text.starts_with("no answer within 300 ms (" + server.address() +
                                          "); connected in "));
    CHECK(response.sent);
    CHECK(response.phases.get(Phase::first_byte).value_or(Micros{0}) > Millis{200});
  }
  SECTION("half an answer") {
    const RawServer server([](RawConnection& connection) {
      connection.read_head();
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
      connection.hold();
    });
    const HttpResponse response = f.get(server.url("/"), Millis{300});
    CHECK(response.error == NetError::timeout);
    CHECK(response.error_text.starts_with("the answer did not end within 300 ms ("));
  }
  SECTION("a byte now and then") {
    const RawServer server([](RawConnection& connection) {
      connection.read_head();
      connection.send("HTTP/1.1 200 OK\r\n\r\n");
      while (connection.send("x")) std::this_thread::sleep_for(Millis{5});
    });
    CHECK(f.get(server.url("/"), Millis{300}).error == NetError::timeout);
  }
  CHECK(steady_clock::now() - begun < std::chrono::seconds{30});
}

TEST_CASE("http client: an answer that comes byte by byte is understood", "[net]") {
  const RawServer server([](RawConnection& connection) {
    connection.read_head();
    connection.send_slowly("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    connection.send_slowly("5\r\nhello\r\n0\r\nTrailer: evil\r\n\r\n");
  });
  HttpFixture f;
  HttpRequest request;
  request.url = server.url("/");
  request.want_headers = true;
  const HttpResponse response = f.perform(request);
  CHECK(response.error_text.empty());
  CHECK(response.body == "hello");
  CHECK(header(response, "Trailer").empty());
}

TEST_CASE("http client: a body is read up to its limit and not further", "[net]") {
  HttpFixture f;
  HttpRequest request;
  request.body_limit = 100'000;
  SECTION("endless") {
    const RawServer server([](RawConnection& connection) {
      connection.read_head();
      connection.send("HTTP/1.1 200 OK\r\n\r\n");
      while (connection.send(std::string(10'000, 'x'))) {
      }
    });
    request.url = server.url("/");
    const HttpResponse response = f.perform(request);
    CHECK(response.error_text.empty());
    CHECK(response.status == 200);
    CHECK(response.body_cut);
    CHECK(response.body.size() == 100'000);
  }
  SECTION("gigantic by its own account") {
    const RawServer server(answer_with("HTTP/1.1 200 OK\r\nContent-Length: 900000000000\r\n\r\n" +
                                       std::string(200'000, 'x')));
    request.url = server.url("/");
    const HttpResponse response = f.perform(request);
    CHECK(response.body_cut);
    CHECK(response.body_size == 100'000);
  }
  SECTION("just as long as the limit is not cut") {
    const RawServer server(answer_with(http_answer("200 OK", "", std::string(100'000, 'x'))));
    request.url = server.url("/");
    const HttpResponse response = f.perform(request);
    CHECK_FALSE(response.body_cut);
    CHECK(response.body.size() == 100'000);
  }
  SECTION("counted, but not kept, where nobody wants it") {
    const RawServer server(answer_with(http_answer("200 OK", "", "hello")));
    request.url = server.url("/");
    request.want_body = false;
    const HttpResponse response = f.perform(request);
    CHECK(response.body.empty());
    CHECK(response.body_size == 5);
  }
}

TEST_CASE("http client: headers beyond every reason end the exchange", "[net]") {
  HttpFixture f;
  std::string text;
  SECTION("endlessly many") {
    const RawServer server([](RawConnection& connection) {
      connection.read_head();
      connection.send("HTTP/1.1 200 OK\r\n");
      while (connection.send("X-More: and more\r\n")) {
      }
    });
    const HttpResponse response = f.get(server.url("/"));
    CHECK(response.error == NetError::too_large);
    text = response.error_text;
  }
  SECTION("one that does not end") {
    const RawServer server([](RawConnection& connection) {
      connection.read_head();
      connection.send("HTTP/1.1 200 OK\r\nX-Long: ");
      while (connection.send(std::string(10'000, 'x'))) {
      }
    });
    const HttpResponse response = f.get(server.url("/"));
    CHECK(response.error == NetError::too_large);
    text = response.error_text;
  }
  SECTION("a status line that does not end") {
    const RawServer server([](RawConnection& connection) {
      connection.read_head();
      connection.send("HTTP/1.1 200 ");
      while (connection.send(std::string(10'000, 'x'))) {
      }
    });
    const HttpResponse response = f.get(server.url("/"));
    CHECK(response.error == NetError::too_large);
    text = response.error_text;
  }
  SECTION("interim answers without end") {
    const RawServer server([](RawConnection& connection) {
      connection.read_head();
      while (connection.send("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")) {
      }
    });
    const HttpResponse response = f.get(server.url("/"));
    CHECK(response.error == NetError::too_large);
    text = response.error_text;
  }
  CHECK(text.starts_with("the answer's headers are beyond every reason (127.0.0.1:"));
}

TEST_CASE("http client: interim answers do not hide the final one", "[net]") {
  const RawServer server(answer_with("HTTP/1.1 103 Early Hints\r\nX-Interim: 1\r\n\r\n" +
                                     http_answer("200 OK", "X-Final: 1\r\n", "ok")));
  HttpFixture f;
  HttpRequest request;
  request.url = server.url("/");
  request.want_headers = true;
  const HttpResponse response = f.perform(request);
  CHECK(response.status == 200);
  CHECK(response.status_line == "HTTP/1.1 200 OK");
  CHECK(header(response, "X-Final") == "1");
  CHECK(header(response, "X-Interim").empty());
}

}  // namespace tocsin
