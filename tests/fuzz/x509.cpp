// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Certificates in DER and PEM, keys and stapled answers.
#include "net/x509.h"

#include <string>

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const std::string bytes(fuzz::text_of(data, size));
  std::vector<std::string> found = pem_certificates(bytes);
  fuzz::require(found.size() <= 100, "the certificates of a file are bounded");
  found.push_back(bytes);
  for (const std::string& der : found) {
    const auto facts = x509_facts(der);
    is_for_host(der, "shop.example.net");
    is_for_host(der, "192.0.2.7");
    match_key(bytes, der);
    if (!facts) continue;
    for (const std::string& name : facts->who.names) fuzz::require_printable(name, 1024);
    fuzz::require_printable(facts->who.subject, 1024);
    fuzz::require_printable(facts->who.issuer, 1024);
    fuzz::require_printable(facts->subject, 4096);
    fuzz::require_printable(facts->issuer, 4096);
    fuzz::require_printable(facts->key, 256);
    fuzz::require_printable(facts->signature, 256);
    fuzz::require(facts->fingerprint.size() == 64, "a fingerprint has 64 digits");
  }
  const OcspFacts ocsp = ocsp_facts(bytes, {found.front(), found.back()}, nullptr, WallTime{});
  fuzz::require_printable(ocsp.problem, 1024);
  fuzz::require_printable(ocsp.reason, 256);
  return 0;
}
