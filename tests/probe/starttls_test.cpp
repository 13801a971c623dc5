// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// STARTTLS against scripted servers: what is said, and what is refused. That it works with the
// real ones is proved in servers_test.cpp.
#include "probe/starttls.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "net/stream_fixture.h"
#include "probe/dialogue.h"
#include "support/raw_server.h"

namespace tocsin {
namespace {

struct Line {
  std::string_view protocol;
  // What the server says first, and behind each message of the client, whose bytes are counted.
  std::string greeting;
  std::vector<std::pair<std::size_t, std::string>> answers;
};

std::string of_hex(std::string_view notation) {
  return BytePattern(notation).bytes({});
}

const std::string kMysqlGreeting = of_hex("0f 00 00 00 0a '10.11.6' 00 01 02 03 04 05 06");
const std::string kXmppFeatures =
    "<stream:stream id='1'><stream:features><starttls/></stream:features>";

// The plain part of each protocol as a good server speaks it; the last answer is its yes.
std::vector<Line> lines() {
  return {
      {"ftp", "220-hello\r\n there\r\n220 ftp\r\n", {{10, "234 go\r\n"}}},
      {"imap", "* OK ready\r\n", {{13, "* CAPABILITY x\r\nt1 OK begin\r\n"}}},
      {"ldap", "", {{31, of_hex("30 0c 02 01 01 78 07 0a 01 00 04 00 04 00")}}},
      {"lmtp", "220 lmtp\r\n", {{13, "250-me\r\n250 STARTTLS\r\n"}, {10, "220 go\r\n"}}},
      {"mysql", kMysqlGreeting, {{36, ""}}},
      {"nntp", "201 no posting\r\n", {{10, "382 go\r\n"}}},
      {"pop3", "+OK pop3\r\n", {{6, "+OK go\r\n"}}},
      {"postgres", "", {{8, "S"}}},
      {"sieve", "\"STARTTLS\"\r\nOK\r\n", {{10, "OK\r\n"}}},
      {"smtp", "220 mx\r\n", {{13, "250-me\r\n250-SIZE\r\n250 STARTTLS\r\n"}, {10, "220 go\r\n"}}},
      {"xmpp", "", {{135, kXmppFeatures}, {51, "<proceed xmlns='x'/>"}}},
  };
}

// Says all of it in so many bytes a packet, `more` behind the last, then waits for the handshake
// and closes when it came.
RawServer::Script speak(Line line, bool slowly, std::string more = {}) {
  return [=](RawConnection& connection) {
    const auto say = [&](const std::string& text) {
      return slowly ? connection.send_slowly(text) : connection.send(text);
    };
    say(line.greeting + (line.answers.size() == 1 && line.answers[0].second.empty() ? more : ""));
    for (std::size_t i = 0; i < line.answers.size(); ++i) {
      const auto& [size, text] = line.answers[i];
      if (connection.read_exactly(size).size() < size) return;
      say(text + (i + 1 == line.answers.size() && !text.empty() ? more : ""));
    }
    if (connection.read_exactly(1) != "\x16") return;  // a TLS handshake's first byte
    connection.send("gone");
  };
}

StreamStatus start(StreamFixture& fixture, const RawServer& server, std::string_view protocol) {
  const StreamStatus connected = fixture.connect("127.0.0.1", server.port());
  REQUIRE(connected);
  const StartTls starttls(protocol, "localhost");
  const TlsSettings tls;
  return fixture.run(start_tls_as(starttls, *fixture.stream, tls, fixture.deadline));
}

}  // namespace

TEST_CASE("starttls: every protocol is spoken up to the handshake", "[probe]") {
  const auto all = lines();
  const auto names = StartTls::names();
  CHECK(std::is_sorted(names.begin(), names.end()));
  REQUIRE(all.size() == names.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(all[i].protocol == names[i]);
    for (const bool slowly : {false, true}) {
      const RawServer server(speak(all[i], slowly));
      StreamFixture fixture;
      const StreamStatus status = start(fixture, server, all[i].protocol);
      INFO(all[i].protocol << ": " << status.text);
      // The script ends where the handshake has begun, with what is no TLS.
      CHECK(status.error == NetError::tls);
    }
  }
}

TEST_CASE("starttls: text behind the server's yes is refused before TLS", "[probe]") {
  for (const Line& line : lines()) {
    const RawServer server(speak(line, false, "250 injected\r\n"));
    StreamFixture fixture;
    const StreamStatus status = start(fixture, server, line.protocol);
    INFO(line.protocol);
    CHECK(status.error == NetError::protocol);
    CHECK(status.text == "more than the answer came before TLS, refused: \"250 injected\" (" +
                             server.address() + ")");
  }
}

TEST_CASE("starttls: a server that says no, or nothing, is told with its words", "[probe]") {
  const auto told = [](std::string_view protocol, const Line& line) {
    const RawServer server(speak(line, false));
    StreamFixture fixture;
    const StreamStatus status = start(fixture, server, protocol);
    CHECK(status.error != NetError::none);
    CHECK(status.error != NetError::tls);
    std::string text = status.text;
    const std::string where = " (" + server.address() + ")";
    const auto at = text.find(where);
    return at == std::string::npos ? text : text.erase(at, where.size());
  };
  CHECK(told("smtp", {"", "554 go away\r\n", {}}) ==
        "expected a greeting of SMTP (220), got \"554 go away\"");
  CHECK(told("smtp", {"", "220 mx\r\n", {{13, "250 me\r\n"}, {10, "502 what?\r\n"}}}) ==
        "expected 220 to STARTTLS, got \"502 what?\"");
  CHECK(told("imap", {"", "* OK hi\r\n", {{13, "t1 BAD no\r\n"}}}) ==
        "expected OK to STARTTLS, got \"t1 BAD no\"");
  CHECK(told("pop3", {"", "+OK hi\r\n", {{6, "-ERR no\r\n"}}}) ==
        "expected +OK to STLS, got \"-ERR no\"");
  CHECK(told("ftp", {"", "220 hi\r\n", {{10, "530 please log in\r\n"}}}) ==
        "expected 234 to AUTH TLS, got \"530 please log in\"");
  CHECK(told("postgres", {"", "", {{8, "N"}}}) ==
        "expected yes (S) to PostgreSQL's SSLRequest, got \"N\"");
  CHECK(told("ldap", {"", "", {{31, of_hex("30 0c 02 01 01 78 07 0a 01 02 04 00 04 00")}}}) ==
        "expected success to LDAP's StartTLS, got the bytes 30 0c 02 01 01 78 07 0a 01 02 04 00 "
        "04 00");
  CHECK(told("mysql", {"", of_hex("10 00 00 00 ff 69 04 'Host is block'"), {}}) ==
        "expected a greeting of MySQL or MariaDB, got the bytes 10 00 00 00 ff 69 04 48 6f 73 74 "
        "20 69 73 20 62 6c 6f 63 6b (\"i Host is block\")");
  CHECK(told("sieve", {"", "BYE busy\r\n", {}}) ==
        "expected the capabilities of ManageSieve and OK, got \"BYE busy\"");
  CHECK(told("xmpp", {"", "", {{135, "</stream:stream>"}}}).find("expected the features") !=
        std::string::npos);
}

}  // namespace tocsin
