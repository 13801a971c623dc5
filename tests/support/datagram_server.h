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
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace tocsin {

// A UDP server at a port of 127.0.0.1 (or another address of this machine) that answers each
// datagram with those that its script gives, on a thread of its own.
class DatagramServer {
 public:
  using Script = std::function<std::vector<std::string>(const std::string& datagram)>;

  explicit DatagramServer(Script script, const char* address = "127.0.0.1", std::uint16_t port = 0)
      : script_(std::move(script)), fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    inet_pton(AF_INET, address, &at.sin_addr);
    socklen_t size = sizeof at;
    auto* name = reinterpret_cast<sockaddr*>(&at);
    if (bind(fd_, name, size) != 0 || getsockname(fd_, name, &size) != 0) {
      close(fd_);
      throw std::runtime_error("no port for a test's UDP server");
    }
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~DatagramServer() {
    stopping_ = true;
    thread_.join();
    close(fd_);
  }
  DatagramServer(const DatagramServer&) = delete;
  DatagramServer& operator=(const DatagramServer&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // How many datagrams have come. Thread-safe.
  int received() const noexcept { return received_; }

 private:
  void run() {
    std::vector<char> buffer(65536);
    while (!stopping_) {
      pollfd poll_for{.fd = fd_, .events = POLLIN, .revents = 0};
      if (poll(&poll_for, 1, 20) <= 0) continue;
      sockaddr_in from{};
      socklen_t size = sizeof from;
      auto* name = reinterpret_cast<sockaddr*>(&from);
      const ssize_t came = recvfrom(fd_, buffer.data(), buffer.size(), 0, name, &size);
      if (came < 0) continue;
      ++received_;
      const std::string datagram(buffer.data(), static_cast<std::size_t>(came));
      for (const std::string& answer : script_(datagram)) {
        sendto(fd_, answer.data(), answer.size(), 0, name, size);
      }
    }
  }

  Script script_;
  int fd_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> received_{0};
  std::thread thread_;
};

}  // namespace tocsin
