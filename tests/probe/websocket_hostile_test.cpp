// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Servers that break the protocol, by accident or on purpose: each is told by what it did, within
// the deadline and without growing.
#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <thread>

#include "net/websocket_frame.h"
#include "net/websocket_handshake.h"
#include "probe/probe_fixture.h"
#include "support/raw_server.h"

namespace tocsin {
namespace {

using namespace std::string_literals;

constexpr std::size_t kCloseFrame = 8;  // ours, with a code: two bytes, the mask, the code

std::string frame(WebsocketOpcode opcode, std::string_view payload, bool last = true) {
  WebsocketFrame head;
  head.opcode = opcode;
  head.last = last;
  return encode_frame(head, payload);
}

std::string agreement(const std::string& asked, const std::string& more = "") {
  const auto head = asked.find("Sec-WebSocket-Key: ");
  const std::string key = asked.substr(head + 19, 24);
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: keep-alive, "
         "upgrade\r\nSec-WebSocket-Accept: " +
         websocket_accept(key) + "\r\n" + more + "\r\n";
}

// Agrees, and then sends these bytes, in the same breath.
RawServer::Script agree_and_send(const std::string& bytes) {
  return [bytes](RawConnection& connection) {
    const std::string asked = connection.read_head();
    connection.send(agreement(asked) + bytes);
    connection.hold();
  };
}

Result look(const RawServer& server, const std::string& more = "", const char* timeout = "20s") {
  return probe("timeout: "s + timeout + ", websocket: {url: 'ws://" + server.address() + "/'" +
               (more.empty() ? "" : ", ") + more + "}");
}

void check_down(const RawServer& server, const Result& result, const std::string& reason,
                const std::string& behind = "") {
  CHECK(result.verdict == Verdict::down);
  CHECK(result.reason == reason + " (" + server.address() + ")" + behind);
}

// The answer to our ping: the same eight bytes.
std::string pong_to(RawConnection& connection) {
  const std::string ping = connection.read_exactly(14);
  std::string payload = ping.substr(6);
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] ^= ping[2 + i % 4];
  return frame(WebsocketOpcode::pong, payload);
}

}  // namespace

