// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/dns_message.h"
#include "net/stream.h"
#include "tocsin/settings.h"
#include "tocsin/time.h"
#include "util/pattern.h"

namespace tocsin {

// What an answer has to be. Records' data are in the form in which they are compared.
struct DnsExpect {
  std::vector<int> rcodes{dns::kNoError};
  std::vector<std::string> any;                   // one of these is there
  std::vector<std::string> all;                   // each of these is there
  std::vector<std::string> none;                  // none of these is there
  std::optional<std::vector<std::string>> exact;  // these and no others; empty: no record at all
  std::optional<Pattern> matches;                 // found in one of them
  std::optional<bool> authoritative;
  std::optional<bool> authenticated;
  Millis ttl_least{-1};  // negative: any
  Millis ttl_most{-1};
  Millis response_time{0};  // no limit
};

// A zone's servers have to have the same serial.
struct DnsSerial {
  std::vector<StreamTarget> servers;  // empty: those of the zone's NS records
  std::uint32_t lag = 0;              // how far behind is fine
};

struct DnsSettings {
  DnsQuestion question;
  std::optional<StreamTarget> server;  // none: the machine's resolvers
  bool tcp = false;
  DnsExpect expect;
  std::optional<DnsSerial> serial;
};

// Asks for every key of the type; mistakes are reported to `settings`.
DnsSettings parse_dns(Settings& settings, Millis timeout);
// "MX of example.org", "MX of example.org at 127.0.0.1:5353".
std::string dns_subject(const DnsQuestion& question);
std::string dns_target(const DnsSettings& settings);

}  // namespace tocsin
