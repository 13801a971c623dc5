// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>

#include <ctime>

#include "net/x509.h"
#include "net/x509_handles.h"

namespace tocsin {
namespace {

using ResponseHandle = std::unique_ptr<OCSP_RESPONSE, void (*)(OCSP_RESPONSE*)>;
using BasicHandle = std::unique_ptr<OCSP_BASICRESP, void (*)(OCSP_BASICRESP*)>;
using IdHandle = std::unique_ptr<OCSP_CERTID, void (*)(OCSP_CERTID*)>;

constexpr Millis kSkew = std::chrono::minutes{5};  // clocks differ

WallTime wall_time(const ASN1_GENERALIZEDTIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return WallTime{std::chrono::seconds{timegm(&parts)}};
}

OcspFacts unusable(std::string why) {
  OcspFacts out;
  out.problem = std::move(why);
  ERR_clear_error();
  return out;
}

// The part of the response that is about this certificate. Responders name it by SHA-1 (RFC 5019)
// or by SHA-256.
OCSP_SINGLERESP* part_about(OCSP_BASICRESP* basic, X509* certificate, X509* issuer) {
  for (const EVP_MD* digest : {EVP_sha1(), EVP_sha256()}) {
    const IdHandle id(OCSP_cert_to_id(digest, certificate, issuer), OCSP_CERTID_free);
    const int at = id ? OCSP_resp_find(basic, id.get(), -1) : -1;
    if (at >= 0) return OCSP_resp_get0(basic, at);
  }
  return nullptr;
}

bool is_trusted(OCSP_BASICRESP* basic, STACK_OF(X509) * chain, SSL_CTX* issuers) {
  if (issuers != nullptr) {
    return OCSP_basic_verify(basic, chain, SSL_CTX_get_cert_store(issuers), 0) > 0;
  }
  // Nobody is trusted here: only that the issuer, as it was sent, stands behind it.
  const std::unique_ptr<X509_STORE, void (*)(X509_STORE*)> store(X509_STORE_new(), X509_STORE_free);
  X509_STORE_add_cert(store.get(), sk_X509_value(chain, 1));
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
  return OCSP_basic_verify(basic, chain, store.get(), 0) > 0;
}

OcspFacts read_part(OCSP_SINGLERESP* part, WallTime now) {
  OcspFacts out;
  int why = -1;
  ASN1_GENERALIZEDTIME* revoked = nullptr;
  ASN1_GENERALIZEDTIME* from = nullptr;
  ASN1_GENERALIZEDTIME* until = nullptr;
  const int status = OCSP_single_get0_status(part, &why, &revoked, &from, &until);
  out.next_update = wall_time(until);
  if (wall_time(from) > now + kSkew) return unusable("it is from the future");
  if (until != nullptr && out.next_update + kSkew < now) return unusable("it has expired");
  if (status == V_OCSP_CERTSTATUS_GOOD) out.status = OcspFacts::Status::good;
  if (status == V_OCSP_CERTSTATUS_UNKNOWN) out.status = OcspFacts::Status::unknown;
  if (status == V_OCSP_CERTSTATUS_REVOKED) {
    out.status = OcspFacts::Status::revoked;
    out.revoked_at = wall_time(revoked);
    if (why > 0) out.reason = OCSP_crl_reason_str(why);
  }
  return out;
}

}  // namespace

OcspFacts ocsp_facts(std::string_view response, const std::vector<std::string>& chain,
                     SSL_CTX* issuers, WallTime now) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(response.data());
  const ResponseHandle parsed(
      d2i_OCSP_RESPONSE(nullptr, &bytes, static_cast<long>(response.size())), OCSP_RESPONSE_free);
  if (!parsed) return unusable("it cannot be read");
  const int status = OCSP_response_status(parsed.get());
  if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
    return unusable(std::string("the responder says ") + OCSP_response_status_str(status));
  }
  const BasicHandle basic(OCSP_response_get1_basic(parsed.get()), OCSP_BASICRESP_free);
  if (!basic) return unusable("it cannot be read");
  const CertificateStack certificates = parse_chain(chain);
  if (sk_X509_num(certificates.get()) < 2) return unusable("the certificate's issuer is missing");
  OCSP_SINGLERESP* const part = part_about(basic.get(), sk_X509_value(certificates.get(), 0),
                                           sk_X509_value(certificates.get(), 1));
  if (part == nullptr) return unusable("it is about another certificate");
  if (!is_trusted(basic.get(), certificates.get(), issuers)) {
    return unusable("its signature is not that of the certificate's issuer");
  }
  OcspFacts out = read_part(part, now);
  ERR_clear_error();
  return out;
}

}  // namespace tocsin
