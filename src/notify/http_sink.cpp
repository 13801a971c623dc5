// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/http_sink.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "notify/retry_after.h"
#include "notify/webhook_url.h"
#include "util/text.h"

namespace tocsin {
namespace {

// An answer may repeat what it was sent, escaped.
constexpr std::size_t kLongestAnswer = 256 * 1024;
constexpr std::size_t kLongestWords = 200;

Outcome unanswered(const HttpResponse& response) {
  Outcome outcome;
  outcome.reason = printable(response.error_text, kLongestWords);
  if (response.error == NetError::bad_url) {
    outcome.what = Outcome::What::rejected;
    outcome.reason = "the sink's URL cannot be used";
  }
  if (outcome.reason.empty()) outcome.reason = "no answer";
  outcome.in_doubt = response.sent;
  return outcome;
}

Outcome::What verdict_of(int status) noexcept {
  if (status >= 200 && status < 300) return Outcome::What::sent;
  if (status == 408 || status == 425 || status == 429 || status >= 500) return Outcome::What::later;
  return Outcome::What::rejected;
}

std::string explain(const HttpSink& sink, int status, const ServiceWords& words) {
  std::string reason = std::to_string(status);
  if (status >= 300 && status < 400)
    return reason + ": redirected elsewhere, which is not followed";
  // Looked for in what came: a cut could hide the rest of a secret, not its beginning.
  const bool leaks = gives_away(words.what, sink.secrets);
  std::string what = leaks ? "(the service's words hold a secret and are left out)"
                           : printable(words.what, kLongestWords);
  if (gives_away(what, sink.secrets)) what.clear();
  if (!what.empty()) reason += ": " + what;
  if (!words.hint.empty()) reason += " (" + words.hint + ")";
  return reason;
}

}  // namespace

HttpSink parse_http_sink(Settings& settings) {
  HttpSink sink;
  sink.timeout = settings.duration("timeout", std::chrono::seconds{10},
                                   {std::chrono::seconds{1}, std::chrono::minutes{1}});
  sink.ca_file = settings.text("ca_file");
  if (!sink.ca_file.empty() && access(sink.ca_file.c_str(), R_OK) != 0) {
    settings.warn("ca_file", "the file cannot be read now");
  }
  sink.proxy = settings.url("proxy", {"http", "https", "socks5", "socks5h"});
  return sink;
}

HttpRequest request_to(const HttpSink& sink, const Delivery& delivery, std::string url) {
  HttpRequest request;
  request.url = std::move(url);
  request.deadline = delivery.clock.steady() + sink.timeout;
  request.body_limit = kLongestAnswer;
  request.fresh_connection = false;
  request.want_headers = true;  // Retry-After
  request.ca_file = sink.ca_file;
  request.proxy = sink.proxy.value();
  return request;
}

HttpRequest json_request(const HttpSink& sink, const Delivery& delivery, std::string url,
                         std::string json) {
  HttpRequest request = request_to(sink, delivery, std::move(url));
  request.method = "POST";
  request.headers.emplace_back("Content-Type", "application/json; charset=utf-8");
  request.body = std::move(json);
  return request;
}

Outcome outcome_of(const HttpSink& sink, const HttpResponse& response, const ServiceWords& words,
                   WallTime now) {
  // 1xx: it was going to answer.
  if (response.status < 200) return unanswered(response);
  Outcome outcome;
  outcome.what = words.decided.value_or(verdict_of(response.status));
  if (outcome.what == Outcome::What::sent) return outcome;
  outcome.reason = explain(sink, response.status, words);
  if (outcome.what == Outcome::What::later) {
    outcome.retry_after = parse_retry_after(header(response, "Retry-After"), now);
    if (!outcome.retry_after) outcome.retry_after = words.retry_after;
  }
  return outcome;
}

bool is_unresolved(std::string_view value) noexcept {
  constexpr std::string_view kReferences[] = {"${credential:", "${env:", "${file:"};
  return std::any_of(std::begin(kReferences), std::end(kReferences), [&](std::string_view begin) {
    return value.find(begin) != std::string_view::npos;
  });
}

std::string required_secret(Settings& settings, std::string_view key, HttpSink& sink) {
  const Secret secret = settings.secret(key);
  if (is_unresolved(secret.reveal())) return "unresolved";
  if (secret.empty()) {
    settings.error(key, std::string(key) + (settings.has(key) ? " is empty" : " is missing"));
    return {};
  }
  const std::string& value = secret.reveal();
  const bool plain =
      std::all_of(value.begin(), value.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!plain) {
    settings.error(key, std::string(key) + " holds white space or characters that no such key has");
    return {};
  }
  sink.secrets.push_back(value);
  return value;
}

std::string parse_base_url(Settings& settings, std::string_view key, std::string_view fallback) {
  const Text url = settings.url(key);
  if (url.empty()) return std::string(fallback);
  if (url.hides_something()) {
    settings.error(key, std::string(key) + " takes no user or password: it has keys of its own");
    return {};
  }
  return checked_base_url(settings, key, url.value());
}

std::string checked_base_url(Settings& settings, std::string_view key, std::string url) {
  const std::string name(key);
  const std::string scheme = to_lower(url.substr(0, url.find("://")));
  if ((scheme != "http" && scheme != "https") || host_in(url).empty()) {
    settings.error(key, name + " takes URLs that begin with https:// or http://");
    return {};
  }
  if (url.find('@') != std::string::npos) {
    settings.error(key, name + " takes no user or password: it has keys of its own");
    return {};
  }
  const bool plain =
      std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!plain || url.find_first_of("?#") != std::string::npos) {
    settings.error(key, name + " is the service's address, without ? and #");
    return {};
  }
  while (url.ends_with('/')) url.pop_back();
  if (scheme == "http" && !is_this_machine(host_in(url))) {
    settings.warn(key,
                  name + " is plain http: whoever sees the traffic can read the credentials");
  }
  return url;
}

bool is_this_machine(std::string_view host) noexcept {
  if (host.starts_with("[::1]")) return true;
  host = host.substr(0, host.find(':'));
  const bool is_ipv4 = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || (is_ipv4 && host.starts_with("127."));
}

std::string host_in(std::string_view url) {
  const auto colon = url.find("://");
  if (colon == std::string_view::npos) return {};
  url.remove_prefix(colon + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  if (const auto at = url.rfind('@'); at != std::string_view::npos) url.remove_prefix(at + 1);
  return std::string(url);
}

}  // namespace tocsin
