// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "probe/probe_fixture.h"
#include "support/pki.h"
#include "util/duration.h"

namespace tocsin {

inline std::string date_in(int days) {
  const WallTime at = SystemClock().wall() + std::chrono::days{days} + std::chrono::hours{1};
  return human_time(at).substr(0, 10);
}

inline bool has_note(const Result& result, const std::string& part) {
  return std::any_of(result.notes.begin(), result.notes.end(),
                     [&](const std::string& note) { return note.find(part) != std::string::npos; });
}

// A root, an issuer below it, and whatever a test asks for below that.
struct Authority {
  Authority() {
    pki.make({.name = "Root", .to_days = 3650, .authority = true});
    pki.make({.name = "Issuer", .issuer = "Root", .to_days = 1000, .authority = true});
  }

  std::string keys(const std::string& address, const std::string& more = "") const {
    return "timeout: 10s, certificate: {address: \"" + address +
           "\", ca_file: " + pki.certificate("Root").string() + (more.empty() ? "" : ", ") + more +
           "}";
  }
  // Serves it with its issuer.
  Result look(Pki::Spec spec, const std::string& more = "",
              std::vector<std::string> arguments = {}) {
    if (spec.name.empty()) spec.name = "shop.example";
    if (spec.issuer.empty()) spec.issuer = "Issuer";
    if (spec.hosts.empty()) spec.hosts = {"127.0.0.1", "shop.example"};
    pki.make(spec);
    arguments.insert(arguments.end(), {"-cert_chain", pki.certificate(spec.issuer).string()});
    const TlsServer server(pki, spec.name, arguments);
    return probe(keys(server.address(), more));
  }

  Pki pki;
};

inline void check_reason(const Result& result, Verdict verdict, const std::string& reason) {
  INFO(result.reason);
  CHECK(result.verdict == verdict);
  CHECK(result.reason == (reason.empty() ? "" : reason + " (" + result.address + ")"));
}

}  // namespace tocsin
