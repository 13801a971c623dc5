// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "net/http_target.h"

#include <curl/curl.h>

#include <array>
#include <charconv>
#include <memory>

namespace tocsin {
namespace {

class CurlUrl {
 public:
  explicit CurlUrl(const std::string& text) : handle_(curl_url(), &curl_url_cleanup) {
    ok_ = handle_ && curl_url_set(handle_.get(), CURLUPART_URL, text.c_str(),
                                  CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK;
  }
  explicit operator bool() const noexcept { return ok_; }

  // Empty where the URL has no such part.
  std::string get(CURLUPart part, unsigned flags = 0) const {
    char* text = nullptr;
    if (curl_url_get(handle_.get(), part, &text, flags) != CURLUE_OK) return {};
    const std::unique_ptr<char, void (*)(void*)> owner(text, &curl_free);
    return text;
  }
  bool set(CURLUPart part, const std::string& text) {
    return curl_url_set(handle_.get(), part, text.c_str(), 0) == CURLUE_OK;
  }

 private:
  std::unique_ptr<CURLU, void (*)(CURLU*)> handle_;
  bool ok_ = false;
};

std::optional<std::uint16_t> port_of(std::string_view text) noexcept {
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, port);
  if (parsed.ec != std::errc{} || parsed.ptr != end || port == 0) return std::nullopt;
  return port;
}

// The common case without libcurl's parser: an authority of nothing but an IPv4 address in its
// usual form and perhaps a port.
std::optional<HttpTarget> plain_ipv4(std::string_view url) {
  HttpTarget target;
  if (url.starts_with("http://")) {
    url.remove_prefix(7);
  } else if (url.starts_with("https://")) {
    url.remove_prefix(8);
    target.https = true;
  } else {
    return std::nullopt;
  }
  const std::string_view authority = url.substr(0, url.find_first_of("/?#"));
  if (authority.find_first_not_of("0123456789.:") != std::string_view::npos) return std::nullopt;
  const auto colon = authority.find(':');
  std::optional<std::uint16_t> port = std::uint16_t{80};
  if (target.https) port = std::uint16_t{443};
  if (colon != std::string_view::npos) port = port_of(authority.substr(colon + 1));
  std::error_code not_an_address;
  target.host = authority.substr(0, colon);
  target.literal = asio::ip::make_address_v4(target.host, not_an_address);
  if (not_an_address || !port) return std::nullopt;
  target.port = *port;
  return target;
}

std::optional<HttpTarget> target_of(const CurlUrl& parsed, bool https) {
  HttpTarget target;
  target.https = https;
  target.host = parsed.get(CURLUPART_HOST, CURLU_PUNYCODE);
  const auto port = port_of(parsed.get(CURLUPART_PORT, CURLU_DEFAULT_PORT));
  if (target.host.empty() || !port) return std::nullopt;
  target.port = *port;
  if (target.host.front() == '[') {
    target.host = target.host.substr(1, target.host.size() - 2);
    const std::string zone = parsed.get(CURLUPART_ZONEID);
    if (!zone.empty()) target.host += "%" + zone;
  }
  std::error_code not_an_address;
  const auto literal = asio::ip::make_address(target.host, not_an_address);
  if (!not_an_address) target.literal = literal;
  return target;
}

// libcurl's own default is 1080 for each kind of proxy. False if it is no proxy's scheme.
bool give_port(CurlUrl& url) {
  struct Kind {
    std::string_view scheme;
    const char* port;
  };
  static constexpr std::array<Kind, 4> kKinds{
      {{"http", "80"}, {"https", "443"}, {"socks5", "1080"}, {"socks5h", "1080"}}};
  const std::string scheme = url.get(CURLUPART_SCHEME);
  for (const Kind& kind : kKinds) {
    if (kind.scheme != scheme) continue;
    return !url.get(CURLUPART_PORT).empty() || url.set(CURLUPART_PORT, kind.port);
  }
  return false;
}

}  // namespace

std::optional<HttpTarget> http_target(const std::string& url) {
  if (auto plain = plain_ipv4(url)) return plain;
  const CurlUrl parsed(url);
  if (!parsed) return std::nullopt;
  const std::string scheme = parsed.get(CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return std::nullopt;
  return target_of(parsed, scheme == "https");
}

std::optional<HttpTarget> proxy_target(const std::string& url) {
  CurlUrl parsed(url);
  if (!parsed || !give_port(parsed)) return std::nullopt;
  return target_of(parsed, parsed.get(CURLUPART_SCHEME) == "https");
}

bool same_origin(const std::string& left, const std::string& right) {
  const auto a = http_target(left);
  const auto b = http_target(right);
  if (!a || !b) return false;
  const bool same_host = a->literal && b->literal ? *a->literal == *b->literal
                                                  : curl_strequal(a->host.c_str(), b->host.c_str());
  return same_host && a->port == b->port && a->https == b->https;
}

std::string with_user_of(const std::string& from, const std::string& to) {
  const CurlUrl source(from);
  CurlUrl out(to);
  if (!source || !out || !out.get(CURLUPART_USER).empty()) return to;
  const std::string user = source.get(CURLUPART_USER);
  if (user.empty() || !out.set(CURLUPART_USER, user)) return to;
  const std::string password = source.get(CURLUPART_PASSWORD);
  if (!password.empty() && !out.set(CURLUPART_PASSWORD, password)) return to;
  return out.get(CURLUPART_URL);
}

std::string with_host(const std::string& url, const asio::ip::address& host) {
  CurlUrl out(url);
  if (!out || !give_port(out)) return {};
  const std::string text = host.is_v6() ? "[" + host.to_string() + "]" : host.to_string();
  if (!out.set(CURLUPART_HOST, text)) return {};
  return out.get(CURLUPART_URL);
}

}  // namespace tocsin
