// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// One request: where does its URL lead, which addresses has that name, and then one exchange after
// the other until an address takes the connection. An address that took it and then failed is an
// answer: the next one is not tried.
//
// Through a proxy only the proxy's name is resolved here; the target's is the proxy's business.
#include "net/http_client.h"

#include <curl/curl.h>

#include <algorithm>

#include "net/curl_engine.h"
#include "net/curl_error.h"
#include "net/errno_text.h"
#include "net/http_target.h"
#include "net/resolver.h"

namespace tocsin {
namespace {

using Addresses = std::vector<asio::ip::address>;

constexpr std::size_t kTextsShown = 3;

SteadyTime steady_now() noexcept {
  return std::chrono::steady_clock::now();
}

bool is_about_connecting(NetError error) noexcept {
  return error == NetError::refused || error == NetError::unreachable ||
         error == NetError::connect_timeout || error == NetError::out_of_resources;
}

// A limit is what the caller gave, less the microseconds since: shown as it was meant.
Millis time_for(const HttpRequest& request) noexcept {
  const auto exact = std::chrono::round<Millis>(request.deadline - steady_now());
  if (exact < Millis{100}) return exact;
  return Millis{(exact.count() + 5) / 10 * 10};
}

std::string connect_to(const asio::ip::address& address) {
  // Host and port it stands for (both: any), then the address and the port (the same).
  return address.is_v6() ? "::[" + address.to_string() + "]:" : "::" + address.to_string() + ":";
}

std::string shown(const HttpTarget& target, const asio::ip::address& address) {
  if (!target.literal || address.is_v6()) return show_address(address, target.port);
  // Its text is there already, and making it takes 1 µs.
  return target.host + ":" + std::to_string(target.port);
}

void fail(HttpResponse& response, NetError error, std::string text) {
  response.error = error;
  response.error_text = std::move(text);
}

void take_certificate(const Exchange& exchange) {
  if (!exchange.certificate) return;
  const CertificateFacts facts = certificate_facts(exchange.certificate.get());
  const auto now = std::chrono::floor<Millis>(std::chrono::system_clock::now());
  exchange.response.certificate_days = days_left(facts.not_after, now);
}

}  // namespace

class HttpClient::Engine {
 public:
  Engine(asio::io_context& loop, Resolver& resolver) : resolver_(resolver), curl_(loop) {}

  asio::awaitable<HttpResponse> perform(const HttpRequest& request) {
    HttpResponse response;
    const Millis limit = time_for(request);
    const auto target = http_target(request.url);
    const auto first_hop = request.proxy.empty() ? target : http_target_of_proxy(request.proxy);
    if (!target || !first_hop) {
      fail(response, NetError::bad_url,
           target ? "the proxy's URL is malformed" : net_text(NetError::bad_url, {}));
      co_return response;
    }
    if (limit <= Millis::zero()) {
      fail(response, NetError::timeout, "no time was left for it");
      co_return response;
    }
    Addresses addresses;
    if (first_hop->literal) {
      addresses.push_back(*first_hop->literal);
    } else {
      addresses = co_await resolve(*first_hop, request, response);
    }
    std::string failures;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      Exchange exchange(request, response);
      response.address = shown(*first_hop, addresses[i]);
      direct(exchange, *first_hop, addresses[i]);
      exchange.connect_limit = share(request, addresses.size() - i);
      co_await curl_.run(exchange);
      explain_failure(exchange, {target->host, response.address, limit});
      if (request.want_certificate) take_certificate(exchange);
      if (exchange.connected || !is_about_connecting(response.error)) co_return response;
      if (i < kTextsShown) failures += (i == 0 ? "" : "; ") + response.error_text;
      if (i + 1 == addresses.size() || steady_now() >= request.deadline) break;
      fail(response, NetError::none, {});
    }
    if (!addresses.empty()) response.error_text = std::move(failures);
    co_return response;
  }

 private:
  static std::optional<HttpTarget> http_target_of_proxy(const std::string& proxy) {
    // A scheme libcurl knows for proxies only is read as http: it is the host that counts.
    constexpr std::string_view kSocks = "socks5h://";
    const bool socks = proxy.starts_with(kSocks);
    return http_target(socks ? "http://" + proxy.substr(kSocks.size()) : proxy);
  }

  asio::awaitable<Addresses> resolve(const HttpTarget& target, const HttpRequest& request,
                                     HttpResponse& response) {
    const SteadyTime begin = steady_now();
    auto answer = co_await resolver_.resolve(target.host, request.deadline);
    response.phases.add(Phase::name, micros_between(begin, steady_now()));
    if (answer.error != NetError::none) fail(response, answer.error, std::move(answer.error_text));
    co_return std::move(answer.addresses);
  }

  static void direct(Exchange& exchange, const HttpTarget& to, const asio::ip::address& address) {
    if (!exchange.request.proxy.empty()) {
      exchange.proxy = with_host(exchange.request.proxy, address);
    } else if (!to.literal) {
      exchange.connect_to = connect_to(address);
    }
  }

  // Of the time that is left, this address's part; the last one has all of it.
  static Millis share(const HttpRequest& request, std::size_t addresses) {
    if (addresses == 1) return Millis::zero();
    const auto left = std::chrono::duration_cast<Millis>(request.deadline - steady_now());
    return std::max(Millis{1}, left / static_cast<Millis::rep>(addresses));
  }

  Resolver& resolver_;
  CurlEngine curl_;
};

HttpClient::HttpClient(asio::io_context& loop, Resolver& resolver)
    : engine_(std::make_unique<Engine>(loop, resolver)) {}

HttpClient::~HttpClient() = default;

asio::awaitable<HttpResponse> HttpClient::perform(const HttpRequest& request) {
  return engine_->perform(request);
}

std::string_view header(const HttpResponse& response, std::string_view name) noexcept {
  for (const auto& [known, value] : response.headers) {
    if (known.size() == name.size() &&
        curl_strnequal(known.data(), name.data(), name.size()) != 0) {
      return value;
    }
  }
  return {};
}

}  // namespace tocsin
