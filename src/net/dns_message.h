// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

// DNS messages (RFC 1035 section 4), read and written. c-ares' own parsers give neither the
// response code nor the flags, the sections or most times to live, which is what a monitor looks
// at. All functions are pure, and bounded for any input: a message has at most 64 KiB, a name at
// most 255 bytes, and compression pointers only ever lead backwards.

// Numbers of record types (IANA's registry "DNS Parameters"), those that the code itself names.
namespace dns {
inline constexpr std::uint16_t kA = 1;
inline constexpr std::uint16_t kNs = 2;
inline constexpr std::uint16_t kCname = 5;
inline constexpr std::uint16_t kSoa = 6;
inline constexpr std::uint16_t kPtr = 12;
inline constexpr std::uint16_t kTxt = 16;
inline constexpr std::uint16_t kAaaa = 28;
inline constexpr std::uint16_t kOpt = 41;

inline constexpr int kNoError = 0;
inline constexpr int kFormErr = 1;
inline constexpr int kServFail = 2;
inline constexpr int kNxDomain = 3;
inline constexpr int kNotImp = 4;
inline constexpr int kRefused = 5;
}  // namespace dns

struct DnsRecord {
  std::string name;  // without the root's dot, bytes that are no part of a host's name as \DDD
  std::uint16_t type = 0;
  std::uint32_t ttl = 0;  // seconds
  // As a zone file writes it, names without the root's dot; the strings of a TXT joined, without
  // quotes and as they came. Of an unknown type: RFC 3597's "\# 3 0a0b0c".
  std::string data;
};

struct DnsMessage {
  std::uint16_t id = 0;
  int opcode = 0;
  int rcode = 0;  // with EDNS' upper bits
  bool response = false;
  bool authoritative = false;
  bool truncated = false;
  bool recursion_desired = false;
  bool recursion_available = false;
  bool authenticated = false;  // AD, RFC 4035 section 3.2.3
  bool edns = false;           // it has an OPT record, which is not among the additional ones
  bool has_question = false;
  std::string question;
  std::uint16_t question_type = 0;
  std::vector<DnsRecord> answers;
  std::vector<DnsRecord> authority;
  std::vector<DnsRecord> additional;
  // What is wrong with it, for people: "a name leads in circles". Empty: nothing. What was read
  // before is there all the same.
  std::string_view problem;
};

DnsMessage parse_dns_message(std::string_view bytes);

struct DnsQuestion {
  std::string name;  // is_dns_name() holds for it
  std::uint16_t type = dns::kA;
  bool recursion = true;  // RD
  bool dnssec = false;    // DO, and AD: tell whether it was validated (RFC 6840 section 5.7)
  bool edns = true;       // RFC 6891, for answers up to 1232 bytes by UDP
};

// The query as it goes over UDP; TCP wants its size in two bytes before it.
std::string make_dns_query(const DnsQuestion& question, std::uint16_t id);

// Labels of 1 to 63 bytes of visible ASCII, 255 in all; "." is the root, a dot at the end is fine.
bool is_dns_name(std::string_view text) noexcept;
// As names are compared: in lower case, without the root's dot.
std::string canonical_dns_name(std::string_view text);
// "7.2.0.192.in-addr.arpa" of a literal address (RFC 1035 section 3.5, RFC 3596 section 2.5).
std::optional<std::string> reverse_dns_name(std::string_view address);

// "MX", "TYPE65280" (RFC 3597 section 5); and back, case-insensitively.
std::string dns_type_name(std::uint16_t type);
std::optional<std::uint16_t> dns_type(std::string_view name);
// Every type that has a name here, "A" first.
std::vector<std::string_view> dns_type_names();
// "NXDOMAIN", "RCODE23"; and back.
std::string dns_rcode_name(int rcode);
std::optional<int> dns_rcode(std::string_view name);

// An expected record's data in the form that DnsRecord::data has: addresses and names in their
// canonical form, hexadecimal digits in lower case. Nothing if it cannot be of that type.
std::optional<std::string> canonical_dns_data(std::uint16_t type, std::string_view text);
// Of what came, for comparing: names in lower case.
std::string comparable_dns_data(std::uint16_t type, std::string_view data);

}  // namespace tocsin
