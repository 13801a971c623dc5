// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tocsin {

// ICMP echo on the wire: RFC 792 for IPv4, RFC 4443 section 4 for IPv6. All functions are pure;
// what they parse may be anything.

using Bytes = std::span<const std::uint8_t>;

inline constexpr std::size_t kEchoHeader = 8;
// What an IPv4 packet has room for: 65,535 less its own header and ours.
inline constexpr std::size_t kMostEchoPayload = 65'507;

// An echo request or reply, taken apart. `payload` points into what was parsed.
struct Echo {
  std::uint16_t id = 0;
  std::uint16_t sequence = 0;
  Bytes payload;
};

// What fills an echo: bytes that only the sender can know beforehand, other ones for each packet.
std::vector<std::uint8_t> echo_payload(std::uint64_t nonce, std::uint16_t sequence,
                                       std::size_t size);

// A whole request. The IPv4 checksum is in it; the kernel writes the IPv6 one, which covers
// addresses.
std::vector<std::uint8_t> echo_request(bool v6, std::uint16_t id, std::uint16_t sequence,
                                       Bytes payload);

// Nothing if it is no echo reply. `ip_header`: an IPv4 header stands before it, as on raw sockets.
std::optional<Echo> parse_echo_reply(bool v6, bool ip_header, Bytes packet) noexcept;
// The request of ours that an ICMP error gives back, as the kernel's error queue has it: perhaps
// cut, without its IP header.
std::optional<Echo> parse_echo_request(bool v6, Bytes packet) noexcept;

// "host unreachable", "time to live exceeded": what an ICMP error means (IANA's registries of types
// and codes).
std::string icmp_error_text(bool v6, std::uint8_t type, std::uint8_t code);

}  // namespace tocsin
