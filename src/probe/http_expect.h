// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <memory>
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
    enum class Is : std::uint8_t {
      equal,
      unequal,
      less,
      at_most,
      more,
      at_least,
      matching,
      not_matching,
      absent,
    };
    std::string path;  // as written
    JsonPath steps;
    Is is = Is::equal;
    std::string value;
    std::optional<Pattern> pattern;
    std::string shown;  // the whole condition, as written
  };
  struct HeaderPattern {
    std::string name;
    Pattern pattern;
    bool hidden = false;  // its text is not to be shown
  };
  struct Headers {
    std::vector<std::pair<std::string, Text>> equal;
    std::vector<HeaderPattern> matching;
    std::vector<std::string> present;
    std::vector<std::string> absent;
    bool empty() const noexcept {
      return equal.empty() && matching.empty() && present.empty() && absent.empty();
    }
  };

  std::vector<Statuses> status;  // empty: 2xx
  std::vector<std::string> body_contains;
  std::vector<std::string> body_not_contains;
  std::optional<Pattern> body_matches;
  std::optional<Pattern> body_not_matches;
  std::vector<Json> json;
  std::unique_ptr<const Headers> headers;  // null: none of them
  Millis response_time{0};                 // 0: no limit
  int certificate_days = -1;               // -1: not asked for
  std::uint8_t least_tls = 0;              // 12: TLS 1.2, 13: TLS 1.3; 0: not asked for

  bool needs_body() const noexcept {
    return !body_contains.empty() || !body_not_contains.empty() || body_matches ||
           body_not_matches || !json.empty();
  }
  bool needs_headers() const noexcept { return headers != nullptr; }
};

// Reads the `expect` section and reports what is wrong in it.
HttpExpect parse_http_expect(Settings& expect, Millis timeout);

// How much of an answer a reason may quote.
enum class Quoting : std::uint8_t {
  all,
  plain,    // the request sent a secret, which a text may echo: numbers and flags only
  nothing,  // the answer holds a secret of its own
};

// Why the answer is not what is wanted: the first reason in the order status, TLS, headers, body,
// JSON; empty if it is.
std::string unmet(const HttpExpect& expect, const HttpResponse& response, Quoting quoting);

// The number a text is, as a whole; nothing if it is none.
std::optional<double> number_in(std::string_view text) noexcept;

}  // namespace tocsin
