// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probe/http_auth.h"
#include "probe/http_expect.h"
#include "probe/http_transport.h"
#include "tocsin/secret.h"
#include "tocsin/settings.h"

namespace tocsin {

// What is asked of a server and wanted of its answer, beside the URL and the way to it: the same
// keys in an `http` check and in each step of a visit. Immutable once parsed.
struct HttpQuestion {
  std::string method = "GET";
  std::vector<std::pair<std::string, Text>> headers;
  Text body;
  std::unique_ptr<const HttpExpect> expect;  // null: a 2xx

  const HttpExpect& wanted() const noexcept;
};
HttpQuestion parse_http_question(Settings& settings, Millis timeout);
// Headers that the question may not set, for `reason`.
void refuse_header(Settings& settings, const HttpQuestion& question, std::string_view name,
                   const std::string& reason);
// What an expectation cannot be met by: none of it with this URL or that many redirects.
void check_http_expect(Settings& settings, const HttpQuestion& question, std::string_view url,
                       int redirects);

// The keys of an `http` check beside its URL. Immutable once parsed; a check that has none of them
// has none of this.
struct HttpSettings {
  HttpQuestion question;
  int redirects = 5;
  std::size_t body_limit = 1024 * 1024;
  std::unique_ptr<const HttpTransport> transport;  // null: as by default
  std::unique_ptr<const HttpAuth> auth;            // null: none
};

// The keys as the file has them; mistakes are reported.
struct ParsedHttp {
  Text url;
  std::unique_ptr<const HttpSettings> settings;  // null: all as by default
};
ParsedHttp parse_http(Settings& settings, Millis timeout);

// Reads `redirects` and `body_limit`.
void parse_http_limits(Settings& settings, int& redirects, std::size_t& body_limit);
// Whether the URL has a user (and perhaps a password) in it, as `auth` would give one.
bool names_a_user(std::string_view url) noexcept;

// Whether a header of that name carries credentials: it is never shown, and never sent to another
// origin than the one it was meant for.
bool carries_credentials(std::string_view header_name);

}  // namespace tocsin
