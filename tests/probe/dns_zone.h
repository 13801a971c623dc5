// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "probe/dns_fixture.h"
#include "support/nsd.h"

namespace tocsin {

inline std::string soa(int serial) {
  return "@ 3600 IN SOA ns1 admin " + std::to_string(serial) + " 7200 3600 1209600 300\n";
}

inline constexpr const char* kRecords =
    "@ 3600 IN NS ns1\n@ 3600 IN NS ns2\n"
    "www 300 IN A 192.0.2.1\nwww 300 IN A 192.0.2.2\nwww 300 IN AAAA 2001:db8::1\n"
    "alias 60 IN CNAME www\n"
    "@ 300 IN MX 10 mx1\n@ 300 IN MX 20 mx2\n"
    "@ 300 IN TXT \"v=spf1 mx \" \"-all\"\n"
    "@ 300 IN CAA 0 issue \"ca.example\"\n"
    "_443._tcp 300 IN TLSA 3 1 1 "
    "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20\n"
    "_imap._tcp 300 IN SRV 0 5 143 www\n"
    "@ 300 IN DS 12345 13 2 "
    "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20\n"
    "naptr 300 IN NAPTR 100 10 \"U\" \"E2U+sip\" \"!^.*$!sip:a@b!\" .\n";

inline std::string big_txt() {
  std::string out;
  for (int i = 0; i < 40; ++i) {
    out += "big 300 IN TXT \"" + std::to_string(i) + std::string(200, 'x') + "\"\n";
  }
  return out;
}

// One for all cases: it costs a moment to start.
inline const Nsd& zone_server() {
  static const Nsd kServer("example.org", soa(5) + kRecords + big_txt());
  return kServer;
}

inline std::string keys(const std::string& more,
                        const std::string& server = zone_server().address()) {
  return "timeout: 2s, dns: {server: \"" + server + "\", " + more + "}";
}

inline bool has_note(const Result& result, const std::string& part) {
  return std::any_of(result.notes.begin(), result.notes.end(),
                     [&](const std::string& note) { return note.find(part) != std::string::npos; });
}

// What the result must be, and its reason without the address in brackets.
inline void check_reason(const Result& result, Verdict verdict, const std::string& reason) {
  INFO(result.reason);
  CHECK(result.verdict == verdict);
  CHECK(result.reason == (reason.empty() ? "" : reason + " (" + result.address + ")"));
}

}  // namespace tocsin