TEST_CASE("websocket: an answer that is no agreement is refused, each by its reason", "[probe]") {
  struct Case {
    std::string answer;
    std::string reason;
  };
  const std::string accept = "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n";
  const std::string upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
  const Case cases[] = {
      {"HTTP/1.1 101 Ok\r\n" + upgrade + "\r\n",
       "the server's Sec-WebSocket-Accept does not fit our key"},
      {"HTTP/1.1 101 Ok\r\n" + upgrade + accept + "\r\n",
       "the server's Sec-WebSocket-Accept does not fit our key"},
      {"HTTP/1.1 101 Ok\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
       "the server switches protocols, but not to WebSocket"},
      {"HTTP/1.1 101 Ok\r\nUpgrade: websocket\r\nConnection: close\r\n\r\n",
       "the server switches protocols, but not to WebSocket"},
      {"HTTP/1.0 101 Ok\r\n" + upgrade + "\r\n",
       "the server switches protocols by HTTP/1.0, which cannot be"},
      {"HTTP/1.1 426\r\n\r\n",
       "the server answered 426 Upgrade Required instead of switching "
       "protocols"},
      {"HTTP/1.1 200 Fine\x1b[31m\r\n\r\n<html>",
       "the server answered 200 Fine [31m instead of switching protocols"},
      {"HTTP/1.1 599 \r\n\r\n", "the server answered 599 instead of switching protocols"},
      {"HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n",
       "the server answered 302 Found to /login instead of switching protocols"},
      {"HTTP/1.1 302 Found\r\nLocation: http://me:pw@x/\r\n\r\n",
       "the server answered 302 Found instead of switching protocols"},
      {"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "the answer's headers are cut or malformed"},
      {"HTTP/1.1 200 OK\r\na: b\r\n folded\r\n\r\n", "the answer's headers are cut or malformed"},
      {"HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n"s, "the answer's headers are cut or malformed"},
      {"HTTP/2 101 OK\r\n\r\n", "the answer's headers are cut or malformed"},
      {"\r\n\r\n", "what answers is not HTTP: \"\""},
      {"SSH-2.0-OpenSSH_9.2p1\r\n\r\n", "what answers is not HTTP: \"SSH-2.0-OpenSSH_9.2p1\""},
      {"\x15\x03\x01\x00\x02\x02\x46\n\n"s, "what answers speaks TLS (wss:// in place of ws://?)"},
      {"\0\0\0\4\0\0\0\0\0\n\n"s, "what answers speaks HTTP/2 only"},
      {"HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'a'),
       "the answer's headers are beyond every reason"},
  };
  for (const auto& [answer, reason] : cases) {
    const RawServer server(answer_with(answer));
    check_down(server, look(server), reason);
  }
}

TEST_CASE("websocket: an end or silence in the handshake says so", "[probe]") {
  const RawServer ends([](RawConnection& connection) { connection.read_head(); });
  check_down(ends, look(ends), "the other side closed the connection",
             ": no answer to the handshake");
  const RawServer half(answer_with("HTTP/1.1 101 Swi"));
  check_down(half, look(half), "the other side closed the connection",
             ": the answer's headers are cut or malformed");
  const RawServer ssh([](RawConnection& connection) {
    connection.send("SSH-2.0-OpenSSH_9.2p1\r\n");
    connection.hold();
  });
  check_down(ssh, look(ssh, "", "1s"), "timed out after 1 s",
             ": what answers is not HTTP: \"SSH-2.0-OpenSSH_9.2p1\"");
}

TEST_CASE("websocket: what was not asked for is not taken", "[probe]") {
  const auto agree_with = [](const std::string& header) {
    return [header](RawConnection& connection) {
      const std::string asked = connection.read_head();
      connection.send(agreement(asked, header));
      connection.hold();
    };
  };
  const RawServer extension(agree_with("Sec-WebSocket-Extensions: permessage-deflate\r\n"));
  check_down(extension, look(extension), "the server chose an extension that was not offered");
  const RawServer protocol(agree_with("Sec-WebSocket-Protocol: chat\r\n"));
  check_down(protocol, look(protocol),
             "the server chose a subprotocol that was not offered: \"chat\"");
  check_down(protocol, look(protocol, "subprotocols: [Chat]"),
             "the server chose a subprotocol that was not offered: \"chat\"");
  CHECK(look(protocol, "subprotocols: [feed, chat], ping: false").verdict == Verdict::up);
  const RawServer two(agree_with("Sec-WebSocket-Protocol: a\r\nsec-websocket-protocol: b\r\n"));
  check_down(two, look(two, "subprotocols: [a, b]"), "the server chose more than one subprotocol");
}

TEST_CASE("websocket: interim answers are passed over", "[probe]") {
  const RawServer server([](RawConnection& connection) {
    const std::string asked = connection.read_head();
    connection.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n");
    connection.send_slowly(agreement(asked));
    connection.send_slowly(pong_to(connection));
    connection.hold();
  });
  const Result result = look(server);
  CHECK(result.reason.empty());
  CHECK(result.verdict == Verdict::up);
}

TEST_CASE("websocket: frames that break the protocol are down, each by its reason", "[probe]") {
  struct Case {
    std::string bytes;
    std::string reason;
    std::uint16_t code;
  };
  WebsocketFrame masked;
  masked.mask = WebsocketMask{1, 2, 3, 4};
  const Case cases[] = {
      {encode_frame(masked, "hi"), "the server masks its frames, as only a client may", 1002},
      {"\xC1\x02hi",
       "the server sets reserved bits (an extension, such as compression, that was not offered)",
       1002},
      {"\x83\x01x", "the server sends a frame of an unknown kind (opcode 3)", 1002},
      {"\x8B\x00"s, "the server sends a frame of an unknown kind (opcode 11)", 1002},
      {"\x09\x00"s, "the server sends a control frame in fragments", 1002},
      {"\x89\x7E\x00\x7E"s + std::string(126, 'x'),
       "the server sends a control frame of more than 125 bytes", 1002},
      {"\x80\x01x", "the server continues a message that it has not begun", 1002},
      {"\x01\x01x\x81\x01y", "the server begins a message within another one", 1002},
      {"\x81\x7E\x00\x01x"s, "the server sends a malformed frame length", 1002},
      {"\x81\x7F\x80\x00\x00\x00\x00\x00\x00\x01"s, "the server sends a malformed frame length",
       1002},
      {"\x81\x7F\x00\x00\x00\x00\x00\x01\x00\x01"s,
       "the server sends a message of more than 65536 bytes", 1009},
      {"\x81\x02\xC3\x28", "the server sends a text that is not UTF-8", 1007},
      {"\x88\x01x", "the server closes with a malformed code", 1002},
      {"\x88\x02\x03\xED", "the server closes with a malformed code", 1002},
      {"\x88\x03\x03\xE8\xFF", "the server closes with a reason that is not UTF-8", 1007},
  };
  for (const auto& [bytes, reason, code] : cases) {
    std::promise<std::string> heard;
    const RawServer server([&heard, bytes = bytes](RawConnection& connection) {
      const std::string asked = connection.read_head();
      connection.send(agreement(asked));
      connection.read_exactly(14);  // our message: eight bytes in a masked frame
      connection.send(bytes);
      heard.set_value(connection.read_exactly(kCloseFrame));
      connection.hold();
    });
    check_down(server, look(server, "expect: never, send_hex: '0011223344556677'"), reason,
               ": expected \"never\", got nothing");
    auto future = heard.get_future();
    REQUIRE(future.wait_for(std::chrono::seconds{30}) == std::future_status::ready);
    const std::string goodbye = future.get();
    REQUIRE(goodbye.size() == kCloseFrame);  // we said what was wrong
    CHECK(goodbye.substr(0, 2) == "\x88\x82");
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(goodbye[i]); };
    CHECK(((at(6) ^ at(2)) << 8 | (at(7) ^ at(3))) == code);
  }
}

