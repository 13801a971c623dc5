// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// c-ares asks its servers in turn, after 1 s, then 2 s, 4 s, 8 s and 16 s without an answer: a lost
// packet costs a second, and whoever waits gives up at the deadline of its own. A single lookup
// cannot be cancelled in c-ares 1.18; one that nobody waits for any more ends by itself.
//
// It opens its sockets through us, so that a lack of descriptors is told from a silent server.
#include "net/dns_channel.h"

#include <ares.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace tocsin {
namespace {

constexpr int kFirstTimeoutMs = 1'000;
constexpr int kTries = 5;

asio::ip::address address_of(const sockaddr* from) {
  if (from->sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, from, sizeof v4);
    return asio::ip::address_v4(ntohl(v4.sin_addr.s_addr));
  }
  sockaddr_in6 v6;
  std::memcpy(&v6, from, sizeof v6);
  asio::ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  return asio::ip::address_v6(bytes, v6.sin6_scope_id);
}

std::vector<asio::ip::address> addresses_of(const ares_addrinfo* answer) {
  std::vector<asio::ip::address> out;
  for (const ares_addrinfo_node* node = answer->nodes; node != nullptr; node = node->ai_next) {
    if (node->ai_family != AF_INET && node->ai_family != AF_INET6) continue;
    const asio::ip::address address = address_of(node->ai_addr);
    if (std::find(out.begin(), out.end(), address) == out.end()) out.push_back(address);
  }
  return out;
}

// A server without a port of its own is asked at the channel's.
std::vector<Resolver::Server> servers_of(ares_channel channel, std::uint16_t usual_port) {
  std::vector<Resolver::Server> out;
  ares_addr_port_node* servers = nullptr;
  if (ares_get_servers_ports(channel, &servers) != ARES_SUCCESS) return out;
  for (const ares_addr_port_node* server = servers; server != nullptr; server = server->next) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    ares_inet_ntop(server->family, &server->addr, text.data(), text.size());
    asio::error_code error;
    const auto address = asio::ip::make_address(text.data(), error);
    const auto port = static_cast<std::uint16_t>(server->udp_port);
    if (!error) out.push_back({address, port == 0 ? usual_port : port});
  }
  ares_free_data(servers);
  return out;
}

}  // namespace

struct DnsChannel::Glue {
  // Travels through c-ares as a lookup's argument.
  struct Ticket {
    DnsWait::Lookup which;
    std::shared_ptr<DnsWait> wait;
  };

  static void ended(void* argument, int status, int /*timeouts*/, ares_addrinfo* answer) {
    const std::unique_ptr<Ticket> ticket(static_cast<Ticket*>(argument));
    DnsWait& wait = *ticket->wait;
    wait.status(ticket->which) = status;
    if (answer != nullptr) {
      if (status == ARES_SUCCESS && wait.addresses.empty()) wait.addresses = addresses_of(answer);
      ares_freeaddrinfo(answer);
    }
    wait.changed.cancel();
  }

  static void socket_state(void* self, ares_socket_t descriptor, int readable, int writable) {
    auto& channel = *static_cast<DnsChannel*>(self);
    const unsigned what =
        (readable != 0 ? LibraryLoop::kRead : 0U) | (writable != 0 ? LibraryLoop::kWrite : 0U);
    if (what == 0) {
      channel.io_.forget(descriptor);
    } else {
      channel.socket_error_ = channel.io_.watch(descriptor, what);
    }
  }

  static ares_socket_t open(int family, int type, int protocol, void* self) {
    const int descriptor = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    // A family that this machine lacks says nothing about descriptors.
    const bool lack = descriptor < 0 && errno != EAFNOSUPPORT;
    static_cast<DnsChannel*>(self)->socket_error_ = lack ? errno : 0;
    return descriptor;
  }

  static int close(ares_socket_t descriptor, void* self) {
    static_cast<DnsChannel*>(self)->io_.forget(descriptor);
    return ::close(descriptor);
  }

  static int connect(ares_socket_t descriptor, const sockaddr* to, ares_socklen_t size, void*) {
    return ::connect(descriptor, to, size);
  }

  static ares_ssize_t receive(ares_socket_t descriptor, void* into, size_t size, int flags,
                              sockaddr* from, ares_socklen_t* from_size, void*) {
    return recvfrom(descriptor, into, size, flags, from, from_size);
  }

  static ares_ssize_t send(ares_socket_t descriptor, const iovec* parts, int count, void*) {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts);
    message.msg_iovlen = static_cast<std::size_t>(count);
    return sendmsg(descriptor, &message, MSG_NOSIGNAL);
  }
};

DnsChannel::DnsChannel(asio::io_context& loop, const Resolver::Sources& sources)
    : io_(loop, *this) {
  static const ares_socket_functions kFunctions{&Glue::open, &Glue::close, &Glue::connect,
                                                &Glue::receive, &Glue::send};
  ares_options options{};
  std::string path = sources.resolv_conf;
  options.timeout = kFirstTimeoutMs;
  options.tries = kTries;
  options.udp_port = sources.port;
  options.tcp_port = sources.port;
  options.sock_state_cb = &Glue::socket_state;
  options.sock_state_cb_data = this;
  options.resolvconf_path = path.data();
  const int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_UDP_PORT | ARES_OPT_TCP_PORT |
                   ARES_OPT_SOCK_STATE_CB | ARES_OPT_RESOLVCONF;
  const int status = ares_init_options(&channel_, &options, mask);
  if (status != ARES_SUCCESS) throw std::runtime_error(ares_strerror(status));
  ares_set_socket_functions(channel_, &kFunctions, this);
  endpoints_ = servers_of(channel_, sources.port);
  for (const Resolver::Server& server : endpoints_) {
    servers_ += (servers_.empty() ? "" : ", ") + server.address.to_string();
  }
}

DnsChannel::~DnsChannel() {
  ares_destroy(channel_);
}

void DnsChannel::lookup(const std::string& host, DnsWait::Lookup which,
                        std::shared_ptr<DnsWait> wait) {
  ares_addrinfo_hints hints{};
  hints.ai_family = which == DnsWait::Lookup::ipv4_only ? AF_INET : AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  wait->status(which) = DnsWait::kUnanswered;
  auto ticket = std::make_unique<Glue::Ticket>(Glue::Ticket{which, std::move(wait)});
  ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, &Glue::ended, ticket.release());
  plan_timeout();
}

void DnsChannel::on_ready(int descriptor, unsigned what) {
  const bool error = (what & LibraryLoop::kError) != 0;
  const bool read = error || (what & LibraryLoop::kRead) != 0;
  ares_process_fd(channel_, read ? descriptor : ARES_SOCKET_BAD,
                  (what & LibraryLoop::kWrite) != 0 ? descriptor : ARES_SOCKET_BAD);
  plan_timeout();
}

void DnsChannel::on_timeout() {
  ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  plan_timeout();
}

void DnsChannel::plan_timeout() {
  timeval left{};
  if (ares_timeout(channel_, nullptr, &left) == nullptr) return io_.call_never();
  io_.call_at(std::chrono::steady_clock::now() + std::chrono::seconds{left.tv_sec} +
              std::chrono::microseconds{left.tv_usec} + Millis{1});
}

}  // namespace tocsin
