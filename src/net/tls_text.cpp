// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "net/tls_text.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>
#include <utility>

#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kLongestName = 100;
constexpr std::size_t kNamesShown = 3;

WallTime wall_time(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return WallTime{std::chrono::seconds{timegm(&parts)}};
}

std::string shown(const ASN1_STRING* text) {
  unsigned char* utf8 = nullptr;
  const int length = ASN1_STRING_to_UTF8(&utf8, text);
  if (length < 0) return {};
  std::string out = printable(
      std::string_view(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(length)),
      kLongestName);
  OPENSSL_free(utf8);
  return out;
}

std::string entry_of(const X509_NAME* name, int nid) {
  const int at = X509_NAME_get_index_by_NID(name, nid, -1);
  if (at < 0) return {};
  return shown(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
}

std::string short_name(const X509_NAME* name) {
  std::string out = entry_of(name, NID_commonName);
  return out.empty() ? entry_of(name, NID_organizationName) : out;
}

std::string address_of(const ASN1_OCTET_STRING* bytes) {
  const unsigned char* data = ASN1_STRING_get0_data(bytes);
  const int length = ASN1_STRING_length(bytes);
  if (length != 4 && length != 16) return {};
  const std::unique_ptr<char, void (*)(char*)> text(i2s_ASN1_OCTET_STRING(nullptr, bytes),
                                                    [](char* p) { OPENSSL_free(p); });
  if (length == 16) return text ? std::string("address ") + text.get() : std::string();
  std::string out;
  for (int i = 0; i < length; ++i) out += (i == 0 ? "" : ".") + std::to_string(data[i]);
  return out;
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> out;
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    std::string text;
    if (name->type == GEN_DNS) text = shown(name->d.dNSName);
    if (name->type == GEN_IPADD) text = address_of(name->d.iPAddress);
    if (!text.empty()) out.push_back(std::move(text));
  }
  GENERAL_NAMES_free(names);
  std::string common =
      out.empty() ? entry_of(X509_get_subject_name(certificate), NID_commonName) : std::string();
  if (!common.empty()) out.push_back(std::move(common));
  return out;
}

std::string list_of(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < std::min(names.size(), kNamesShown); ++i) {
    if (i > 0) out += ", ";
    out += names[i];
  }
  if (names.size() > kNamesShown) {
    out += " and " + std::to_string(names.size() - kNamesShown) + " more";
  }
  return out.empty() ? "no host at all" : out;
}

std::string ago(Millis past) {
  const auto days = std::chrono::floor<std::chrono::days>(past).count();
  if (days < 1) return human_duration(past) + " ago";
  return std::to_string(days) + (days == 1 ? " day ago" : " days ago");
}

// "certificate", or whose it is when it is not the server's own.
std::string whose(const CertificateProblem& problem) {
  if (problem.depth == 0) return "certificate";
  return "certificate of the issuer \"" + problem.facts.subject + "\"";
}

}  // namespace

CertificateFacts certificate_facts(X509* certificate) {
  CertificateFacts facts;
  if (certificate == nullptr) return facts;
  facts.not_before = wall_time(X509_get0_notBefore(certificate));
  facts.not_after = wall_time(X509_get0_notAfter(certificate));
  facts.names = names_of(certificate);
  facts.subject = short_name(X509_get_subject_name(certificate));
  facts.issuer = short_name(X509_get_issuer_name(certificate));
  return facts;
}

CertificateProblem certificate_problem(X509_STORE_CTX* context) {
  CertificateProblem problem;
  problem.error = X509_STORE_CTX_get_error(context);
  problem.depth = std::max(X509_STORE_CTX_get_error_depth(context), 0);
  X509* at_fault = X509_STORE_CTX_get_current_cert(context);
  problem.facts =
      certificate_facts(at_fault != nullptr ? at_fault : X509_STORE_CTX_get0_cert(context));
  return problem;
}

int days_left(WallTime not_after, WallTime now) noexcept {
  constexpr std::chrono::days::rep kFar = 1'000'000;
  const auto days = std::chrono::floor<std::chrono::days>(not_after - now).count();
  return static_cast<int>(std::clamp<std::chrono::days::rep>(days, -kFar, kFar));
}

std::string certificate_text(const CertificateProblem& problem, std::string_view host,
                             WallTime now) {
  const CertificateFacts& facts = problem.facts;
  switch (problem.error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return whose(problem) + " expired " + ago(now - facts.not_after);
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return whose(problem) + " is not valid before " + human_time(facts.not_before);
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "certificate is for " + list_of(facts.names) + ", not " +
             printable(host, kLongestName);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return "certificate is self-signed";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return "certificate is signed by \"" + facts.subject + "\", which is not trusted here";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return whose(problem) + " is signed by \"" + facts.issuer + "\", which is not known here";
    case X509_V_ERR_CERT_REVOKED: return whose(problem) + " was revoked";
    case X509_V_ERR_UNABLE_TO_GET_CRL:
      return "the revocation list of the issuer \"" + facts.issuer + "\" is missing here";
    case X509_V_ERR_CRL_HAS_EXPIRED:
      return "the revocation list of the issuer \"" + facts.issuer + "\" has expired here";
    default:
      return whose(problem) + " was refused: " + X509_verify_cert_error_string(problem.error);
  }
}

bool is_about_revocation_lists(int error) noexcept {
  return error == X509_V_ERR_UNABLE_TO_GET_CRL || error == X509_V_ERR_CRL_HAS_EXPIRED ||
         error == X509_V_ERR_CRL_NOT_YET_VALID || error == X509_V_ERR_CRL_SIGNATURE_FAILURE ||
         error == X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE;
}

std::string handshake_text(unsigned long error) {
  struct Reason {
    int code;
    const char* text;
  };
  static constexpr std::array<Reason, 11> kReasons{{
      {SSL_R_WRONG_VERSION_NUMBER, "the other side does not speak TLS"},
      {SSL_R_HTTP_REQUEST, "the other side does not speak TLS"},
      {SSL_R_UNSUPPORTED_PROTOCOL, "no TLS version in common"},
      {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "no TLS version in common"},
      {SSL_R_NO_PROTOCOLS_AVAILABLE, "no TLS version in common"},
      {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, "no TLS settings in common, says the other side"},
      {SSL_R_TLSV1_UNRECOGNIZED_NAME, "the other side does not know the name asked for"},
      {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, "the other side wants a client certificate"},
      {SSL_R_UNEXPECTED_EOF_WHILE_READING, "the other side closed during the TLS handshake"},
      {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "the other side refused our certificate"},
      {SSL_R_DH_KEY_TOO_SMALL, "the other side's Diffie-Hellman key is too small"},
  }};
  const int code = ERR_GET_REASON(error);
  for (const Reason& reason : kReasons) {
    if (reason.code == code) return reason.text;
  }
  const char* reason = ERR_reason_error_string(error);
  return std::string("TLS handshake failed") + (reason == nullptr ? "" : ": ") +
         (reason == nullptr ? "" : reason);
}

}  // namespace tocsin
