// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors

// Connections that wait: deadlines, bounds, and that nothing of an answer is lost.

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <deque>
#include <thread>

#include "web/client.h"
#include "web/lobby.h"
#include "web/site.h"

using namespace tocsin;

namespace {

// A lobby over a loopback listener, turned by hand.
struct TestLobby {
  explicit TestLobby(const Lobby::Limits& limits)
      : lobby(limits, {"bad", "slow", "large"}),
        listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof to;
    REQUIRE(::bind(listener, reinterpret_cast<const sockaddr*>(&to), size) == 0);
    REQUIRE(::listen(listener, 64) == 0);
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&to), &size);
    address = "http://127.0.0.1:" + std::to_string(ntohs(to.sin_port));
    lobby.listen_on(listener);
  }
  ~TestLobby() { ::close(listener); }

  bool turn_until(auto&& done) {
    const SteadyTime begin = std::chrono::steady_clock::now();
    while (!done()) {
      if (since(begin) > std::chrono::seconds{20}) return false;
      lobby.wait(Millis{10});
    }
    return true;
  }
  int taken() {
    int socket = -1;
    CHECK(turn_until([&] { return (socket = lobby.take()) >= 0; }));
    return socket;
  }

  Lobby lobby;
  int listener;
  std::string address;
};

Lobby::Limits quick_limits() {
  Lobby::Limits limits;
  limits.head = Millis{100};
  limits.answer = Millis{100};
  limits.linger = Millis{100};
  return limits;
}

}  // namespace

TEST_CASE("lobby: who does not send a whole head in time is told so and dropped", "[web]") {
  TestLobby test(quick_limits());
  Client client(test.address);
  client.send("GET / HTTP/1.1\r\n");
  REQUIRE(test.turn_until([&] { return test.lobby.waiting() == 1; }));
  REQUIRE(test.turn_until([&] { return test.lobby.waiting() == 0; }));
  CHECK(client.read_some() == "slow");
  CHECK(test.lobby.take() == -1);
}

TEST_CASE("lobby: who closes early leaves nothing behind", "[web]") {
  Lobby::Limits limits;
  TestLobby test(limits);
  {
    Client client(test.address);
    client.send("GET / HT");
    REQUIRE(test.turn_until([&] { return test.lobby.waiting() == 1; }));
  }
  CHECK(test.turn_until([&] { return test.lobby.waiting() == 0; }));
}

TEST_CASE("lobby: who does not read the answer in time is dropped", "[web]") {
  TestLobby test(quick_limits());
  Client client(test.address, 4096);
  client.send("GET / HTTP/1.1\r\n\r\n");
  const int socket = test.taken();
  test.lobby.send(socket, std::string(4U << 20U, 'x'), false);
  ::close(socket);
  CHECK(test.lobby.unfinished_answers() == 1);
  CHECK(test.turn_until([&] { return test.lobby.waiting() == 0; }));
}

TEST_CASE("lobby: who reads the answer piece by piece gets every byte of it", "[web]") {
  TestLobby test(Lobby::Limits{});
  Client client(test.address, 4096);
  client.send("GET / HTTP/1.1\r\n\r\n");
  const int socket = test.taken();  // whose request stays unread, as a second one might
  std::string answer(3U << 20U, 'x');
  for (std::size_t i = 0; i < answer.size(); i += 1000) answer[i] = static_cast<char>(i / 1000);
  test.lobby.send(socket, answer, false);
  ::close(socket);
  std::string got;
  std::thread reader([&] { got = client.read_all(Millis{20'000}).value_or(""); });
  CHECK(test.turn_until([&] { return test.lobby.unfinished_answers() == 0; }));
  reader.join();
  CHECK((got == answer));
}

TEST_CASE("lobby: beyond its bound who waits longest makes room", "[web]") {
  Lobby::Limits limits;
  limits.most_sockets = 3;
  TestLobby test(limits);
  std::deque<Client> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(test.address).send("GET ");
    const auto there = static_cast<std::size_t>(i + 1);
    REQUIRE(test.turn_until([&] { return test.lobby.waiting() == there; }));
  }
  Client late(test.address);
  late.send("GET / HTTP/1.1\r\n\r\n");
  ::close(test.taken());
  CHECK(test.lobby.waiting() == 2);
  CHECK(clients[0].wait_readable(Millis{5'000}));
  CHECK_FALSE(clients[1].wait_readable(Millis{0}));
}

TEST_CASE("lobby: beyond its bytes the oldest unsent answer makes room", "[web]") {
  Lobby::Limits limits;
  limits.most_bytes = 9U << 20U;
  TestLobby test(limits);
  std::deque<Client> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(test.address, 4096).send("GET / HTTP/1.1\r\n\r\n");
    const int socket = test.taken();
    test.lobby.send(socket, std::string(4U << 20U, 'x'), false);
    ::close(socket);
  }
  CHECK(test.lobby.unfinished_answers() == 2);
}
