// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tocsin/result.h"
#include "tocsin/secret.h"
#include "tocsin/settings.h"
#include "tocsin/time.h"
#include "util/pattern.h"

namespace tocsin {

struct DomainExpect {
  std::optional<Pattern> registrar;
  std::vector<std::string> nameservers;  // exactly these; empty: any
  std::vector<std::string> status;       // each of these; as RDAP writes them
};

struct DomainSettings {
  std::string name;  // in lower case, other than ASCII as xn--
  bool expiry = true;
  int days = 30;               // fewer left is degraded
  int days_down = 0;           // fewer left is down
  Text rdap;                   // the server to ask; empty: the one the bootstrap file names
  Text bootstrap;              // where that file is
  std::string bootstrap_file;  // or a copy of it on this machine; empty: none
  Text proxy;
  Millis ask_every = std::chrono::hours{6};
  Verdict unanswered = Verdict::unknown;  // what it is when nobody answers
  DomainExpect expect;
};

// Asks for every key of the type; mistakes are reported to `settings`.
DomainSettings parse_domain(Settings& settings);

}  // namespace tocsin
