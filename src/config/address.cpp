// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "config/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kMostUrl = 8000;

std::string join(const std::vector<std::string_view>& words, std::string_view before,
                 std::string_view after) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += std::string(before) + std::string(words[i]) + std::string(after);
  }
  return out;
}

bool has_space_or_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7F;
  });
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_';
}

bool is_v6(std::string_view text) {
  in6_addr address{};
  const std::string plain(text.substr(0, text.find('%')));  // a zone such as %eth0 may follow
  return inet_pton(AF_INET6, plain.c_str(), &address) == 1;
}

bool is_v4(std::string_view text) {
  in_addr address{};
  return inet_pton(AF_INET, std::string(text).c_str(), &address) == 1;
}

std::string host_mistake(std::string_view host) {
  if (host.empty()) return "the host is missing";
  if (host.front() == '[') {
    const bool closed = host.size() > 2 && host.back() == ']';
    return closed && is_v6(host.substr(1, host.size() - 2))
               ? std::string()
               : "the host in brackets is no IPv6 address";
  }
  if (std::any_of(host.begin(), host.end(), [](char c) { return (c & 0x80) != 0; }))
    return "the host name is not ASCII; write it in its xn-- form";
  if (!std::all_of(host.begin(), host.end(), is_host_character))
    return "the host holds a character that no host name has";
  const std::string_view no_dot = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
  if (host.size() > 254 || no_dot.empty() || no_dot.front() == '.' ||
      no_dot.find("..") != std::string_view::npos)
    return "the host is no host name";
  // A name of digits and dots alone can only be meant as an address.
  if (no_dot.find_first_not_of("0123456789.") == std::string_view::npos && !is_v4(no_dot))
    return "the host is no IPv4 address";
  return {};
}

std::string port_mistake(std::string_view port, unsigned least) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  const bool whole = error == std::errc{} && end == port.data() + port.size();
  if (whole && number >= least && number <= 65535) return {};
  return "the port must be between " + std::to_string(least) + " and 65535";
}

struct HostPort {
  std::string_view host;  // with its brackets
  std::optional<std::string_view> port;
};

// At the last colon that is not within brackets.
HostPort split(std::string_view text) {
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket))
    return {text, std::nullopt};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

}  // namespace

std::string url_mistake(std::string_view url, const std::vector<std::string_view>& schemes) {
  std::string expected = "URL that begins with " + join(schemes, "", "://") + " expected";
  const std::size_t colon = url.find("://");
  if (url.empty() || colon == std::string_view::npos) return expected;
  const std::string scheme = to_lower(url.substr(0, colon));
  if (std::find(schemes.begin(), schemes.end(), scheme) == schemes.end()) return expected;
  if (url.size() > kMostUrl) return "the URL is longer than " + std::to_string(kMostUrl) + " bytes";
  if (has_space_or_control(url))
    return "the URL holds a space or control character; percent-encode it (%20)";
  const std::string_view rest = url.substr(colon + 3);
  std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  const std::size_t sign = authority.rfind('@');
  if (sign != std::string_view::npos) authority.remove_prefix(sign + 1);
  const HostPort parts = split(authority);
  std::string mistake = host_mistake(parts.host);
  if (mistake.empty() && parts.port) mistake = port_mistake(*parts.port, 1);
  return mistake.empty() ? mistake : "the URL cannot be used: " + mistake;
}

std::string listen_mistake(std::string_view address) {
  if (address.starts_with("unix:")) {
    const std::string_view path = address.substr(5);
    if (!path.starts_with('/'))
      return "unix: needs an absolute path, such as unix:/run/tocsin/web.sock";
    if (path.size() >= sizeof(sockaddr_un::sun_path) || path.find('\0') != std::string_view::npos)
      return "the path of a unix socket has at most 107 bytes";
    return {};
  }
  const HostPort parts = split(address);
  if (!parts.port) return "HOST:PORT, [IPV6]:PORT or unix:/path expected, such as 127.0.0.1:8480";
  if (parts.host.empty() || parts.host == "*")
    return "the host is missing; write 0.0.0.0 or [::] to listen on every address";
  if (parts.host.find(':') != std::string_view::npos && parts.host.front() != '[')
    return "an IPv6 address needs brackets, such as [::1]:8480";
  const std::string mistake = host_mistake(parts.host);
  return mistake.empty() ? port_mistake(*parts.port, 0) : mistake;
}

bool is_local_listen(std::string_view address) {
  if (address.starts_with("unix:")) return true;
  const std::string host = to_lower(split(address).host);
  if (host == "localhost" || (is_v4(host) && host.starts_with("127."))) return true;
  if (host.size() < 3 || host.front() != '[') return false;
  in6_addr v6{};
  if (inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6) != 1) return false;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) return v6.s6_addr[12] == 127;
  return IN6_IS_ADDR_LOOPBACK(&v6) != 0;
}

}  // namespace tocsin
