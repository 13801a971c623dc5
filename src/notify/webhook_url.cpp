// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/webhook_url.h"

#include <algorithm>
#include <array>
#include <optional>

#include "notify/http_sink.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::string_view kWhole =
    "; copy the whole URL that Google Chat shows for the webhook: "
    "https://chat.googleapis.com/v1/spaces/…/messages?key=…&token=…";

// What the sender adds itself; twice in one URL, the service would take either.
constexpr std::array<std::string_view, 4> kOurs{"messageId", "messageReplyOption", "requestId",
                                                "threadKey"};
constexpr std::size_t kLongestUrl = 4096;
// A piece of a secret this long is a leak; a shorter one may be chance.
constexpr std::size_t kPiece = 8;
constexpr std::size_t kShortestSecret = 4;

struct Parts {
  std::string_view scheme, host, path, query;
};

bool is_printable_ascii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

// The host alone: without user, password and port; an IPv6 address keeps its brackets.
std::string_view host_of(std::string_view authority) noexcept {
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    authority.remove_prefix(at + 1);
  }
  if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.find(':'));
}

std::optional<Parts> take_apart(std::string_view url) noexcept {
  Parts parts;
  const auto colon = url.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  parts.scheme = url.substr(0, colon);
  url.remove_prefix(colon + 3);
  const auto question = url.find('?');
  if (question != std::string_view::npos) parts.query = url.substr(question + 1);
  url = url.substr(0, question);
  const auto slash = url.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  parts.host = host_of(url.substr(0, slash));
  parts.path = url.substr(slash);
  if (parts.host.empty()) return std::nullopt;
  return parts;
}

// "spaces/AAA" from "/v1/spaces/AAA/messages".
std::string_view space_in(std::string_view path) noexcept {
  path.remove_suffix(std::string_view("/messages").size());
  const auto last = path.rfind('/');
  if (last == std::string_view::npos || last + 1 == path.size()) return {};
  const auto before = path.substr(0, last).rfind('/');
  if (before == std::string_view::npos) return {};
  const std::string_view space = path.substr(before + 1);
  return space.starts_with("spaces/") ? space : std::string_view{};
}

// The value of the parameter in the query; nothing if it is not there or empty.
std::optional<std::string_view> parameter(std::string_view query, std::string_view name) noexcept {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const auto equals = pair.find('=');
    if (pair.substr(0, equals) != name) continue;
    if (equals == std::string_view::npos || equals + 1 == pair.size()) return std::nullopt;
    return pair.substr(equals + 1);
  }
  return std::nullopt;
}

bool has_name(std::string_view query, std::string_view name) noexcept {
  const std::string all = "&" + std::string(query);
  return all.find("&" + std::string(name) + "=") != std::string::npos;
}

void remember(std::vector<std::string>& secrets, std::string_view value) {
  secrets.emplace_back(value);
  std::string decoded;
  if (percent_decode(value, decoded) && decoded != value) secrets.push_back(std::move(decoded));
}

std::string problem_of_query(std::string_view query) {
  if (query.find("&amp;") != std::string_view::npos ||
      query.find("&#38;") != std::string_view::npos) {
    return "holds &amp; where & belongs" + std::string(kWhole);
  }
  for (const std::string_view name : {"key", "token"}) {
    if (!parameter(query, name)) return "has no " + std::string(name) + "=" + std::string(kWhole);
  }
  for (const std::string_view name : kOurs) {
    if (!has_name(query, name)) continue;
    return "holds " + std::string(name) + "=, which is added to every message here; remove it";
  }
  return {};
}

std::string problem_of(std::string_view text, const std::optional<Parts>& parts) {
  if (text.size() > kLongestUrl) return "is longer than 4096 characters";
  if (!is_printable_ascii(text)) return "holds white space or characters that no URL has";
  if (!parts) return "is not a URL" + std::string(kWhole);
  const std::string scheme = to_lower(parts->scheme);
  if (scheme != "https" && scheme != "http") {
    return "does not begin with https://" + std::string(kWhole);
  }
  if (text.find('#') != std::string_view::npos) return "holds a #" + std::string(kWhole);
  if (!parts->path.ends_with("/messages")) {
    return "has a path that does not end in /messages" + std::string(kWhole);
  }
  return problem_of_query(parts->query);
}

}  // namespace

ParsedWebhook parse_webhook_url(std::string_view text) {
  text = trim(text);
  ParsedWebhook parsed;
  const std::optional<Parts> parts = take_apart(text);
  parsed.problem = problem_of(text, parts);
  if (!parsed.problem.empty() || !parts) return parsed;
  WebhookUrl& webhook = parsed.webhook;
  webhook.url = text;
  const std::string_view space = space_in(parts->path);
  webhook.sink = space.empty() ? parts->host : space;
  webhook.plain_to_others = to_lower(parts->scheme) == "http" && !is_this_machine(parts->host);
  for (const std::string_view name : {"key", "token"}) {
    remember(webhook.secrets, parameter(parts->query, name).value_or(std::string_view{}));
  }
  return parsed;
}

bool gives_away(std::string_view text, const std::vector<std::string>& secrets) {
  for (const std::string_view secret : secrets) {
    if (secret.size() < kShortestSecret) continue;
    const std::size_t piece = std::min(secret.size(), kPiece);
    for (std::size_t at = 0; at + piece <= secret.size(); ++at) {
      if (text.find(secret.substr(at, piece)) != std::string_view::npos) return true;
    }
  }
  return false;
}

}  // namespace tocsin
