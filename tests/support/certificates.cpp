// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "support/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <stdexcept>

namespace tocsin {
namespace {

using Key = std::shared_ptr<EVP_PKEY>;
using Certificate = std::shared_ptr<X509>;

void must(bool good) {
  if (!good) throw std::runtime_error("OpenSSL refuses to make a test's certificate");
}

void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  must(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

Certificate blank(const Certificates::Spec& spec, EVP_PKEY* key) {
  Certificate out(X509_new(), X509_free);
  X509_set_version(out.get(), 2);
  unsigned serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(out.get()), serial);
  constexpr long kDay = 24L * 60 * 60;
  X509_gmtime_adj(X509_getm_notBefore(out.get()), spec.from_days * kDay);
  X509_gmtime_adj(X509_getm_notAfter(out.get()), spec.to_days * kDay);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(out.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(spec.name.c_str()), -1, -1, 0);
  must(X509_set_pubkey(out.get(), key) == 1);
  return out;
}

void write_key(const std::filesystem::path& path, EVP_PKEY* key) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  must(file != nullptr &&
       PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  std::fclose(file);
}

void write_certificate(const std::filesystem::path& path, X509* certificate) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  must(file != nullptr && PEM_write_X509(file, certificate) == 1);
  std::fclose(file);
}

}  // namespace

struct Certificates::Authority {
  Key key;
  Certificate certificate;
};

Certificates::Certificates(std::filesystem::path folder)
    : folder_(std::move(folder)), authority_(std::make_unique<Authority>()) {
  const Spec spec{.name = "Tocsin Test Authority", .to_days = 3650};
  authority_->key = Key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  authority_->certificate = blank(spec, authority_->key.get());
  X509* const own = authority_->certificate.get();
  X509_set_issuer_name(own, X509_get_subject_name(own));
  extend(own, own, NID_basic_constraints, "critical,CA:TRUE");
  extend(own, own, NID_subject_key_identifier, "hash");
  must(X509_sign(own, authority_->key.get(), EVP_sha256()) > 0);
  write_certificate(authority(), own);
}

Certificates::~Certificates() = default;

std::filesystem::path Certificates::authority() const {
  return folder_ / "authority.pem";
}

Certificates::Files Certificates::make(const Spec& spec) {
  const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const Certificate made = blank(spec, key.get());
  X509* const issuer = spec.self_signed ? made.get() : authority_->certificate.get();
  X509_set_issuer_name(made.get(), X509_get_subject_name(issuer));
  std::string names;
  for (const std::string& host : spec.hosts) {
    const bool address = host.find_first_not_of("0123456789.:") == std::string::npos;
    names += (names.empty() ? "" : ",") + std::string(address ? "IP:" : "DNS:") + host;
  }
  if (!names.empty()) extend(made.get(), issuer, NID_subject_alt_name, names);
  EVP_PKEY* const signer = spec.self_signed ? key.get() : authority_->key.get();
  must(X509_sign(made.get(), signer, EVP_sha256()) > 0);
  const Files files{folder_ / (spec.name + ".pem"), folder_ / (spec.name + ".key")};
  write_certificate(files.certificate, made.get());
  write_key(files.key, key.get());
  return files;
}

}  // namespace tocsin
