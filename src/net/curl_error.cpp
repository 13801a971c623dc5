// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "net/curl_error.h"

#include <curl/curl.h>
#include <openssl/x509_vfy.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <optional>

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

// What failed on the way to the proxy, or was its own fault.
Failure of_proxy(Failure failure) {
  const bool ours = failure.error == NetError::out_of_resources;
  return {ours ? failure.error : NetError::proxy, "proxy: " + std::move(failure.text)};
}

// A SOCKS proxy's "no" (RFC 1928, section 6): what it says of the target is the target's.
Failure socks(const Exchange& exchange, const ExchangeWords& words) {
  const auto told = [&](NetError error, std::string_view what) {
    return Failure{error, with_address("proxy says: " + std::string(what), words.address)};
  };
  const auto own = [&](std::string_view what) {
    return of_proxy({NetError::proxy, with_address(std::string(what), words.address)});
  };
  switch (exchange.proxy_error) {
    case CURLPX_REPLY_CONNECTION_REFUSED: return told(NetError::refused, "connection refused");
    case CURLPX_REPLY_HOST_UNREACHABLE: return told(NetError::unreachable, "host unreachable");
    case CURLPX_REPLY_NETWORK_UNREACHABLE:
      return told(NetError::unreachable, "network unreachable");
    case CURLPX_REPLY_TTL_EXPIRED: return told(NetError::unreachable, "no route to the host");
    case CURLPX_REPLY_GENERAL_SERVER_FAILURE: return own("it failed, and does not say why");
    case CURLPX_REPLY_NOT_ALLOWED: return own("it does not allow this connection");
    case CURLPX_REPLY_ADDRESS_TYPE_NOT_SUPPORTED: return own("it does not take such an address");
    case CURLPX_NO_AUTH: return own("it wants a user and a password, or another way to log in");
    case CURLPX_USER_REJECTED: return own("it refused the user or the password");
    case CURLPX_CLOSED:
    case CURLPX_RECV_ADDRESS:
    case CURLPX_RECV_AUTH:
    case CURLPX_RECV_CONNECT:
    case CURLPX_RECV_REQACK: return own("it closed the connection");
    default: return own("it does not speak SOCKS 5");
  }
}

// An HTTP proxy's answer to CONNECT: a 5xx is about the target (RFC 9110, section 9.3.6).
Failure tunnel(const Exchange& exchange, const ExchangeWords& words) {
  const std::string status = std::to_string(exchange.proxy_status);
  if (exchange.proxy_status / 100 == 5) {
    return {NetError::unreachable,
            with_address("proxy could not connect: it answered " + status, words.address)};
  }
  const char* const what = exchange.proxy_status == 407
                               ? "it wants a user and a password, or refused them (407)"
                               : "it refuses to connect: it answered ";
  const std::string text = exchange.proxy_status == 407 ? what : what + status;
  return of_proxy({NetError::proxy, with_address(text, words.address)});
}

Failure to_socket_file(const Exchange& exchange, const ExchangeWords& words) {
  if (exchange.os_error != ENOENT) {
    return {net_error_of(exchange.os_error), errno_text(exchange.os_error, words.address)};
  }
  return {NetError::refused, with_address("there is no such socket", words.address)};
}

Failure connecting(const Exchange& exchange, const ExchangeWords& words) {
  if (!exchange.request.unix_socket.empty()) return to_socket_file(exchange, words);
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
  if (!response.sent && !exchange.secured && !exchange.proxy.empty()) {
    text = "no connection through the proxy within " + limit;
  }
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

Failure client_certificate(const Exchange& exchange) {
  const HttpRequest& request = exchange.request;
  const bool has_key = !request.client_key.empty();
  const auto cannot = [](const std::string& what) {
    return Failure{NetError::out_of_resources, "cannot use the client " + what};
  };
  if (mentions(exchange, "private key")) {
    const std::string& file = has_key ? request.client_key : request.client_certificate;
    return cannot("key " + file +
                  ": it is not there, not PEM, encrypted, or of another certificate");
  }
  return cannot("certificate " + request.client_certificate + ": it is not there or not PEM");
}

Failure tls(const Exchange& exchange, const ExchangeWords& words) {
  const auto with = [&](std::string text) {
    return Failure{NetError::tls, with_address(std::move(text), words.address)};
  };
  if (!exchange.trouble.empty()) return {NetError::out_of_resources, exchange.trouble};
  if (exchange.code == CURLE_SSL_CACERT_BADFILE) {
    return {NetError::out_of_resources, "cannot use the CA file " + exchange.request.ca_file};
  }
  if (exchange.code == CURLE_SSL_CERTPROBLEM) return client_certificate(exchange);
  if (exchange.problem) {
    const bool lists = is_about_revocation_lists(exchange.problem->error);
    const std::string& own = exchange.request.server_name;
    const std::string_view host = own.empty() ? words.host : own;
    Failure failure = with(certificate_text(
        *exchange.problem, exchange.problem_with_proxy ? exchange.proxy_name : host, wall_now()));
    if (lists) failure.error = NetError::out_of_resources;
    return exchange.problem_with_proxy ? of_proxy(std::move(failure)) : failure;
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
  if (exchange.request.version == HttpVersion::http2 && exchange.response.status == 0) {
    return {NetError::protocol,
            with_address("the other side closed at HTTP/2's greeting", words.address)};
  }
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

// Through a proxy: what is between it and us.
std::optional<Failure> before_the_target(const Exchange& exchange, const ExchangeWords& words) {
  if (exchange.proxy.empty()) return std::nullopt;
  if (exchange.code == CURLE_PROXY) return socks(exchange, words);
  const bool answered = exchange.proxy_status != 0;
  if (answered && exchange.proxy_status / 100 != 2) return tunnel(exchange, words);
  if (exchange.connected) return std::nullopt;
  if (exchange.code == CURLE_COULDNT_CONNECT) return of_proxy(connecting(exchange, words));
  if (exchange.code == CURLE_OPERATION_TIMEDOUT) return of_proxy(timed_out(exchange, words));
  return std::nullopt;
}

Failure failure_of(const Exchange& exchange, const ExchangeWords& words) {
  if (auto failure = before_the_target(exchange, words)) return *std::move(failure);
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
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM: return protocol("the other side does not keep to HTTP/2", words);
    case CURLE_BAD_CONTENT_ENCODING:
      return protocol("the answer cannot be unpacked: it is not what its encoding says", words);
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
  if (exchange.unpacked_too_large) {
    const std::string limit = std::to_string(exchange.request.body_limit);
    return {NetError::too_large,
            with_address("unpacked, the answer is longer than the limit of " + limit + " bytes",
                         words.address)};
  }
  const char* const what = curl_easy_strerror(static_cast<CURLcode>(exchange.code));
  return {NetError::other, with_address("failed: " + std::string(what), words.address)};
}

// HTTP/2 was asked for and nothing else.
bool is_of_wrong_version(const Exchange& exchange) noexcept {
  return exchange.request.version == HttpVersion::http2 && exchange.response.version != "2";
}

}  // namespace

void explain_failure(const Exchange& exchange, const ExchangeWords& words) {
  if (exchange.code == CURLE_OK && !exchange.aborted) {
    if (!is_of_wrong_version(exchange)) return;
    exchange.response.error = NetError::protocol;
    exchange.response.error_text =
        with_address("HTTP/" + exchange.response.version + ", HTTP/2 wanted", words.address);
    return;
  }
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
