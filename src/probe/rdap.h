// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/time.h"

namespace tocsin {

// What RDAP servers answer (RFC 9083) and how they are found (RFC 9224). All functions are pure and
// take any text; what comes out is printable and cut.

struct RdapDomain {
  // Why it is no answer to be used, for people: "no JSON: …", "an answer about example.com". Empty:
  // it is one.
  std::string problem;
  std::string name;                 // ldhName, lower case
  std::optional<WallTime> expires;  // of several, the first
  std::optional<WallTime> registered;
  std::vector<std::string> status;       // as RDAP writes them: "client transfer prohibited"
  std::string registrar;                 // its name, else its handle; empty: not told
  std::vector<std::string> nameservers;  // lower case, without the root's dot
};

// An answer to a query for `name`, which is in lower case. RFC 9083: objectClassName is "domain"
// (section 4.9), dates are RFC 3339 (section 4.5), entities have a jCard (section 5.1).
RdapDomain parse_rdap_domain(const std::string& json, std::string_view name);

// "clientTransferProhibited", as EPP and WHOIS have it, to "client transfer prohibited" (RFC 8056).
std::string rdap_status(std::string_view text);

// IANA's file: which RDAP server to ask for which domains. By suffix, "com" or "co.uk".
using RdapBootstrap = std::map<std::string, std::string, std::less<>>;
// Throws std::runtime_error if it is no such file.
RdapBootstrap parse_rdap_bootstrap(const std::string& json);
// Of the longest suffix (RFC 9224 section 4); empty if none fits.
std::string rdap_server(const RdapBootstrap& bootstrap, std::string_view name);

}  // namespace tocsin
