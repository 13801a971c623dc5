// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/http_settings.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::uint64_t kMostBody = 64 * 1024 * 1024;
constexpr std::size_t kLongestShown = 100;

bool is_token(std::string_view name) noexcept {
  constexpr std::string_view kSigns = "!#$%&'*+-.^_`|~";  // RFC 9110, section 5.6.2
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kSigns.find(c) != std::string_view::npos;
  });
}

bool has_control(std::string_view value) noexcept {
  return std::any_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7F;
  });
}

void check_headers(Settings& settings, const HttpSettings& http) {
  for (const auto& [name, value] : http.headers) {
    const std::string key = to_lower(name);
    if (!is_token(name)) {
      settings.error("headers", "not a header's name: \"" + printable(name, kLongestShown) + '"');
    } else if (key == "content-length" || key == "transfer-encoding" || key == "connection") {
      settings.error("headers", name + " is not to be set: it follows from the request");
    } else if (has_control(value.value())) {
      settings.error("headers", name + ": a header's value has no line break or control character");
    }
  }
}

void check_body(Settings& settings, const HttpSettings& http) {
  if (http.method == "HEAD" && http.expect && http.expect->needs_body()) {
    settings.error("method", "the answer to HEAD has no body; 'expect' wants something of it");
  }
  if (http.body.empty()) return;
  if (http.method == "HEAD") settings.error("body", "a HEAD request has no body");
  if (http.method == "GET")
    settings.warn("body", "a GET request hardly has a body; 'method: POST'?");
}

void check_expect(Settings& section, const HttpSettings& http, bool https) {
  if (!http.expect) return;
  const auto& status = http.expect->status;
  const bool redirects_only =
      !status.empty() && std::all_of(status.begin(), status.end(), [](const auto& one) {
        return one.least >= 300 && one.most <= 399;
      });
  if (redirects_only && http.redirects > 0) {
    section.warn("status", "a redirect is followed first; 'redirects: 0' makes it the answer");
  }
  if (http.expect->certificate_days >= 0 && !https && http.redirects == 0) {
    section.error("certificate_days", "it needs an https URL");
  }
  for (const auto& [name, value] : http.expect->headers) {
    if (!is_token(name)) {
      section.error("header", "not a header's name: \"" + printable(name, kLongestShown) + '"');
    }
  }
}

// Whether a file that says nothing but the URL would have come to the same.
bool is_default(const HttpSettings& http) {
  const HttpSettings plain;
  return http.method == plain.method && http.headers.empty() && http.body.empty() &&
         http.redirects == plain.redirects && http.body_limit == plain.body_limit && http.verify &&
         http.ca_file.empty() && !http.expect;
}

}  // namespace

ParsedHttp parse_http(Settings& settings, Millis timeout) {
  ParsedHttp out;
  HttpSettings http;
  out.url = settings.url("url");
  if (!settings.has("url")) settings.error("'url' is missing");
  http.method = settings.choice(
      "method", {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, "GET");
  http.headers = settings.map("headers");
  http.body = settings.text_with_secrets("body");
  http.redirects = static_cast<int>(settings.integer("redirects", http.redirects, {0, 20}));
  http.body_limit = settings.size("body_limit", http.body_limit, {1, kMostBody});
  http.verify = settings.flag("verify", true);
  http.ca_file = settings.text("ca_file");
  const auto section = settings.section("expect");
  HttpExpect expect = parse_http_expect(*section, timeout);
  if (settings.has("expect")) http.expect = std::make_unique<HttpExpect>(std::move(expect));

  check_headers(settings, http);
  check_body(settings, http);
  check_expect(*section, http, out.url.value().starts_with("https:"));
  if (!http.ca_file.empty() && access(http.ca_file.c_str(), R_OK) != 0) {
    settings.warn("ca_file", "the file cannot be read now");
  }
  if (!http.ca_file.empty() && !http.verify) {
    settings.warn("ca_file", "it is of no use with 'verify: false'");
  }
  if (!is_default(http)) out.settings = std::make_unique<const HttpSettings>(std::move(http));
  return out;
}

bool carries_credentials(std::string_view header_name) {
  static constexpr std::array<std::string_view, 8> kParts{
      "auth", "cookie", "token", "key", "secret", "password", "signature", "session"};
  const std::string name = to_lower(header_name);
  return std::any_of(kParts.begin(), kParts.end(),
                     [&](std::string_view part) { return name.find(part) != std::string::npos; });
}

}  // namespace tocsin
