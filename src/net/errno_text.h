// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>
#include <string_view>

#include "net/http_client.h"
#include "tocsin/time.h"

namespace tocsin {

// What an errno of a socket call means, and the words for it, the same for streams and for HTTP.
// All functions are pure and thread-safe.

// `out_of_resources` is whatever is our own side's fault, a forbidding firewall of ours included.
NetError net_error_of(int error) noexcept;

// "connection refused (127.0.0.1:8080)", "timed out after 10 s (127.0.0.1:8080)"; nothing in
// brackets where the address is empty, no time where `after` is zero.
std::string net_text(NetError error, std::string_view address, Millis after = Millis{0});
// The same, but an errno that is none of the known kinds is named.
std::string errno_text(int error, std::string_view address);
// `what` with the address behind it in brackets.
std::string with_address(std::string what, std::string_view address);

}  // namespace tocsin
