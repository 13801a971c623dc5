// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "net/plain_request.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace tocsin {
namespace {

constexpr std::string_view kScheme = "http://";

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

bool is_host_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '.' || c == '_';
}

// What stands in a path or query as it is (RFC 3986, sections 3.3 and 3.4), and '%'.
bool is_path_char(char c) noexcept {
  return (c > ' ' && c < '\x7f') && std::strchr("\"#<>\\^`{|}", c) == nullptr;
}

// Names whose last label begins with a digit may be addresses in one of inet_aton's odd forms.
bool is_name(std::string_view host) noexcept {
  if (host.empty() || host.front() == '.' || host.back() == '.') return false;
  const auto dot = host.rfind('.');
  return !is_digit(host[dot == std::string_view::npos ? 0 : dot + 1]);
}

bool equals(std::string_view a, std::string_view lower) noexcept {
  return a.size() == lower.size() &&
         std::equal(a.begin(), a.end(), lower.begin(), [](char x, char y) {
           return (x >= 'A' && x <= 'Z' ? static_cast<char>(x + ('a' - 'A')) : x) == y;
         });
}

bool has_header(const HttpRequest& request, std::string_view lower) noexcept {
  return std::any_of(request.headers.begin(), request.headers.end(),
                     [&](const auto& header) { return equals(header.first, lower); });
}

}  // namespace

void write_plain_request(const HttpRequest& request, const PlainUrl& url, std::string& out) {
  out.assign(request.method).append(" ").append(url.path).append(" HTTP/1.1\r\n");
  if (!has_header(request, "host")) out.append("Host: ").append(url.authority).append("\r\n");
  if (!has_header(request, "user-agent")) out.append("User-Agent: tocsin/" TOCSIN_VERSION "\r\n");
  if (!has_header(request, "accept")) out.append("Accept: */*\r\n");
  for (const auto& [name, value] : request.headers) {
    out.append(name).append(value.empty() ? ":" : ": ").append(value).append("\r\n");
  }
  out.append("\r\n");
}

std::optional<PlainUrl> plain_url(std::string_view url) {
  if (!url.starts_with(kScheme)) return std::nullopt;
  url.remove_prefix(kScheme.size());
  PlainUrl out;
  out.path = url.substr(std::min(url.find('/'), url.size()));
  out.authority = url.substr(0, url.size() - out.path.size());
  if (out.path.empty()) out.path = "/";
  const auto colon = out.authority.find(':');
  out.host = out.authority.substr(0, colon);
  if (colon != std::string_view::npos) {
    const std::string_view digits = out.authority.substr(colon + 1);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
    if (error != std::errc() || end != digits.data() + digits.size() || digits.front() == '0' ||
        out.port == 0 || out.port == 80) {
      return std::nullopt;
    }
  }
  if (!std::all_of(out.host.begin(), out.host.end(), is_host_char) ||
      !std::all_of(out.path.begin(), out.path.end(), is_path_char) ||
      out.path.find("/.") != std::string_view::npos) {
    return std::nullopt;
  }
  if (is_name(out.host)) return out;
  asio::error_code error;
  const auto address = asio::ip::make_address_v4(out.host, error);
  if (error || address.to_string() != out.host) return std::nullopt;
  out.literal = address;
  return out;
}

bool is_plain(const HttpRequest& request) noexcept {
  return (request.method == "GET" || request.method == "HEAD") && request.body.empty() &&
         request.fresh_connection && request.proxy.empty() && request.unix_socket.empty() &&
         request.connect_to.empty() && request.cookies == nullptr &&
         request.version != HttpVersion::http2 && !request.decompress;
}

}  // namespace tocsin
