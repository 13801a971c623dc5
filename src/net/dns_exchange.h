// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <cstddef>
#include <string>

#include "net/dns_message.h"
#include "net/resolver.h"
#include "tocsin/result.h"
#include "tocsin/time.h"

namespace tocsin {

// What one server said, or why it said nothing.
struct DnsReply {
  NetError error = NetError::none;
  std::string text;  // for people, with the address in it; empty when `error` is none
  DnsMessage message;
  std::string address;    // "127.0.0.1:53"
  std::size_t size = 0;   // of the message, in bytes
  bool over_tcp = false;  // asked for so, or because the answer by UDP was cut
  int packets = 0;        // sent by UDP
};

// Asks one server one question, by UDP (again after 1 s, 2 s, 4 s … without an answer: a packet may
// be lost), and by TCP if that was asked for or if the answer was cut. A server that refuses EDNS
// is asked without. Whatever code the server answers with is an answer; a message that does not
// belong to the question is not looked at. Ends by the deadline, times its phases, does not throw.
// Loop's thread only; all of it may be destroyed while it waits.
class DnsExchange {
 public:
  // Both must outlive it.
  DnsExchange(Resolver& resolver, Phases& phases) : resolver_(resolver), phases_(phases) {}

  asio::awaitable<DnsReply> ask(Resolver::Server server, DnsQuestion question, bool tcp,
                                SteadyTime deadline);

 private:
  asio::awaitable<DnsReply> ask_udp(Resolver::Server server, DnsQuestion question,
                                    SteadyTime deadline);
  asio::awaitable<DnsReply> ask_tcp(Resolver::Server server, DnsQuestion question,
                                    SteadyTime deadline);

  Resolver& resolver_;
  Phases& phases_;
};

}  // namespace tocsin
