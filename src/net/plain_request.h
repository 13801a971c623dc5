// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/ip/address.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/http_client.h"

namespace tocsin {

// The parts of an http URL that needs no second thought; views into it.
struct PlainUrl {
  std::string_view host;       // a name or an IPv4 address
  std::string_view authority;  // as it goes into the Host header
  std::string_view path;       // with the query; never empty
  std::uint16_t port = 80;
  std::optional<asio::ip::address> literal;
};

// Of an http URL without user, escapes in the host, dot segments, fragment, or anything else that
// would have to be rewritten before it is sent. Nothing for all others. Pure.
std::optional<PlainUrl> plain_url(std::string_view url);

// Whether PlainHttp can do it all, besides the URL. Pure.
bool is_plain(const HttpRequest& request) noexcept;

// The request as it goes over the wire, in the order in which libcurl has it. Pure.
void write_plain_request(const HttpRequest& request, const PlainUrl& url, std::string& out);

}  // namespace tocsin
