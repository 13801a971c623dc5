// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// The two kinds differ in little. An unprivileged socket is bound to its id as if it were a port,
// and the kernel hands it the replies to that id alone. A raw socket hears every ICMP packet of the
// machine; a filter in the kernel leaves it the same ones. IPv4's raw socket has the IP header
// before what it hears. Errors come through the error queue of both (IP_RECVERR, ip(7)), and on a
// raw one those of other programs' packets too: the id in them tells.
//
// An error in the queue is also reported once by the next call on the socket, whatever that call is
// about. So a send that fails is done again before it is believed.
#include "net/icmp_socket.h"
#include "net/socket_address.h"

#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

namespace tocsin {
namespace {

constexpr int kReceiveBuffer = 256 * 1024;  // wanted; the kernel may give less
constexpr int kTriesForAnId = 16;
constexpr int kPassedOverAtOnce = 64;
constexpr std::size_t kLongestPacket = 65'535;

std::uint16_t random_id() noexcept {
  std::uint16_t id = 0;
  if (getrandom(&id, sizeof id, GRND_NONBLOCK) != sizeof id) {
    id = static_cast<std::uint16_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  }
  return id == 0 ? 1 : id;  // bound to 0, the kernel would choose, and not at random
}

bool set(int descriptor, int level, int name, int value) noexcept {
  return setsockopt(descriptor, level, name, &value, sizeof value) == 0;
}

asio::ip::address address_of(const void* from) noexcept {
  sockaddr any{};
  std::memcpy(&any, from, sizeof any);
  if (any.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, from, sizeof v4);
    return asio::ip::address_v4(ntohl(v4.sin_addr.s_addr));
  }
  if (any.sa_family != AF_INET6) return asio::ip::address();
  sockaddr_in6 v6{};
  std::memcpy(&v6, from, sizeof v6);
  asio::ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  return asio::ip::address_v6(bytes);
}

bool is_forbidden(int error) noexcept {
  return error == EACCES || error == EPERM || error == EPROTONOSUPPORT;
}

}  // namespace

int IcmpSocket::open(const Options& options) {
  close();
  options_ = options;
  int error = open_unprivileged();
  if (is_forbidden(error)) error = open_raw();
  if (is_forbidden(error)) error = EACCES;
  if (error == 0) error = set_options();
  if (error != 0) close();
  return error;
}

void IcmpSocket::close() noexcept {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
  dropped_ = 0;
}

int IcmpSocket::open_unprivileged() {
  raw_ = false;
  descriptor_ = socket(options_.v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                       options_.v6 ? int{IPPROTO_ICMPV6} : int{IPPROTO_ICMP});
  if (descriptor_ < 0) return errno;
  const asio::ip::address any = options_.v6 ? asio::ip::address(asio::ip::address_v6())
                                            : asio::ip::address(asio::ip::address_v4());
  for (int i = 0; i < kTriesForAnId; ++i) {
    id_ = random_id();
    sockaddr_storage to;
    const socklen_t size = socket_address(any, id_, to);
    if (bind(descriptor_, reinterpret_cast<const sockaddr*>(&to), size) == 0) return 0;
    if (errno != EADDRINUSE) break;
  }
  const int error = errno;
  close();
  return error;
}

int IcmpSocket::open_raw() {
  raw_ = true;
  id_ = random_id();
  descriptor_ = socket(options_.v6 ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
                       options_.v6 ? int{IPPROTO_ICMPV6} : int{IPPROTO_ICMP});
  return descriptor_ < 0 ? errno : filter_raw();
}

int IcmpSocket::filter_raw() noexcept {
  bool ok = false;
  if (options_.v6) {
    icmp6_filter filter;
    ICMP6_FILTER_SETBLOCKALL(&filter);
    ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
    ok = setsockopt(descriptor_, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter) == 0;
  } else {
    icmp_filter filter{~(1U << unsigned{ICMP_ECHOREPLY})};
    ok = setsockopt(descriptor_, SOL_RAW, ICMP_FILTER, &filter, sizeof filter) == 0;
  }
  if (!ok) return errno;
  // The id is 4 bytes into ICMP, which is behind an IP header for IPv4 and at the start for IPv6.
  std::array<sock_filter, 5> program{
      options_.v6 ? sock_filter{BPF_LDX | BPF_IMM, 0, 0, 0}
                  : sock_filter{BPF_LDX | BPF_B | BPF_MSH, 0, 0, 0},
      sock_filter{BPF_LD | BPF_H | BPF_IND, 0, 0, 4},
      sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 1, 0, id_},
      sock_filter{BPF_RET | BPF_K, 0, 0, 0},
      sock_filter{BPF_RET | BPF_K, 0, 0, 0xFFFFFFFFU},
  };
  sock_fprog attached{static_cast<unsigned short>(program.size()), program.data()};
  ok = setsockopt(descriptor_, SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof attached) == 0;
  return ok ? 0 : errno;
}

