// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http_client.h"
#include "probe/json_pick.h"
#include "tocsin/secret.h"
#include "tocsin/settings.h"
#include "util/pattern.h"

namespace tocsin {

// What an HTTP check wants of an answer: its `expect` section. Immutable once parsed.
struct HttpExpect {
  struct Statuses {
    int least = 200;
    int most = 299;
  };
  struct Json {
    enum class Is : std::uint8_t { equal, unequal, less, at_most, more, at_least };
    std::string path;  // as written
    JsonPath steps;
    Is is = Is::equal;
    std::string value;
    std::string shown;  // the whole condition, as written
  };

  std::vector<Statuses> status;  // empty: 2xx
  std::string body_contains;
  std::optional<Pattern> body_matches;
  std::vector<Json> json;
  std::vector<std::pair<std::string, Text>> headers;
  Millis response_time{0};    // 0: no limit
  int certificate_days = -1;  // -1: not asked for

  bool needs_body() const noexcept {
    return !body_contains.empty() || body_matches || !json.empty();
  }
};

// Reads the `expect` section and reports what is wrong in it.
HttpExpect parse_http_expect(Settings& expect, Millis timeout);

// Why the answer is not what is wanted: the first reason in the order status, headers, body, JSON;
// empty if it is. `may_quote`: the request sent no secret, so that the body cannot echo one.
std::string unmet(const HttpExpect& expect, const HttpResponse& response, bool may_quote);

}  // namespace tocsin
