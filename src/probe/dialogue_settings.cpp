// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/dialogue_settings.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::uint64_t kReadLimit = std::uint64_t{64} * 1024;
constexpr std::uint64_t kMostReadLimit = std::uint64_t{16} * 1024 * 1024;
constexpr std::size_t kMostSteps = 100;
constexpr std::string_view kNone = "none";
constexpr std::array<const char*, 5> kStepKeys{"send", "send_hex", "expect", "expect_matches",
                                               "expect_hex"};

// --- where to
// --------------------------------------------------------------------------------------

StreamTarget parse_address(Settings& settings, std::string_view address,
                           const TargetDefaults& defaults) {
  if (settings.has("host") || settings.has("port")) {
    settings.error("address", "'address' says it all; leave out 'host' and 'port'");
  }
  if (defaults.unix_allowed && address.starts_with("unix:")) {
    const auto parsed = parse_unix_target(address);
    if (!parsed) settings.error("address", "not unix: and an absolute path of at most 107 bytes");
    return parsed.value_or(StreamTarget{});
  }
  if (const auto parsed = parse_stream_target(address)) return *parsed;
  const bool lone_host = is_host(address) && address.find(':') == std::string_view::npos;
  if (lone_host && defaults.port != 0) return {std::string(address), defaults.port};
  settings.error("address", std::string("not HOST:PORT or [IPv6]:PORT") +
                                (defaults.unix_allowed ? " or unix:/PATH: \"" : ": \"") +
                                printable(address, 100) + '"');
  return {};
}

void check_host_and_port(Settings& settings, const StreamTarget& target,
                         const TargetDefaults& defaults) {
  if (!settings.has("host")) settings.error("'host' is missing");
  if (!settings.has("port") && defaults.port == 0) settings.error("'port' is missing");
  if (settings.has("host") && !is_host(target.host)) {
    settings.error("host", "not a host's name or an address (an IPv6 one without brackets): \"" +
                               printable(target.host, 100) + '"');
  }
}

// --- what is said
// ----------------------------------------------------------------------------------

std::optional<BytePattern> parse_bytes(Settings& settings, std::string_view key) {
  const std::string notation = settings.text(key);
  if (notation.empty()) return std::nullopt;
  try {
    return BytePattern(notation);
  } catch (const std::runtime_error& error) {
    settings.error(key, error.what());
  }
  return std::nullopt;
}

Outgoing parse_send(Settings& settings) {
  const Text text = settings.text_with_secrets("send");
  auto bytes = parse_bytes(settings, "send_hex");
  if (!bytes) return outgoing(text);
  if (!text.empty()) settings.error("send_hex", "'send' is there already: leave out one of them");
  if (bytes->is_fixed()) return outgoing(std::move(*bytes));
  settings.error("send_hex", "what is sent has no wildcards, lengths or alternatives");
  return {};
}

// In a dialogue, ^ and $ are at each line: what came before the wanted line is still there.
Expectation parse_expect(Settings& settings, bool by_line) {
  Expectation out;
  out.text = settings.text("expect");
  const std::string pattern = settings.pattern("expect_matches");
  out.bytes = parse_bytes(settings, "expect_hex");
  if (!pattern.empty()) out.pattern.emplace(pattern);
  if (!by_line || pattern.empty()) return out;
  out.words = out.wanted();
  out.pattern.emplace("(?m)" + pattern);
  return out;
}

std::vector<Step> parse_steps(Settings& settings) {
  std::vector<Step> out;
  for (const auto& section : settings.sections("dialogue")) {
    Outgoing send = parse_send(*section);
    Expectation expect = parse_expect(*section, true);
    const bool says_something = std::any_of(kStepKeys.begin(), kStepKeys.end(),
                                            [&](const char* key) { return section->has(key); });
    if (!says_something) section->error("a step that neither sends nor expects anything");
    out.push_back({std::move(send), std::move(expect)});
  }
  if (settings.has("dialogue") && out.empty()) settings.error("dialogue", "it has no steps");
  if (out.size() > kMostSteps) {
    settings.error("dialogue", "more than " + std::to_string(kMostSteps) + " steps");
  }
  return out;
}

