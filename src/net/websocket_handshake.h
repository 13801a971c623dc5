// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/stream.h"

namespace tocsin {

// How a WebSocket is agreed on (RFC 6455, section 4): a request of HTTP/1.1, the head of its
// answer, and whether that is an agreement. All functions are pure, but for `websocket_key`.

// What a ws or wss URL means.
struct WebsocketTarget {
  StreamTarget to;
  bool tls = false;
  std::string authority;  // for Host: the port only where it is not the scheme's own
  std::string resource;   // path and query, at least "/"
  std::string user;       // "name:password", decoded; empty: none
};

// Nothing if it is none, or has a fragment, which section 3 forbids.
std::optional<WebsocketTarget> websocket_target(const std::string& url);

struct WebsocketOffer {
  std::vector<std::pair<std::string, std::string>> headers;  // Host and Authorization replace ours
  std::vector<std::string> subprotocols;
  std::string origin;  // empty: none
};

// Sixteen random bytes in base64, from the kernel's generator (section 4.1). Throws
// std::runtime_error if there are none.
std::string websocket_key();
// What a server must make of the key (section 4.2.2).
std::string websocket_accept(std::string_view key);

// The bytes of the request. REQUIRES: names and values of the headers are those of HTTP.
std::string upgrade_request(const WebsocketTarget& target, const WebsocketOffer& offer,
                            const std::string& key);

// The head of an answer.
struct HttpHead {
  std::string status_line;
  int minor_version = 0;  // of HTTP/1
  int status = 0;
  std::string phrase;
  std::vector<std::pair<std::string, std::string>> headers;  // as they came, in order

  // The first one of that name, case-insensitive; empty if there is none.
  std::string_view header(std::string_view name) const noexcept;
};

// What a reader of a head needs is bounded by this.
inline constexpr std::size_t kMostHttpHead = std::size_t{16} * 1024;

// How many of the bytes are the head, its empty line included; nothing if it is not complete yet.
std::optional<std::size_t> http_head_size(std::string_view bytes) noexcept;
// Of a complete head; nothing if it is not one of HTTP/1.
std::optional<HttpHead> parse_http_head(std::string_view head);

// What was asked for.
struct WebsocketTerms {
  std::string key;
  std::vector<std::string> subprotocols;
  bool quotable = true;  // no secret was sent, which the server's words could repeat
};

// "401 Unauthorized": with the server's own words made printable, or the usual ones.
std::string show_status(const HttpHead& head, bool quotable);

// Why an answer does not agree to a WebSocket (section 4.1): "the server answered 401 Unauthorized
// instead of switching protocols". Empty if it does.
std::string handshake_refusal(const HttpHead& head, const WebsocketTerms& terms);

}  // namespace tocsin
