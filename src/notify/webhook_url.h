// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

// The URL of a Google Chat webhook, taken apart. `url` and `secrets` are never shown. A value type.
struct WebhookUrl {
  std::string url;                   // verbatim: its query must reach the service as it was given
  std::string sink;                  // "spaces/AAA", or the host where the path names no space
  std::vector<std::string> secrets;  // the values of key and token, as written and decoded
  bool plain_to_others = false;      // http to a host that is not this one: the secret is readable
};

// `problem` says what is wrong with the text as a webhook's URL, without quoting it; empty if
// nothing is, and then the other half is filled in. Never throws.
struct ParsedWebhook {
  WebhookUrl webhook;
  std::string problem;
};
ParsedWebhook parse_webhook_url(std::string_view text);

// Whether `text` gives away any of the secrets, whole or in a piece of eight or more characters.
bool gives_away(std::string_view text, const std::vector<std::string>& secrets);

}  // namespace tocsin
