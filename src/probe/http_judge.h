// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>

#include "net/http_client.h"
#include "probe/http_expect.h"
#include "tocsin/result.h"

namespace tocsin {

// The verdict on an HTTP answer, the same for a check and for each step of a visit. Pure functions.

struct HttpAnswer {
  HttpResponse response;
  std::string refused;  // why a redirect was not followed; empty if all were
};

// Asks for what the expectations need of an answer, and `tocsin probe` shows.
void want_for(const HttpExpect& expect, bool explain, HttpRequest& request);

// Makes the result what the answer is by the expectations, but for `response_time`. A result that
// is up stays up if all is well; its address must be set.
void judge(const HttpExpect& expect, const HttpAnswer& answer, Quoting quoting, Result& result);

}  // namespace tocsin
