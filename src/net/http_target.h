// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/ip/address.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin {

// Where a URL leads. All functions are pure and thread-safe.
struct HttpTarget {
  std::string host;  // without brackets; a name as it goes to a resolver (IDN in its ASCII form)
  std::uint16_t port = 0;
  bool https = false;
  std::optional<asio::ip::address> literal;  // the host is an address, no name
};

// Of an absolute http or https URL; nothing if it is none. What it takes for a literal address,
// libcurl does too, so that libcurl never comes to resolve a name.
std::optional<HttpTarget> http_target(const std::string& url);

// Whether both URLs have the same scheme, host and port; false if one of them is malformed.
bool same_origin(const std::string& left, const std::string& right);

// `to` with the user and the password of `from`, unless it has its own.
std::string with_user_of(const std::string& from, const std::string& to);

// Where a proxy's URL leads: scheme http, https, socks5 or socks5h; without a port, the scheme's
// own (80, 443, 1080). Nothing if it is none of these or malformed.
std::optional<HttpTarget> proxy_target(const std::string& url);

// A proxy's URL with another host, an address, as its name was resolved by us; user and password
// stay. Empty if it is malformed.
std::string with_host(const std::string& url, const asio::ip::address& host);

}  // namespace tocsin