TEST_CASE("websocket: a close may come at any time, with or without a reason", "[probe]") {
  const RawServer bare(agree_and_send(frame(WebsocketOpcode::close, "")));
  check_down(bare, look(bare), "the server closed the session", ": no answer to our ping");
  const RawServer away(agree_and_send(frame(WebsocketOpcode::close, close_payload(1001, ""))));
  check_down(away, look(away, "expect: x"), "the server closed the session: 1001 going away",
             ": expected \"x\", got nothing");
  const RawServer own(agree_and_send(frame(WebsocketOpcode::close, close_payload(4001, "b\x1by"))));
  check_down(own, look(own), "the server closed the session: 4001, \"b y\"",
             ": no answer to our ping");
  const RawServer cut([](RawConnection& connection) {
    const std::string asked = connection.read_head();
    connection.send(agreement(asked) + "\x81\x05he");
  });
  check_down(cut, look(cut, "expect: x"), "the other side closed the connection",
             ": expected \"x\", got nothing");
}

TEST_CASE("websocket: only the pong that belongs to our ping counts", "[probe]") {
  const std::string others = frame(WebsocketOpcode::pong, "") +
                             frame(WebsocketOpcode::pong, "12345678") +
                             frame(WebsocketOpcode::text, "news");
  const RawServer wrong(agree_and_send(others));
  check_down(wrong, look(wrong, "", "1s"), "timed out after 1 s", ": no answer to our ping");
  CHECK(look(wrong, "ping: false").verdict == Verdict::up);
  const RawServer right([others](RawConnection& connection) {
    const std::string asked = connection.read_head();
    connection.send(agreement(asked) + others + frame(WebsocketOpcode::text, "split ", false));
    const std::string pong = pong_to(connection);  // between two fragments
    connection.send(pong + frame(WebsocketOpcode::continuation, "message"));
    connection.hold();
  });
  CHECK(look(right).verdict == Verdict::up);
}

TEST_CASE("websocket: a slow pong is degraded", "[probe]") {
  const RawServer server([](RawConnection& connection) {
    const std::string asked = connection.read_head();
    connection.send(agreement(asked));
    const std::string pong = pong_to(connection);
    std::this_thread::sleep_for(Millis{50});  // what is looked at is that it is slow
    connection.send(pong);
    connection.hold();
  });
  const Result result = look(server, "ping_time: 20ms");
  CHECK(result.verdict == Verdict::degraded);
  CHECK(result.reason.find("slow pong: ") == 0);
  CHECK(result.reason.find("ms, wanted within 20 ms (" + server.address() + ")") !=
        std::string::npos);
  CHECK(look(server, "ping_time: 19s").verdict == Verdict::up);
}

TEST_CASE("websocket: a server that never closes is up, unless a close is asked for", "[probe]") {
  const auto script = [](RawConnection& connection) {
    const std::string asked = connection.read_head();
    connection.send(agreement(asked));
    connection.send(pong_to(connection));
    connection.hold();
  };
  const RawServer server(script);
  const Result result = look(server, "response_time: 900ms");
  CHECK(result.verdict == Verdict::up);  // the wait for the close is none of the response time
  CHECK(result.notes.back() == "closed: by us alone");
  check_down(server, look(server, "close: true", "1s"), "timed out after 1 s",
             ": the server did not answer our close");
}

TEST_CASE("websocket: a flood ends before the deadline, and is told as one", "[probe]") {
  const auto flood = [](const std::string& piece) {
    return [piece](RawConnection& connection) {
      const std::string asked = connection.read_head();
      connection.send(agreement(asked));
      std::string many;
      while (many.size() < 60'000) many += piece;
      while (connection.send(many)) {
      }
    };
  };
  const std::string expected = ": expected \"never\", got ";
  const RawServer fragments([](RawConnection& connection) {
    const std::string asked = connection.read_head();
    connection.send(agreement(asked) + frame(WebsocketOpcode::text, "", false));
    std::string many;
    while (many.size() < 60'000) many += frame(WebsocketOpcode::continuation, "", false);
    while (connection.send(many)) {
    }
  });
  check_down(fragments, look(fragments, "expect: never", "30s"),
             "the server floods us with fragments", expected + "nothing");
  const RawServer messages(flood(frame(WebsocketOpcode::text, "x")));
  check_down(messages, look(messages, "expect: never", "30s"), "the server floods us with messages",
             expected + "\"x\"");
  // It does not take our pongs either: we wait to send one, and no longer than the deadline.
  const RawServer pings(flood(frame(WebsocketOpcode::ping, std::string(125, 'x'))));
  const Result result = look(pings, "expect: never", "2s");
  CHECK(result.verdict == Verdict::down);
  CHECK(look(messages, "").verdict == Verdict::down);
}

}  // namespace tocsin
