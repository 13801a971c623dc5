// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/websocket_settings.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "probe/header_text.h"
#include "probe/http_settings.h"
#include "probe/outcome.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::uint64_t kMessageLimit = std::uint64_t{64} * 1024;
constexpr std::uint64_t kMostMessageLimit = std::uint64_t{16} * 1024 * 1024;
constexpr std::size_t kLongestShown = 100;
constexpr std::size_t kShownBytes = 16;
constexpr std::array<const char*, 4> kTlsKeys{"server_name", "verify", "ca_file",
                                              "certificate_days"};

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// --- where to
// -------------------------------------------------------------------------------------------

// Where to connect to, if not to the URL's host and port.
void parse_way(Settings& settings, WebsocketSettings& out) {
  const std::string connect_to = settings.text("connect_to");
  const std::string unix_socket = settings.text("unix_socket");
  const std::string family = settings.choice("family", {"any", "ipv4", "ipv6"}, "any");
  StreamTarget& to = out.request.connect_to;
  to = out.request.target.to;
  if (!connect_to.empty()) {
    const auto parsed = parse_stream_target(connect_to);
    if (!parsed) settings.error("connect_to", "not HOST:PORT, such as 10.0.0.7:443");
    to = parsed.value_or(StreamTarget{});
  }
  if (settings.has("unix_socket")) {
    const auto parsed = parse_unix_target("unix:" + unix_socket);
    if (!parsed) settings.error("unix_socket", "not an absolute path of at most 107 bytes");
    if (!connect_to.empty()) settings.error("unix_socket", "leave it out, or 'connect_to'");
    if (family != "any") settings.error("family", "a socket file has no address");
    to = parsed.value_or(StreamTarget{});
  }
  if (family != "any") to.family = family == "ipv4" ? IpFamily::v4 : IpFamily::v6;
}

void parse_target(Settings& settings, WebsocketSettings& out) {
  out.url = settings.url("url", {"ws", "wss"});
  if (!settings.has("url")) settings.error("'url' is missing");
  const auto target = websocket_target(out.url.value());
  if (!out.url.empty() && !target) {
    const bool fragment = out.url.value().find('#') != std::string::npos;
    settings.error("url", fragment ? "a WebSocket's URL has no fragment; write # as %23"
                                   : "not a URL that a WebSocket can be opened at");
  }
  out.request.target = target.value_or(WebsocketTarget{});
  parse_way(settings, out);
}

void parse_tls(Settings& settings, WebsocketSettings& out) {
  TlsSettings& tls = out.request.tls;
  tls.server_name = settings.text("server_name");
  tls.verify = settings.flag("verify", true);
  tls.ca_file = settings.text("ca_file");
  out.certificate_days = static_cast<int>(settings.integer("certificate_days", -1, {0, 3650}));
  for (const char* key : kTlsKeys) {
    const bool plain = !out.url.empty() && !out.request.target.tls;
    if (plain && settings.has(key)) settings.error(key, "it needs a wss URL");
  }
  if (!tls.server_name.empty() && !is_host(tls.server_name)) {
    settings.error("server_name", "not a host's name or an address");
  }
  // The certificate is the URL's, wherever we connect to.
  if (tls.server_name.empty()) tls.server_name = out.request.target.to.host;
  if (!tls.ca_file.empty() && access(tls.ca_file.c_str(), R_OK) != 0) {
    settings.warn("ca_file", "the file cannot be read now");
  }
}

// --- the handshake
// --------------------------------------------------------------------------------------

std::string header_mistake(const std::string& name, const std::string& value) {
  const std::string key = to_lower(name);
  if (!is_header_name(name)) {
    return "not a header's name: \"" + printable(name, kLongestShown) + '"';
  }
  if (key == "origin") return "'origin' is a key of its own";
  if (key == "sec-websocket-protocol") return "it is what 'subprotocols' is for";
  const bool ours = key == "connection" || key == "upgrade" || key == "content-length" ||
                    key == "transfer-encoding" || key.starts_with("sec-websocket-");
  if (ours) return name + " is not to be set: it follows from the handshake";
  if (!is_header_value(value)) {
    return name + ": a header's value has no line break or control character";
  }
  return {};
}

void parse_offer(Settings& settings, WebsocketSettings& out) {
  WebsocketOffer& offer = out.request.offer;
  for (const auto& [name, value] : settings.map("headers")) {
    std::string mistake = header_mistake(name, value.value());
    if (!mistake.empty()) settings.error("headers", std::move(mistake));
    offer.headers.emplace_back(name, value.value());
    const bool secret = carries_credentials(name);
    out.shown_headers.emplace_back(name, secret ? "***" : value.shown());
    if (secret || value.hides_something()) out.request.quotable = false;
  }
  offer.origin = settings.text("origin");
  offer.subprotocols = settings.list("subprotocols");
  if (!is_header_value(offer.origin) || offer.origin.find(' ') != std::string::npos) {
    settings.error("origin", "not an origin, such as https://www.example.net");
  }
  for (const std::string& name : offer.subprotocols) {
    if (is_header_name(name)) continue;
    settings.error("subprotocols",
                   "not a subprotocol's name: \"" + printable(name, kLongestShown) + '"');
  }
  if (out.url.hides_something() || !out.request.target.user.empty()) out.request.quotable = false;
}

