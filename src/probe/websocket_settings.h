// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probe/websocket_session.h"
#include "tocsin/secret.h"
#include "tocsin/settings.h"
#include "util/pattern.h"

namespace tocsin {

// One step of what is said: perhaps a message from us, then perhaps one to wait for.
struct WebsocketStep {
  WebsocketOpcode kind = WebsocketOpcode::text;
  Text send;           // the message's bytes
  std::string expect;  // to be found in a message, as it is
  std::string expect_bytes;
  std::optional<Pattern> expect_matches;

  bool sends() const noexcept { return !send.empty(); }
  bool expects() const noexcept;
  bool is_met_by(std::string_view message) const;
  // What is expected, for people.
  std::string expected() const;
};

// The keys of a `websocket` check. Immutable once parsed.
struct WebsocketSettings {
  Text url;
  WebsocketSession::Request request;  // as it is sent: full of secrets
  std::vector<std::pair<std::string, std::string>> shown_headers;
  std::vector<WebsocketStep> steps;
  bool ping = true;
  Millis ping_time{0};  // no limit
  bool close = false;   // the server has to close too
  int certificate_days = -1;
  Millis response_time{0};
};

// The keys as the file has them; mistakes are reported.
WebsocketSettings parse_websocket(Settings& settings, Millis timeout);

// "00 ff 10", "00ff10": pairs of hexadecimal digits, blanks between them; nothing if it is not
// that.
std::optional<std::string> parse_hex(std::string_view text);
// A message for people: quoted if it is a text, else its size and first bytes in hexadecimal.
std::string show_message(WebsocketOpcode kind, std::string_view payload);

}  // namespace tocsin
