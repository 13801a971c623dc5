// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "web/guard.h"

#include <algorithm>
#include <charconv>

#include "util/text.h"

namespace tocsin {
namespace {

using Where = GuardSettings::Where;

struct HostPort {
  std::string host;  // in lower case, without brackets
  std::uint16_t port = 80;
};

bool is_host_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool is_v6_character(char c) noexcept {
  return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9') || c == '.' || c == ':';
}

bool all(std::string_view text, bool (*test)(char) noexcept) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), test);
}

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc{} || stop != end || port == 0) return std::nullopt;
  return port;
}

// "name", "name:port", "[v6]" or "[v6]:port"; nothing if it is none of them.
std::optional<HostPort> parse_host(std::string_view header) {
  const std::string text = to_lower(trim(header));
  const bool bracketed = !text.empty() && text.front() == '[';
  const std::size_t end = bracketed ? text.find(']') : std::min(text.find(':'), text.size());
  if (end == std::string::npos) return std::nullopt;
  HostPort out{text.substr(bracketed ? 1 : 0, bracketed ? end - 1 : end)};
  if (!all(out.host, bracketed ? is_v6_character : is_host_character)) return std::nullopt;
  const std::string_view rest = std::string_view(text).substr(bracketed ? end + 1 : end);
  if (rest.empty()) return out;
  const auto port = rest.front() == ':' ? parse_port(rest.substr(1)) : std::nullopt;
  if (!port) return std::nullopt;
  out.port = *port;
  return out;
}

std::optional<std::string_view> bearer_token(const Request& request) {
  const auto header = request.header("authorization");
  constexpr std::string_view kScheme = "bearer ";
  if (!header || to_lower(header->substr(0, kScheme.size())) != kScheme) return std::nullopt;
  return trim(header->substr(kScheme.size()));
}

bool is_token(const Secret& secret, std::optional<std::string_view> given) noexcept {
  return !secret.empty() && given && same_secret(secret.reveal(), *given);
}

Response unauthorized(bool token_was_given, std::string_view which) {
  Response response =
      problem(401, token_was_given ? "the bearer token is not accepted here"
                                   : "a bearer token is needed (web." + std::string(which) + ")");
  response.headers.emplace_back("WWW-Authenticate",
                                token_was_given ? R"(Bearer realm="tocsin", error="invalid_token")"
                                                : R"(Bearer realm="tocsin")");
  return response;
}

}  // namespace

bool same_secret(std::string_view secret, std::string_view given) noexcept {
  // An empty secret is no secret; it must not be what an empty token opens.
  if (secret.empty()) return false;
  volatile unsigned char difference = secret.size() == given.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto a = static_cast<unsigned char>(secret[i % secret.size()]);
    const auto b = static_cast<unsigned char>(given[i]);
    difference = static_cast<unsigned char>(difference | (a ^ b));
  }
  return difference == 0;
}

Guard::Guard(GuardSettings settings) : settings_(std::move(settings)) {
  settings_.host = to_lower(settings_.host);
}

bool Guard::is_our_host(std::string_view header) const {
  // A unix socket has no name that a browser could be lured to; a port that others reach goes by
  // names that only they know, and there every route but /healthz wants a token.
  if (settings_.where != Where::loopback) return true;
  const auto host = parse_host(header);
  if (!host || host->port != settings_.port) return false;
  return host->host == "localhost" || host->host == "127.0.0.1" || host->host == "::1" ||
         host->host == settings_.host;
}

std::optional<Response> Guard::refuse_origin(const Request& request) const {
  const auto host = request.header("host");
  if (!host || !parse_host(*host)) return problem(400, "exactly one well-formed Host is needed");
  if (!is_our_host(*host)) {
    return problem(421,
                   "this is not the host that was asked for; use the address that web.listen "
                   "names, or localhost with the same port");
  }
  const std::string ours = "http://" + to_lower(trim(*host));
  for (const auto& [name, value] : request.headers) {
    if (name == "origin" && to_lower(trim(value)) != ours) {
      return problem(403, "requests made by other web pages are refused");
    }
  }
  return std::nullopt;
}

std::optional<Response> Guard::refuse_access(Access access, const Request& request) const {
  switch (access) {
    case Access::secret:  // the router's, by the door
    case Access::open: return std::nullopt;
    case Access::read: return refuse_read(request);
    case Access::steer: return refuse_steer(request);
  }
  return problem(403, "no access");
}

std::optional<Response> Guard::refuse_read(const Request& request) const {
  if (request.peer.over_unix_socket) return std::nullopt;
  if (settings_.read_token.empty()) {
    if (settings_.where == Where::loopback) return std::nullopt;
    // The loader refuses such a configuration; should it ever get here, nothing is shown.
    return problem(403, "reading from other machines needs web.read_token to be set");
  }
  const auto token = bearer_token(request);
  if (is_token(settings_.read_token, token) || is_token(settings_.admin_token, token)) {
    return std::nullopt;
  }
  return unauthorized(token.has_value(), "read_token");
}

std::optional<Response> Guard::refuse_steer(const Request& request) const {
  const auto token = bearer_token(request);
  if (request.peer.may_steer || is_token(settings_.admin_token, token)) return std::nullopt;
  if (is_token(settings_.read_token, token)) {
    return problem(403, "this token may only read; steering needs web.admin_token");
  }
  if (settings_.admin_token.empty()) {
    return problem(403,
                   "steering needs web.admin_token to be set, or the unix socket as root or "
                   "as a member of the daemon's group");
  }
  return unauthorized(token.has_value(), "admin_token");
}

}  // namespace tocsin
