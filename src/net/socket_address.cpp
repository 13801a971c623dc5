// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "net/socket_address.h"

#include <netinet/in.h>

#include <cstring>

namespace tocsin {

socklen_t socket_address(const asio::ip::address& address, std::uint16_t port,
                         sockaddr_storage& into) noexcept {
  into = {};
  if (address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    v4.sin_addr.s_addr = htonl(address.to_v4().to_uint());
    std::memcpy(&into, &v4, sizeof v4);
    return sizeof v4;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  const auto bytes = address.to_v6().to_bytes();
  std::memcpy(&v6.sin6_addr, bytes.data(), bytes.size());
  v6.sin6_scope_id = static_cast<std::uint32_t>(address.to_v6().scope_id());
  std::memcpy(&into, &v6, sizeof v6);
  return sizeof v6;
}

}  // namespace tocsin
