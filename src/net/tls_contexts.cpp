// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "net/tls_contexts.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace tocsin {
namespace {

std::runtime_error cannot_use(const std::string& file, std::string why) {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  if (ERR_SYSTEM_ERROR(error)) why = std::generic_category().message(ERR_GET_REASON(error));
  return std::runtime_error("cannot use the " + file + ": " + why);
}

std::shared_ptr<SSL_CTX> make(const std::string& ca_file) {
  ERR_clear_error();
  const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (!context) throw std::runtime_error("OpenSSL cannot be set up");
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  if (ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context.get());
  } else if (SSL_CTX_load_verify_locations(context.get(), ca_file.c_str(), nullptr) != 1) {
    throw cannot_use("CA file " + ca_file, "it holds no certificate in PEM");
  }
  return context;
}

void load_revocations(SSL_CTX& context, const std::string& crl_file) {
  X509_STORE* const store = SSL_CTX_get_cert_store(&context);
  X509_LOOKUP* const lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
  if (lookup == nullptr || X509_load_crl_file(lookup, crl_file.c_str(), X509_FILETYPE_PEM) < 1) {
    throw cannot_use("CRL file " + crl_file, "it holds no revocation list in PEM");
  }
  X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
}

}  // namespace

asio::execution_context::id TlsContexts::id;

TlsContexts::Stamp TlsContexts::stamp_of(const std::string& ca_file) noexcept {
  // The system's issuers are a folder; it changes when an issuer comes or goes.
  const char* path = ca_file.empty() ? X509_get_default_cert_dir() : ca_file.c_str();
  struct stat found {};
  if (stat(path, &found) != 0) return {};
  return {found.st_mtim.tv_sec, found.st_mtim.tv_nsec, found.st_size, found.st_ino};
}

std::shared_ptr<SSL_CTX> TlsContexts::get(const std::string& ca_file) {
  return get(ca_file, {});
}

std::shared_ptr<SSL_CTX> TlsContexts::get(const std::string& ca_file, const std::string& crl_file) {
  const Stamp stamp = stamp_of(ca_file);
  const Stamp crl_stamp = crl_file.empty() ? Stamp{} : stamp_of(crl_file);
  const std::string files = ca_file + '\n' + crl_file;
  const auto at = contexts_.find(files);
  if (at != contexts_.end() && at->second.stamp == stamp && at->second.crl_stamp == crl_stamp) {
    return at->second.context;
  }
  auto context = make(ca_file);
  if (!crl_file.empty()) {
    load_revocations(*context, crl_file);
  } else if (!ca_file.empty()) {
    // Whom the file names is trusted, be it no root. (With lists the chain must end at a root.)
    X509_STORE_set_flags(SSL_CTX_get_cert_store(context.get()), X509_V_FLAG_PARTIAL_CHAIN);
  }
  contexts_.insert_or_assign(files, Entry{stamp, crl_stamp, context});
  return context;
}

}  // namespace tocsin
