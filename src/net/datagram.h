// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "net/resolver.h"
#include "net/stream.h"
#include "tocsin/result.h"
#include "tocsin/time.h"

namespace tocsin {

// An exchange of UDP datagrams with one address at a time: `find` the target's addresses, `use` one
// of them, then send and receive. Only datagrams from that address and port are received; what ICMP
// says of it ("port unreachable") is told as a refused connection. Calls end by their deadline and
// do not throw; texts are for people and have the address in them. One loop's thread only; one call
// at a time. It may be destroyed at any time, a waiting call of it too.
class Datagram {
 public:
  // Both must outlive it.
  Datagram(Resolver& resolver, Phases& phases);
  ~Datagram();
  Datagram(const Datagram&) = delete;
  Datagram& operator=(const Datagram&) = delete;

  // Phase::name. The target's unix_socket has no meaning here.
  asio::awaitable<StreamStatus> find(StreamTarget target, SteadyTime deadline);
  // How many addresses there are to use.
  std::size_t addresses() const noexcept;
  // A new socket, from a port that the kernel chooses, towards that address. Sends nothing.
  StreamStatus use(std::size_t address);

  asio::awaitable<StreamStatus> send(std::string_view data, SteadyTime deadline);
  // The next datagram as a whole, in the place of what was in `into`. NetError::timeout without one
  // by the deadline: the socket stays usable. Phase::first_byte until the first that comes since
  // `use`.
  asio::awaitable<StreamStatus> receive(std::string& into, SteadyTime deadline);

  // "127.0.0.1:123": the one in use. Empty before.
  const std::string& address() const noexcept;

 private:
  class Engine;
  std::shared_ptr<Engine> engine_;
};

}  // namespace tocsin
