// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "net/http_client.h"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <catch2/catch.hpp>

#include "net/http_fixture.h"
#include "net/http_target.h"
#include "net/stream_fixture.h"
#include "support/nginx.h"
#include "support/no_descriptors.h"
#include "support/raw_server.h"

namespace tocsin {
namespace {

using std::chrono::steady_clock;

// Sends the head it was asked with back as the body.
RawServer::Script echo() {
  return [](RawConnection& connection) {
    connection.send(http_answer("200 OK", "", connection.read_head()));
  };
}

}  // namespace

TEST_CASE("http client: an answer of a real server comes whole", "[net]") {
  const Nginx nginx({.server = "location /made { return 203 made; }"});
  nginx.put("hello.txt", "hello, world\n");
  HttpFixture f;
  HttpRequest request;
  request.url = nginx.url("/hello.txt");
  request.want_headers = true;
  const HttpResponse response = f.perform(request);
  CHECK(response.error_text.empty());
  CHECK(response.error == NetError::none);
  CHECK(response.status == 200);
  CHECK(response.status_line == "HTTP/1.1 200 OK");
  CHECK(response.body == "hello, world\n");
  CHECK(response.body_size == 13);
  CHECK_FALSE(response.body_cut);
  CHECK(response.address == nginx.address());
  CHECK(header(response, "content-TYPE") == "text/plain");
  CHECK(header(response, "X-Nothing").empty());
  CHECK(response.sent);
  CHECK(f.get(nginx.url("/made")).status == 203);
  CHECK(f.get(nginx.url("/nothing-here")).status == 404);
}

TEST_CASE("http client: each phase is the time of that part alone", "[net]") {
  const RawServer server([](RawConnection& connection) {
    connection.read_head();
    std::this_thread::sleep_for(Millis{60});  // the server's own slowness is what is measured
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
    std::this_thread::sleep_for(Millis{40});
    connection.send("k");
  });
  HttpFixture f;
  const Phases phases = f.get(server.url("/")).phases;
  CHECK_FALSE(phases.get(Phase::name));
  CHECK_FALSE(phases.get(Phase::tls));
  REQUIRE(phases.get(Phase::connect));
  REQUIRE(phases.get(Phase::first_byte));
  REQUIRE(phases.get(Phase::transfer));
  CHECK(*phases.get(Phase::first_byte) >= Millis{55});
  CHECK(*phases.get(Phase::transfer) >= Millis{35});

  f.dns.set("web-01.example", {.v4 = {"127.0.0.1"}});
  const std::string named = "http://web-01.example:" + std::to_string(server.port()) + "/";
  CHECK(f.get(named).phases.get(Phase::name));
}

TEST_CASE("http client: what is asked goes out as it was meant", "[net]") {
  const RawServer server([](RawConnection& connection) {
    const std::string head = connection.read_head();
    const auto at = head.find("Content-Length: ");
    std::string body;
    if (at != std::string::npos) body = connection.read_exactly(std::stoul(head.substr(at + 16)));
    connection.send(http_answer("200 OK", "", head.starts_with("HEAD") ? "" : head + body));
  });
  HttpFixture f;
  HttpRequest request;
  request.url = server.url("/path?query=1");
  SECTION("a plain GET") {
    const std::string head = f.perform(request).body;
    CHECK(head.starts_with("GET /path?query=1 HTTP/1.1\r\nHost: " + server.address() + "\r\n"));
    CHECK(head.find("User-Agent: tocsin/") != std::string::npos);
    CHECK(head.find("Accept-Encoding") == std::string::npos);
  }
  SECTION("headers, an empty one and Host among them") {
    request.headers = {{"X-One", "1"}, {"X-Empty", ""}, {"Host", "other.example"}};
    const std::string head = f.perform(request).body;
    CHECK(head.find("X-One: 1\r\n") != std::string::npos);
    CHECK(head.find("X-Empty:\r\n") != std::string::npos);
    CHECK(head.find("Host: other.example\r\n") != std::string::npos);
    CHECK(head.find(server.address()) == std::string::npos);
  }
  SECTION("a body, of no type unless one is given") {
    request.method = "POST";
    request.body = std::string("{\"a\":\0}", 7);
    const std::string seen = f.perform(request).body;
    CHECK(seen.starts_with("POST /path?query=1 "));
    CHECK(seen.ends_with(request.body));
    CHECK(seen.find("Content-Type") == std::string::npos);
    request.headers = {{"content-type", "application/json"}};
    CHECK(f.perform(request).body.find("content-type: application/json\r\n") != std::string::npos);
  }
  SECTION("a large body is sent without waiting for leave") {
    request.method = "PUT";
    request.body.assign(1'500'000, 'x');
    request.body_limit = 4'000'000;
    const auto begun = steady_clock::now();
    const HttpResponse response = f.perform(request);
    CHECK(response.body.find("Expect") == std::string::npos);
    CHECK(response.body.size() > 1'500'000);
    CHECK(steady_clock::now() - begun < std::chrono::seconds{30});
  }
  SECTION("other methods, and the same handle is plain again afterwards") {
    for (const char* method : {"DELETE", "OPTIONS", "POST", "PATCH"}) {
      request.method = method;
      CHECK(f.perform(request).body.starts_with(std::string(method) + " /path"));
    }
    request.method = "HEAD";
    const HttpResponse response = f.perform(request);
    CHECK(response.status == 200);
    CHECK(response.body.empty());
    request.method = "GET";
    const std::string head = f.perform(request).body;
    CHECK(head.starts_with("GET /path"));
    CHECK(head.find("Content-Length") == std::string::npos);
  }
}

TEST_CASE("http client: the environment's proxy is not obeyed", "[net]") {
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  setenv("all_proxy", "http://127.0.0.1:1", 1);
  const RawServer server(echo());
  HttpFixture f;
  CHECK(f.get(server.url("/")).status == 200);
  unsetenv("http_proxy");
  unsetenv("all_proxy");
}

TEST_CASE("http client: a configured proxy is asked, its name found by our resolver", "[net]") {
  const RawServer proxy(echo());
  HttpFixture f;
  f.dns.set("proxy.example", {.v4 = {"127.0.0.1"}});
  HttpRequest request;
  request.url = "http://never-resolved.example/x";
  request.proxy = "http://proxy.example:" + std::to_string(proxy.port());
  const HttpResponse response = f.perform(request);
  CHECK(response.error_text.empty());
  CHECK(response.body.starts_with("GET http://never-resolved.example/x HTTP/1.1\r\n"));
  CHECK(response.address == proxy.address());
  request.proxy = "ftp://proxy.example";
  CHECK(f.perform(request).error == NetError::bad_url);
}

TEST_CASE("http client: names go through our resolver, and each address is tried", "[net]") {
  const RawServer server(echo());
  HttpFixture f;
  const std::string port = std::to_string(server.port());
  SECTION("the first one that takes the connection answers; Host is the name") {
    f.dns.set("web-01.example", {.v4 = {"127.0.0.1"}, .v6 = {"::1"}});
    const HttpResponse response = f.get("http://web-01.example:" + port + "/");
    CHECK(response.error_text.empty());
    CHECK(response.body.find("Host: web-01.example:" + port + "\r\n") != std::string::npos);
    CHECK(response.address == server.address());
  }
  SECTION("all of them refuse: each is named") {
    f.dns.set("web-01.example", {.v4 = {"127.0.0.2", "127.0.0.3"}});
    const HttpResponse response = f.get("http://web-01.example:" + port + "/");
    CHECK(response.error == NetError::refused);
    CHECK(response.error_text.find("connection refused (127.0.0.2:" + port + ")") !=
          std::string::npos);
    CHECK(response.error_text.find("connection refused (127.0.0.3:" + port + ")") !=
          std::string::npos);
  }
  SECTION("a black hole before a good one takes its share of the time only") {
    const BlackHole hole("127.0.0.1");
    const Listener nobody("127.0.0.2", hole.port());  // connects, and never answers
    f.dns.set("web-01.example", {.v4 = {"127.0.0.1", "127.0.0.2"}});
    const std::string url = "http://web-01.example:" + std::to_string(hole.port()) + "/";
    const HttpResponse response = f.get(url, Millis{600});
    CHECK(response.error == NetError::timeout);
    CHECK(response.address == "127.0.0.2:" + std::to_string(hole.port()));
  }
  SECTION("no such name, and no resolver, are told apart") {
    CHECK(f.get("http://nowhere.example/").error_text == "no such host: nowhere.example");
    f.dns.be_silent(true);
    const HttpResponse response = f.get("http://nowhere.example/", Millis{200});
    CHECK(response.error == NetError::resolver);
    CHECK(response.phases.get(Phase::name));
  }
  SECTION("the next look uses what is answered then") {
    f.dns.set("web-01.example", {.v4 = {"127.0.0.1"}});
    CHECK(f.get("http://web-01.example:" + port + "/").status == 200);
    f.dns.set("web-01.example", {.v4 = {"127.0.0.2"}});
    CHECK(f.get("http://web-01.example:" + port + "/").error == NetError::refused);
  }
}

TEST_CASE("http client: a connection that cannot be had is told in words", "[net]") {
  HttpFixture f;
  const std::string port = std::to_string(free_port());
  SECTION("refused") {
    const HttpResponse response = f.get("http://127.0.0.1:" + port + "/");
    CHECK(response.error == NetError::refused);
    CHECK(response.error_text == "connection refused (127.0.0.1:" + port + ")");
    CHECK_FALSE(response.sent);
  }
  SECTION("refused on v6") {
    const HttpResponse response = f.get("http://[::1]:" + port + "/");
    CHECK(response.error_text.ends_with("([::1]:" + port + ")"));
  }
  SECTION("swallowed") {
    const BlackHole hole;
    const auto begun = steady_clock::now();
    const HttpResponse response =
        f.get("http://127.0.0.1:" + std::to_string(hole.port()) + "/", Millis{300});
    CHECK(response.error == NetError::connect_timeout);
    CHECK(response.error_text == "no answer to the connection attempt within 300 ms (127.0.0.1:" +
                                     std::to_string(hole.port()) + ")");
    CHECK(steady_clock::now() - begun < std::chrono::seconds{30});
  }
  SECTION("a deadline that is over") {
    const RawServer server(echo());
    CHECK(f.get(server.url("/"), Millis{-5}).error != NetError::none);
  }
}

TEST_CASE("http client: a URL that leads nowhere is refused and never shown", "[net]") {
  HttpFixture f;
  for (const std::string url :
       {"", "nonsense", "ftp://127.0.0.1/", "file:///etc/passwd", "http://", "http://:80/",
        "http://127.0.0.1:99999/", "https://a b/", "gopher://127.0.0.1/"}) {
    CAPTURE(url);
    const HttpResponse response = f.get(url);
    CHECK(response.error == NetError::bad_url);
    CHECK(response.error_text == "the URL is malformed");
  }
}

TEST_CASE("http client: our own lack of descriptors is told as that", "[net]") {
  const RawServer server(echo());
  HttpFixture f;
  CHECK(f.get(server.url("/")).status == 200);
  {
    const NoDescriptors none;
    const HttpResponse response = f.get(server.url("/"));
    CHECK(response.error == NetError::out_of_resources);
    CHECK(response.error_text ==
          "out of resources here: Too many open files (" + server.address() + ")");
  }
  CHECK(f.get(server.url("/")).status == 200);
}

TEST_CASE("http client: deliveries keep their connection, probes never do", "[net]") {
  const RawServer server([](RawConnection& connection) {
    while (!connection.read_head().empty()) {
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
  });
  HttpFixture f;
  HttpRequest request;
  request.url = server.url("/");
  request.fresh_connection = false;
  CHECK(f.perform(request).status == 200);
  const HttpResponse second = f.perform(request);
  CHECK(second.status == 200);
  CHECK(server.connections() == 1);
  CHECK_FALSE(second.phases.get(Phase::connect));
  request.fresh_connection = true;
  CHECK(f.perform(request).status == 200);
  CHECK(f.perform(request).status == 200);
  CHECK(server.connections() == 3);
}

TEST_CASE("http client: redirects are told, not followed", "[net]") {
  HttpFixture f;
  const auto location_of = [&f](const std::string& location) {
    const RawServer server(
        answer_with(http_answer("302 Found", "Location: " + location + "\r\n", "")));
    const HttpResponse response = f.get(server.url("/a/b"));
    CHECK(response.status == 302);
    const std::string base = server.url("");
    return response.location.starts_with(base) ? response.location.substr(base.size())
                                               : response.location;
  };
  CHECK(location_of("/next") == "/next");
  CHECK(location_of("next?x=1") == "/a/next?x=1");
  CHECK(location_of("https://other.example/x") == "https://other.example/x");
  CHECK(location_of("//other.example/x") == "http://other.example/x");
  CHECK(location_of("file:///etc/passwd") == "file:///etc/passwd");
}

TEST_CASE("http client: where a URL leads is read as libcurl reads it", "[net]") {
  const auto target = http_target("https://user:pass@Web-01.Example:8443/x");
  REQUIRE(target);
  CHECK(target->port == 8443);
  CHECK(target->https);
  CHECK_FALSE(target->literal);
  CHECK(http_target("http://10.0.0.7/")->port == 80);
  CHECK(http_target("https://10.0.0.7?x")->port == 443);
  CHECK(http_target("http://[::1]:81/")->host == "::1");
  CHECK(http_target("http://[::1]:81/")->literal);
  CHECK(http_target("http://2130706433/")->literal);  // 127.0.0.1, to libcurl too
  CHECK(http_target("http://10.0.0.7@evil.example/")->host == "evil.example");

  CHECK(same_origin("http://a.example/x", "http://A.example:80/y"));
  CHECK_FALSE(same_origin("http://a.example/", "https://a.example/"));
  CHECK_FALSE(same_origin("http://a.example/", "http://a.example:81/"));
  CHECK_FALSE(same_origin("http://a.example/", "http://b.example/"));
  CHECK_FALSE(same_origin("nonsense", "nonsense"));
  CHECK(with_user_of("http://u:p@a.example/", "http://a.example/x") == "http://u:p@a.example/x");
  CHECK(with_user_of("http://u:p@a.example/", "http://v@a.example/") == "http://v@a.example/");
  CHECK(with_user_of("http://a.example/", "http://a.example/x") == "http://a.example/x");
}

TEST_CASE("http client: a request may be cancelled", "[net]") {
  const RawServer server([](RawConnection& connection) { connection.hold(); });
  HttpFixture f;
  HttpRequest request;
  request.url = server.url("/");
  request.deadline = steady_clock::now() + std::chrono::minutes{1};
  asio::cancellation_signal cancel;
  bool ended = false;
  asio::co_spawn(
      f.loop, f.client->perform(request),
      asio::bind_cancellation_slot(cancel.slot(),
                                   [&](std::exception_ptr, const HttpResponse&) { ended = true; }));
  while (server.connections() == 0) f.loop.run_one_for(Millis{10});
  cancel.emit(asio::cancellation_type::terminal);
  while (!ended) f.loop.run_one();
  CHECK(f.get(RawServer(echo()).url("/")).error != NetError::other);
}

TEST_CASE("http client: it may go while requests are under way", "[net]") {
  const RawServer server([](RawConnection& connection) { connection.hold(); });
  HttpFixture f;
  f.dns.set("web-01.example", {.v4 = {"127.0.0.1"}});
  f.dns.set("silent.example", {.silent_v4 = true, .silent_v6 = true});
  int ended = 0;
  std::vector<HttpRequest> requests(6);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const char* const hosts[] = {"127.0.0.1", "web-01.example", "silent.example"};
    requests[i].url =
        std::string("http://") + hosts[i % 3] + ":" + std::to_string(server.port()) + "/";
    requests[i].deadline = steady_clock::now() + std::chrono::minutes{1};
    asio::co_spawn(f.loop, f.client->perform(requests[i]),
                   [&ended](std::exception_ptr, const HttpResponse&) { ++ended; });
  }
  while (server.connections() < 4) f.loop.run_one_for(Millis{10});
  f.client.reset();
  f.loop.poll();
  CHECK(ended == 0);
}

TEST_CASE("http client: five hundred requests at once each get their answer", "[net]") {
  const Nginx nginx({.server = "location / { return 200 $uri; }"});
  HttpFixture f;
  std::vector<HttpRequest> requests(500);
  int good = 0;
  int ended = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const std::string path = "/" + std::to_string(i);
    requests[i].url = nginx.url(path);
    requests[i].deadline = steady_clock::now() + std::chrono::minutes{1};
    asio::co_spawn(f.loop, f.client->perform(requests[i]),
                   [&, path](std::exception_ptr, const HttpResponse& response) {
                     ++ended;
                     good += response.body == path ? 1 : 0;
                   });
  }
  while (ended < 500) f.loop.run_one();
  CHECK(good == 500);
}

}  // namespace tocsin
