// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/http_client.h"
#include "tocsin/time.h"

namespace tocsin {

// What to send to one address, and how long to wait.
struct PingPlan {
  asio::ip::address address;
  unsigned count = 3;
  Millis spacing{200};    // from one packet to the next
  Millis wait{2000};      // for the reply to each; what comes later is late, and lost
  std::size_t size = 56;  // bytes of payload, at most kMostEchoPayload
  int ttl = 64;
  bool dont_fragment = false;
  SteadyTime deadline;  // nothing is waited for beyond it
};

// What came of it. With an `error` nothing is known of the address.
struct PingTally {
  struct Packet {
    std::optional<Micros> round_trip;  // answered in time
    std::string trouble;               // why it was not, where somebody said so
  };
  NetError error = NetError::none;  // our own side's
  std::string error_text;
  std::vector<Packet> packets;  // that were sent, in order
  unsigned received = 0;        // packets with a round trip
  unsigned duplicates = 0;      // further replies to a packet
  unsigned late = 0;            // replies after `wait`
  unsigned wrong = 0;           // replies with another payload than was sent
  std::uint16_t id = 0;
  bool raw = false;  // by a raw socket, else by an unprivileged one
};

// ICMP echo on an Asio loop. Pings that begin within a moment of each other share a socket and its
// random id, so that a thousand at once take a few descriptors; the next wave gets another id,
// since firewalls remember. Packets are told apart by their sequence number, and by a payload that
// nobody else can know. Makes nothing before the first ping. One loop's thread only.
class Icmp {
 public:
  explicit Icmp(asio::io_context& loop);
  ~Icmp();
  Icmp(const Icmp&) = delete;
  Icmp& operator=(const Icmp&) = delete;

  // Ends by the deadline, sooner once every packet's fate is known. Does not throw.
  asio::awaitable<PingTally> ping(PingPlan plan);

  // How many sockets are open.
  std::size_t sockets() const noexcept;

 private:
  class Engine;
  asio::io_context& loop_;
  std::unique_ptr<Engine> engine_;  // null before the first ping
};

}  // namespace tocsin
