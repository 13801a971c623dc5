// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <catch2/catch.hpp>
#include <random>

#include "probe/dns_fixture.h"

namespace tocsin {
namespace {

const std::string kQuery = make_dns_query({.name = "example.org"}, 0x1234);

DnsMessage answered(unsigned type, const std::string& data) {
  return parse_dns_message(wire_answer(kQuery, 0x8180, 1, wire_record(type, data)));
}

std::string data_of(unsigned type, const std::string& data) {
  const DnsMessage message = answered(type, data);
  INFO(message.problem);
  REQUIRE(message.problem.empty());
  REQUIRE(message.answers.size() == 1);
  return message.answers[0].data;
}

std::string problem_of(unsigned type, const std::string& data) {
  return std::string(answered(type, data).problem);
}

}  // namespace

TEST_CASE("dns: a query asks for one name, with EDNS and the flags that are wanted", "[probe]") {
  CHECK(make_dns_query({.name = "a.bc", .type = 15, .recursion = false, .edns = false}, 0x0102) ==
        std::string("\1\2\0\0\0\1\0\0\0\0\0\0\1a\2bc\0\0\x0F\0\1", 22));
  const DnsMessage query =
      parse_dns_message(make_dns_query({.name = "a.bc", .type = 1, .dnssec = true}, 7));
  CHECK(query.problem.empty());
  CHECK(query.id == 7);
  CHECK_FALSE(query.response);
  CHECK(query.recursion_desired);
  CHECK(query.authenticated);
  CHECK(query.edns);
  CHECK(query.question == "a.bc");
  CHECK(parse_dns_message(make_dns_query({.name = "."}, 7)).question == ".");
  CHECK(parse_dns_message(make_dns_query({.name = "a."}, 7)).question == "a");
}

TEST_CASE("dns: flags, codes and sections are read", "[probe]") {
  const DnsMessage message = answered(1, std::string("\xC0\0\2\1", 4));
  CHECK(message.response);
  CHECK(message.recursion_available);
  CHECK_FALSE(message.authoritative);
  CHECK(message.question == "example.org");
  CHECK(message.answers.at(0).name == "example.org");
  CHECK(message.answers.at(0).ttl == 300);
  CHECK(parse_dns_message(wire_answer(kQuery, 0x8523, 0, "")).rcode == dns::kNxDomain);
  CHECK(parse_dns_message(wire_answer(kQuery, 0x8523, 0, "")).authenticated);
  CHECK(parse_dns_message(wire_answer(kQuery, 0x8700, 0, "")).truncated);
  // EDNS has the upper bits of the code: BADVERS is 16.
  const std::string opt = std::string("\0\0\x29\x10\0\1\0\0\0\0\0", 11);
  CHECK(parse_dns_message(wire_answer(kQuery, 0x8180, 1, opt)).rcode == 16);
  CHECK(parse_dns_message(wire_answer(kQuery, 0x8180, 1, opt)).answers.empty());
}

TEST_CASE("dns: each type's data reads as a zone file has it", "[probe]") {
  const std::string name = wire_name("ns.example.org");
  CHECK(data_of(1, std::string("\x7F\0\0\1", 4)) == "127.0.0.1");
  CHECK(data_of(28, std::string(15, '\0') + "\1") == "::1");
  CHECK(data_of(2, name) == "ns.example.org");
  CHECK(data_of(2, std::string(1, '\0')) == ".");
  CHECK(data_of(2, std::string("\2ns\xC0\x0C", 5)) == "ns.example.org");
  CHECK(data_of(15, two_bytes(10) + name) == "10 ns.example.org");
  CHECK(data_of(33, two_bytes(1) + two_bytes(2) + two_bytes(443) + name) ==
        "1 2 443 ns.example.org");
  CHECK(data_of(6, name + wire_name("me.example.org") +
                       std::string("\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5", 20)) ==
        "ns.example.org me.example.org 1 2 3 4 5");
  CHECK(data_of(16, std::string("\3abc\0\2de", 8)) == "abcde");
  CHECK(data_of(257, std::string("\0\5issueca\"x", 11)) == "0 issue \"ca\\\"x\"");
  CHECK(data_of(52, std::string("\3\1\1\xAB\xCD", 5)) == "3 1 1 abcd");
  CHECK(data_of(48, std::string("\1\1\3\x0D"
                                "Ma",
                                6)) == "257 3 13 TWE=");
  CHECK(data_of(48, std::string("\1\1\3\x0D"
                                "Man",
                                7)) == "257 3 13 TWFu");
  CHECK(data_of(13, std::string("\1a\3b c", 6)) == "\"a\" \"b c\"");
  CHECK(data_of(65280, std::string("\1\2", 2)) == "\\# 2 0102");
  CHECK(data_of(65280, "") == "\\# 0");
  // What is no part of a host's name is escaped, a dot within a label too.
  CHECK(data_of(2, std::string("\4a.\x1B\xFF\0", 6)) == "a\\046\\027\\255");
}

TEST_CASE("dns: a message that does not hold together says why, and nothing is read beyond it",
          "[probe]") {
  CHECK(problem_of(1, "abc") == "it ends in the middle");
  CHECK(problem_of(1, "abcde") == "a record's data is longer than its type has fields");
  CHECK(problem_of(16, std::string("\5ab", 3)) == "it ends in the middle");
  CHECK(problem_of(15, "\1") == "it ends in the middle");
  CHECK(problem_of(2, std::string("\x80"
                                  "a",
                                  2)) == "a label of an unknown kind");
  // A pointer to itself, and one forward.
  CHECK(problem_of(2, std::string("\xC0\x29", 2)) == "a name leads in circles");
  CHECK(problem_of(2, std::string("\xC0\xFF", 2)) == "a name leads in circles");
  std::string longest;
  for (int i = 0; i < 5; ++i) longest += "\x3F" + std::string(63, 'x');
  CHECK(problem_of(2, longest + '\0') == "a name is longer than 255 bytes");

  const std::string whole = wire_answer(kQuery, 0x8180, 1, wire_record(1, "abcd"));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO(size);
    CHECK_FALSE(parse_dns_message(whole.substr(0, size)).problem.empty());
  }
  std::string announced = whole;
  announced[announced.size() - 5] = '\x20';
  CHECK(parse_dns_message(announced).problem == "a record is longer than the message");
  std::string questions = whole;
  questions[5] = 2;
  CHECK(parse_dns_message(questions).problem == "more than one question");
  std::string many;
  for (int i = 0; i < 5000; ++i) many += std::string("\0\0\1\0\1\0\0\0\0\0\4abcd", 15);
  CHECK(parse_dns_message(wire_answer(kQuery, 0x8180, 5000, many)).problem ==
        "more than 4096 records");
}

