// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tocsin/time.h"

struct x509_st;            // OpenSSL's X509
struct x509_store_ctx_st;  // OpenSSL's X509_STORE_CTX

namespace tocsin {

// Words for what is wrong with a TLS connection, the same for streams and for HTTP. All functions
// are pure and thread-safe; texts have neither an address nor a secret in them, and what comes from
// a certificate is made printable and cut.

// What the wording needs to know of a certificate. A value type.
struct CertificateFacts {
  WallTime not_before{};
  WallTime not_after{};
  std::vector<std::string> names;  // whom it is for: DNS names and addresses, else the common name
  std::string subject;             // the common name, else the organisation; may be empty
  std::string issuer;              // the same of who signed it
};

// Why a certificate was refused: OpenSSL's X509_V_ERR_…, and the certificate it is about.
struct CertificateProblem {
  int error = 0;
  int depth = 0;  // 0: the server's own; above: an issuer of it
  CertificateFacts facts;
};

// A null certificate gives empty facts.
CertificateFacts certificate_facts(x509_st* certificate);
// From inside a verify callback, at the error it was called for.
CertificateProblem certificate_problem(x509_store_ctx_st* context);
// Until it ends, rounded down: 0 on its last day, negative once it is over.
int days_left(WallTime not_after, WallTime now) noexcept;

// "certificate expired 3 days ago", "certificate is for a.example, not b.example", "certificate is
// self-signed", … `host` is the name or literal address that was asked for.
std::string certificate_text(const CertificateProblem& problem, std::string_view host,
                             WallTime now);
// Whether it is not the certificate that is at fault but what we have to judge it by: no revocation
// list of its issuer, or one that has expired.
bool is_about_revocation_lists(int error) noexcept;
// A handshake that failed for another reason than the certificate; `error` is from OpenSSL's queue
// (ERR_get_error): "the other side does not speak TLS", "no TLS version in common", …
std::string handshake_text(unsigned long error);

}  // namespace tocsin
