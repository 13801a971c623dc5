// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "probe/dialogue.h"
#include "tocsin/secret.h"

namespace tocsin {

// Dialogues as tables of data write them. All of these are literal types; their texts outlive
// everybody.

// What is sent. In it {host} is the target's name, {password} the check's secret, {password_size}
// the number of its bytes, {nonce} random hexadecimal digits, {hmac_md5} 16 bytes: see Outgoing.
struct RowSend {
  std::string_view text;
  bool is_bytes = false;  // a fixed BytePattern
};
constexpr RowSend say(std::string_view text) {
  return {text};
}
constexpr RowSend say_bytes(std::string_view notation) {
  return {notation, true};
}
inline constexpr RowSend kSayNothing{};

// What is wanted.
struct RowWant {
  enum class Kind : std::uint8_t { nothing, bytes, line, reply, until };
  Kind kind = Kind::nothing;
  std::string_view wanted;
  std::string_view last;
};
// A BytePattern.
constexpr RowWant bytes(std::string_view notation) {
  return {RowWant::Kind::bytes, notation, {}};
}
// A line, a reply of several lines, or lines up to one that begins with one of `last`; the last of
// them begins with one of `wanted`: "200|201".
constexpr RowWant line(std::string_view wanted) {
  return {RowWant::Kind::line, wanted, {}};
}
constexpr RowWant reply(std::string_view wanted) {
  return {RowWant::Kind::reply, wanted, {}};
}
constexpr RowWant until(std::string_view last, std::string_view wanted) {
  return {RowWant::Kind::until, wanted, last};
}

struct RowStep {
  RowSend send;
  RowWant want;
  std::string_view words;      // what is wanted, for people; empty: no such step
  bool with_password = false;  // only if there is one
};

// What the places in the texts are filled with.
struct RowFilling {
  std::string host;
  Secret password;
};

// Throws std::runtime_error for a row that is written wrongly: a test makes every row.
Step make_step(const RowStep& row, const RowFilling& filling);
Outgoing make_outgoing(const RowSend& send, const RowFilling& filling);
// Steps up to the first without words.
Dialogue make_dialogue(std::span<const RowStep> rows, const RowFilling& filling);

}  // namespace tocsin
