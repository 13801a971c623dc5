// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "net/x509.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "net/x509_handles.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kLongestName = 200;
constexpr std::size_t kMostInFile = 100;
constexpr int kTlsFeature = 5;  // status_request, RFC 7633 section 4.2.3.1

std::string hex(const unsigned char* bytes, std::size_t size) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < size; ++i) {
    out += kDigits[bytes[i] >> 4];
    out += kDigits[bytes[i] & 15];
  }
  return out;
}

std::string full_name(const X509_NAME* name) {
  const BioHandle out(BIO_new(BIO_s_mem()), BIO_free);
  const unsigned long how = XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);
  if (!out || X509_NAME_print_ex(out.get(), name, 0, how) < 0) return {};
  const char* text = nullptr;
  const long size = BIO_ctrl(out.get(), BIO_CTRL_INFO, 0, &text);
  if (text == nullptr || size <= 0) return {};
  return printable(std::string_view(text, static_cast<std::size_t>(size)), kLongestName);
}

std::string fingerprint_of(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) return {};
  return hex(digest.data(), size);
}

std::string serial_of(const X509* certificate) {
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate);
  return hex(ASN1_STRING_get0_data(serial), static_cast<std::size_t>(ASN1_STRING_length(serial)));
}

void read_key(X509* certificate, X509Facts& out) {
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key == nullptr) return;
  const char* kind = EVP_PKEY_get0_type_name(key);
  out.key_kind = kind == nullptr ? "" : kind;
  out.key_bits = EVP_PKEY_get_bits(key);
  std::array<char, 64> group{};
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1) {
    const char* nist = EC_curve_nid2nist(OBJ_sn2nid(group.data()));
    out.key = out.key_kind + " " + (nist == nullptr ? group.data() : nist);
  } else {
    out.key = out.key_kind;
    if (out.key_kind.starts_with("RSA")) out.key += " " + std::to_string(out.key_bits);
  }
}

void read_signature(const X509* certificate, X509Facts& out) {
  const int nid = X509_get_signature_nid(certificate);
  const char* name = OBJ_nid2ln(nid);
  out.signature = name == nullptr ? "unknown" : name;
  int digest = NID_undef;
  X509_get_signature_info(const_cast<X509*>(certificate), &digest, nullptr, nullptr, nullptr);
  out.weak_signature = digest == NID_sha1 || digest == NID_md5 || digest == NID_md4 ||
                       digest == NID_md2 || digest == NID_md5_sha1;
}

bool must_staple(const X509* certificate) {
  auto* features =
      static_cast<TLS_FEATURE*>(X509_get_ext_d2i(certificate, NID_tlsfeature, nullptr, nullptr));
  bool out = false;
  for (int i = 0; features != nullptr && i < sk_ASN1_INTEGER_num(features); ++i) {
    out = out || ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) == kTlsFeature;
  }
  TLS_FEATURE_free(features);
  return out;
}

int no_password(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

// What the dates say is for the caller to judge, who has them.
bool is_about_dates(int error) noexcept {
  return error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID;
}

// Keeps every problem, and goes on, so that the next one is found too.
int note_problem(int fine, X509_STORE_CTX* context) {
  auto* problems = static_cast<std::vector<CertificateProblem>*>(
      X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
  if (fine == 1 || problems->size() > 32) return 1;
  CertificateProblem problem = certificate_problem(context);
  if (is_about_dates(problem.error)) return 1;
  // One that cannot be found leads to two more that say the same.
  const bool same = std::any_of(problems->begin(), problems->end(), [&](const auto& known) {
    return known.depth == problem.depth &&
           (known.error == problem.error || problem.error == X509_V_ERR_CERT_UNTRUSTED ||
            problem.error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE);
  });
  if (!same) problems->push_back(std::move(problem));
  return 1;
}

}  // namespace

CertificateHandle parse_certificate(std::string_view der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  CertificateHandle out(d2i_X509(nullptr, &bytes, static_cast<long>(der.size())), X509_free);
  ERR_clear_error();
  return out;
}

std::string der_of(const X509* certificate) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate, &bytes);
  if (size <= 0) return {};
  std::string out(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return out;
}

