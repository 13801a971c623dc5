// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tocsin/time.h"

namespace tocsin {

// A network namespace of the calling thread's own, with a loopback that is up; whatever that thread
// does until this goes is in it. Needs root. One thread only.
class OwnNetwork {
 public:
  OwnNetwork();
  ~OwnNetwork();
  OwnNetwork(const OwnNetwork&) = delete;
  OwnNetwork& operator=(const OwnNetwork&) = delete;

  // Whether this process may make one.
  static bool possible();

  // Groups from and to that may use ICMP sockets; "1 0": none.
  void set_ping_groups(const std::string& range) const;
  // Runs `ip` or `nft` in it. Throws std::runtime_error if it fails.
  void run(const std::vector<std::string>& argv) const;

 private:
  int before_ = -1;
};

// The calling thread without CAP_NET_RAW while it lives.
class WithoutRawSockets {
 public:
  WithoutRawSockets();
  ~WithoutRawSockets();
  WithoutRawSockets(const WithoutRawSockets&) = delete;
  WithoutRawSockets& operator=(const WithoutRawSockets&) = delete;

 private:
  std::uint32_t before_[2] = {};
};

// A far network behind a TUN device of the OwnNetwork: 10.99.0.0/24 and fd99::/64, where this
// machine is 10.99.0.1 and fd99::1 and every other address is played by `play`, which runs on a
// thread of its own.
class FarNetwork {
 public:
  using Packet = std::vector<std::uint8_t>;  // with its IP header
  struct Reply {
    Millis after{};
    Packet packet;
  };
  // What comes of the packet number `count` (from 0) that is sent there.
  using Play = std::function<std::vector<Reply>(const Packet& packet, unsigned count)>;

  explicit FarNetwork(Play play);
  ~FarNetwork();
  FarNetwork(const FarNetwork&) = delete;
  FarNetwork& operator=(const FarNetwork&) = delete;

  // The echo's reply, from whom it was sent to.
  static Packet reply_to(const Packet& request);
  // An ICMP error about it, from another address of the far network (10.99.0.254, fd99::fe).
  static Packet error_about(const Packet& request, std::uint8_t type, std::uint8_t code);
  static bool is_v6(const Packet& packet) { return packet[0] >> 4U == 6; }
  // The echo's id and payload.
  static std::uint16_t id_of(const Packet& packet);
  static std::uint8_t ttl_of(const Packet& packet) { return packet[is_v6(packet) ? 7 : 8]; }
  static std::size_t header_of(const Packet& packet) { return is_v6(packet) ? 40 : 20; }
  // Makes its checksum right again after a change.
  static void seal(Packet& packet);

 private:
  void work();

  Play play_;
  int device_ = -1;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace tocsin