void check_password(Settings& settings, const Protocol* protocol) {
  const PasswordUse use = protocol == nullptr ? PasswordUse::none : protocol->password;
  if (use == PasswordUse::none && settings.has("password")) {
    settings.error("password", protocol == nullptr
                                   ? "it needs a 'protocol' that takes one"
                                   : "'" + std::string(protocol->name) + "' does not take one");
  }
  if (use == PasswordUse::required && !settings.has("password")) {
    settings.error("'password' is missing: " + std::string(protocol->name) +
                   " answers only to those who share its secret");
  }
}

// Of the three ways to say it, one.
void check_one_way(Settings& settings, const Protocol* protocol) {
  const bool has_dialogue = settings.has("dialogue");
  if (protocol != nullptr && has_dialogue) {
    settings.error("dialogue", "'protocol' says it all; leave out one of them");
  }
  for (const char* key : kStepKeys) {
    if (!settings.has(key)) continue;
    if (protocol != nullptr) settings.error(key, "'protocol' says it all; leave out one of them");
    if (has_dialogue) settings.error(key, "it belongs into a step of 'dialogue'");
  }
}

void check_limit(Settings& settings, const Dialogue& dialogue) {
  const bool reads = std::any_of(dialogue.steps.begin(), dialogue.steps.end(),
                                 [](const Step& step) { return !step.expect.empty(); });
  if (settings.has("read_limit") && !reads) {
    settings.warn("read_limit", "nothing is read without something that is expected");
  }
  for (const Step& step : dialogue.steps) {
    if (step.expect.text.size() > dialogue.read_limit) {
      settings.error(
          settings.has("expect") ? "expect" : "read_limit",
          settings.has("expect") ? "longer than 'read_limit'" : "shorter than what is expected");
    }
  }
}

}  // namespace

const Protocol* parse_protocol(Settings& settings, Transport transport) {
  std::vector<std::string_view> words = protocol_names(transport);
  words.push_back(kNone);
  return find_protocol(settings.choice("protocol", std::move(words), kNone), transport);
}

StreamTarget parse_target(Settings& settings, const TargetDefaults& defaults) {
  StreamTarget out;
  const std::string address = settings.text("address");
  out.host = settings.text("host");
  out.port = static_cast<std::uint16_t>(settings.integer("port", defaults.port, {1, 65535}));
  const std::string family = settings.choice("family", {"any", "ipv4", "ipv6"}, "any");
  const bool says_where = settings.has("address") || settings.has("host") || settings.has("port");
  if (settings.has("address")) {
    out = parse_address(settings, address, defaults);
  } else if (!says_where && !defaults.unix_socket.empty()) {
    out = StreamTarget{};
    out.unix_socket = defaults.unix_socket;
  } else {
    check_host_and_port(settings, out, defaults);
  }
  if (family != "any") out.family = family == "ipv4" ? IpFamily::v4 : IpFamily::v6;
  if (family != "any" && !out.unix_socket.empty()) {
    settings.error("family", "a unix socket has no address");
  }
  return out;
}

Dialogue parse_dialogue(Settings& settings, const DialogueKeys& keys) {
  RowFilling filling;
  filling.host = keys.host;
  filling.password = settings.secret("password");
  Step lone{parse_send(settings), parse_expect(settings, false)};
  std::vector<Step> steps = parse_steps(settings);
  const std::uint64_t limit = keys.has_read_limit
                                  ? settings.size("read_limit", kReadLimit, {1, kMostReadLimit})
                                  : kMostReadLimit;
  check_password(settings, keys.protocol);
  check_one_way(settings, keys.protocol);

  Dialogue out;
  if (keys.protocol != nullptr) {
    out = dialogue_of(*keys.protocol, filling, keys.greeted);
  } else if (!steps.empty()) {
    out.steps = std::move(steps);
    out.is_numbered = true;
  } else if (!lone.send.empty() || !lone.expect.empty()) {
    out.steps.push_back(std::move(lone));
  }
  out.read_limit = limit;
  check_limit(settings, out);
  return out;
}

}  // namespace tocsin
