// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace tocsin {

// A private RSA key that signs as JWTs want it: RS256 is RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518,
// section 3.3). OpenSSL itself rather than Poco::JWT, whose two libraries would add 250 KiB to the
// resident size of every daemon. Immutable; thread-safe.
class Rs256Key {
 public:
  // The key in PEM, PKCS#8 or PKCS#1, not encrypted. Null if it is none, is no RSA key, or has
  // fewer than the 2048 bits that RFC 7518 asks for.
  static std::shared_ptr<const Rs256Key> parse(std::string_view pem);

  // The signature's bytes. Throws std::runtime_error if OpenSSL cannot (no memory).
  std::string sign(std::string_view text) const;

 private:
  explicit Rs256Key(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}

  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace tocsin
