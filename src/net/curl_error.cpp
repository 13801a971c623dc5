// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "net/curl_error.h"

#include <curl/curl.h>
#include <openssl/x509_vfy.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "net/errno_text.h"
#include "tocsin/time.h"

namespace tocsin {
namespace {

struct Failure {
  NetError error = NetError::other;
  std::string text;
};

WallTime wall_now() noexcept {
  return std::chrono::floor<Millis>(std::chrono::system_clock::now());
}

bool mentions(const Exchange& exchange, std::string_view word) noexcept {
  return exchange.detail.find(word) != std::string::npos;
}

Failure connecting(const Exchange& exchange, const ExchangeWords& words) {
  if (exchange.os_error != 0) {
    const NetError kind = net_error_of(exchange.os_error);
    return {kind, errno_text(exchange.os_error, words.address)};
  }
  return {NetError::unreachable, net_text(NetError::unreachable, words.address)};
}

Failure timed_out(const Exchange& exchange, const ExchangeWords& words) {
  if (!exchange.connected) {
    const bool limited = exchange.connect_limit > Millis::zero();
    const Millis limit = limited ? exchange.connect_limit : words.limit;
    std::string text = "no answer to the connection attempt within " + show_limit(limit);
    return {NetError::connect_timeout, with_address(std::move(text), words.address)};
  }
  const HttpResponse& response = exchange.response;
  const std::string limit = show_limit(words.limit);
  std::string text = "no answer within " + limit;
  if (response.status != 0) text = "the answer did not end within " + limit;
  if (!response.sent) text = "no TLS handshake within " + limit;
  text = with_address(std::move(text), words.address);
  if (const auto connect = response.phases.get(Phase::connect)) {
    const auto ms = std::chrono::duration_cast<Millis>(*connect);
    text += "; connected in " + (ms < Millis{1} ? "less than 1 ms" : show_limit(ms));
  }
  return {NetError::timeout, std::move(text)};
}

// The code in "error:0A00010B:SSL routines::wrong version number".
unsigned long openssl_error(std::string_view detail) {
  constexpr std::string_view kMark = "error:";
  const auto at = detail.find(kMark);
  if (at == std::string_view::npos) return 0;
  return std::strtoul(std::string(detail.substr(at + kMark.size(), 8)).c_str(), nullptr, 16);
}

Failure tls(const Exchange& exchange, const ExchangeWords& words) {
  const auto with = [&](std::string text) {
    return Failure{NetError::tls, with_address(std::move(text), words.address)};
  };
  if (!exchange.trouble.empty()) return {NetError::out_of_resources, exchange.trouble};
  if (exchange.code == CURLE_SSL_CACERT_BADFILE) {
    return {NetError::out_of_resources, "cannot use the CA file " + exchange.request.ca_file};
  }
  if (exchange.problem) {
    return with(certificate_text(*exchange.problem, words.host, wall_now()));
  }
  if (exchange.code == CURLE_PEER_FAILED_VERIFICATION && exchange.certificate) {
    CertificateProblem problem;
    problem.error = X509_V_ERR_HOSTNAME_MISMATCH;
    problem.facts = certificate_facts(exchange.certificate.get());
    return with(certificate_text(problem, words.host, wall_now()));
  }
  if (const unsigned long error = openssl_error(exchange.detail))
    return with(handshake_text(error));
  return with("the other side closed during the TLS handshake");
}

Failure closed(const Exchange& exchange, const ExchangeWords& words) {
  const bool reset = mentions(exchange, "reset");
  std::string text = exchange.response.status == 0
                         ? "connection closed before an answer"
                         : "connection closed before the answer was complete";
  if (reset) text.replace(text.find("closed"), 6, "reset");
  return {NetError::closed, with_address(std::move(text), words.address)};
}

Failure protocol(std::string what, const ExchangeWords& words) {
  return {NetError::protocol, with_address(std::move(what), words.address)};
}

Failure too_large(const ExchangeWords& words) {
  return {NetError::too_large,
          with_address("the answer's headers are beyond every reason", words.address)};
}

Failure receiving(const Exchange& exchange, const ExchangeWords& words) {
  if (mentions(exchange, "hunk")) return protocol("the answer's chunks are malformed", words);
  if (mentions(exchange, "header")) return too_large(words);
  return closed(exchange, words);
}

Failure failure_of(const Exchange& exchange, const ExchangeWords& words) {
  switch (exchange.code) {
    case CURLE_URL_MALFORMAT: return {NetError::bad_url, net_text(NetError::bad_url, {})};
    case CURLE_COULDNT_CONNECT: return connecting(exchange, words);
    case CURLE_OPERATION_TIMEDOUT: return timed_out(exchange, words);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER: return tls(exchange, words);
    case CURLE_UNSUPPORTED_PROTOCOL:
      if (exchange.connected) return protocol("not an HTTP answer", words);
      return {NetError::bad_url, net_text(NetError::bad_url, {})};
    case CURLE_WEIRD_SERVER_REPLY: return protocol("not an HTTP answer", words);
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR: return closed(exchange, words);
    case CURLE_RECV_ERROR: return receiving(exchange, words);
    case CURLE_OUT_OF_MEMORY:
      // libcurl's answer to a header line of more than 100 KB too.
      if (exchange.connected) return too_large(words);
      return {NetError::out_of_resources, errno_text(ENOMEM, {})};
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST: return {NetError::bad_url, net_text(NetError::bad_url, {})};
    default: break;
  }
  if (exchange.headers_too_large) return too_large(words);
  const char* const what = curl_easy_strerror(static_cast<CURLcode>(exchange.code));
  return {NetError::other, with_address("failed: " + std::string(what), words.address)};
}

}  // namespace

void explain_failure(const Exchange& exchange, const ExchangeWords& words) {
  if (exchange.code == CURLE_OK && !exchange.aborted) return;
  Failure failure = exchange.code == CURLE_OK ? Failure{NetError::other, "cancelled"}
                                              : failure_of(exchange, words);
  exchange.response.error = failure.error;
  exchange.response.error_text = std::move(failure.text);
}

std::string show_limit(Millis limit) {
  if (limit < Millis{1'000}) return std::to_string(limit.count()) + " ms";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g s", static_cast<double>(limit.count()) / 1000.0);
  return text.data();
}

}  // namespace tocsin
