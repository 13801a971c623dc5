// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <sys/un.h>

#include <charconv>

#include "net/stream.h"

namespace tocsin {
namespace {

constexpr std::size_t kLongestHost = 253;  // RFC 1035, without the root's dot

std::uint16_t parse_port(std::string_view text) noexcept {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() ? port : std::uint16_t{0};
}

bool is_host_byte(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._:%").find(c) != std::string_view::npos;
}

}  // namespace

bool is_host(std::string_view text) noexcept {
  if (text.empty() || text.size() > kLongestHost) return false;
  for (const char c : text) {
    if (!is_host_byte(c)) return false;
  }
  return true;
}

std::optional<StreamTarget> parse_stream_target(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::uint16_t port = parse_port(text.substr(colon + 1));
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const bool has_colon = host.find(':') != std::string_view::npos;
  // A literal v6 address stands in brackets, and nothing else does: "::1:22" could mean two things.
  if (port == 0 || bracketed != has_colon || !is_host(host)) return std::nullopt;
  return StreamTarget{std::string(host), port};
}

std::optional<StreamTarget> parse_unix_target(std::string_view text) {
  constexpr std::string_view kScheme = "unix:";
  constexpr std::size_t kLongestPath = sizeof(sockaddr_un::sun_path) - 1;
  if (!text.starts_with(kScheme)) return std::nullopt;
  text.remove_prefix(kScheme.size());
  const bool has_zero = text.find('\0') != std::string_view::npos;
  if (!text.starts_with('/') || text.size() > kLongestPath || has_zero) return std::nullopt;
  StreamTarget out;
  out.unix_socket = text;
  return out;
}

std::string show(const StreamTarget& target) {
  if (!target.unix_socket.empty()) return "unix:" + target.unix_socket;
  const bool brackets = target.host.find(':') != std::string::npos;
  const std::string host = brackets ? "[" + target.host + "]" : target.host;
  return host + ":" + std::to_string(target.port);
}

}  // namespace tocsin
