// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <atomic>
#include <catch2/catch.hpp>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "net/datagram.h"
#include "probe/probe_fixture.h"
#include "probe/protocol_samples.h"
#include "probe/udp_talk.h"
#include "support/datagram_server.h"
#include "support/dns_server.h"
#include "support/nginx.h"
#include "support/temp_dir.h"

namespace tocsin {
namespace {

using Answers = std::vector<std::string>;

std::string at(const DatagramServer& server, const std::string& more,
               const std::string& timeout = "10s") {
  return "timeout: " + timeout + ", udp: {host: 127.0.0.1, port: " + std::to_string(server.port()) +
         ", " + more + "}";
}

bool has_note(const Result& result, const std::string& note) {
  return std::find(result.notes.begin(), result.notes.end(), note) != result.notes.end();
}

Answers echo(const std::string& datagram) {
  return {datagram};
}

asio::awaitable<Talk> talk_to(Datagram& socket, StreamTarget target, const Dialogue& dialogue,
                              Millis within) {
  const UdpPatience patience{2, std::chrono::steady_clock::now() + within};
  Talk out;
  out.status = co_await socket.find(std::move(target), patience.deadline);
  if (out.status) out = co_await talk(socket, dialogue, true, patience);
  co_return out;
}

Talk run_on(asio::io_context& loop, asio::awaitable<Talk> task) {
  std::optional<Talk> out;
  asio::co_spawn(loop, std::move(task), [&out](std::exception_ptr error, Talk said) {
    if (error) std::rethrow_exception(error);
    out = std::move(said);
  });
  while (!out) {
    loop.restart();
    loop.run_one();
  }
  return std::move(*out);
}

}  // namespace

TEST_CASE("udp: the expected answer is up, whatever else comes", "[probe]") {
  const DatagramServer server(echo);
  const Result text = probe(at(server, "send: ping, expect: ping"));
  CHECK(text.reason.empty());
  CHECK(text.verdict == Verdict::up);
  CHECK(text.address == server.address());
  CHECK(text.phases.get(Phase::first_byte));
  CHECK(has_note(text, "sent: \"ping\""));
  CHECK(has_note(text, "received: \"ping\""));
  CHECK(probe(at(server, "send: ping, expect_matches: '^p.ng$'")).verdict == Verdict::up);
  CHECK(probe(at(server, "send_hex: '00 01 ff', expect_hex: '00 ?? ff'")).verdict == Verdict::up);
}

TEST_CASE("udp: a wrong answer is down at once, quoted", "[probe]") {
  const DatagramServer server([](const std::string&) { return Answers{"no\x1b[2J", "pong"}; });
  const Result result = probe(at(server, "send: ping, expect: pong", "10s"));
  CHECK(result.verdict == Verdict::down);
  CHECK(result.reason == "expected \"pong\", got \"no [2J\" (" + server.address() + ")");
  CHECK(server.received() == 1);
}

TEST_CASE("udp: a closed port is down with what ICMP says", "[probe]") {
  const std::string nobody = std::to_string(free_port());
  const Result result =
      probe("timeout: 10s, udp: {host: 127.0.0.1, port: " + nobody + ", send: x, expect: x}");
  CHECK(result.verdict == Verdict::down);
  CHECK(result.reason == "connection refused (127.0.0.1:" + nobody + ")");
}

TEST_CASE("udp: silence is down after the tries that were asked for", "[probe]") {
  const DatagramServer server([](const std::string&) { return Answers{}; });
  const Result result = probe(at(server, "send: x, expect: x", "3s"));
  CHECK(result.verdict == Verdict::down);
  CHECK_THAT(result.reason, Catch::Matches("no answer within [23].* s, asked 3 times \\(" +
                                           server.address() + "\\)"));
  CHECK(server.received() == 3);
  const Result once = probe(at(server, "send: x, expect: x, retries: 0", "300ms"));
  CHECK_THAT(once.reason,
             Catch::Matches("no answer within [23][0-9]0 ms \\(" + server.address() + "\\)"));
  CHECK(server.received() == 4);
}

TEST_CASE("udp: a lost datagram is sent again, and the late answer is up", "[probe]") {
  std::atomic<int> come{0};
  const DatagramServer server(
      [&come](const std::string& datagram) { return ++come < 3 ? Answers{} : Answers{datagram}; });
  const Result result = probe(at(server, "send: x, expect: x", "3s"));
  CHECK(result.reason.empty());
  CHECK(result.verdict == Verdict::up);
  CHECK(std::count(result.notes.begin(), result.notes.end(), "sent: \"x\"") == 3);
  come = 0;
  const Result slow = probe(at(server, "send: x, expect: x, response_time: 20ms", "3s"));
  CHECK(slow.verdict == Verdict::degraded);
}

TEST_CASE("udp: an answer that comes twice is not taken for the next one", "[probe]") {
  const DatagramServer server([](const std::string& datagram) {
    return datagram == "one" ? Answers{"1", "1"} : Answers{"2"};
  });
  const Result result =
      probe(at(server, "dialogue: [{send: one, expect: '1'}, {send: two, expect: '2'}]"));
  CHECK(result.reason.empty());
  CHECK(result.verdict == Verdict::up);
  const Result wrong =
      probe(at(server, "dialogue: [{send: one, expect: '1'}, {send: two, expect: '3'}]"));
  CHECK(wrong.reason == "step 2 of 2: expected \"3\", got \"2\" (" + server.address() + ")");
}

TEST_CASE("udp: an answer of any size is taken whole", "[probe]") {
  const std::string large = std::string(65'000, 'x') + "end";
  const DatagramServer server([&](const std::string& datagram) {
    return datagram == "large" ? Answers{large} : Answers{""};
  });
  CHECK(probe(at(server, "send: large, expect_matches: 'xend$'")).verdict == Verdict::up);
  const Result empty = probe(at(server, "send: nothing, expect: x"));
  CHECK(empty.verdict == Verdict::down);
  CHECK(empty.reason == "expected \"x\", got nothing (" + server.address() + ")");
}

TEST_CASE("udp: a stranger's datagram is not an answer", "[probe]") {
  // The answer comes from another port than the one that was asked.
  const DatagramServer other(echo);
  const DatagramServer server([](const std::string&) { return Answers{}; });
  const Result result = probe(at(server, "send: x, expect: x, retries: 0", "300ms"));
  CHECK_THAT(result.reason, Catch::Contains("no answer within "));
  CHECK(other.received() == 0);
}

TEST_CASE("udp: every address is asked, and the first that answers is told", "[probe]") {
  const TempDir dir;
  DnsServer dns;
  dns.set("two.example", {{"127.0.0.2", "127.0.0.1"}, {}});
  asio::io_context loop;
  Resolver resolver(loop, dns.sources(dir));
  Dialogue dialogue;
  dialogue.steps.push_back({outgoing(Text("x")), {}});
  dialogue.steps[0].expect.text = "x";
  const auto ask = [&](std::uint16_t port) {
    Phases phases;
    Datagram socket(resolver, phases);
    return run_on(loop, talk_to(socket, {"two.example", port}, dialogue, std::chrono::seconds{4}));
  };
  const DatagramServer server(echo);
  SECTION("one is closed, the next answers") {
    const Talk said = ask(server.port());
    CHECK(said.status.text == "");
    CHECK(said.address == server.address());
  }
  SECTION("one is silent, the next still has its share of the time") {
    const DatagramServer silent([](const std::string&) { return Answers{}; }, "127.0.0.2",
                                server.port());
    const Talk said = ask(server.port());
    CHECK(said.status.text == "");
    CHECK(said.address == server.address());
    CHECK(silent.received() == 3);
  }
  SECTION("a wrong answer is final") {
    const DatagramServer wrong([](const std::string&) { return Answers{"?"}; }, "127.0.0.2",
                               server.port());
    const Talk said = ask(server.port());
    CHECK(said.status.text ==
          "expected \"x\", got \"?\" (127.0.0.2:" + std::to_string(server.port()) + ")");
    CHECK(server.received() == 0);
  }
  SECTION("none answers: the first failure is told, with its own address") {
    const std::uint16_t nobody = free_port();
    const Talk said = ask(nobody);
    CHECK(said.address == "127.0.0.2:" + std::to_string(nobody));
    CHECK(said.status.text == "connection refused (" + said.address + ")");
  }
}

TEST_CASE("udp: a family that the name has no address of is down", "[probe]") {
  const DatagramServer server(echo);
  const std::string keys = "family: ipv6, send: x, expect: x";
  CHECK(probe(at(server, keys)).reason == "no IPv6 address: 127.0.0.1");
}

TEST_CASE("udp: a secret that is sent is not shown", "[probe]") {
  const TempDir dir;
  const auto file = dir.write("secret", "hunter22");
  const DatagramServer server([](const std::string& datagram) {
    return Answers{datagram == "AUTH hunter22" ? "OK" : "NO"};
  });
  const std::string send = "send: \"AUTH ${file:" + file.string() + "}\"";
  const Result good = probe(at(server, send + ", expect: OK"));
  CHECK(good.verdict == Verdict::up);
  const Result bad = probe(at(server, send + ", expect: WELL"));
  CHECK(bad.verdict == Verdict::down);
  for (const Result& result : {good, bad}) {
    CHECK(result.reason.find("hunter") == std::string::npos);
    for (const std::string& note : result.notes) CHECK(note.find("hunter") == std::string::npos);
  }
}

TEST_CASE("udp: each protocol's right answer is up, a wrong one is down in its words", "[probe]") {
  for (const ProtocolSample& sample : protocol_samples()) {
    if (sample.transport != Transport::udp) continue;
    const Protocol& protocol = *find_protocol(sample.protocol, Transport::udp);
    INFO(sample.protocol);
    const RowFilling filling{"127.0.0.1", Secret("hunter22")};
    const Dialogue dialogue = dialogue_of(protocol, filling);
    REQUIRE(dialogue.steps.size() == 1);
    const auto look = [&](const RowSend& answer) {
      const DatagramServer server([&](const std::string& datagram) {
        const Nonce nonce = learn_nonce(dialogue.steps[0].send, datagram);
        return Answers{answer_bytes(answer, nonce)};
      });
      return probe(at(server, "protocol: " + std::string(sample.protocol) +
                                  (sample.more.empty() ? "" : ", " + sample.more)));
    };
    const Result up = look(sample.right.at(0));
    CHECK(up.reason == "");
    CHECK(up.verdict == Verdict::up);
    auto all = sample.wrong;
    all.push_back({say("HTTP/1.1 400 Bad Request")});
    for (const auto& answers : all) {
      const Result down = look(answers.at(0));
      CHECK(down.verdict == Verdict::down);
      INFO(down.reason);
      CHECK(down.reason.find("expected " + std::string(protocol.steps[0].words) + ", got ") == 0);
    }
  }
}

TEST_CASE("udp: each mistake in its keys is told", "[probe]") {
  const auto told = [](const std::string& keys) { return problems_of("udp: " + keys); };
  const std::string nothing =
      "error: nothing is expected: say 'protocol', or what to 'send' and 'expect'\n";
  CHECK(told("'a:1'") == nothing);
  CHECK(told("{address: 'a:1', send: x}") == nothing);
  CHECK(told("{address: 'a:1', expect: x}") ==
        "error: nothing is sent: by UDP, the other side speaks when it is spoken to\n");
  CHECK(told("{address: 'unix:/run/x', send: x, expect: x}") ==
        "error: not HOST:PORT or [IPv6]:PORT: \"unix:/run/x\"\n");
  CHECK(told("{host: a, send: x, expect: x}") == "error: 'port' is missing\n");
  CHECK(told("{host: a, protocol: radius}") ==
        "error: 'password' is missing: radius answers only to those who share its secret\n");
  CHECK(told("{host: a, protocol: redis}").find("error: one of coap, dns, ") != std::string::npos);
  CHECK(told("{host: a, protocol: ntp, retries: 21}").find("error: ") == 0);
  CHECK(told("{host: a, protocol: ntp}").empty());
  CHECK(make_check("udp: {host: a, protocol: ntp}")->target == "a:123");
}

}  // namespace tocsin
