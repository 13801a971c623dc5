// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <sys/socket.h>

#include <asio/ip/address.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "net/icmp_packet.h"

namespace tocsin {

// A nanosecond count of CLOCK_REALTIME: what the kernel stamps received packets with.
using Nanos = std::chrono::nanoseconds;

// One descriptor that sends ICMP echo and hears what comes of it: an unprivileged ICMP socket
// (icmp(7), ping_group_range), else a raw one (CAP_NET_RAW), with a random id of its own. Never
// waits. One thread at a time.
class IcmpSocket {
 public:
  struct Options {
    bool v6 = false;
    int ttl = 64;  // 1 to 255; the hop limit of IPv6
    bool dont_fragment = false;
    auto operator<=>(const Options&) const = default;
  };
  // Something that came. An error is about a packet of ours: `echo` is what was sent then.
  struct Heard {
    bool is_error = false;
    Echo echo;               // the payload is valid until the next call of `hear`
    asio::ip::address from;  // of an error: who says it; unspecified if nobody but this machine
    std::uint8_t type = 0;   // of an error, ICMP's
    std::uint8_t code = 0;
    int error = 0;  // of an error that this machine found itself: its errno
    Nanos stamp{};  // when it came; zero: not known
  };

  IcmpSocket() = default;
  ~IcmpSocket() { close(); }
  IcmpSocket(const IcmpSocket&) = delete;
  IcmpSocket& operator=(const IcmpSocket&) = delete;

  // Returns 0 or an errno; EACCES if neither kind is allowed, EAFNOSUPPORT without that family.
  int open(const Options& options);
  void close() noexcept;

  // Returns 0 or the errno of this very packet; errors of earlier ones stay to be heard.
  int send(const asio::ip::address& to, std::uint16_t sequence, Bytes payload);
  // The next thing that came, errors first; false if there is nothing. What is neither a reply to
  // this socket's id nor an error about it is passed over, a bounded number at a time.
  bool hear(Heard& into);

  int descriptor() const noexcept { return descriptor_; }
  const Options& options() const noexcept { return options_; }
  std::uint16_t id() const noexcept { return id_; }
  bool raw() const noexcept { return raw_; }
  // Packets that the kernel dropped because this socket was not read fast enough.
  std::uint32_t dropped() const noexcept { return dropped_; }

 private:
  int open_unprivileged();
  int open_raw();
  int set_options() noexcept;
  int filter_raw() noexcept;
  enum class Taken { nothing, passed_over, heard };
  Taken take(int flags, Heard& into);
  void read_control(const msghdr& message, Heard& into);
  bool parse(bool from_error_queue, Bytes packet, Heard& into) const noexcept;

  Options options_;
  int descriptor_ = -1;
  bool raw_ = false;
  std::uint16_t id_ = 0;
  std::uint32_t dropped_ = 0;
  std::vector<std::uint8_t> buffer_;
};

}  // namespace tocsin
