// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <openssl/bio.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

// OpenSSL's objects with their owners, for the sources that read certificates; nobody else includes
// this.
using CertificateHandle = std::unique_ptr<X509, void (*)(X509*)>;
using BioHandle = std::unique_ptr<BIO, int (*)(BIO*)>;
using CertificateStack = std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)>;

inline void free_stack(STACK_OF(X509) * stack) {
  sk_X509_pop_free(stack, X509_free);
}

// Null if it is none.
CertificateHandle parse_certificate(std::string_view der);
// Those of them that are certificates.
CertificateStack parse_chain(const std::vector<std::string>& ders);
std::string der_of(const X509* certificate);

}  // namespace tocsin
