// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <catch2/catch.hpp>

#include "probe/dns_zone.h"
#include "support/raw_server.h"

namespace tocsin {

TEST_CASE("dns: what does not belong to the question is passed over", "[probe]") {
  const UdpServer server([](const std::string& query) {
    std::string stranger = query;
    stranger[0] = static_cast<char>(stranger[0] + 1);
    std::string other = make_dns_query({.name = "evil.example.org"}, 0);
    other[0] = query[0];
    other[1] = query[1];
    const std::string bad = wire_record(1, "evil");
    return std::vector<std::string>{
        "",
        "x",
        wire_answer(stranger, 0x8180, 1, bad),
        wire_answer(other, 0x8180, 1, bad),
        query,  // itself: no answer
        wire_answer(query, 0x8180, 1, wire_record(1, "abcd")),
    };
  });
  check_reason(
      probe(keys("name: www.example.org, expect: {exact: 97.98.99.100}", server.address())),
      Verdict::up, "");
}

TEST_CASE("dns: a flood of strangers is given up", "[probe]") {
  const UdpServer server([](const std::string& query) {
    std::string stranger = query;
    stranger[1] = static_cast<char>(stranger[1] + 1);
    return std::vector<std::string>(150, wire_answer(stranger, 0x8180, 0, ""));
  });
  check_reason(probe(keys("name: www.example.org", server.address())), Verdict::down,
               "what comes back does not belong to the question");
}

TEST_CASE("dns: a malformed answer is down, and says what is wrong with it", "[probe]") {
  const UdpServer server([](const std::string& query) {
    return std::vector{wire_answer(query, 0x8180, 1, wire_record(2, std::string("\xC0\xFF", 2)))};
  });
  check_reason(probe(keys("name: example.org, type: NS", server.address())), Verdict::down,
               "malformed answer: a name leads in circles");
}

TEST_CASE("dns: a hostile text cannot write to a terminal", "[probe]") {
  const UdpServer server([](const std::string& query) {
    const std::string text = "\x1b[31m\xE2\x80\xAEred\n" + std::string(200, 'x');
    return std::vector{
        wire_answer(query, 0x8180, 1, wire_record(16, static_cast<char>(text.size()) + text))};
  });
  const Result result =
      probe(keys("name: example.org, type: TXT, expect: {all: blue}", server.address()));
  CHECK(result.verdict == Verdict::down);
  CHECK(result.reason.starts_with("TXT of example.org is [31mred xxxx"));
  CHECK(result.reason.size() < 300);
  for (const std::string& note : result.notes) CHECK(note.find('\x1b') == std::string::npos);
}

TEST_CASE("dns: a server that does not know EDNS is asked without", "[probe]") {
  const UdpServer server([](const std::string& query) {
    if (parse_dns_message(query).edns)
      return std::vector{query.substr(0, 2) + "\x80\1" + std::string(8, '\0')};
    return std::vector{wire_answer(query, 0x8180, 1, wire_record(1, "abcd"))};
  });
  check_reason(probe(keys("name: www.example.org", server.address())), Verdict::up, "");
}

TEST_CASE("dns: hostile servers by TCP: cut, slow, strange", "[probe]") {
  const auto look = [](const RawServer::Script& script) {
    const RawServer server(script);
    return probe(keys("name: example.org, transport: tcp", server.address()));
  };
  const auto query = [](RawConnection& connection) {
    const std::string size = connection.read_exactly(2);
    return connection.read_exactly(static_cast<unsigned char>(size[1]));
  };
  const auto framed = [](const std::string& message) {
    return two_bytes(static_cast<unsigned>(message.size())) + message;
  };
  check_reason(look([&](RawConnection& connection) {
                 query(connection);
                 connection.send(
                     std::string("\xFF\xFF"
                                 "abc",
                                 5));
               }),
               Verdict::down, "the other side closed the connection");
  check_reason(look([&](RawConnection& connection) {
                 query(connection);
                 connection.send(std::string("\0\0", 2));
                 connection.hold();
               }),
               Verdict::down, "malformed answer: it ends in the middle");
  check_reason(look([&](RawConnection& connection) {
                 query(connection);
                 const std::string other = make_dns_query({.name = "example.net"}, 1);
                 connection.send(framed(wire_answer(other, 0x8180, 0, "")));
                 connection.hold();
               }),
               Verdict::down, "malformed answer: it does not belong to the question");
  check_reason(
      look([&](RawConnection& connection) {
        const std::string asked = query(connection);
        connection.send_slowly(framed(wire_answer(asked, 0x8180, 1, wire_record(1, "abcd"))));
        connection.hold();
      }),
      Verdict::up, "");
  // 100 MB and more: no more of it is read than the message has by its own word.
  check_reason(look([&](RawConnection& connection) {
                 const std::string asked = query(connection);
                 connection.send(framed(wire_answer(asked, 0x8180, 1, wire_record(1, "abcd"))));
                 while (connection.send(std::string(65536, 'x'))) {
                 }
               }),
               Verdict::up, "");
}

}  // namespace tocsin
