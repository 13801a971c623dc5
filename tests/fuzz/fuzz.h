// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "util/text.h"

// What the fuzzing targets share. Each of them is one LLVMFuzzerTestOneInput, which feeds a parser
// with bytes of the other side and holds it to what its header promises; whatever breaks a promise
// ends the program.
namespace tocsin::fuzz {

inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

// Fit for one line that people read.
inline void require_printable(std::string_view text, std::size_t most) {
  require(text.size() <= most, "a text is cut");
  require(is_valid_utf8(text), "a text is UTF-8");
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    require(byte >= 0x20 && byte != 0x7F, "a text has no control characters");
  }
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// What stands before the first zero byte, and what behind it: inputs of two parts.
inline std::pair<std::string_view, std::string_view> two_parts(std::string_view input) {
  const std::size_t end = input.find('\0');
  if (end == std::string_view::npos) return {input, {}};
  return {input.substr(0, end), input.substr(end + 1)};
}

}  // namespace tocsin::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
