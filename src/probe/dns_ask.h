// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <optional>
#include <string>
#include <vector>

#include "net/dns_exchange.h"
#include "net/stream.h"
#include "probe/prober.h"

namespace tocsin {

// Whom to ask. Where they could not be found, an error as the resolver words it.
struct DnsServers {
  NetError error = NetError::none;
  std::string text;
  std::vector<Resolver::Server> servers;
  bool own_resolver = false;  // those of the machine
};

// The addresses of a server, or the machine's resolvers if there is none. Ends by the deadline.
asio::awaitable<DnsServers> find_dns_servers(ProbeContext& context,
                                             std::optional<StreamTarget> server, Phases& phases,
                                             SteadyTime deadline);

// One question to several addresses in order, each with its share of the time that is left, until
// one has answered. The machine's resolvers are asked as its programs ask them: one that fails or
// refuses passes the question on to the next. At least one server. Ends by the deadline.
asio::awaitable<DnsReply> ask_dns_servers(DnsExchange exchange, DnsServers servers,
                                          DnsQuestion question, bool tcp, SteadyTime deadline);

}  // namespace tocsin
