// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "net/stream.h"

namespace tocsin {

// A stream on a loop of its own; `run` turns the loop until the step has ended.
struct StreamFixture {
  explicit StreamFixture(Resolver::Sources sources = {})
      : resolver(loop, std::move(sources)), stream(std::in_place, resolver, phases) {}

  StreamStatus run(asio::awaitable<StreamStatus> step) {
    std::optional<StreamStatus> out;
    asio::co_spawn(loop, std::move(step), [&out](std::exception_ptr error, StreamStatus status) {
      if (error) std::rethrow_exception(error);
      out = std::move(status);
    });
    while (!out) {
      loop.restart();
      loop.run_one();
    }
    return *out;
  }
  StreamStatus connect(std::string host, std::uint16_t port,
                       Millis within = std::chrono::seconds{10}) {
    deadline = std::chrono::steady_clock::now() + within;
    return run(stream->connect(StreamTarget{std::move(host), port}, deadline));
  }
  StreamStatus start_tls(const TlsSettings& tls) { return run(stream->start_tls(tls, deadline)); }
  StreamStatus write(std::string_view text) { return run(stream->write(text, deadline)); }
  StreamStatus read(std::size_t most = 1000) { return run(stream->read(received, most, deadline)); }

  asio::io_context loop;
  Resolver resolver;
  Phases phases;
  std::optional<Stream> stream;
  std::string received;
  SteadyTime deadline{};
};

// An address and port that swallow every attempt to connect: its queue is full and nobody accepts.
class BlackHole {
 public:
  explicit BlackHole(const char* address = "127.0.0.1") {
    where_.sin_family = AF_INET;
    inet_pton(AF_INET, address, &where_.sin_addr);
    socklen_t size = sizeof where_;
    const int listener = take(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    auto* name = reinterpret_cast<sockaddr*>(&where_);
    if (bind(listener, name, size) != 0 || listen(listener, 0) != 0 ||
        getsockname(listener, name, &size) != 0) {
      throw std::runtime_error("no black hole");
    }
    for (int i = 0; i < 4; ++i) {
      connect(take(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)), name, size);
    }
  }
  ~BlackHole() {
    for (const int fd : sockets_) close(fd);
  }
  BlackHole(const BlackHole&) = delete;
  BlackHole& operator=(const BlackHole&) = delete;

  std::uint16_t port() const noexcept { return ntohs(where_.sin_port); }

 private:
  int take(int fd) {
    sockets_.push_back(fd);
    return fd;
  }
  sockaddr_in where_{};
  std::vector<int> sockets_;
};

// Listens at an address and port of the test's choice, and never accepts.
class Listener {
 public:
  Listener(const char* address, std::uint16_t port)
      : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    inet_pton(AF_INET, address, &where.sin_addr);
    if (bind(fd_, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0 || listen(fd_, 16) != 0) {
      throw std::runtime_error("cannot listen");
    }
  }
  ~Listener() { close(fd_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

 private:
  int fd_;
};

}  // namespace tocsin