CertificateStack parse_chain(const std::vector<std::string>& ders) {
  CertificateStack out(sk_X509_new_null(), free_stack);
  for (const std::string& der : ders) {
    CertificateHandle certificate = parse_certificate(der);
    if (certificate && sk_X509_push(out.get(), certificate.get()) > 0) {
      static_cast<void>(certificate.release());
    }
  }
  return out;
}

std::optional<X509Facts> x509_facts(std::string_view der) {
  const CertificateHandle certificate = parse_certificate(der);
  if (!certificate) return std::nullopt;
  X509Facts out;
  out.who = certificate_facts(certificate.get());
  out.subject = full_name(X509_get_subject_name(certificate.get()));
  out.issuer = full_name(X509_get_issuer_name(certificate.get()));
  out.serial = serial_of(certificate.get());
  out.fingerprint = fingerprint_of(certificate.get());
  read_key(certificate.get(), out);
  read_signature(certificate.get(), out);
  out.self_issued = X509_NAME_cmp(X509_get_subject_name(certificate.get()),
                                  X509_get_issuer_name(certificate.get())) == 0;
  out.must_staple = must_staple(certificate.get());
  ERR_clear_error();
  return out;
}

bool is_for_host(std::string_view der, const std::string& host) {
  const CertificateHandle certificate = parse_certificate(der);
  if (!certificate) return false;
  const std::unique_ptr<ASN1_OCTET_STRING, void (*)(ASN1_OCTET_STRING*)> address(
      a2i_IPADDRESS(host.c_str()), ASN1_OCTET_STRING_free);
  ERR_clear_error();
  if (address) return X509_check_ip_asc(certificate.get(), host.c_str(), 0) == 1;
  return X509_check_host(certificate.get(), host.data(), host.size(),
                         X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr) == 1;
}

ChainFacts verify_chain(SSL_CTX* issuers, const std::vector<std::string>& sent, bool serves) {
  ChainFacts out;
  const CertificateStack untrusted = parse_chain(sent);
  if (sk_X509_num(untrusted.get()) == 0) return out;
  const std::unique_ptr<X509_STORE_CTX, void (*)(X509_STORE_CTX*)> context(X509_STORE_CTX_new(),
                                                                           X509_STORE_CTX_free);
  X509_STORE_CTX_init(context.get(), SSL_CTX_get_cert_store(issuers),
                      sk_X509_value(untrusted.get(), 0), untrusted.get());
  X509_STORE_CTX_set_ex_data(context.get(), SSL_get_ex_data_X509_STORE_CTX_idx(), &out.problems);
  X509_STORE_CTX_set_verify_cb(context.get(), &note_problem);
  if (serves) X509_STORE_CTX_set_purpose(context.get(), X509_PURPOSE_SSL_SERVER);
  X509_verify_cert(context.get());
  STACK_OF(X509)* const found = X509_STORE_CTX_get0_chain(context.get());
  for (int i = 0; i < sk_X509_num(found); ++i) out.chain.push_back(der_of(sk_X509_value(found, i)));
  ERR_clear_error();
  return out;
}

std::vector<std::string> pem_certificates(const std::string& pem) {
  std::vector<std::string> out;
  const BioHandle in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  while (out.size() < kMostInFile) {
    const CertificateHandle next(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr), X509_free);
    if (!next) break;
    out.push_back(der_of(next.get()));
  }
  ERR_clear_error();
  return out;
}

KeyMatch match_key(const std::string& pem, std::string_view der) {
  const BioHandle in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  bool encrypted = false;
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(
      PEM_read_bio_PrivateKey(in.get(), nullptr, &no_password, &encrypted), EVP_PKEY_free);
  const CertificateHandle certificate = parse_certificate(der);
  const bool fits = key && certificate && X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  if (encrypted) return KeyMatch::encrypted;
  if (!key || !certificate) return KeyMatch::unreadable;
  return fits ? KeyMatch::matches : KeyMatch::differs;
}

}  // namespace tocsin
