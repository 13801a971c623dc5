// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/io_context.hpp>

#include "tocsin/time.h"

struct ssl_ctx_st;         // OpenSSL's SSL_CTX
struct x509_store_ctx_st;  // OpenSSL's X509_STORE_CTX

namespace tocsin {

struct Exchange;

// Our part in the TLS handshakes of one transfer: whom to trust, which name to ask for and to
// verify, and what was found. libcurl hands each handshake's settings to `prepare`; where an
// https:// proxy is asked, the first handshake is the proxy's. Loop's thread only.
struct CurlTls {
  asio::io_context* loop = nullptr;
  Exchange* exchange = nullptr;
  SteadyTime begun{};  // of the first handshake; unset: there was none
  int handshakes = 0;

  // For CURLOPT_SSL_CTX_FUNCTION: a CURLcode.
  int prepare(ssl_ctx_st* context);

 private:
  static int verify(x509_store_ctx_st* context, void* self);
  bool with_proxy() const noexcept;
  const std::string& name() const noexcept;
};

}  // namespace tocsin
