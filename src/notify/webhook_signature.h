// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

// How a webhook is signed by Standard Webhooks 1.0 (standardwebhooks.com): HMAC-SHA256 over
// "ID.TIMESTAMP.BODY", once for each secret, so that a receiver can change its secret without
// refusing anything meanwhile. Pure functions; nothing of them is ever shown.

// The key in "whsec_…": 24 to 64 bytes in base64. Nothing if it is none.
std::optional<std::string> parse_webhook_secret(std::string_view text);

// The value of the header webhook-signature: "v1,… v1,…", in the order of the keys.
std::string webhook_signature(const std::vector<std::string>& keys, std::string_view id,
                              std::string_view timestamp, std::string_view body);

}  // namespace tocsin
