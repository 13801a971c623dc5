// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin {

// What a syntax error is called, and where it is.
struct SyntaxError {
  std::uint32_t offset;
  std::string message;
};

// Says in an operator's words what yaml-cpp meant by `reason` at `offset` of `text`.
SyntaxError explain_syntax(std::string_view text, std::uint32_t offset, const std::string& reason);

// Whether the quoted text that begins at `offset` (after its anchor or tag) is never closed, which
// yaml-cpp 0.7 lets pass at the end of a file.
bool is_unclosed_quote(std::string_view text, std::uint32_t offset) noexcept;

}  // namespace tocsin
