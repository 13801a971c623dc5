// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/tls_text.h"
#include "tocsin/time.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX, which holds the trusted issuers (net/tls_contexts.h)

namespace tocsin {

// Certificates as facts. All functions are pure (but for what OpenSSL reads of the system's
// issuers), thread-safe, and take any bytes; texts from a certificate are made printable and cut.

struct X509Facts {
  CertificateFacts who;
  std::string subject;  // in full: "CN=shop.example.net,O=Example" (RFC 2253)
  std::string issuer;
  std::string serial;       // hexadecimal, lower case
  std::string fingerprint;  // SHA-256 of the whole, hexadecimal, lower case
  std::string key;          // "RSA 2048", "EC P-256", "ED25519"
  std::string key_kind;     // "RSA", "EC", …; empty: it cannot be read
  int key_bits = 0;
  std::string signature;        // "sha256WithRSAEncryption"
  bool weak_signature = false;  // by MD5 or SHA-1
  bool self_issued = false;
  bool must_staple = false;  // RFC 7633
};

// Of a certificate in DER; nothing if it is none.
std::optional<X509Facts> x509_facts(std::string_view der);
// Whether it is for that host name or literal address (RFC 6125; wildcards for one whole label).
bool is_for_host(std::string_view der, const std::string& host);

// What verification said of a chain, the other side's own certificate first.
struct ChainFacts {
  std::vector<CertificateProblem> problems;  // empty: trusted
  std::vector<std::string> chain;  // DER, up to the trusted issuer, as far as it was found
};
// `issuers`: who is trusted; `serves`: it must be fit for a server. Dates, names and revocation are
// not judged.
ChainFacts verify_chain(ssl_ctx_st* issuers, const std::vector<std::string>& sent, bool serves);

// A stapled OCSP response (RFC 6960).
struct OcspFacts {
  enum class Status : std::uint8_t { good, revoked, unknown, unusable };
  Status status = Status::unusable;
  std::string problem;  // of an unusable one: "it is expired", for people
  std::string reason;   // of a revocation: "keyCompromise"; may be empty
  WallTime revoked_at{};
  WallTime next_update{};  // the epoch: not told
};
// `chain` has the certificate and its issuer first. With `issuers` the response's signer must be
// trusted; null: it must be signed by the chain's issuer or somebody whom that has signed.
OcspFacts ocsp_facts(std::string_view response, const std::vector<std::string>& chain,
                     ssl_ctx_st* issuers, WallTime now);

// The certificates of a PEM file's text, in DER, at most 100.
std::vector<std::string> pem_certificates(const std::string& pem);

enum class KeyMatch : std::uint8_t { matches, differs, encrypted, unreadable };
// Whether a PEM file's private key belongs to the certificate.
KeyMatch match_key(const std::string& pem, std::string_view der);

}  // namespace tocsin