int IcmpSocket::set_options() noexcept {
  const int level = options_.v6 ? int{IPPROTO_IPV6} : int{IPPROTO_IP};
  bool ok = set(descriptor_, level, options_.v6 ? IPV6_RECVERR : IP_RECVERR, 1);
  ok = set(descriptor_, level, options_.v6 ? IPV6_UNICAST_HOPS : IP_TTL, options_.ttl) && ok;
  // DO sets the flag (or refuses here what is too large); DONT leaves the path to fragment.
  const int discover = options_.v6
                           ? (options_.dont_fragment ? IPV6_PMTUDISC_DO : IPV6_PMTUDISC_DONT)
                           : (options_.dont_fragment ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT);
  ok = set(descriptor_, level, options_.v6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, discover) && ok;
  if (options_.v6 && options_.dont_fragment) ok = set(descriptor_, level, IPV6_DONTFRAG, 1) && ok;
  const int error = errno;
  set(descriptor_, SOL_SOCKET, SO_RCVBUF, kReceiveBuffer);  // these only help
  set(descriptor_, SOL_SOCKET, SO_TIMESTAMPNS, 1);
  set(descriptor_, SOL_SOCKET, SO_RXQ_OVFL, 1);
  return ok ? 0 : error;
}

int IcmpSocket::send(const asio::ip::address& to, std::uint16_t sequence, Bytes payload) {
  const auto packet = echo_request(options_.v6, id_, sequence, payload);
  sockaddr_storage address;
  const socklen_t size = socket_address(to, 0, address);
  for (int attempt = 0;; ++attempt) {
    const auto sent = sendto(descriptor_, packet.data(), packet.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&address), size);
    if (sent >= 0) return 0;
    if (attempt == 1) return errno;
  }
}

bool IcmpSocket::hear(Heard& into) {
  int passed_over = 0;
  for (const int flags : {int{MSG_ERRQUEUE}, 0}) {
    for (Taken taken = take(flags, into); taken != Taken::nothing; taken = take(flags, into)) {
      if (taken == Taken::heard) return true;
      if (++passed_over == kPassedOverAtOnce) return false;
    }
  }
  return false;
}

IcmpSocket::Taken IcmpSocket::take(int flags, Heard& into) {
  if (buffer_.empty()) buffer_.resize(kLongestPacket);
  alignas(cmsghdr) std::array<char, 512> control;
  sockaddr_storage from{};
  iovec part{buffer_.data(), buffer_.size()};
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t size = recvmsg(descriptor_, &message, flags | MSG_DONTWAIT);
  // Without the flag, the first call may only repeat an error that the queue has told already.
  if (size < 0 && flags == 0 && errno != EAGAIN) {
    size = recvmsg(descriptor_, &message, MSG_DONTWAIT);
  }
  if (size < 0) return Taken::nothing;
  into = {};
  if (flags == 0) into.from = address_of(&from);
  read_control(message, into);
  const Bytes packet(buffer_.data(), static_cast<std::size_t>(size));
  return parse(flags != 0, packet, into) ? Taken::heard : Taken::passed_over;
}

void IcmpSocket::read_control(const msghdr& message, Heard& into) {
  auto* whole = const_cast<msghdr*>(&message);
  for (cmsghdr* part = CMSG_FIRSTHDR(whole); part != nullptr; part = CMSG_NXTHDR(whole, part)) {
    const bool error = (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_RECVERR) ||
                       (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_RECVERR);
    if (error) {
      sock_extended_err told{};
      std::memcpy(&told, CMSG_DATA(part), sizeof told);
      into.is_error = true;
      into.type = told.ee_type;
      into.code = told.ee_code;
      const bool icmp = told.ee_origin == SO_EE_ORIGIN_ICMP || told.ee_origin == SO_EE_ORIGIN_ICMP6;
      if (icmp) into.from = address_of(CMSG_DATA(part) + sizeof told);
      if (!icmp) into.error = static_cast<int>(told.ee_errno);
    } else if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPNS) {
      timespec stamp{};
      std::memcpy(&stamp, CMSG_DATA(part), sizeof stamp);
      into.stamp = std::chrono::seconds{stamp.tv_sec} + Nanos{stamp.tv_nsec};
    } else if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SO_RXQ_OVFL) {
      std::memcpy(&dropped_, CMSG_DATA(part), sizeof dropped_);
    }
  }
}

bool IcmpSocket::parse(bool from_error_queue, Bytes packet, Heard& into) const noexcept {
  const auto echo = from_error_queue ? parse_echo_request(options_.v6, packet)
                                     : parse_echo_reply(options_.v6, raw_, packet);
  if (!echo || echo->id != id_ || into.is_error != from_error_queue) return false;
  into.echo = *echo;
  return true;
}

}  // namespace tocsin