// --- what is said
// ---------------------------------------------------------------------------------------

std::string parse_bytes(Settings& settings, const char* key) {
  const std::string written = settings.text(key);
  auto bytes = parse_hex(written);
  if (!bytes) settings.error(key, "not pairs of hexadecimal digits, such as \"00 ff 10\"");
  return std::move(bytes).value_or(std::string());
}

WebsocketStep parse_step(Settings& settings, WebsocketSettings& out) {
  WebsocketStep step;
  step.send = settings.text_with_secrets("send");
  const std::string bytes = parse_bytes(settings, "send_hex");
  step.expect = settings.text("expect");
  step.expect_bytes = parse_bytes(settings, "expect_hex");
  const std::string pattern = settings.pattern("expect_matches");
  if (!pattern.empty()) step.expect_matches.emplace(pattern);
  if (step.sends() && !bytes.empty()) {
    settings.error("send_hex", "a step sends one message; leave out 'send' or 'send_hex'");
  }
  if (!is_valid_utf8(step.send.value())) {
    settings.error("send", "a text message is UTF-8; use 'send_hex' for other bytes");
  }
  if (!bytes.empty()) {
    step.kind = WebsocketOpcode::binary;
    step.send = Text(bytes);
  }
  if (step.send.hides_something()) out.request.quotable = false;
  const std::size_t longest = std::max(step.expect.size(), step.expect_bytes.size());
  if (longest > out.request.most_message) {
    settings.error(step.expect.size() == longest ? "expect" : "expect_hex",
                   "longer than 'message_limit'");
  }
  return step;
}

void parse_dialogue(Settings& settings, WebsocketSettings& out) {
  out.request.most_message = static_cast<std::size_t>(
      settings.size("message_limit", kMessageLimit, {1, kMostMessageLimit}));
  WebsocketStep only = parse_step(settings, out);
  const bool short_form = only.sends() || only.expects();
  if (short_form) out.steps.push_back(std::move(only));
  for (const auto& section : settings.sections("dialogue")) {
    WebsocketStep step = parse_step(*section, out);
    if (!step.sends() && !step.expects()) {
      section->error("a step has something to send or to expect");
    }
    out.steps.push_back(std::move(step));
  }
  if (short_form && settings.has("dialogue")) {
    settings.error("dialogue", "it says it all; leave out 'send' and 'expect' beside it");
  }
}

}  // namespace

bool WebsocketStep::expects() const noexcept {
  return !expect.empty() || !expect_bytes.empty() || expect_matches;
}

bool WebsocketStep::is_met_by(std::string_view message) const {
  return message.find(expect) != std::string_view::npos &&
         message.find(expect_bytes) != std::string_view::npos &&
         (!expect_matches || expect_matches->matches(message));
}

std::string WebsocketStep::expected() const {
  std::string out;
  const auto add = [&out](const std::string& what) { out += (out.empty() ? "" : " and ") + what; };
  if (!expect.empty()) add(quote(expect));
  if (!expect_bytes.empty()) add(show_message(WebsocketOpcode::binary, expect_bytes));
  if (expect_matches) add("/" + printable(expect_matches->source(), 120) + "/");
  return out;
}

WebsocketSettings parse_websocket(Settings& settings, Millis timeout) {
  WebsocketSettings out;
  parse_target(settings, out);
  parse_tls(settings, out);
  parse_offer(settings, out);
  parse_dialogue(settings, out);
  out.ping = settings.flag("ping", true);
  out.ping_time = settings.duration("ping_time", Millis{0}, {Millis{1}, timeout});
  out.close = settings.flag("close", false);
  out.response_time = settings.duration("response_time", Millis{0}, {Millis{1}, timeout});
  if (!out.ping && settings.has("ping_time")) {
    settings.error("ping_time", "it needs 'ping: true'");
  }
  return out;
}

std::optional<std::string> parse_hex(std::string_view text) {
  std::string out;
  int high = -1;
  for (const char c : text) {
    const int digit = hex_digit(c);
    if (digit < 0 && (high >= 0 || (c != ' ' && c != '\n'))) return std::nullopt;
    if (digit < 0) continue;
    if (high >= 0) out.push_back(static_cast<char>(high * 16 + digit));
    high = high >= 0 ? -1 : digit;
  }
  if (high >= 0) return std::nullopt;
  return out;
}

std::string show_message(WebsocketOpcode kind, std::string_view payload) {
  if (kind == WebsocketOpcode::text || payload.empty()) return quote(payload);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out = std::to_string(payload.size()) + (payload.size() == 1 ? " byte:" : " bytes:");
  for (const char c : payload.substr(0, kShownBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    out += {' ', kDigits[byte / 16], kDigits[byte % 16]};
  }
  return payload.size() > kShownBytes ? out + " …" : out;
}

}  // namespace tocsin
