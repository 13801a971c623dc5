// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors

// The server on real sockets: what is sent, what is refused, and that slow or silent clients, in
// any number, keep nobody from /healthz.

#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>
#include <thread>

#include "web/client.h"
#include "web/site.h"

using namespace tocsin;

#ifdef __SANITIZE_THREAD__
// Poco counts the users of a socket with atomics that TSan cannot see, since the library is not
// built with it: the accepting thread's giving up its share looks unordered to a worker's use.
extern "C" [[gnu::weak]] const char* __tsan_default_suppressions() {
  return "race:Poco::Net::TCPServer::run\n";
}
#endif

namespace {

Response say_body(const Request& request, const Services&) {
  return Response{200, std::string(kJson), request.body, {}};
}

Response fail(const Request&, const Services&) {
  throw std::runtime_error("the inside of the daemon");
}

constexpr Route kPostRoutes[] = {
    {"POST", "/steer", Access::steer, say_body},
    {"GET", "/fail", Access::open, fail},
};

std::string post(const std::string& address, std::string_view length, std::string_view body) {
  return "POST /steer HTTP/1.1\r\nHost: " + address.substr(7) +
         "\r\nAuthorization: Bearer admin-token\r\nContent-Type: application/json\r\n"
         "Content-Length: " +
         std::string(length) + "\r\n\r\n" + std::string(body);
}

Reply answer_to(const std::string& address, std::string_view bytes) {
  Client client(address);
  client.send(bytes);
  return parse_reply(client.read_all().value_or(""));
}

}  // namespace

TEST_CASE("server: answers over IPv4 and IPv6, whole and with its headers", "[web]") {
  for (const char* listen : {"127.0.0.1:0", "[::1]:0"}) {
    std::optional<ServedSite> site;
    try {
      site.emplace(listen);
    } catch (const std::runtime_error& error) {
      WARN(listen << " not checked: " << error.what());
      continue;
    }
    CAPTURE(site->address);
    const Reply reply = fetch(site->address, "/healthz");
    CHECK(reply.status == 200);
    CHECK(reply.body == "ok\n");
    CHECK(reply.header("content-length") == "3");
    CHECK(reply.header("content-type") == "text/plain; charset=utf-8");
    CHECK(reply.header("connection") == "Close");
    CHECK_FALSE(reply.header("x-content-type-options").empty());
    CHECK_FALSE(reply.header("date").empty());
    CHECK(fetch(site->address, "/nowhere").status == 404);
  }
}

TEST_CASE("server: HEAD answers as GET does, without the body", "[web]") {
  ServedSite site;
  std::string request = get_request(site.address, "/healthz");
  const Reply reply = answer_to(site.address, request.replace(0, 3, "HEAD"));
  CHECK(reply.status == 200);
  CHECK(reply.body.empty());
  CHECK(reply.header("content-length") == "3");
}

TEST_CASE("server: 304 comes without a body and without its length", "[web]") {
  ServedSite site;
  const Reply first = fetch(site.address, "/api/v1/checks");
  const Reply again =
      fetch(site.address, "/api/v1/checks", "If-None-Match: " + first.header("etag") + "\r\n");
  CHECK(again.status == 304);
  CHECK(again.body.empty());
  CHECK(again.header("content-length").empty());
}

TEST_CASE("server: Host and Origin are checked on the wire too", "[web]") {
  ServedSite site;
  CHECK(answer_to(site.address, "GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n").status ==
        421);
  CHECK(answer_to(site.address, "GET /healthz HTTP/1.0\r\n\r\n").status == 400);
  CHECK(fetch(site.address, "/healthz", "Origin: http://evil.example\r\n").status == 403);
  CHECK(fetch(site.address, "/healthz", "Origin: " + site.address + "\r\n").status == 200);
}

