// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include "net/http_client.h"
#include "probe/http_expect.h"
#include "probe/http_look.h"
#include "tocsin/result.h"

namespace tocsin {

// The verdict on an HTTP answer, the same for a check and for each step of a visit. Pure functions.

// Asks for what the expectations need of an answer, and `tocsin probe` shows.
void want_for(const HttpExpect& expect, bool explain, HttpRequest& request);

// What an answer is by the expectations, `response_time` included.
Result judge(const HttpExpect& expect, const HttpAnswer& answer, Quoting quoting);

}  // namespace tocsin
