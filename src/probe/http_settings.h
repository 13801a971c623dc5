// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probe/http_expect.h"
#include "tocsin/secret.h"
#include "tocsin/settings.h"

namespace tocsin {

// The keys of an `http` check beside its URL. Immutable once parsed; a check that has none of them
// has none of this.
struct HttpSettings {
  std::string method = "GET";
  std::vector<std::pair<std::string, Text>> headers;
  Text body;
  int redirects = 5;
  std::size_t body_limit = 1024 * 1024;
  bool verify = true;
  std::string ca_file;
  std::unique_ptr<const HttpExpect> expect;  // null: a 2xx
};

// The keys as the file has them; mistakes are reported.
struct ParsedHttp {
  Text url;
  std::unique_ptr<const HttpSettings> settings;  // null: all as by default
};
ParsedHttp parse_http(Settings& settings, Millis timeout);

// Whether a header of that name carries credentials: it is never shown, and never sent to another
// origin than the one it was meant for.
bool carries_credentials(std::string_view header_name);

}  // namespace tocsin
