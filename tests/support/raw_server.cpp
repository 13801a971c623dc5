// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "support/raw_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <utility>

namespace tocsin {
namespace {

// How soon a waiting script notices that the server stops.
constexpr int kLookMs = 20;

}  // namespace

bool RawConnection::wait(short events) {
  while (!stopping_) {
    pollfd poll_for{.fd = descriptor_, .events = events, .revents = 0};
    if (poll(&poll_for, 1, kLookMs) > 0) return true;
  }
  return false;
}

std::string RawConnection::read_head() {
  while (rest_.find("\r\n\r\n") == std::string::npos) {
    std::array<char, 4096> buffer;
    if (!wait(POLLIN)) break;
    const ssize_t got = recv(descriptor_, buffer.data(), buffer.size(), 0);
    if (got <= 0) return std::exchange(rest_, {});
    rest_.append(buffer.data(), static_cast<std::size_t>(got));
  }
  const auto end = rest_.find("\r\n\r\n");
  if (end == std::string::npos) return std::exchange(rest_, {});
  const std::string head = rest_.substr(0, end + 4);
  rest_.erase(0, end + 4);
  return head;
}

std::string RawConnection::read_exactly(std::size_t size) {
  while (rest_.size() < size) {
    std::array<char, 4096> buffer;
    if (!wait(POLLIN)) break;
    const ssize_t got = recv(descriptor_, buffer.data(), buffer.size(), 0);
    if (got <= 0) break;
    rest_.append(buffer.data(), static_cast<std::size_t>(got));
  }
  const std::string out = rest_.substr(0, size);
  rest_.erase(0, out.size());
  return out;
}

bool RawConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    if (!wait(POLLOUT)) return false;
    const ssize_t sent =
        ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawConnection::send_slowly(std::string_view bytes) {
  const int on = 1;
  setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (!send(bytes.substr(i, 1))) return false;
  }
  return true;
}

void RawConnection::hold() {
  std::array<char, 4096> ignored;
  while (wait(POLLIN) && recv(descriptor_, ignored.data(), ignored.size(), 0) > 0) {
  }
}

void RawConnection::reset() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

RawServer::RawServer(Script script) : script_(std::move(script)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&at), size) != 0 || listen(listener_, 128) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
    close(listener_);
    throw std::runtime_error("no port for a test's server");
  }
  port_ = ntohs(at.sin_port);
  listener_thread_ = std::thread([this] { run(); });
}

RawServer::~RawServer() {
  stopping_ = true;
  listener_thread_.join();
  for (std::thread& thread : threads_) thread.join();
  close(listener_);
}

void RawServer::run() {
  while (!stopping_) {
    pollfd poll_for{.fd = listener_, .events = POLLIN, .revents = 0};
    if (poll(&poll_for, 1, kLookMs) <= 0) continue;
    const int descriptor = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0) continue;
    ++connections_;
    threads_.emplace_back([this, descriptor] {
      RawConnection connection(descriptor, stopping_);
      script_(connection);
      close(descriptor);
    });
  }
}

RawServer::Script answer_with(std::string bytes) {
  return [bytes = std::move(bytes)](RawConnection& connection) {
    connection.read_head();
    connection.send(bytes);
  };
}

std::string http_answer(std::string_view status, std::string_view headers, std::string_view body) {
  std::string out = "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(headers);
  out += "Content-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n";
  return out += body;
}

}  // namespace tocsin
