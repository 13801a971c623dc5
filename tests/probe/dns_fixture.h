// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "net/dns_message.h"
#include "probe/probe_fixture.h"
#include "probe/probe_tools.h"
#include "support/on_loop.h"

namespace tocsin {

inline std::string two_bytes(unsigned value) {
  return {static_cast<char>(value >> 8 & 0xFF), static_cast<char>(value & 0xFF)};
}

// A name as it stands in a message, not compressed.
inline std::string wire_name(const std::string& name) {
  std::string out;
  std::size_t at = 0;
  while (at < name.size()) {
    const std::size_t end = std::min(name.find('.', at), name.size());
    out += static_cast<char>(end - at) + name.substr(at, end - at);
    at = end + 1;
  }
  return out + '\0';
}

// An answer to a query that make_dns_query has made: its number and question, these flags, and
// these records as they are.
inline std::string wire_answer(const std::string& query, unsigned flags, unsigned answers,
                               const std::string& records) {
  const std::size_t question = query.find('\0', 12) + 1 + 4 - 12;
  return query.substr(0, 2) + two_bytes(flags) + two_bytes(1) + two_bytes(answers) + two_bytes(0) +
         two_bytes(0) + query.substr(12, question) + records;
}

inline std::string wire_record(unsigned type, const std::string& data) {
  return two_bytes(0xC00C) + two_bytes(type) + two_bytes(1) + std::string("\0\0\1\x2C", 4) +
         two_bytes(static_cast<unsigned>(data.size())) + data;
}

// A UDP server on a port of 127.0.0.1 that answers each packet with whatever packets its script
// gives. The script runs on a thread of the server's.
class UdpServer {
 public:
  using Script = std::function<std::vector<std::string>(const std::string& packet)>;

  explicit UdpServer(Script script) : script_(std::move(script)) {
    socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (bind(socket_, reinterpret_cast<sockaddr*>(&at), size) != 0 ||
        getsockname(socket_, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
      throw std::runtime_error("no port for a test's UDP server");
    }
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~UdpServer() {
    stopping_ = true;
    thread_.join();
    close(socket_);
  }
  UdpServer(const UdpServer&) = delete;
  UdpServer& operator=(const UdpServer&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  int packets() const noexcept { return packets_; }

 private:
  void run() {
    std::array<char, 65536> buffer;
    while (!stopping_) {
      pollfd poll_for{.fd = socket_, .events = POLLIN, .revents = 0};
      if (poll(&poll_for, 1, 20) <= 0) continue;
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t got = recvfrom(socket_, buffer.data(), buffer.size(), 0,
                                   reinterpret_cast<sockaddr*>(&from), &size);
      if (got < 0) continue;
      ++packets_;
      for (const std::string& reply :
           script_(std::string(buffer.data(), static_cast<std::size_t>(got)))) {
        sendto(socket_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
      }
    }
  }

  Script script_;
  int socket_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> packets_{0};
  std::thread thread_;
};

// One look by a check with these keys, on a machine whose names come from there.
inline Result probe_with(const std::string& keys, const Resolver::Sources& names) {
  const CheckPtr check = make_check(keys);
  const SystemClock clock;
  ProbeTools tools([](std::uint32_t) {}, names);
  ProbeContext context = tools.context(clock, clock.steady() + check->timing.timeout);
  context.explain = true;
  return on_loop(tools.loop(), check->prober->probe(context));
}

}  // namespace tocsin
