// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <optional>
#include <string_view>

#include "tocsin/time.h"

namespace tocsin {

// How long a service asks to wait. Pure; what comes back is never negative and at most a day.

// The value of a Retry-After header: seconds, or one of RFC 9110's three forms of a date. Nothing
// if it is neither.
std::optional<Millis> parse_retry_after(std::string_view value, WallTime now);

// A google.protobuf.Duration in JSON, "3.5s".
std::optional<Millis> parse_retry_delay(std::string_view value);

// A number of seconds, as some services put it into their answer's body; nothing if it is negative
// or not a number.
std::optional<Millis> parse_retry_seconds(double seconds);

}  // namespace tocsin
