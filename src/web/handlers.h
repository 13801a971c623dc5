// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tocsin/acknowledgement.h"
#include "web/json.h"
#include "web/router.h"

namespace tocsin {

// The handlers of the table in routes.cpp: each a function from a request to its answer over what
// Services give, without state of its own. Safe from every thread; may throw (see Route).

Response get_healthz(const Request& request, const Services& services);
Response get_page(const Request& request, const Services& services);
Response get_style(const Request& request, const Services& services);
Response get_checks(const Request& request, const Services& services);
Response get_check(const Request& request, const Services& services);
Response get_incidents(const Request& request, const Services& services);
Response get_notifications(const Request& request, const Services& services);
Response get_withheld(const Request& request, const Services& services);
Response get_silences(const Request& request, const Services& services);
Response get_metrics(const Request& request, const Services& services);
Response post_acknowledgement(const Request& request, const Services& services);
Response post_message(const Request& request, const Services& services);
Response post_silence(const Request& request, const Services& services);
Response post_silence_end(const Request& request, const Services& services);
Response take_heartbeat(const Request& request, const Services& services);

// The table of what the daemon serves.
std::span<const Route> web_routes() noexcept;
// The part of it that web.heartbeat_listen serves.
std::span<const Route> heartbeat_routes() noexcept;

// What somebody posts, made printable and within OwnMessage's bounds; or nothing, and `mistake`
// says what is wrong with it.
std::optional<PostedMessage> read_posted(const Request& request, std::string& mistake);

// What handlers share.

// Reads the query of one request: marks what it is asked for, remembers the first mistake. One
// function's local; not thread-safe.
class Query {
 public:
  explicit Query(const Request& request) : request_(request) {}

  // The parameter's value; nothing if absent. Twice is a mistake.
  std::optional<std::string_view> text(std::string_view name);
  std::int64_t integer(std::string_view name, std::int64_t fallback, std::int64_t least,
                       std::int64_t most);
  bool flag(std::string_view name);  // true or false; absent: false
  void mistake(std::string message);

  // After all were asked for: 400 for the first mistake, or for a parameter that nobody asked for.
  std::optional<Response> refusal() const;

 private:
  const Request& request_;
  std::vector<std::string_view> known_;
  std::string mistake_;
};

// The field `acknowledged` of a check or an incident: who looks after it; null: nobody.
void write_acknowledgement(JsonWriter& json, const std::optional<Acknowledgement>& ack);

// The 503 for a request before the first snapshot.
Response not_ready();

// Whether the text fits the pattern: * stands for any run of characters, ? for one byte. Linear in
// the text for any pattern without *, at worst the product of both lengths.
bool glob_matches(std::string_view pattern, std::string_view text) noexcept;

}  // namespace tocsin
