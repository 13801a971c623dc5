// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probe/sql_client.h"
#include "tocsin/result.h"
#include "tocsin/settings.h"
#include "util/pattern.h"

namespace tocsin {

// "< 100", ">= 1", "!= off", "= on", or "on" alone. A value type.
struct SqlCondition {
  enum class Is : std::uint8_t { equal, unequal, less, at_most, more, at_least };
  Is is = Is::equal;
  std::string value;
  std::string shown;  // as written
};

// Nothing if it is none: an order is wanted, but of no number. Pure.
std::optional<SqlCondition> parse_sql_condition(std::string_view text);
// Numbers are compared as numbers; NULL is the text "NULL" and fulfils no order. Pure.
bool is_fulfilled(const SqlCondition& condition, const std::optional<std::string>& value);

// What is wanted of an answer. Immutable once parsed.
struct SqlExpect {
  std::optional<SqlCondition> value;  // of the first column in the first row
  std::optional<Pattern> matches;     // likewise
  std::optional<SqlCondition> rows;   // how many there are
  std::vector<std::pair<std::string, SqlCondition>> columns;  // of the first row, by their names

  bool wants_something() const noexcept { return value || matches || rows || !columns.empty(); }
};

// Reads such a section and reports what is wrong in it.
SqlExpect parse_sql_expect(Settings& settings);

// Why the answer is not the wanted one; empty if it is. Pure.
std::string unmet(const SqlExpect& expect, const SqlAnswer& answer);
// The first rows for people, a line each. Pure.
std::string show_rows(const SqlAnswer& answer, std::size_t most_rows);
// The numbers of the first row, and how many rows there are. Pure.
std::vector<Metric> metrics_of(const SqlAnswer& answer);

}  // namespace tocsin
