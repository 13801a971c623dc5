// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/dns_ask.h"

#include <algorithm>
#include <utility>

#include "net/http_client.h"

namespace tocsin {
namespace {

// What glibc's resolver passes on to the next one too (resolv.conf(5)).
bool is_passed_on(const DnsReply& reply) {
  const int rcode = reply.message.rcode;
  return rcode == dns::kServFail || rcode == dns::kNotImp || rcode == dns::kRefused;
}

// Which one of two bad answers is told: the one that says more.
bool says_more(const DnsReply& left, const DnsReply& right) {
  const auto weight = [](const DnsReply& reply) {
    if (reply.error == NetError::none) return 3;
    if (reply.error == NetError::out_of_resources) return 2;
    return reply.error == NetError::unreachable ? 0 : 1;
  };
  return weight(left) > weight(right);
}

}  // namespace

asio::awaitable<DnsServers> find_dns_servers(ProbeContext& context,
                                             std::optional<StreamTarget> server, Phases& phases,
                                             SteadyTime deadline) {
  DnsServers out;
  if (!server) {
    out.own_resolver = true;
    out.servers = context.resolver.servers();
    if (out.servers.empty()) {
      out.error = NetError::resolver;
      out.text = "this machine has no resolver that could be asked";
    }
    co_return out;
  }
  const SteadyTime begun = std::chrono::steady_clock::now();
  const Resolver::Answer found = co_await context.resolver.resolve(server->host, deadline);
  std::error_code not_literal;
  asio::ip::make_address(server->host, not_literal);
  if (not_literal) phases.add(Phase::name, micros_between(begun, std::chrono::steady_clock::now()));
  out.error = found.error;
  out.text = found.error_text;
  for (const auto& address : found.addresses) out.servers.push_back({address, server->port});
  co_return out;
}

asio::awaitable<DnsReply> ask_dns_servers(DnsExchange exchange, DnsServers servers,
                                          DnsQuestion question, bool tcp, SteadyTime deadline) {
  DnsReply best;
  for (std::size_t i = 0; i < servers.servers.size(); ++i) {
    const SteadyTime now = std::chrono::steady_clock::now();
    const auto left = std::max(deadline - now, SteadyTime::duration::zero());
    const SteadyTime share = now + left / static_cast<std::int64_t>(servers.servers.size() - i);
    DnsReply reply = co_await exchange.ask(servers.servers[i], question, tcp, share);
    const bool good = reply.error == NetError::none;
    if (good && !(servers.own_resolver && is_passed_on(reply))) co_return reply;
    if (i == 0 || says_more(reply, best)) best = std::move(reply);
  }
  co_return best;
}

}  // namespace tocsin
