// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "web/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <stdexcept>

#include "util/text.h"

namespace tocsin {
namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

Address resolve(const std::string& text) {
  Address out;
  if (text.starts_with("unix:")) {
    auto& to = reinterpret_cast<sockaddr_un&>(out.storage);
    to.sun_family = AF_UNIX;
    text.copy(to.sun_path, sizeof to.sun_path - 1, 5);
    out.size = sizeof to;
    return out;
  }
  const std::size_t colon = text.rfind(':');
  const auto port = htons(static_cast<std::uint16_t>(std::stoi(text.substr(colon + 1))));
  std::string host = text.substr(7, colon - 7);
  if (host.front() == '[') {
    auto& to = reinterpret_cast<sockaddr_in6&>(out.storage);
    to.sin6_family = AF_INET6;
    to.sin6_port = port;
    ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &to.sin6_addr);
    out.size = sizeof to;
  } else {
    auto& to = reinterpret_cast<sockaddr_in&>(out.storage);
    to.sin_family = AF_INET;
    to.sin_port = port;
    ::inet_pton(AF_INET, host.c_str(), &to.sin_addr);
    out.size = sizeof to;
  }
  return out;
}

}  // namespace

Client::Client(const std::string& address, int window) {
  const Address to = resolve(address);
  socket_ = ::socket(to.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (window > 0) ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to.storage), to.size) != 0) {
    const std::string why = std::strerror(errno);
    ::close(socket_);
    throw std::runtime_error("connect: " + why);
  }
}

Client::~Client() {
  ::close(socket_);
}

bool Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool Client::wait_readable(Millis most) {
  pollfd entry{socket_, POLLIN, 0};
  return ::poll(&entry, 1, static_cast<int>(most.count())) == 1;
}

std::string Client::read_some() {
  std::array<char, 65536> buffer;
  const ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), 0);
  return count <= 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(count));
}

std::optional<std::string> Client::read_all(Millis most) {
  const SteadyTime until = std::chrono::steady_clock::now() + most;
  std::string out;
  std::array<char, 65536> buffer;
  while (true) {
    const auto left = std::chrono::duration_cast<Millis>(until - std::chrono::steady_clock::now());
    if (left <= Millis{0} || !wait_readable(left)) return std::nullopt;
    const ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (count < 0) return std::nullopt;
    if (count == 0) return out;
    out.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

void Client::finish_sending() {
  ::shutdown(socket_, SHUT_WR);
}

Reply parse_reply(const std::string& bytes) {
  Reply out;
  const std::size_t end = bytes.find("\r\n\r\n");
  if (!bytes.starts_with("HTTP/1.") || end == std::string::npos) return out;
  out.status = std::stoi(bytes.substr(9, 3));
  out.body = bytes.substr(end + 4);
  for (std::size_t at = bytes.find("\r\n") + 2; at < end;) {
    const std::size_t stop = bytes.find("\r\n", at);
    const std::string line = bytes.substr(at, stop - at);
    const std::size_t colon = line.find(':');
    out.headers[to_lower(line.substr(0, colon))] = trim(line.substr(colon + 1));
    at = stop + 2;
  }
  return out;
}

std::string get_request(const std::string& address, std::string_view target,
                        std::string_view more) {
  const std::string host = address.starts_with("unix:") ? "localhost" : address.substr(7);
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: " + host + "\r\n" + std::string(more) +
         "\r\n";
}

Reply fetch(const std::string& address, std::string_view target, std::string_view more) {
  Client client(address);
  client.send(get_request(address, target, more));
  return parse_reply(client.read_all().value_or(""));
}

}  // namespace tocsin
