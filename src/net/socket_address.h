// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <sys/socket.h>

#include <asio/ip/address.hpp>
#include <cstdint>

namespace tocsin {

// The address as the kernel's calls take it; returns its length. Pure.
socklen_t socket_address(const asio::ip::address& address, std::uint16_t port,
                         sockaddr_storage& into) noexcept;

}  // namespace tocsin
