// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "net/tls_peer.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>

#include "net/x509_handles.h"

namespace tocsin {
namespace {

// A hostile server may send as many as fit in 100 KiB.
constexpr int kMostCertificates = 32;

int version_of(std::uint16_t tls) noexcept {
  switch (tls) {
    case 10: return TLS1_VERSION;
    case 11: return TLS1_1_VERSION;
    case 12: return TLS1_2_VERSION;
    default: return 0;
  }
}

}  // namespace

void prepare_to_examine(SSL* ssl, std::uint16_t most_tls, TlsPeer& peer) {
  peer = TlsPeer{};
  // At Debian's level a weak key ends the handshake before anybody can say what is weak.
  SSL_set_security_level(ssl, 0);
  if (version_of(most_tls) != 0) {
    // What OpenSSL's macros do, without their C casts.
    SSL_ctrl(ssl, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_VERSION, nullptr);
    SSL_ctrl(ssl, SSL_CTRL_SET_MAX_PROTO_VERSION, version_of(most_tls), nullptr);
  }
  SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_STATUS_REQ_TYPE, TLSEXT_STATUSTYPE_ocsp, nullptr);
  SSL_set_cert_cb(
      ssl,
      [](SSL*, void* asked) {
        static_cast<TlsPeer*>(asked)->wants_client_certificate = true;
        return 1;
      },
      &peer);
}

void note_chain(X509_STORE_CTX* context, TlsPeer& peer) {
  if (!peer.chain.empty()) return;
  STACK_OF(X509)* const sent = X509_STORE_CTX_get0_untrusted(context);
  const int count = std::min(sk_X509_num(sent), kMostCertificates);
  for (int i = 0; i < count; ++i) peer.chain.push_back(der_of(sk_X509_value(sent, i)));
  if (peer.chain.empty()) peer.chain.push_back(der_of(X509_STORE_CTX_get0_cert(context)));
}

void note_staple(SSL* ssl, TlsPeer& peer) {
  const unsigned char* bytes = nullptr;
  const long size = SSL_ctrl(ssl, SSL_CTRL_GET_TLSEXT_STATUS_REQ_OCSP_RESP, 0, &bytes);
  if (bytes == nullptr || size <= 0) return;
  peer.ocsp.assign(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

}  // namespace tocsin