TEST_CASE("server: what is no request is refused in the words of RFC 9457", "[web]") {
  ServedSite site;
  const std::string host = site.address.substr(7);
  struct Case {
    std::string bytes;
    int status;
  };
  const std::string line = "GET /healthz HTTP/1.1\r\nHost: " + host + "\r\n";
  for (const Case& c :
       {Case{"\x16\x03\x01\x02 a TLS hello\r\n\r\n", 400}, Case{"\r\n\r\n" + line + "\r\n", 400},
        Case{"GET /healthz\r\n\r\n", 400}, Case{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
        Case{"GET http://" + host + "/healthz HTTP/1.1\r\nHost: " + host + "\r\n\r\n", 400},
        Case{"GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n", 414},
        Case{line + "A: " + std::string(9000, 'a') + "\r\n\r\n", 400},
        Case{line + "A: " + std::string(8100, 'a') + "\r\nB: " + std::string(8300, 'b'), 431}}) {
    CAPTURE(c.bytes.substr(0, 60));
    const Reply reply = answer_to(site.address, c.bytes);
    CHECK(reply.status == c.status);
    CHECK(reply.header("content-type") == "application/problem+json");
    CHECK_FALSE(reply.header("x-content-type-options").empty());
    CHECK(reply.body.find("\"status\":" + std::to_string(c.status)) != std::string::npos);
  }
  CHECK(fetch(site.address, "/healthz").status == 200);
}

TEST_CASE("server: a request may come byte by byte, and its sender may stop sending", "[web]") {
  ServedSite site;
  Client client(site.address);
  for (const char c : get_request(site.address, "/healthz")) {
    REQUIRE(client.send(std::string_view(&c, 1)));
  }
  client.finish_sending();
  CHECK(parse_reply(client.read_all().value_or("")).body == "ok\n");
}

TEST_CASE("server: a POST's body arrives at its handler, in one piece or in many", "[web]") {
  ServedSite site("127.0.0.1:0", kPostRoutes);
  CHECK(answer_to(site.address, post(site.address, "9", R"({"a":"b"})")).body == R"({"a":"b"})");
  const std::string most(kMostBody, 'x');
  CHECK(answer_to(site.address, post(site.address, "65536", most)).body == most);

  Client client(site.address);
  client.send(post(site.address, "4", "a"));
  for (const char* byte : {"b", "c", "d"}) client.send(byte);
  CHECK(parse_reply(client.read_all().value_or("")).body == "abcd");

  Client short_one(site.address);
  short_one.send(post(site.address, "10", "abc"));
  short_one.finish_sending();
  CHECK(parse_reply(short_one.read_all().value_or("")).status == 408);
}

TEST_CASE("server: a refusal reaches even who goes on sending a body", "[web]") {
  ServedSite site("127.0.0.1:0", kPostRoutes);
  const std::string big(300'000, 'x');
  CHECK(answer_to(site.address, post(site.address, "300000", big)).status == 413);
  const std::string anonymous = "POST /steer HTTP/1.1\r\nHost: " + site.address.substr(7) +
                                "\r\nContent-Type: application/json\r\n"
                                "Content-Length: 300000\r\n\r\n";
  CHECK(answer_to(site.address, anonymous + big).status == 401);
}

TEST_CASE("server: a handler that throws is a 500 and nothing more", "[web]") {
  ServedSite site("127.0.0.1:0", kPostRoutes);
  CHECK(fetch(site.address, "/fail").status == 500);
  CHECK(fetch(site.address, "/fail").status == 500);
}

TEST_CASE("server: slow readers, slow writers and silent clients do not stall /healthz", "[web]") {
  // Far more of each than the server has threads.
  constexpr int kOfEach = 40;
  ServedSite site;
  site.control.set(many_checks(2'000));
  const std::string whole = get_request(site.address, "/api/v1/checks?limit=2000");
  std::deque<Client> readers;
  std::deque<Client> writers;
  std::deque<Client> silent;
  for (int i = 0; i < kOfEach; ++i) {
    readers.emplace_back(site.address, 4096).send(whole);
    writers.emplace_back(site.address).send("GET /healthz HTTP/1.1\r\nX-Slow: ");
    silent.emplace_back(site.address);
  }
  for (Client& reader : readers) REQUIRE(reader.wait_readable(Millis{60'000}));

  // A stalled server would answer only once the first clients are dropped, 10 s from here.
  const SteadyTime first = std::chrono::steady_clock::now();
  CHECK(fetch(site.address, "/healthz").body == "ok\n");
  CHECK(since(first) < std::chrono::seconds{9});
  for (int i = 0; i < 4; ++i) CHECK(fetch(site.address, "/healthz").body == "ok\n");

  SECTION("and who reads slowly gets the whole answer all the same") {
    const Reply reply = parse_reply(readers.front().read_all(Millis{25'000}).value_or(""));
    CHECK(reply.status == 200);
    CHECK(std::to_string(reply.body.size()) == reply.header("content-length"));
    CHECK(reply.body.size() > 1'000'000);
    CHECK(reply.body.ends_with("\"next\":null}\n"));
  }
  SECTION("nor do they keep the server from stopping") {
    const SteadyTime begin = std::chrono::steady_clock::now();
    site.server.reset();
    // Their answers may take 30 s, and an idle thread of Poco's used to wait for 10.
    CHECK(since(begin) < std::chrono::seconds{9});
  }
}

TEST_CASE("server: many clients at once get their answers while the state changes", "[web]") {
  ServedSite site;
  std::atomic<int> good{0};
  std::vector<std::thread> clients;
  static constexpr const char* kTargets[] = {"/healthz", "/api/v1/checks", "/metrics", "/",
                                             "/api/v1/incidents"};
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&site, &good, i] {
      for (int round = 0; round < 10; ++round) {
        const Reply reply = fetch(site.address, kTargets[(i + round) % 5]);
        if (reply.status == 200 &&
            std::to_string(reply.body.size()) == reply.header("content-length")) {
          ++good;
        }
      }
    });
  }
  for (int i = 1; i <= 50; ++i) site.control.set(many_checks(i));
  for (std::thread& client : clients) client.join();
  CHECK(good == 80);
}
