// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/secret_url.h"

#include <algorithm>
#include <utility>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kLongestUrl = 4096;
// Shorter parts of a path are words such as "services" or "v2", rather than secrets.
constexpr std::size_t kShortestSecret = 8;

std::string problem_of(std::string_view url) {
  if (url.size() > kLongestUrl) return "is longer than 4096 characters";
  const bool plain =
      std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!plain) return "holds white space or characters that no URL has";
  const std::string lower = to_lower(url.substr(0, 8));
  if (!lower.starts_with("https://") && !lower.starts_with("http://")) {
    return "does not begin with https://";
  }
  if (host_in(url).empty()) return "names no host";
  if (url.find('#') != std::string_view::npos) return "holds a #";
  return {};
}

void remember(std::string_view part, HttpSink& sink) {
  if (part.size() < kShortestSecret) return;
  sink.secrets.emplace_back(part);
  std::string decoded;
  if (percent_decode(part, decoded) && decoded != part) sink.secrets.push_back(std::move(decoded));
}

void remember_parts(std::string_view url, HttpSink& sink) {
  url.remove_prefix(url.find("://") + 3);
  const auto path = url.find_first_of("/?");
  if (path == std::string_view::npos) return;
  std::string_view rest = url.substr(path);
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const std::string_view part = rest.substr(0, rest.find_first_of("/?&="));
    rest.remove_prefix(part.size());
    remember(part, sink);
  }
}

}  // namespace

std::string parse_secret_url(Settings& settings, std::string_view key, std::string_view example,
                             HttpSink& sink) {
  const Secret secret = settings.secret(key);
  const std::string url(trim(secret.reveal()));
  if (is_unresolved(url)) return "https://unresolved.invalid/";
  const std::string name(key);
  const std::string whole = "; copy the whole URL that the service shows: " + std::string(example);
  std::string problem = problem_of(url);
  if (url.empty()) problem = settings.has(key) ? "is empty" : "is missing";
  if (!problem.empty()) {
    settings.error(key, name + " " + problem + whole);
    return {};
  }
  const std::string host = host_in(url);
  const bool is_here =
      host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]");
  if (to_lower(url.substr(0, 7)) == "http://" && !is_here) {
    settings.warn(key, name + " is plain http: whoever sees the traffic can write there");
  }
  remember_parts(url, sink);
  return url;
}

}  // namespace tocsin
