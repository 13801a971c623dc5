// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "probe/dialogue_rows.h"

namespace tocsin {

enum class Transport : std::uint8_t { tcp, udp };
enum class PasswordUse : std::uint8_t { none, optional, required };

// A protocol that a `protocol:` key may name: what is said and what has to come back, as data. A
// literal type.
struct Protocol {
  std::string_view name;
  Transport transport = Transport::tcp;
  std::uint16_t port = 0;        // the usual one; 0: none
  std::uint16_t tls_port = 0;    // the usual one of TLS from the first byte on; 0: none
  std::array<RowStep, 3> steps;  // a first one that sends nothing awaits the greeting
  RowSend farewell;
  std::string_view unix_socket;  // the usual path; empty: none
  PasswordUse password = PasswordUse::none;
};

// All of them, sorted by name; one that runs on both transports has two rows.
std::span<const Protocol> protocols() noexcept;
// Null if there is none.
const Protocol* find_protocol(std::string_view name, Transport transport) noexcept;
std::vector<std::string_view> protocol_names(Transport transport);

// Behind STARTTLS the greeting does not come again: `greeted`.
Dialogue dialogue_of(const Protocol& protocol, const RowFilling& filling, bool greeted = false);

}  // namespace tocsin
