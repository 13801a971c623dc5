// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Against a real server: Debian's python3-websockets (websocket_server.py).
#include <algorithm>
#include <catch2/catch.hpp>

#include "probe/probe_fixture.h"
#include "probe/python_server.h"
#include "support/certificates.h"
#include "support/nginx.h"

namespace tocsin {
namespace {

constexpr const char* kSecret = "hunter22-and-more";

const PythonServer& server() {
  static const PythonServer kServer("websocket_server.py");
  return kServer;
}

std::string at(const std::string& path, const std::string& more = "",
               const std::string& timeout = "20s") {
  return "timeout: " + timeout + ", websocket: {url: 'ws://" + server().address() + path + "'" +
         (more.empty() ? "" : ", ") + more + "}";
}

bool has_note(const Result& result, const std::string& note) {
  return std::any_of(result.notes.begin(), result.notes.end(),
                     [&](const std::string& one) { return one.find(note) != std::string::npos; });
}

void check_up(const Result& result) {
  CHECK(result.reason.empty());
  CHECK(result.verdict == Verdict::up);
}

void check_down(const Result& result, const std::string& reason) {
  CHECK(result.verdict == Verdict::down);
  CHECK(result.reason == reason);
}

std::string here(const std::string& text) {
  return text + " (" + server().address() + ")";
}

}  // namespace

TEST_CASE("websocket: a server that agrees and answers a ping is up", "[probe]") {
  const Result result = probe("timeout: 20s, websocket: 'ws://" + server().address() + "/echo'");
  check_up(result);
  CHECK(result.address == server().address());
  CHECK(result.phases.get(Phase::connect));
  CHECK(result.phases.get(Phase::first_byte));
  REQUIRE(result.metrics.size() == 1);
  CHECK(result.metrics[0].name == "ping");
  CHECK(result.metrics[0].unit == "s");
  CHECK(result.metrics[0].value > 0);
  CHECK(has_note(result, "answer: 101 Switching Protocols from " + server().address()));
  CHECK(has_note(result, "pong: after "));
  CHECK(has_note(result, "closed: by both sides"));
}

TEST_CASE("websocket: the server sees an orderly close, and it can be demanded", "[probe]") {
  check_up(probe(at("/echo?orderly", "close: true")));
  CHECK(eventually(
      [] { return server().output().find("closed /echo?orderly 1000\n") != std::string::npos; }));
}

TEST_CASE("websocket: nobody there is down", "[probe]") {
  const std::string nobody = "127.0.0.1:" + std::to_string(free_port());
  check_down(probe("websocket: 'ws://" + nobody + "/'"), "connection refused (" + nobody + ")");
}

TEST_CASE("websocket: another answer than a WebSocket's is told as such", "[probe]") {
  check_down(probe(at("/login")),
             here("the server answered 401 Unauthorized instead of switching protocols"));
  check_down(probe(at("/forbidden")),
             here("the server answered 403 Forbidden instead of switching protocols"));
  check_down(probe(at("/moved")),
             here("the server answered 301 Moved Permanently to https://shop.example.net/live "
                  "instead of switching protocols"));
  CHECK(has_note(probe(at("/login")), "WWW-Authenticate: Basic realm=x"));
  const Nginx nginx({});
  check_down(
      probe("websocket: 'ws://" + nginx.address() + "/'"),
      "the server answered 403 Forbidden instead of switching protocols (" + nginx.address() + ")");
}

TEST_CASE("websocket: a user in the URL is sent, and never shown", "[probe]") {
  const std::string url = "ws://me:p%40ss@" + server().address() + "/login";
  const CheckPtr check = make_check("timeout: 20s, websocket: '" + url + "'");
  CHECK(check->target.find("p%40ss") == std::string::npos);
  const Result result = probe_once(*check, SystemClock(), true);
  check_up(result);
  CHECK(has_note(result, "request: ws://"));
  CHECK_FALSE(has_note(result, "p%40ss"));
  CHECK_FALSE(has_note(result, "p@ss"));
}

TEST_CASE("websocket: headers, origin and subprotocols arrive", "[probe]") {
  check_up(probe(at("/facts",
                    "headers: {X-Team: shop, Host: shop.example.net}, origin: 'https://a.example', "
                    "subprotocols: [feed.v9, feed.v2], expect: 'Host=shop.example.net; "
                    "Origin=https://a.example; User-Agent=tocsin/', expect_matches: 'X-Team=shop; "
                    "Sec-WebSocket-Protocol=feed.v9, feed.v2$'")));
  const Result chosen = probe(at("/echo", "subprotocols: chat"));
  CHECK(has_note(chosen, "offered subprotocol: chat"));
  CHECK(has_note(chosen, "Sec-WebSocket-Protocol: chat"));
  check_down(probe(at("/echo", "subprotocols: mqtt")),
             here("the server chose none of the subprotocols that were offered"));
}

TEST_CASE("websocket: a message is sent, and one that meets the expectation is waited for",
          "[probe]") {
  check_up(probe(at("/echo", "send: '{\"op\": 1}', expect: op, expect_matches: '[0-9]'")));
  const Result binary = probe(at("/echo", "send_hex: '00 ff 10', expect_hex: 'ff10'"));
  check_up(binary);
  CHECK(has_note(binary, "sent: 3 bytes: 00 ff 10"));
  CHECK(has_note(binary, "received: 3 bytes: 00 ff 10"));
  check_up(probe(at("/greet", "expect: ready")));  // the third message
  const std::string limits = "message_limit: 1MiB";
  const std::string long_text(70'000, 'a');
  check_up(probe(at("/echo", "send: '" + long_text + "', expect: aaa, " + limits)));
}

TEST_CASE("websocket: an expectation that nobody meets is down, with what came last", "[probe]") {
  const Result result = probe(at("/greet", "expect: welcome", "1s"));
  check_down(result, here("timed out after 1 s") + ": expected \"welcome\", got \"ready\"");
  CHECK(has_note(result, "received: \"hello\""));
  check_down(probe(at("/silent", "expect_matches: '^OK', expect_hex: '00'", "1s")),
             here("timed out after 1 s") + ": expected 1 byte: 00 and /^OK/, got nothing");
}

TEST_CASE("websocket: a dialogue goes step by step, and says where it stopped", "[probe]") {
  const TempDir dir;
  const auto file = dir.write("password", kSecret);
  const std::string login = "send: \"LOGIN me ${file:" + file.string() + "}\"";
  check_up(probe(at("/greet", "dialogue: [{expect: ready}, {" + login +
                                  ", expect_matches: '^OK '}, {send_hex: '01 00', expect_hex: "
                                  "'01 01'}]")));
  const Result wrong = probe(
      at("/greet", "dialogue: [{expect: ready}, {send: LOGIN, expect_matches: '^OK '}]", "1s"));
  check_down(wrong,
             here("timed out after 1 s") + ": expected /^OK/, got \"ERR 'LOGIN'\" (step 2 of 2)");
}

TEST_CASE("websocket: fragments are put together, and the server's pings answered", "[probe]") {
  check_up(probe(at("/pieces", "send: 'grüße aus der ferne', expect: 'grüße aus der ferne'")));
}

TEST_CASE("websocket: a message beyond the limit is down", "[probe]") {
  check_down(probe(at("/big", "expect: never")),
             here("the server sends a message of more than 65536 bytes") +
                 ": expected \"never\", got nothing");
  check_up(probe(at("/big", "expect: xxxxx, message_limit: 100000")));
}

TEST_CASE("websocket: a server that closes says why, but repeats no secret", "[probe]") {
  check_down(probe(at("/end", "send: hi, expect: hello")),
             here("the server closed the session: 1008 policy violation, "
                  "\"not you, hunter22-and-more\"") +
                 ": expected \"hello\", got nothing");
  const TempDir dir;
  const auto file = dir.write("password", kSecret);
  const std::string reference = "\"${file:" + file.string() + "}\"";
  for (const std::string& more : {std::string("send: ") + reference + ", expect: hello",
                                  "headers: {X-A: " + reference + "}, send: hi, expect: hello"}) {
    const Result result = probe(at("/end", more));
    check_down(result, here("the server closed the session: 1008 policy violation") +
                           ": expected \"hello\", got nothing");
    CHECK_FALSE(has_note(result, "hunter"));
  }
  const Result echoed = probe(at("/echo", "send: " + reference + ", expect: other", "1s"));
  check_down(echoed,
             here("timed out after 1 s") + ": expected \"other\", got a message of 17 bytes");
  CHECK_FALSE(has_note(echoed, "hunter"));
}

TEST_CASE("websocket: slower than asked for is degraded", "[probe]") {
  const Result result = probe(at("/slow", "send: hi, expect: hi, response_time: 20ms"));
  CHECK(result.verdict == Verdict::degraded);
  CHECK(result.reason.find("slow: ") == 0);
  CHECK(result.reason.find("ms, wanted within 20 ms (" + server().address() + ")") !=
        std::string::npos);
}

TEST_CASE("websocket: wss verifies the certificate and tells its days", "[probe]") {
  const TempDir dir;
  Certificates certificates(dir.path());
  const auto files = certificates.make({"good", {"shop.example"}});
  const PythonServer tls("websocket_server.py", {files.certificate.string(), files.key.string()});
  const auto look = [&](const std::string& more) {
    return probe(
        "timeout: 20s, websocket: {url: 'wss://shop.example:" + std::to_string(tls.port()) +
        "/echo', connect_to: '" + tls.address() + "', " + more + "}");
  };
  const std::string ca = "ca_file: '" + certificates.authority().string() + "'";
  const Result good = look(ca + ", send: hi, expect: hi");
  check_up(good);
  CHECK(good.certificate_days == 89);
  CHECK(good.phases.get(Phase::tls));
  CHECK(has_note(good, "tls: TLSv1.3"));
  CHECK(has_note(good, "certificate: ends in 89 days"));
  CHECK(look("verify: false").verdict == Verdict::up);

  const Result soon = look(ca + ", certificate_days: 90");
  CHECK(soon.verdict == Verdict::degraded);
  CHECK(soon.reason ==
        "certificate ends in 89 days, wanted at least 90 days (" + tls.address() + ")");
  const Result stranger = look("ping: true");
  CHECK(stranger.verdict == Verdict::down);
  CHECK(stranger.reason.find("certificate") != std::string::npos);
  const Result other = look(ca + ", server_name: other.example");
  CHECK(other.verdict == Verdict::down);
  CHECK(other.reason.find("other.example") != std::string::npos);

  const Result plain = probe("timeout: 20s, websocket: 'wss://" + server().address() + "/'");
  CHECK(plain.verdict == Verdict::down);
  const Result secure = probe("timeout: 20s, websocket: 'ws://" + tls.address() + "/'");
  CHECK(secure.verdict == Verdict::down);
  INFO(secure.reason << " " << plain.reason);
  CHECK(secure.reason.find(tls.address()) != std::string::npos);
}

TEST_CASE("websocket: bad settings are told at their place", "[probe]") {
  const auto told = [](const std::string& settings) {
    return problems_of("timeout: 5s, websocket: {" + settings + "}");
  };
  const std::string url = "url: 'ws://a.example/x'";
  CHECK(told("ping: true").find("error: 'url' is missing") != std::string::npos);
  CHECK(told("url: 'https://a.example/'").find("error: URL that begins with ws:// or wss://") == 0);
  CHECK(told("url: 'ws://a.example/#x'") ==
        "error: a WebSocket's URL has no fragment; write # as %23\n");
  CHECK(told(url + ", connect_to: nowhere") == "error: not HOST:PORT, such as 10.0.0.7:443\n");
  CHECK(told(url + ", unix_socket: run/x") == "error: not an absolute path of at most 107 bytes\n");
  CHECK(told(url + ", unix_socket: /run/x, connect_to: 'a:1'") ==
        "error: leave it out, or 'connect_to'\n");
  CHECK(told(url + ", unix_socket: /run/x, family: ipv4") ==
        "error: a socket file has no address\n");
  CHECK(told(url + ", verify: false, ca_file: x, server_name: y, certificate_days: 3")
            .find("error: it needs a wss URL\n") != std::string::npos);
  CHECK(told("url: 'wss://a.example', server_name: 'a b'") ==
        "error: not a host's name or an address\n");
  CHECK(told("url: 'wss://a.example', ca_file: /no/such") ==
        "warning: the file cannot be read now\n");
  CHECK(told(url + ", headers: {'a b': x}") == "error: not a header's name: \"a b\"\n");
  CHECK(told(url + ", headers: {A: \"x\\r\\nB: y\"}") ==
        "error: A: a header's value has no line break or control character\n");
  CHECK(told(url + ", headers: {Origin: x}") == "error: 'origin' is a key of its own\n");
  CHECK(told(url + ", headers: {Sec-WebSocket-Protocol: x}") ==
        "error: it is what 'subprotocols' is for\n");
  CHECK(told(url + ", headers: {Connection: close}") ==
        "error: Connection is not to be set: it follows from the handshake\n");
  CHECK(told(url + ", origin: \"https://a b\"") ==
        "error: not an origin, such as https://www.example.net\n");
  CHECK(told(url + ", subprotocols: ['a, b']") == "error: not a subprotocol's name: \"a, b\"\n");
  CHECK(told(url + ", send_hex: '0g'") ==
        "error: not pairs of hexadecimal digits, such as \"00 ff 10\"\n");
  CHECK(told(url + ", expect_hex: '000'") ==
        "error: not pairs of hexadecimal digits, such as \"00 ff 10\"\n");
  CHECK(told(url + ", send: a, send_hex: '00'") ==
        "error: a step sends one message; leave out 'send' or 'send_hex'\n");
  CHECK(told(url + ", expect: abcd, message_limit: 3") == "error: longer than 'message_limit'\n");
  CHECK(told(url + ", dialogue: [{}]") == "error: a step has something to send or to expect\n");
  CHECK(told(url + ", send: a, dialogue: [{expect: b}]") ==
        "error: it says it all; leave out 'send' and 'expect' beside it\n");
  CHECK(told(url + ", ping: false, ping_time: 1s") == "error: it needs 'ping: true'\n");
  CHECK(told(url + ", response_time: 10s").find("error: ") == 0);
  CHECK(told(url + ", expect_matches: '('").find("error: ") == 0);
}

}  // namespace tocsin
