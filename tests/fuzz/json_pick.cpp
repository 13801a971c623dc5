// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// A JSON document and the paths into it. Input: a path, a zero byte, the document.
#include "probe/json_pick.h"

#include <stdexcept>
#include <string>

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const auto [path, document] = fuzz::two_parts(fuzz::text_of(data, size));
  std::vector<JsonPath> paths{*parse_json_path("a.b"), *parse_json_path("[0]"),
                              *parse_json_path("items[-1].name"), *parse_json_path("a.length")};
  if (const auto parsed = parse_json_path(path)) paths.push_back(*parsed);
  try {
    const auto values = pick_json(std::string(document), paths);
    fuzz::require(values.size() == paths.size(), "every path has its value");
    for (const JsonValue& value : values) {
      fuzz::require(value.text.size() <= kLongestJsonText, "a text is cut");
    }
  } catch (const std::runtime_error& error) {
    fuzz::require(*error.what() != '\0', "a mistake is told");
  }
  return 0;
}
