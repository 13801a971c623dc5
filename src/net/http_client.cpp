// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Plain GETs are PlainHttp's, all else is libcurl's. Both are given one address a try.
//
// One request: where does its URL lead, which addresses has that name, and then one exchange after
// the other until an address takes the connection. An address that took it and then failed is an
// answer: the next one is not tried.
//
// Through a proxy the proxy's name is resolved here; the target's is the proxy's business, but for
// socks5://, which is given one of the target's addresses after the other.
#include "net/http_client.h"

#include <curl/curl.h>

#include <algorithm>

#include "net/curl_engine.h"
#include "net/curl_error.h"
#include "net/errno_text.h"
#include "net/http_target.h"
#include "net/plain_http.h"
#include "net/resolver.h"
#include "util/text.h"

namespace tocsin {
namespace {

using Addresses = std::vector<asio::ip::address>;

constexpr std::size_t kTextsShown = 3;
constexpr std::size_t kLongestHost = 100;

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
  Engine(asio::io_context& loop, Resolver& resolver)
      : resolver_(resolver), curl_(loop), plain_(loop) {}

  asio::awaitable<HttpResponse> perform(const HttpRequest& request) {
    HttpResponse response;
    const Millis limit = time_for(request);
    const auto plain = is_plain(request) ? plain_url(request.url) : std::nullopt;
    const Way way = plain ? way_for(*plain) : way_for(request, response);
    if (response.error != NetError::none) co_return response;
    if (limit <= Millis::zero()) {
      fail(response, NetError::timeout, "no time was left for it");
      co_return response;
    }
    Addresses hops;
    if (way.hop.literal) {
      take_literal(hops, *way.hop.literal, request, response);
    } else {
      hops = co_await resolve(way.hop, request, response);
    }
    Addresses targets;
    if (way.by == Way::By::proxy_to_address && !hops.empty()) {
      targets = co_await resolve(way.target, request, response);
    }
    if (response.error != NetError::none) {
      if (way.is_proxied() && targets.empty() && hops.empty()) blame_proxy(response);
      co_return response;
    }
    const std::size_t attempts = hops.size() * std::max<std::size_t>(targets.size(), 1);
    std::string failures;
    for (std::size_t i = 0; i < attempts; ++i) {
      Exchange exchange(request, response);
      const auto& hop = hops[i % hops.size()];
      response.address =
          request.unix_socket.empty() ? shown(way.hop, hop) : "unix:" + request.unix_socket;
      exchange.connect_limit = share(request, attempts - i);
      if (plain) {
        co_await plain_.run(exchange, *plain, hop);
      } else {
        direct(exchange, way, hop, targets.empty() ? nullptr : &targets[i / hops.size()]);
        co_await curl_.run(exchange);
      }
      explain_failure(exchange, {way.target.host, response.address, limit});
      if (request.want_certificate) take_certificate(exchange);
      if (is_final(exchange)) co_return response;
      if (i < kTextsShown) failures += (i == 0 ? "" : "; ") + response.error_text;
      if (i + 1 == attempts || steady_now() >= request.deadline) break;
      fail(response, NetError::none, {});
    }
    response.error_text = std::move(failures);
    co_return response;
  }

 private:
  // Where a request's connection goes.
  struct Way {
    enum class By : std::uint8_t {
      itself,
      elsewhere,         // `connect_to`
      proxy,             // which resolves the target's name
      proxy_to_address,  // which is given the target's address
    };
    HttpTarget target;  // the URL's
    HttpTarget hop;     // whose addresses are connected to
    By by = By::itself;
    bool is_proxied() const noexcept { return by == By::proxy || by == By::proxy_to_address; }
  };

  static Way way_for(const PlainUrl& url) {
    Way way;
    way.target.host = url.host;
    way.target.port = url.port;
    way.target.literal = url.literal;
    way.hop = way.target;
    return way;
  }

  static Way way_for(const HttpRequest& request, HttpResponse& response) {
    Way way;
    const auto target = http_target(request.url);
    if (!target) {
      fail(response, NetError::bad_url, net_text(NetError::bad_url, {}));
      return way;
    }
    way.target = *target;
    way.hop = *target;
    if (!request.proxy.empty()) {
      const auto proxy = proxy_target(request.proxy);
      if (!proxy) fail(response, NetError::bad_url, "the proxy's URL is malformed");
      way.hop = proxy.value_or(HttpTarget{});
      const bool ours = request.proxy.starts_with("socks5:") && !target->literal;
      way.by = ours ? Way::By::proxy_to_address : Way::By::proxy;
    } else if (!request.connect_to.empty()) {
      const auto other = http_target("http://" + request.connect_to);
      if (!other) fail(response, NetError::bad_url, "what to connect to is no HOST:PORT");
      way.hop = other.value_or(HttpTarget{});
      way.by = Way::By::elsewhere;
    } else if (!request.unix_socket.empty()) {
      way.hop.literal = asio::ip::address();  // nothing to resolve
    }
    return way;
  }

  static void blame_proxy(HttpResponse& response) {
    if (response.error != NetError::no_such_host) return;
    fail(response, NetError::proxy, "proxy: " + response.error_text);
  }

  static bool is_final(const Exchange& exchange) noexcept {
    const NetError error = exchange.response.error;
    if (error == NetError::none) return true;
    const bool on_the_way = is_about_connecting(error) || error == NetError::proxy;
    return !on_the_way || (exchange.connected && exchange.proxy_error == 0);
  }

  static bool is_of(const asio::ip::address& address, IpFamily family) noexcept {
    return family == IpFamily::any || address.is_v6() == (family == IpFamily::v6);
  }

  static void take_literal(Addresses& into, const asio::ip::address& address,
                           const HttpRequest& request, HttpResponse& response) {
    if (!request.unix_socket.empty() || is_of(address, request.family)) {
      into.push_back(address);
    } else {
      fail_family(response, request.family, address.to_string());
    }
  }

  static void fail_family(HttpResponse& response, IpFamily family, const std::string& host) {
    const std::string wanted = family == IpFamily::v6 ? "no IPv6 address: " : "no IPv4 address: ";
    fail(response, NetError::no_such_host, wanted + printable(host, kLongestHost));
  }

  // At least one address, or the response has an error.
  asio::awaitable<Addresses> resolve(const HttpTarget& target, const HttpRequest& request,
                                     HttpResponse& response) {
    const SteadyTime begin = steady_now();
    auto answer = co_await resolver_.resolve(target.host, request.deadline);
    response.phases.add(Phase::name, micros_between(begin, steady_now()));
    if (answer.error != NetError::none) fail(response, answer.error, std::move(answer.error_text));
    std::erase_if(answer.addresses, [&](const auto& one) { return !is_of(one, request.family); });
    if (answer.addresses.empty() && response.error == NetError::none) {
      fail_family(response, request.family, target.host);
    }
    co_return std::move(answer.addresses);
  }

  static void direct(Exchange& exchange, const Way& way, const asio::ip::address& hop,
                     const asio::ip::address* target) {
    if (way.is_proxied()) {
      exchange.proxy = with_host(exchange.request.proxy, hop);
      exchange.proxy_name = way.hop.host;
      if (target != nullptr) exchange.connect_to = connect_to(*target);
    } else if (way.by == Way::By::elsewhere) {
      exchange.connect_to = connect_to(hop) + std::to_string(way.hop.port);
    } else if (!way.hop.literal) {
      exchange.connect_to = connect_to(hop);
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
  PlainHttp plain_;
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
