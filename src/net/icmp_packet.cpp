// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "net/icmp_packet.h"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#include <algorithm>
#include <array>

namespace tocsin {
namespace {

constexpr std::size_t kLeastIpHeader = 20;

std::uint16_t big_endian(Bytes bytes, std::size_t at) noexcept {
  return static_cast<std::uint16_t>(bytes[at] << 8U | bytes[at + 1]);
}

void put_big_endian(std::vector<std::uint8_t>& bytes, std::size_t at, std::uint16_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8U);
  bytes[at + 1] = static_cast<std::uint8_t>(value & 0xFFU);
}

// RFC 1071.
std::uint16_t checksum(Bytes bytes) noexcept {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) sum += big_endian(bytes, i);
  if (bytes.size() % 2 == 1) sum += std::uint32_t{bytes.back()} << 8U;
  while (sum > 0xFFFFU) sum = (sum & 0xFFFFU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum & 0xFFFFU);
}

// SplitMix64's mixing of a counter.
std::uint64_t mixed(std::uint64_t value) noexcept {
  value += 0x9E3779B97F4A7C15U;
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31U);
}

std::optional<Echo> parse_echo(Bytes packet, std::uint8_t type) noexcept {
  if (packet.size() < kEchoHeader || packet[0] != type || packet[1] != 0) return std::nullopt;
  return Echo{big_endian(packet, 4), big_endian(packet, 6), packet.subspan(kEchoHeader)};
}

constexpr std::array kUnreachable4{
    "network unreachable",            // 0
    "host unreachable",               // 1
    "protocol unreachable",           // 2
    "port unreachable",               // 3
    "too large for the path",         // 4
    "source route failed",            // 5
    "network unknown",                // 6
    "host unknown",                   // 7
    "source host isolated",           // 8
    "network forbidden by a filter",  // 9
    "host forbidden by a filter",     // 10
    "network unreachable for this type of service",
    "host unreachable for this type of service",
    "forbidden by a filter",      // 13
    "host precedence violation",  // 14
    "precedence cut off",         // 15
};

constexpr std::array kUnreachable6{
    "no route to the network",                 // 0
    "forbidden by a filter",                   // 1
    "beyond the scope of the source address",  // 2
    "host unreachable",                        // 3
    "port unreachable",                        // 4
    "source address refused by policy",        // 5
    "route rejected",                          // 6
};

std::string unnamed(std::uint8_t type, std::uint8_t code) {
  return "ICMP error " + std::to_string(type) + " code " + std::to_string(code);
}

}  // namespace

std::vector<std::uint8_t> echo_payload(std::uint64_t nonce, std::uint16_t sequence,
                                       std::size_t size) {
  std::vector<std::uint8_t> out(size);
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint64_t word = mixed(nonce ^ (std::uint64_t{sequence} << 48U) ^ (i / 8));
    out[i] = static_cast<std::uint8_t>(word >> (8 * (i % 8)));
  }
  return out;
}

std::vector<std::uint8_t> echo_request(bool v6, std::uint16_t id, std::uint16_t sequence,
                                       Bytes payload) {
  std::vector<std::uint8_t> out(kEchoHeader + payload.size());
  out[0] = v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
  put_big_endian(out, 4, id);
  put_big_endian(out, 6, sequence);
  std::copy(payload.begin(), payload.end(), out.begin() + kEchoHeader);
  if (!v6) put_big_endian(out, 2, checksum(out));
  return out;
}

std::optional<Echo> parse_echo_reply(bool v6, bool ip_header, Bytes packet) noexcept {
  if (ip_header && !v6) {
    if (packet.empty()) return std::nullopt;
    const std::size_t length = (packet[0] & 0x0FU) * std::size_t{4};
    if (packet[0] >> 4U != 4 || length < kLeastIpHeader || packet.size() < length) {
      return std::nullopt;
    }
    packet = packet.subspan(length);
  }
  return parse_echo(packet, v6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY);
}

std::optional<Echo> parse_echo_request(bool v6, Bytes packet) noexcept {
  return parse_echo(packet, v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO);
}

std::string icmp_error_text(bool v6, std::uint8_t type, std::uint8_t code) {
  if (!v6 && type == ICMP_DEST_UNREACH && code < kUnreachable4.size()) return kUnreachable4[code];
  if (v6 && type == ICMP6_DST_UNREACH && code < kUnreachable6.size()) return kUnreachable6[code];
  if (v6 && type == ICMP6_PACKET_TOO_BIG) return "too large for the path";
  if (type == (v6 ? ICMP6_TIME_EXCEEDED : ICMP_TIME_EXCEEDED)) {
    if (code == 0) return v6 ? "hop limit exceeded" : "time to live exceeded";
    if (code == 1) return "a fragment was lost on the way";
  }
  if (type == (v6 ? ICMP6_PARAM_PROB : ICMP_PARAMETERPROB)) return "a header was not understood";
  return unnamed(type, code);
}

}  // namespace tocsin
