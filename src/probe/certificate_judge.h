// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>
#include <vector>

#include "net/x509.h"
#include "probe/certificate_settings.h"
#include "tocsin/result.h"

namespace tocsin {

// What was presented, by a server or in a file.
struct Presented {
  std::vector<std::string> chain;  // DER, the certificate that is looked at first; not empty
  std::string ocsp;                // DER; empty: none
  std::string tls_version;         // "TLSv1.3 …"; empty: a file
  std::string accepts_old;         // "TLSv1.1": it takes an older version than it may; empty: no
};

// Makes a result that is up what the certificate and its chain make of it: everything that is wrong
// is found, what makes it down first. `issuers` is null where nothing is verified. Not quite pure:
// OpenSSL may read the system's issuers.
void judge_certificates(Result& result, const CertificateSettings& settings,
                        const Presented& presented, ssl_ctx_st* issuers, WallTime now);

// For `tocsin probe`: every certificate's facts.
void explain_certificates(Result& result, const Presented& presented, WallTime now);

}  // namespace tocsin
