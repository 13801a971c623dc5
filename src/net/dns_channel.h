// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <vector>

#include "net/library_loop.h"
#include "net/resolver.h"

struct ares_addrinfo;
struct ares_channeldata;

namespace tocsin {

// What a resolve() waits for: two lookups of one name at the most. Shared with c-ares, which may
// answer after the wait was given up. Loop's thread only.
struct DnsWait {
  enum class Lookup { both_families, ipv4_only };
  static constexpr int kNotAsked = -1;
  static constexpr int kUnanswered = -2;

  explicit DnsWait(asio::io_context& loop) : changed(loop) {}

  int& status(Lookup lookup) noexcept { return lookup == Lookup::ipv4_only ? ipv4 : both; }
  bool open() const noexcept { return both == kUnanswered || ipv4 == kUnanswered; }

  asio::steady_timer changed;  // cancelled when a lookup has ended
  int both = kNotAsked;        // else ARES_…
  int ipv4 = kNotAsked;
  std::vector<asio::ip::address> addresses;  // of the first lookup that gave any
};

// One c-ares channel on an Asio loop: the servers of one version of resolv.conf. Loop's thread
// only; never destroy it from inside a lookup's end.
class DnsChannel final : private LibraryLoop::Listener {
 public:
  // Throws std::runtime_error when c-ares cannot be set up (no descriptor, no memory).
  DnsChannel(asio::io_context& loop, const Resolver::Sources& sources);
  // Ends what is under way as ARES_EDESTRUCTION.
  ~DnsChannel();

  // Begins a lookup; it may end before this returns.
  void lookup(const std::string& host, DnsWait::Lookup which, std::shared_ptr<DnsWait> wait);

  // The servers it asks, for people: "10.0.0.1, 10.0.0.2".
  const std::string& servers() const noexcept { return servers_; }
  // The same, to be asked by others.
  const std::vector<Resolver::Server>& endpoints() const noexcept { return endpoints_; }
  // The errno of the last attempt to open a socket, 0 if it succeeded.
  int socket_error() const noexcept { return socket_error_; }

 private:
  struct Glue;  // c-ares' callbacks

  void on_ready(int descriptor, unsigned what) override;
  void on_timeout() override;
  void plan_timeout();

  LibraryLoop io_;
  ares_channeldata* channel_ = nullptr;
  std::vector<Resolver::Server> endpoints_;
  std::string servers_;
  int socket_error_ = 0;
};

}  // namespace tocsin
