// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// libcurl asks for, and verifies, the name that is in the URL. Where another one is wanted (a
// `server_name`, or an https:// proxy whose name has given way to its address) libcurl's own check
// of the name is off and OpenSSL's takes its place, in the verification that is ours anyway; the
// name asked for (SNI) is put into the handshake at its very start, by OpenSSL's info callback:
// libcurl has no option for it.
#include "net/curl_tls.h"

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>

#include "net/curl_engine.h"
#include "net/tls_contexts.h"

namespace tocsin {
namespace {

void free_name(void*, void* name, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<std::string*>(name);
}

// Where an SSL_CTX keeps the name to ask for. It is the context's own: a kept connection may
// outlive the transfer that made it.
int name_index() {
  static const int kIndex = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, &free_name);
  return kIndex;
}

bool is_address(const std::string& name) noexcept {
  const std::unique_ptr<ASN1_OCTET_STRING, void (*)(ASN1_OCTET_STRING*)> address(
      a2i_IPADDRESS(name.c_str()), &ASN1_OCTET_STRING_free);
  return address != nullptr;
}

void ask_for_name(const SSL* ssl, int where, int) {
  if ((where & SSL_CB_HANDSHAKE_START) == 0) return;
  const auto* name =
      static_cast<const std::string*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), name_index()));
  // An address is never asked for (RFC 6066, section 3). The macro for this has casts of C's.
  void* const asked =
      name == nullptr || is_address(*name) ? nullptr : const_cast<char*>(name->c_str());
  SSL_ctrl(const_cast<SSL*>(ssl), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, asked);
}

void set_asked_name(SSL_CTX* context, const std::string& name) {
  auto kept = std::make_unique<std::string>(name);
  if (SSL_CTX_set_ex_data(context, name_index(), kept.get()) != 1) return;
  static_cast<void>(kept.release());
  SSL_CTX_set_info_callback(context, &ask_for_name);
}

void verify_name(X509_STORE_CTX* context, const std::string& name) {
  X509_VERIFY_PARAM* const wanted = X509_STORE_CTX_get0_param(context);
  if (is_address(name)) {
    X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str());
  } else {
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    X509_VERIFY_PARAM_set1_host(wanted, name.c_str(), name.size());
  }
}

}  // namespace

bool CurlTls::with_proxy() const noexcept {
  return handshakes == 1 && exchange->proxy.starts_with("https:");
}

// The name to ask for and to verify instead of what libcurl would take; empty: libcurl's.
const std::string& CurlTls::name() const noexcept {
  return with_proxy() ? exchange->proxy_name : exchange->request.server_name;
}

int CurlTls::prepare(SSL_CTX* context) {
  if (++handshakes == 1) begun = std::chrono::steady_clock::now();
  // Replaces the issuers libcurl would load, and OpenSSL's verification by our own round it.
  SSL_CTX_set_cert_verify_callback(context, &CurlTls::verify, this);
  // A connection outlives its transfer; nothing of ours may be called in a later one.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
  if (!name().empty()) set_asked_name(context, name());
  const HttpRequest& request = exchange->request;
  if (!request.verify) return CURLE_OK;
  try {
    auto& contexts = asio::use_service<TlsContexts>(*loop);
    const auto trusted = contexts.get(request.ca_file, request.crl_file);
    // For verifying alone: libcurl adds to a context's own store, and keeps the first one it sees
    // for every later transfer, whomever that trusts.
    SSL_CTX_set1_verify_cert_store(context, SSL_CTX_get_cert_store(trusted.get()));
  } catch (const std::runtime_error& error) {
    exchange->trouble = error.what();
    return CURLE_SSL_CACERT_BADFILE;
  }
  return CURLE_OK;
}

int CurlTls::verify(X509_STORE_CTX* context, void* self) {
  auto& tls = *static_cast<CurlTls*>(self);
  Exchange& exchange = *tls.exchange;
  if (!tls.with_proxy()) {
    X509* const certificate = X509_STORE_CTX_get0_cert(context);
    if (certificate != nullptr && X509_up_ref(certificate) == 1) {
      exchange.certificate = std::shared_ptr<X509>(certificate, &X509_free);
    }
    const auto* ssl = static_cast<const SSL*>(
        X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
    if (ssl != nullptr) exchange.response.tls_version = SSL_get_version(ssl);
  }
  if (!exchange.request.verify) return 1;
  if (!tls.name().empty()) verify_name(context, tls.name());
  if (X509_verify_cert(context) == 1) return 1;
  exchange.problem = certificate_problem(context);
  exchange.problem_with_proxy = tls.with_proxy();
  return 0;
}

}  // namespace tocsin
