// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/http_settings.h"

#include <algorithm>
#include <array>

#include "probe/header_text.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::uint64_t kMostBody = 64 * 1024 * 1024;
constexpr std::size_t kLongestShown = 100;

void check_headers(Settings& settings, const HttpQuestion& question) {
  for (const auto& [name, value] : question.headers) {
    const std::string key = to_lower(name);
    if (!is_header_name(name)) {
      settings.error("headers", "not a header's name: \"" + printable(name, kLongestShown) + '"');
    } else if (key == "content-length" || key == "transfer-encoding" || key == "connection") {
      settings.error("headers", name + " is not to be set: it follows from the request");
    } else if (!is_header_value(value.value())) {
      settings.error("headers", name + ": a header's value has no line break or control character");
    }
  }
}

void check_body(Settings& settings, const HttpQuestion& question) {
  const std::string& method = question.method;
  if (method == "HEAD" && question.expect && question.expect->needs_body()) {
    settings.error("method", "the answer to HEAD has no body; 'expect' wants something of it");
  }
  if (question.body.empty()) return;
  if (method == "HEAD") settings.error("body", "a HEAD request has no body");
  if (method == "GET") settings.warn("body", "a GET request hardly has a body; 'method: POST'?");
}

// Whether a file that says nothing but the URL would have come to the same.
bool is_default(const HttpSettings& http) {
  const HttpSettings plain;
  const HttpQuestion& question = http.question;
  return question.method == plain.question.method && question.headers.empty() &&
         question.body.empty() && !question.expect && http.redirects == plain.redirects &&
         http.body_limit == plain.body_limit && !http.transport && !http.auth;
}

void check_auth(Settings& settings, const Text& url, const HttpSettings& http) {
  if (!http.auth) return;
  if (names_a_user(url.value())) {
    settings.error("auth", "the URL has a user already; leave out one of the two");
  }
  refuse_header(settings, http.question, "authorization", "it is set by 'auth'");
}

}  // namespace

const HttpExpect& HttpQuestion::wanted() const noexcept {
  static const HttpExpect kDefaults;
  return expect ? *expect : kDefaults;
}

HttpQuestion parse_http_question(Settings& settings, Millis timeout) {
  HttpQuestion out;
  out.method = settings.choice("method",
                               {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, "GET");
  out.headers = settings.map("headers");
  out.body = settings.text_with_secrets("body");
  const auto section = settings.section("expect");
  HttpExpect expect = parse_http_expect(*section, timeout);
  if (settings.has("expect")) out.expect = std::make_unique<HttpExpect>(std::move(expect));
  check_headers(settings, out);
  check_body(settings, out);
  return out;
}

void refuse_header(Settings& settings, const HttpQuestion& question, std::string_view name,
                   const std::string& reason) {
  for (const auto& [key, value] : question.headers) {
    if (to_lower(key) == name) settings.error("headers", key + " is not to be set: " + reason);
  }
}

void check_http_expect(Settings& settings, const HttpQuestion& question, std::string_view url,
                       int redirects) {
  if (!question.expect) return;
  const auto section = settings.section("expect");
  const auto& status = question.expect->status;
  const bool redirects_only =
      !status.empty() && std::all_of(status.begin(), status.end(), [](const auto& one) {
        return one.least >= 300 && one.most <= 399;
      });
  if (redirects_only && redirects > 0) {
    section->warn("status", "a redirect is followed first; 'redirects: 0' makes it the answer");
  }
  const bool plain = url.starts_with("http:") && redirects == 0;
  if (plain && question.expect->certificate_days >= 0) {
    section->error("certificate_days", "it needs an https URL");
  }
  if (plain && question.expect->least_tls > 0) {
    section->error("tls_version", "it needs an https URL");
  }
}

void parse_http_limits(Settings& settings, int& redirects, std::size_t& body_limit) {
  redirects = static_cast<int>(settings.integer("redirects", redirects, {0, 20}));
  body_limit = settings.size("body_limit", body_limit, {1, kMostBody});
}

ParsedHttp parse_http(Settings& settings, Millis timeout) {
  ParsedHttp out;
  HttpSettings http;
  out.url = settings.url("url");
  if (!settings.has("url")) settings.error("'url' is missing");
  http.question = parse_http_question(settings, timeout);
  parse_http_limits(settings, http.redirects, http.body_limit);
  http.transport = parse_http_transport(settings, out.url.value());
  http.auth = parse_http_auth(settings);
  check_http_expect(settings, http.question, out.url.value(), http.redirects);
  check_auth(settings, out.url, http);
  if (http.transport && http.transport->decompress) {
    refuse_header(settings, http.question, "accept-encoding", "it is set by 'decompress'");
  }
  if (!is_default(http)) out.settings = std::make_unique<const HttpSettings>(std::move(http));
  return out;
}

bool names_a_user(std::string_view url) noexcept {
  const auto begin = url.find("://");
  if (begin == std::string_view::npos) return false;
  const auto authority = url.substr(begin + 3, url.find_first_of("/?#", begin + 3) - begin - 3);
  return authority.find('@') != std::string_view::npos;
}

bool carries_credentials(std::string_view header_name) {
  static constexpr std::array<std::string_view, 8> kParts{
      "auth", "cookie", "token", "key", "secret", "password", "signature", "session"};
  const std::string name = to_lower(header_name);
  return std::any_of(kParts.begin(), kParts.end(),
                     [&](std::string_view part) { return name.find(part) != std::string::npos; });
}

}  // namespace tocsin
