// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin {

// How much hangs on a check, as its `severity` says: for routes to tell apart.
enum class CheckSeverity : std::uint8_t { critical, warning, info };

constexpr std::string_view to_string(CheckSeverity severity) noexcept {
  switch (severity) {
    case CheckSeverity::critical: return "critical";
    case CheckSeverity::warning: return "warning";
    case CheckSeverity::info: return "info";
  }
  return "critical";
}

// The severity of that name; nothing if there is none.
constexpr std::optional<CheckSeverity> parse_severity(std::string_view name) noexcept {
  for (const CheckSeverity severity :
       {CheckSeverity::critical, CheckSeverity::warning, CheckSeverity::info}) {
    if (to_string(severity) == name) return severity;
  }
  return std::nullopt;
}

// Which checks are meant: by routes, silences, maintenance windows. A value type; src/util/select.h
// says whether a check is one of them.
struct Selector {
  // Patterns of whole names as a shell has them (glob(7): * ? [a-z]); a `/` is no exception. Not
  // regular expressions: who silences db-1 must not silence db-10. Empty: whatever the name.
  std::vector<std::string> names;
  // All of these have to be there; the value is such a pattern, too.
  std::vector<std::pair<std::string, std::string>> labels;
  bool operator==(const Selector&) const = default;
};

}  // namespace tocsin
