// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/stream.h"
#include "probe/starttls.h"
#include "tocsin/settings.h"
#include "tocsin/time.h"
#include "util/pattern.h"

namespace tocsin {

struct CertificateExpect {
  int days = 14;                          // fewer left is degraded
  int days_down = 0;                      // fewer left is down
  std::optional<Pattern> issuer;          // found in the issuer's full name
  std::vector<std::string> names;         // it is for each of these, besides the host
  std::vector<std::string> fingerprints;  // SHA-256, one of these; empty: any
  int rsa_bits = 2048;                    // fewer is down
  int ec_bits = 224;
  bool sha1 = false;            // signatures by SHA-1 and MD5 are fine
  bool staple = false;          // an OCSP staple must be there
  std::uint16_t least_tls = 0;  // 11, 12, 13: nothing older may be taken; 0: not looked at
  Millis response_time{0};
};

struct CertificateSettings {
  StreamTarget target;
  std::optional<StartTls> starttls;
  std::string file;  // PEM, in place of a target
  std::string key;   // PEM; with `file`
  std::string server_name;
  bool verify = true;
  std::string ca_file;
  CertificateExpect expect;

  bool is_local() const noexcept { return !file.empty(); }
  // Whom it has to be for: the server's name, else the host; empty with a file.
  const std::string& host() const noexcept {
    return server_name.empty() ? target.host : server_name;
  }
};

// Asks for every key of the type; mistakes are reported to `settings`.
CertificateSettings parse_certificate_check(Settings& settings, Millis timeout);

}  // namespace tocsin
