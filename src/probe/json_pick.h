// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

// One step into a JSON document: an object's key or a list's place.
struct JsonStep {
  std::string key;
  std::int64_t index = -1;  // -1: it is a key
  bool operator==(const JsonStep&) const = default;
};
using JsonPath = std::vector<JsonStep>;

// "db.status", "items[0].name", "[2]", a["key.with.dots"].b; nothing if it is malformed.
std::optional<JsonPath> parse_json_path(std::string_view text);

// What a path leads to.
struct JsonValue {
  enum class Kind : std::uint8_t { missing, null, flag, number, text, object, list };
  Kind kind = Kind::missing;
  std::string text;  // of a flag, number or text
  double number = 0;
};

// The values at the paths, in their order. Reads a hostile document in constant memory: nothing but
// what is asked for is kept, and nesting is bounded. Throws std::runtime_error if it is no JSON.
std::vector<JsonValue> pick_json(const std::string& document, const std::vector<JsonPath>& paths);

}  // namespace tocsin
