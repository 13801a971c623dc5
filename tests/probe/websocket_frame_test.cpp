// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// The codec against a model of what was sent, over random messages, fragments and packets.
#include "net/websocket_frame.h"

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include "net/websocket_handshake.h"
#include "util/text.h"

namespace tocsin {
namespace {

using namespace std::string_literals;

std::string frame(WebsocketOpcode opcode, std::string_view payload, bool last = true) {
  WebsocketFrame head;
  head.opcode = opcode;
  head.last = last;
  return encode_frame(head, payload);
}

// What a server sent: the bytes, and what they mean.
struct Sent {
  std::string bytes;
  std::vector<WebsocketEvent> events;
};

std::string random_bytes(std::size_t most) {
  const auto size = *rc::gen::weightedOneOf<std::size_t>(
      {{6, rc::gen::inRange<std::size_t>(0, 20)}, {2, rc::gen::inRange<std::size_t>(0, most + 1)}});
  return *rc::gen::container<std::string>(size, rc::gen::arbitrary<char>());
}

void add_control(Sent& sent) {
  const WebsocketOpcode kind = *rc::gen::element(WebsocketOpcode::ping, WebsocketOpcode::pong);
  const std::string payload = random_bytes(kMostControlPayload);
  sent.bytes += frame(kind, payload);
  sent.events.push_back({kind, payload, 0});
}

// In fragments, with control frames between them.
void add_message(Sent& sent, WebsocketOpcode kind, const std::string& payload) {
  std::string_view rest = payload;
  const int fragments = *rc::gen::inRange(1, 5);
  for (int i = 1; i <= fragments; ++i) {
    const bool last = i == fragments;
    const auto size = last ? rest.size() : *rc::gen::inRange<std::size_t>(0, rest.size() + 1);
    sent.bytes += frame(i == 1 ? kind : WebsocketOpcode::continuation, rest.substr(0, size), last);
    rest.remove_prefix(size);
    if (!last && *rc::gen::arbitrary<bool>()) add_control(sent);
  }
  sent.events.push_back({kind, payload, 0});
}

Sent random_session() {
  Sent sent;
  const int messages = *rc::gen::inRange(0, 6);
  for (int i = 0; i < messages; ++i) {
    if (*rc::gen::arbitrary<bool>()) {
      add_message(sent, WebsocketOpcode::binary, random_bytes(70'000));
    } else {
      add_message(sent, WebsocketOpcode::text, printable(random_bytes(300), 1000));
    }
  }
  return sent;
}

std::vector<WebsocketEvent> all_of(WebsocketDecoder& decoder) {
  std::vector<WebsocketEvent> out;
  while (auto event = decoder.next()) out.push_back(std::move(*event));
  return out;
}

// What the decoder makes of the bytes in packets of random sizes.
std::vector<WebsocketEvent> decode(WebsocketDecoder& decoder, std::string_view bytes) {
  std::vector<WebsocketEvent> out;
  while (!bytes.empty()) {
    const auto most = std::min<std::size_t>(bytes.size(), 20'000);
    const auto size = *rc::gen::inRange<std::size_t>(1, most + 1);
    decoder.feed(bytes.substr(0, size));
    bytes.remove_prefix(size);
    for (auto& event : all_of(decoder)) out.push_back(std::move(event));
  }
  return out;
}

bool same(const std::vector<WebsocketEvent>& left, const std::vector<WebsocketEvent>& right) {
  return std::equal(
      left.begin(), left.end(), right.begin(), right.end(), [](const auto& a, const auto& b) {
        return a.opcode == b.opcode && a.payload == b.payload && a.close_code == b.close_code;
      });
}

std::string offence_of(std::string_view bytes, std::size_t most = 1000) {
  WebsocketDecoder decoder(most);
  decoder.feed(bytes);
  while (decoder.next()) {
  }
  return decoder.offence() ? decoder.offence()->text : "";
}

}  // namespace

TEST_CASE("websocket frame: whatever is sent arrives, however it is cut", "[net]") {
  rc::prop("fragments and packets do not change a session", [] {
    const Sent sent = random_session();
    WebsocketDecoder decoder(100'000);
    RC_ASSERT(same(decode(decoder, sent.bytes), sent.events));
    RC_ASSERT(!decoder.offence());
  });
}

TEST_CASE("websocket frame: no bytes do harm", "[net]") {
  rc::prop("random bytes end in events within the limit or in an offence", [] {
    const std::string bytes = *rc::gen::arbitrary<std::string>();
    WebsocketDecoder decoder(50);
    for (const auto& event : decode(decoder, bytes)) {
      const bool control = event.opcode >= WebsocketOpcode::close;
      RC_ASSERT(event.payload.size() <= (control ? kMostControlPayload : 50U));
    }
    RC_ASSERT(decoder.frames() <= bytes.size() / 2);
  });
  rc::prop("a session with one byte changed does so too", [] {
    Sent sent = random_session();
    RC_PRE(!sent.bytes.empty());
    const auto at = *rc::gen::inRange<std::size_t>(0, sent.bytes.size());
    sent.bytes[at] = *rc::gen::arbitrary<char>();
    WebsocketDecoder decoder(100'000);
    for (const auto& event : decode(decoder, sent.bytes)) {
      RC_ASSERT(event.payload.size() <= 100'000U);
      if (event.opcode == WebsocketOpcode::text) RC_ASSERT(is_valid_utf8(event.payload));
    }
  });
}

TEST_CASE("websocket frame: the examples of RFC 6455, section 5.7", "[net]") {
  WebsocketFrame text;
  CHECK(encode_frame(text, "Hello") == "\x81\x05Hello");
  text.mask = WebsocketMask{0x37, 0xfa, 0x21, 0x3d};
  CHECK(encode_frame(text, "Hello") == "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
  WebsocketDecoder decoder(1000);
  decoder.feed("\x01\x03Hel\x80\x02lo");
  const auto events = all_of(decoder);
  REQUIRE(events.size() == 1);
  CHECK(events[0].payload == "Hello");
  CHECK(frame(WebsocketOpcode::binary, std::string(256, 'x')).substr(0, 4) ==
        std::string("\x82\x7E\x01\x00", 4));
  CHECK(frame(WebsocketOpcode::binary, std::string(65536, 'x')).substr(0, 10) ==
        std::string("\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00", 10));
}

TEST_CASE("websocket frame: the limit holds for messages, in one piece or many", "[net]") {
  const std::string text(60, 'x');
  CHECK(offence_of(frame(WebsocketOpcode::text, text), 60).empty());
  CHECK(offence_of(frame(WebsocketOpcode::text, text), 59) ==
        "the server sends a message of more than 59 bytes");
  const std::string halves = frame(WebsocketOpcode::text, text.substr(0, 30), false) +
                             frame(WebsocketOpcode::continuation, text.substr(30));
  CHECK(offence_of(halves, 60).empty());
  CHECK(offence_of(halves, 59) == "the server sends a message of more than 59 bytes");
  // It is the announcement that is refused: nothing is waited for or kept.
  CHECK(offence_of(std::string("\x82\x7F\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 10)) ==
        "the server sends a message of more than 1000 bytes");
}

TEST_CASE("websocket frame: a code point may be split between fragments", "[net]") {
  WebsocketDecoder decoder(1000);
  decoder.feed("\x01\x01\xC3\x80\x01\xBC");
  const auto events = all_of(decoder);
  REQUIRE(events.size() == 1);
  CHECK(events[0].payload == "\xC3\xBC");
  CHECK(offence_of("\x81\x01\xC3") == "the server sends a text that is not UTF-8");
  CHECK(offence_of("\x82\x01\xC3").empty());  // binary is free
}

TEST_CASE("websocket frame: what comes behind a close is not looked at", "[net]") {
  WebsocketDecoder decoder(1000);
  decoder.feed(frame(WebsocketOpcode::close, close_payload(1000, "bye")) + "\xFF\xFF\xFF");
  const auto events = all_of(decoder);
  REQUIRE(events.size() == 1);
  CHECK(events[0].close_code == 1000);
  CHECK(events[0].payload == "bye");
  CHECK_FALSE(decoder.offence());
  decoder.feed(frame(WebsocketOpcode::text, "more"));
  CHECK_FALSE(decoder.next());
}

TEST_CASE("websocket frame: close codes that must not be sent are an offence", "[net]") {
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535}) {
    const std::string payload = close_payload(static_cast<std::uint16_t>(code), "");
    CHECK(offence_of(frame(WebsocketOpcode::close, payload)) ==
          "the server closes with a malformed code");
  }
  for (const int code : {1000, 1003, 1007, 1011, 1014, 3000, 4999}) {
    const std::string payload = close_payload(static_cast<std::uint16_t>(code), "");
    CHECK(offence_of(frame(WebsocketOpcode::close, payload)).empty());
  }
  CHECK(close_payload(1000, std::string(122, 'x') + "\xC3\xBC").size() == 124);  // cut before ü
}

TEST_CASE("websocket handshake: the key's answer is that of RFC 6455, section 1.3", "[net]") {
  CHECK(websocket_accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  CHECK(websocket_key().size() == 24);
  CHECK(websocket_key() != websocket_key());
}

TEST_CASE("websocket handshake: a URL gives host, port, Host header and resource", "[net]") {
  const auto plain = websocket_target("ws://a.example");
  REQUIRE(plain);
  CHECK(show(plain->to) == "a.example:80");
  CHECK_FALSE(plain->tls);
  CHECK(plain->authority == "a.example");
  CHECK(plain->resource == "/");
  const auto full = websocket_target("WSS://me:p%40%3Aw@[::1]:8443/a%20b?c=d&e=/f@g");
  REQUIRE(full);
  CHECK(show(full->to) == "[::1]:8443");
  CHECK(full->tls);
  CHECK(full->authority == "[::1]:8443");
  CHECK(full->resource == "/a%20b?c=d&e=/f@g");
  CHECK(full->user == "me:p@:w");
  const auto query = websocket_target("wss://a.example?x=\xC3\xBC");
  REQUIRE(query);
  CHECK(query->authority == "a.example");
  CHECK(query->resource == "/?x=%C3%BC");
  for (const char* wrong :
       {"", "ws:", "http://a/", "ws://a/#b", "ws://", "ws://a:0/", "ws://a b/", "ws://x%zz@a/"}) {
    INFO(wrong);
    CHECK_FALSE(websocket_target(wrong));
  }
}

TEST_CASE("websocket handshake: a head is parsed or refused, whatever it is", "[net]") {
  rc::prop("random heads do no harm", [] {
    const auto tail =
        *rc::gen::container<std::string>(rc::gen::elementOf("HTTP/1. \r\n:ab109\x00\xFF"s));
    const auto head = parse_http_head("HTTP/1.1 101 " + tail);
    if (head) RC_ASSERT(head->status == 101);
    const auto size = http_head_size(tail);
    if (size) RC_ASSERT(*size <= tail.size());
  });
  const auto head = parse_http_head("HTTP/1.1 200\nA:  b \nC:d\r\n\r\n");
  REQUIRE(head);
  CHECK(head->phrase.empty());
  CHECK(head->header("a") == "b");
  CHECK(head->header("C") == "d");
  CHECK(show_status(*head, true) == "200 OK");
  for (const char* wrong :
       {"", "\r\n", "HTTP/1.1 20\r\n", "HTTP/1.1 2000\r\n", "HTTP/1.1 099 x\r\n",
        "HTTP/1.1 200 OK\r\n: x\r\n", "HTTP/1.1 200 OK\r\na b: x\r\n"}) {
    INFO(wrong);
    CHECK_FALSE(parse_http_head(wrong));
  }
}

}  // namespace tocsin
