// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <string>
#include <vector>

struct ssl_st;             // OpenSSL's SSL
struct x509_store_ctx_st;  // OpenSSL's X509_STORE_CTX

namespace tocsin {

// What the other side presented in a TLS handshake that was made to look at it. A value type.
struct TlsPeer {
  std::vector<std::string> chain;         // DER, as it was sent, the other side's own first
  std::string ocsp;                       // the stapled OCSP response, DER; empty: none
  bool wants_client_certificate = false;  // it asked for ours
};

// For TLS before its handshake: any certificate and key will do, a staple is asked for, and if
// `most_tls` is 10, 11 or 12, nothing newer than that TLS version is offered, but everything older.
// `peer` must outlive the handshake.
void prepare_to_examine(ssl_st* ssl, std::uint16_t most_tls, TlsPeer& peer);
// From inside a verify callback: keeps the chain.
void note_chain(x509_store_ctx_st* context, TlsPeer& peer);
// After a handshake that succeeded.
void note_staple(ssl_st* ssl, TlsPeer& peer);

}  // namespace tocsin
