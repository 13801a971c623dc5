// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "support/own_network.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <stdexcept>
#include <system_error>

#include "support/child.h"

namespace tocsin {
namespace {

constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kIcmp6 = 58;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

int own_namespace() {
  return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

struct Capabilities {
  __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};

  Capabilities() {
    if (syscall(SYS_capget, &head, data) != 0) fail("capget");
  }
  void apply() {
    if (syscall(SYS_capset, &head, data) != 0) fail("capset");
  }
};

std::uint16_t sum_of(const FarNetwork::Packet& bytes, std::size_t from, std::uint32_t sum) {
  for (std::size_t i = from; i < bytes.size(); i += 2) {
    sum += static_cast<std::uint32_t>(bytes[i]) << 8U;
    if (i + 1 < bytes.size()) sum += bytes[i + 1];
  }
  while (sum > 0xFFFFU) sum = (sum & 0xFFFFU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum & 0xFFFFU);
}

void put(FarNetwork::Packet& bytes, std::size_t at, std::size_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8U & 0xFFU);
  bytes[at + 1] = static_cast<std::uint8_t>(value & 0xFFU);
}

}  // namespace

// --- OwnNetwork
// ---------------------------------------------------------------------------------

OwnNetwork::OwnNetwork() : before_(own_namespace()) {
  if (before_ < 0 || unshare(CLONE_NEWNET) != 0) fail("unshare");
  run({"ip", "link", "set", "lo", "up"});
}

OwnNetwork::~OwnNetwork() {
  if (setns(before_, CLONE_NEWNET) != 0) std::abort();  // every later test would run in it
  close(before_);
}

bool OwnNetwork::possible() {
  bool allowed = false;
  std::thread([&allowed] { allowed = unshare(CLONE_NEWNET) == 0; }).join();
  return allowed && std::ofstream("/proc/sys/net/ipv4/ping_group_range").is_open();
}

void OwnNetwork::set_ping_groups(const std::string& range) const {
  std::ofstream out("/proc/sys/net/ipv4/ping_group_range");
  out << range << std::flush;
  if (!out) throw std::runtime_error("ping_group_range cannot be written");
}

void OwnNetwork::run(const std::vector<std::string>& argv) const {
  const Ran ran = run_program(argv);
  if (ran.status != 0) throw std::runtime_error(argv.front() + ": " + ran.out + ran.err);
}

// --- WithoutRawSockets
// --------------------------------------------------------------------------

WithoutRawSockets::WithoutRawSockets() {
  Capabilities now;
  for (int i = 0; i < 2; ++i) before_[i] = now.data[i].effective;
  now.data[0].effective &= ~(1U << unsigned{CAP_NET_RAW});
  now.apply();
}

WithoutRawSockets::~WithoutRawSockets() {
  Capabilities now;
  for (int i = 0; i < 2; ++i) now.data[i].effective = before_[i];
  now.apply();
}

// --- FarNetwork
// ---------------------------------------------------------------------------------

FarNetwork::FarNetwork(Play play) : play_(std::move(play)) {
  device_ = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (device_ < 0) fail("/dev/net/tun");
  ifreq wanted{};
  std::strncpy(wanted.ifr_name, "far", IFNAMSIZ - 1);
  wanted.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (ioctl(device_, TUNSETIFF, &wanted) != 0) fail("TUNSETIFF");
  for (const std::string command : {"ip addr add 10.99.0.1/24 dev far",
                                    "ip addr add fd99::1/64 dev far nodad", "ip link set far up"}) {
    const Ran ran = run_program({"sh", "-c", command});
    if (ran.status != 0) throw std::runtime_error(command + ": " + ran.err);
  }
  thread_ = std::thread([this] { work(); });
}

FarNetwork::~FarNetwork() {
  stopping_ = true;
  thread_.join();
  close(device_);
}

