// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "support/dns_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace tocsin {
namespace {

constexpr std::size_t kHeader = 12;
constexpr int kAddressV4 = 1;
constexpr int kAddressV6 = 28;
constexpr int kNoSuchName = 3;

std::string two_bytes(int value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xFF)};
}

}  // namespace

DnsServer::DnsServer() {
  socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (bind(socket_, reinterpret_cast<sockaddr*>(&at), size) != 0 ||
      getsockname(socket_, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
    close(socket_);
    throw std::runtime_error("no port for a test's DNS server");
  }
  port_ = ntohs(at.sin_port);
  thread_ = std::thread([this] { run(); });
}

DnsServer::~DnsServer() {
  stopping_ = true;
  thread_.join();
  close(socket_);
}

void DnsServer::set(const std::string& name, Host host) {
  const std::scoped_lock lock(mutex_);
  hosts_[name] = std::move(host);
}

Resolver::Sources DnsServer::sources(const TempDir& dir) const {
  Resolver::Sources out;
  out.resolv_conf = dir.write("resolv.conf", "nameserver 127.0.0.1\n").string();
  out.port = port_;
  return out;
}

void DnsServer::run() {
  while (!stopping_) {
    pollfd poll_for{.fd = socket_, .events = POLLIN, .revents = 0};
    if (poll(&poll_for, 1, 20) <= 0) continue;
    std::array<char, 1500> buffer;
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const ssize_t got = recvfrom(socket_, buffer.data(), buffer.size(), 0,
                                 reinterpret_cast<sockaddr*>(&from), &size);
    if (got < static_cast<ssize_t>(kHeader)) continue;
    ++questions_;
    const std::string reply = answer(std::string(buffer.data(), static_cast<std::size_t>(got)));
    if (reply.empty() || silent_) continue;
    sendto(socket_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
  }
}

std::string DnsServer::answer(const std::string& question) {
  std::string name;
  std::size_t at = kHeader;
  while (at < question.size() && question[at] != '\0') {
    const auto length = static_cast<std::size_t>(question[at]);
    if (!name.empty()) name += '.';
    name += question.substr(at + 1, length);
    at += length + 1;
  }
  const std::size_t end = at + 5;  // the root label, type and class
  if (end > question.size()) return {};
  const int type = static_cast<unsigned char>(question[at + 2]);
  const std::scoped_lock lock(mutex_);
  const auto found = hosts_.find(name);
  const Host host = found == hosts_.end() ? Host{{}, {}, kNoSuchName, kNoSuchName} : found->second;
  const bool v6 = type == kAddressV6;
  if (v6 ? host.silent_v6 : host.silent_v4) return {};
  const auto& addresses = v6 ? host.v6 : host.v4;
  const int rcode = v6 ? host.rcode_v6 : host.rcode_v4;
  const int count = rcode == 0 ? static_cast<int>(addresses.size()) : 0;
  std::string out = question.substr(0, 2) + two_bytes(0x8180 | rcode) + two_bytes(1) +
                    two_bytes(count) + two_bytes(0) + two_bytes(0) +
                    question.substr(kHeader, end - kHeader);
  for (int i = 0; i < count; ++i) {
    std::array<char, 16> bytes;
    const int size = v6 ? 16 : 4;
    inet_pton(v6 ? AF_INET6 : AF_INET, addresses[static_cast<std::size_t>(i)].c_str(),
              bytes.data());
    out += two_bytes(0xC00C) + two_bytes(v6 ? kAddressV6 : kAddressV4) + two_bytes(1) +
           two_bytes(0) + two_bytes(60) + two_bytes(size);
    out.append(bytes.data(), static_cast<std::size_t>(size));
  }
  return out;
}

}  // namespace tocsin