// Each label's pointer leads to the one before it: legal, and quadratic work if names of many
// records did it, which 255 bytes bound.
TEST_CASE("dns: whatever the bytes are, parsing ends and its output is bounded", "[probe]") {
  std::mt19937 random(20261121);
  const std::string seed = wire_answer(kQuery, 0x8180, 3,
                                       wire_record(2, std::string("\1a\xC0\x0C", 4)) +
                                           wire_record(16, std::string("\3abc", 4)) +
                                           wire_record(15, std::string("\0\1\1b\xC0\x29", 6)));
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = seed;
    for (unsigned i = random() % 6; i > 0; --i) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    bytes.resize(bytes.size() - random() % 3);
    const DnsMessage message = parse_dns_message(bytes);
    std::size_t total = message.question.size();
    for (const auto* section : {&message.answers, &message.authority, &message.additional}) {
      for (const DnsRecord& record : *section) total += record.name.size() + record.data.size();
    }
    REQUIRE(total < 16 * 1024);
  }
}

TEST_CASE("dns: names, types and codes are checked and brought into one form", "[probe]") {
  for (const char* good : {"a", "example.org.", "_dmarc.example.org", ".", "*.example.org"}) {
    CHECK(is_dns_name(good));
  }
  const std::string long_label(64, 'a');
  for (const std::string& bad :
       {std::string(), std::string(".a"), std::string("a..b"), std::string("a b"),
        std::string("b\xC3\xBC"), long_label, std::string("a..")}) {
    INFO(bad);
    CHECK_FALSE(is_dns_name(bad));
  }
  CHECK(canonical_dns_name("Example.ORG.") == "example.org");
  CHECK(reverse_dns_name("192.0.2.7") == "7.2.0.192.in-addr.arpa");
  CHECK(reverse_dns_name("2001:db8::1") ==
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
  CHECK_FALSE(reverse_dns_name("example.org"));
  CHECK(dns_type("mx") == 15);
  CHECK(dns_type("TYPE65") == 65);
  CHECK_FALSE(dns_type("TYPE65536"));
  CHECK_FALSE(dns_type("MXX"));
  CHECK(dns_rcode("nxdomain") == 3);
  CHECK(dns_rcode_name(17) == "RCODE17");
  CHECK(canonical_dns_data(28, "2001:DB8:0::1") == "2001:db8::1");
  CHECK(canonical_dns_data(15, "10   MX.example.org.") == "10 mx.example.org");
  CHECK(canonical_dns_data(52, "3 1 1 ABCD EF") == "3 1 1 abcdef");
  CHECK(canonical_dns_data(257, "0 issue \"ca.example\"") == "0 issue \"ca.example\"");
  CHECK(canonical_dns_data(16, "v=spf1  -all") == "v=spf1  -all");
  for (const auto& [type, bad] :
       std::vector<std::pair<std::uint16_t, std::string>>{{1, "::1"},
                                                          {1, "192.0.2"},
                                                          {28, "192.0.2.1"},
                                                          {15, "mx.example.org"},
                                                          {15, "70000 a"},
                                                          {15, "10 a b"},
                                                          {2, "a b"},
                                                          {52, "3 1 1 xyz"},
                                                          {257, "0 issue \"open"},
                                                          {257, "0"}}) {
    INFO(bad);
    CHECK_FALSE(canonical_dns_data(type, bad));
  }
}

}  // namespace tocsin
