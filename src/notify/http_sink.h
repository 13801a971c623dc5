// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_client.h"
#include "notify/notifier.h"
#include "tocsin/settings.h"

namespace tocsin {

// What notifiers over HTTP have in common: the keys of the way there, and what an answer means.

// How the sink is reached. A value type.
struct HttpSink {
  Millis timeout{};
  std::string ca_file;  // PEM; empty: the system's
  Text proxy;           // empty: none
  // What may never be shown, whatever a service echoes: fill in every secret that is sent.
  std::vector<std::string> secrets;
};

// Asks for `timeout`, `ca_file` and `proxy`, in that order.
HttpSink parse_http_sink(Settings& settings);

// A request on a kept connection, with the sink's deadline. Header and body are the caller's.
HttpRequest request_to(const HttpSink& sink, const Delivery& delivery, std::string url);
// The same with a JSON body, for POST.
HttpRequest json_request(const HttpSink& sink, const Delivery& delivery, std::string url,
                         std::string json);

// The service's own words for what went wrong; `what` is empty if there are none. The status code
// decides unless `decided` says better.
struct ServiceWords {
  std::string what;                      // "not_in_channel": from the body, as it came
  std::string hint;                      // ours: "invite the bot to the channel"
  std::optional<Outcome::What> decided;  // the service's own table
  std::optional<Millis> retry_after;     // from the body; the header's counts first
};

// What an answer means. 2xx is sent (with empty refs: the caller fills them in), unless the words
// say otherwise; no answer, 408, 425, 429 and 5xx are later; all else is rejected. The reason holds
// the status, the words made fit for people, and the hint; never a secret. Pure.
Outcome outcome_of(const HttpSink& sink, const HttpResponse& response, const ServiceWords& words,
                   WallTime now);

// A key that must be there and is a secret as a whole; its value is added to `sink.secrets`. A
// reference that was left unresolved (check-config --no-secrets) gives a stand-in that is never
// sent anywhere.
std::string required_secret(Settings& settings, std::string_view key, HttpSink& sink);

// Whether the value is a reference that was not resolved, as --no-secrets leaves it.
bool is_unresolved(std::string_view value) noexcept;

// The base URL of a service, without a slash at its end: the key's, or `fallback`. A user and
// password in it are refused; plain http to another host than this one is warned of, since
// credentials go with every request. Empty after an error.
std::string parse_base_url(Settings& settings, std::string_view key, std::string_view fallback);

// The same for one of a list's values.
std::string checked_base_url(Settings& settings, std::string_view key, std::string url);

// "host" or "host:port" of an http or https URL, for sink(); empty if it is none.
std::string host_in(std::string_view url);
// Whether "host" or "host:port" is loopback: what goes there in the clear is seen by nobody else.
bool is_this_machine(std::string_view host) noexcept;

}  // namespace tocsin
