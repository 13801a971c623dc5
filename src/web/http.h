// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin {

// A request and its answer as plain values, so that every rule and every route can be tested
// without a socket. Value types; whoever holds one may use it.

// Who asks, as the kernel says it.
struct Peer {
  bool over_unix_socket = false;
  // Over the unix socket: root, our own user, or a member of the daemon's group.
  bool may_steer = false;
  std::string address = {};  // "192.0.2.1", "2001:db8:0:0:0:0:0:1", or empty
};

struct Request {
  std::string method;  // as sent; HEAD is routed as GET
  std::string target;  // path and query as sent, percent-encoded
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
  Peer peer;

  // Filled by the router.
  std::string path;       // without the query, as sent; without the secret where there is one
  std::string parameter;  // what {…} matched, decoded
  std::string check;      // whose secret was sent; `parameter` is what came behind it
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in the order of the target

  // The header's value if it stands there exactly once; two of a kind are an attempt to be read
  // differently by different readers. The name in lower case.
  std::optional<std::string_view> header(std::string_view name) const noexcept;
  std::size_t count_of(std::string_view name) const noexcept;
};

struct Response {
  int status = 200;
  std::string content_type;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

// Beyond these a request is refused: 414, 413.
inline constexpr std::size_t kMostTarget = 8 * 1024;
inline constexpr std::size_t kMostBody = 64 * 1024;

inline constexpr std::string_view kJson = "application/json";

// An error as RFC 9457 has it, application/problem+json. `detail` is for people and free of
// secrets.
Response problem(int status, std::string_view detail);

// "Not Found" for 404. Empty for a status that this side never sends.
std::string_view status_title(int status) noexcept;

// Splits "a=1&b=x%20y" ('+' is a space), decoding. False if an escape is malformed.
bool parse_query(std::string_view text, std::vector<std::pair<std::string, std::string>>& into);

// Text for HTML: the five characters that mean something are escaped, broken UTF-8 is replaced.
std::string html(std::string_view text);

}  // namespace tocsin
