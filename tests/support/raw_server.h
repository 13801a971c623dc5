// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace tocsin {

// One connection that a RawServer took; used by its script, on a thread of its own.
class RawConnection {
 public:
  RawConnection(int descriptor, const std::atomic<bool>& stopping)
      : descriptor_(descriptor), stopping_(stopping) {}

  // Reads up to the empty line that ends a request's head; what came until the other side closed
  // otherwise.
  std::string read_head();
  // Reads so many bytes more (a request's body).
  std::string read_exactly(std::size_t size);
  // False once the other side or the server has gone.
  bool send(std::string_view bytes);
  // A byte a packet.
  bool send_slowly(std::string_view bytes);
  // Waits until the other side closes, or the server stops.
  void hold();
  // Ends the connection with a reset in place of an orderly end.
  void reset();

 private:
  bool wait(short events);

  int descriptor_;
  const std::atomic<bool>& stopping_;
  std::string rest_;
};

// A server on a port of 127.0.0.1 that the kernel chose, which does to each connection whatever its
// script says: for clients that must survive hostile servers. The script runs on a thread per
// connection; the connection closes when it returns.
class RawServer {
 public:
  using Script = std::function<void(RawConnection&)>;

  explicit RawServer(Script script);
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url(const std::string& path) const { return "http://" + address() + path; }
  // How many connections it has taken. Thread-safe.
  int connections() const noexcept { return connections_; }

 private:
  void run();

  Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  std::vector<std::thread> threads_;  // the listener's own
  std::thread listener_thread_;
};

// The usual script: reads a head, sends the bytes, closes.
RawServer::Script answer_with(std::string bytes);
// A whole answer with a body, its length and `Connection: close`.
std::string http_answer(std::string_view status, std::string_view headers, std::string_view body);

}  // namespace tocsin
