// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/http_client.h"
#include "tocsin/time.h"

namespace tocsin {

// Names to addresses by c-ares, on an Asio loop. Reads /etc/hosts and resolv.conf, notices when
// resolv.conf changes, and keeps no cache: a monitor looks at what is answered now. Literal
// addresses come back at once. One per loop; use it from that loop's thread only.
class Resolver {
 public:
  struct Answer {
    NetError error = NetError::none;           // none, no_such_host, resolver or out_of_resources
    std::string error_text;                    // for people: "no such host: web-01.example"
    std::vector<asio::ip::address> addresses;  // in the order in which to try them
  };

  // Where it looks; tests put a server of their own there.
  struct Sources {
    std::string resolv_conf = "/etc/resolv.conf";
    std::uint16_t port = 53;         // of every server in it
    Millis look_for_changes{1'000};  // how often, at most
  };

  // Throws nothing: without a working c-ares every answer is NetError::resolver.
  explicit Resolver(asio::io_context& loop);
  Resolver(asio::io_context& loop, Sources sources);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Ends by the deadline; does not throw. Both families, in the order of RFC 6724.
  asio::awaitable<Answer> resolve(std::string host, SteadyTime deadline);

  struct Server {
    asio::ip::address address;
    std::uint16_t port = 53;
  };
  // Whom it asks, in that order, as resolv.conf has it now. Empty: c-ares cannot be set up.
  std::vector<Server> servers();

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

// "127.0.0.1:80" or "[::1]:80".
std::string show_address(const asio::ip::address& address, std::uint16_t port);

}  // namespace tocsin
