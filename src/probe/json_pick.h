// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

// One step into a JSON document: an object's key or a list's place.
struct JsonStep {
  static constexpr std::int64_t kKey = -1;
  static constexpr std::int64_t kLast = -2;  // of a list, however long it is

  std::string key;
  std::int64_t index = kKey;
  bool operator==(const JsonStep&) const = default;
};
using JsonPath = std::vector<JsonStep>;

// "db.status", "items[0].name", "items[-1]" (the last one), "[2]", a["key.with.dots"].b; nothing if
// it is malformed. "items.length" is how many a list has (an object's own key "length", if it is an
// object).
std::optional<JsonPath> parse_json_path(std::string_view text);

// What a path leads to.
struct JsonValue {
  enum class Kind : std::uint8_t { missing, null, flag, number, text, object, list };
  Kind kind = Kind::missing;
  std::string text;  // of a flag, number or text
  double number = 0;
};

// What is kept of a text.
inline constexpr std::size_t kLongestJsonText = 16 * 1024;

// The values at the paths, in their order. Reads a hostile document in constant memory: nothing but
// what is asked for is kept, texts are cut at kLongestJsonText bytes and nesting is bounded. Throws
// std::runtime_error if it is no JSON.
std::vector<JsonValue> pick_json(const std::string& document, const std::vector<JsonPath>& paths);

}  // namespace tocsin
