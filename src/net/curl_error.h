// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>
#include <string_view>

#include "net/curl_engine.h"

namespace tocsin {

// What the words about a failed exchange need beside it.
struct ExchangeWords {
  std::string_view host;     // as the URL names it
  std::string_view address;  // "127.0.0.1:8080"
  Millis limit{};            // the time there was for all of it
};

// Sets the response's `error` and `error_text` by how the exchange ended; both stay as they are if
// it went well. Pure.
void explain_failure(const Exchange& exchange, const ExchangeWords& words);

// A time limit, to three digits: "10 s", "1.5 s", "250 ms".
std::string show_limit(Millis limit);

}  // namespace tocsin