void FarNetwork::work() {
  constexpr int kTurn = 5;  // ms
  std::multimap<SteadyTime, Packet> waiting;
  unsigned count = 0;
  while (!stopping_) {
    pollfd ready{device_, POLLIN, 0};
    poll(&ready, 1, kTurn);
    Packet packet(65536);
    for (ssize_t size = 0; (size = read(device_, packet.data(), packet.size())) > 0;) {
      const Packet got(packet.begin(), packet.begin() + size);
      const bool v6 = is_v6(got);
      const bool echo = got.size() >= header_of(got) + 8 &&
                        got[v6 ? 6 : 9] == (v6 ? kIcmp6 : kIcmp) &&
                        got[header_of(got)] == (v6 ? 128 : 8);
      if (!echo) continue;  // the kernel's own multicast
      const auto now = std::chrono::steady_clock::now();
      for (Reply& reply : play_(got, count++)) {
        waiting.emplace(now + reply.after, std::move(reply.packet));
      }
    }
    while (!waiting.empty() && waiting.begin()->first <= std::chrono::steady_clock::now()) {
      const Packet& out = waiting.begin()->second;
      if (write(device_, out.data(), out.size()) < 0 && errno != EAGAIN) stopping_ = true;
      waiting.erase(waiting.begin());
    }
  }
}

void FarNetwork::seal(Packet& packet) {
  const bool v6 = is_v6(packet);
  const std::size_t header = header_of(packet);
  if (!v6) {
    put(packet, 10, 0);
    const Packet head(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(header));
    put(packet, 10, sum_of(head, 0, 0));
  }
  put(packet, header + 2, 0);
  // IPv6 sums both addresses, the length and the protocol, too (RFC 8200, 8.1).
  std::uint32_t pseudo = 0;
  for (std::size_t i = 8; v6 && i < header; i += 2) {
    pseudo += static_cast<std::uint32_t>(packet[i]) << 8U | packet[i + 1];
  }
  if (v6) pseudo += static_cast<std::uint32_t>(packet.size() - header) + kIcmp6;
  put(packet, header + 2, sum_of(packet, header, pseudo));
}

FarNetwork::Packet FarNetwork::reply_to(const Packet& request) {
  Packet out = request;
  const bool v6 = is_v6(out);
  const auto at = [&out](std::size_t index) {
    return out.begin() + static_cast<std::ptrdiff_t>(index);
  };
  if (v6) std::swap_ranges(at(8), at(24), at(24));
  if (!v6) std::swap_ranges(at(12), at(16), at(16));
  out[header_of(out)] = v6 ? 129 : 0;
  seal(out);
  return out;
}

FarNetwork::Packet FarNetwork::error_about(const Packet& request, std::uint8_t type,
                                           std::uint8_t code) {
  const std::size_t header = header_of(request);
  Packet out(request.begin(), request.begin() + static_cast<std::ptrdiff_t>(header));
  out.resize(header + 8);
  out.insert(
      out.end(), request.begin(),
      request.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(request.size(), 128)));
  out[header] = type;
  out[header + 1] = code;
  if (is_v6(request)) {
    put(out, 4, out.size() - header);
    std::copy_n(request.begin() + 8, 16, out.begin() + 24);  // back to the sender …
    std::copy_n(request.begin() + 24, 16, out.begin() + 8);
    put(out, 22, 0xFE);  // … from a router
    out[7] = 64;
  } else {
    put(out, 2, out.size());
    put(out, 6, 0);
    std::copy_n(request.begin() + 12, 4, out.begin() + 16);
    std::copy_n(request.begin() + 16, 4, out.begin() + 12);
    out[15] = 254;
    out[8] = 64;
  }
  seal(out);
  return out;
}

std::uint16_t FarNetwork::id_of(const Packet& packet) {
  const std::size_t at = header_of(packet) + 4;
  return static_cast<std::uint16_t>(packet[at] << 8U | packet[at + 1]);
}

}  // namespace tocsin
