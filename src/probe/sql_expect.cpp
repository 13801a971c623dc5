// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/sql_expect.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "probe/outcome.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kMostShown = 120;
constexpr std::size_t kMostLine = 500;

using Is = SqlCondition::Is;

struct Operator {
  std::string_view sign;
  Is is;
};
// The longer ones first, as one begins with another.
constexpr std::array kOperators{Operator{"<=", Is::at_most}, Operator{">=", Is::at_least},
                                Operator{"!=", Is::unequal}, Operator{"<>", Is::unequal},
                                Operator{"==", Is::equal},   Operator{"<", Is::less},
                                Operator{">", Is::more},     Operator{"=", Is::equal}};

std::optional<double> number_of(std::string_view text) {
  text = trim(text);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::string text_of(const std::optional<std::string>& value) {
  return value.value_or("NULL");
}

// As a reason shows it: numbers bare, other texts in quotes.
std::string show(const std::optional<std::string>& value) {
  if (!value) return "NULL";
  return number_of(*value) ? printable(trim(*value), kMostShown) : quote(*value);
}

std::string count_rows(const SqlAnswer& answer) {
  if (answer.more) return "more than " + std::to_string(answer.row_count) + " rows";
  if (answer.row_count == 0) return "no row";
  return std::to_string(answer.row_count) + (answer.row_count == 1 ? " row" : " rows");
}

std::string wanted(const SqlCondition& condition) {
  return ", wanted " + printable(condition.shown, kMostShown);
}

std::string name_of(const SqlAnswer& answer, std::size_t column) {
  return printable(answer.columns[column], kMostShown);
}

std::string unmet_column(const std::string& name, const SqlCondition& condition,
                         const SqlAnswer& answer) {
  const auto at = std::find(answer.columns.begin(), answer.columns.end(), name);
  if (at == answer.columns.end()) return "no column " + quote(name) + " came back";
  const auto& value = answer.rows.front()[static_cast<std::size_t>(at - answer.columns.begin())];
  if (is_fulfilled(condition, value)) return {};
  return printable(name, kMostShown) + " is " + show(value) + wanted(condition);
}

std::optional<SqlCondition> parse_condition(Settings& settings, std::string_view key) {
  const std::string text = settings.text(key);
  if (!settings.has(key)) return std::nullopt;
  auto condition = parse_sql_condition(text);
  if (!condition) settings.error(key, "a number is needed behind <, <=, > or >=");
  return condition;
}

}  // namespace

std::optional<SqlCondition> parse_sql_condition(std::string_view text) {
  SqlCondition out;
  out.shown = trim(text);
  std::string_view rest = trim(text);
  for (const Operator& one : kOperators) {
    if (!rest.starts_with(one.sign)) continue;
    out.is = one.is;
    rest = trim(rest.substr(one.sign.size()));
    break;
  }
  out.value = rest;
  const bool ordered = out.is != Is::equal && out.is != Is::unequal;
  if (ordered && !number_of(rest)) return std::nullopt;
  return out;
}

bool is_fulfilled(const SqlCondition& condition, const std::optional<std::string>& value) {
  const auto is = value ? number_of(*value) : std::nullopt;
  const auto wants = number_of(condition.value);
  const bool numbers = is && wants;
  switch (condition.is) {
    case Is::equal: return numbers ? *is == *wants : text_of(value) == condition.value;
    case Is::unequal: return numbers ? *is != *wants : text_of(value) != condition.value;
    case Is::less: return numbers && *is < *wants;
    case Is::at_most: return numbers && *is <= *wants;
    case Is::more: return numbers && *is > *wants;
    case Is::at_least: return numbers && *is >= *wants;
  }
  return false;
}

SqlExpect parse_sql_expect(Settings& settings) {
  SqlExpect out;
  out.value = parse_condition(settings, "value");
  const std::string pattern = settings.pattern("matches");
  if (!pattern.empty()) out.matches.emplace(pattern);
  out.rows = parse_condition(settings, "rows");
  if (out.rows && !number_of(out.rows->value)) settings.error("rows", "a number is needed");
  for (const auto& [name, text] : settings.map("columns")) {
    auto condition = parse_sql_condition(text.value());
    if (condition) {
      condition->shown = text.shown();
      out.columns.emplace_back(name, std::move(*condition));
    } else {
      settings.error("columns", "a number is needed behind <, <=, > or >=: \"" +
                                    printable(name, kMostShown) + '"');
    }
  }
  return out;
}

std::string unmet(const SqlExpect& expect, const SqlAnswer& answer) {
  if (expect.rows && !is_fulfilled(*expect.rows, std::to_string(answer.row_count))) {
    return count_rows(answer) + wanted(*expect.rows);
  }
  if (!expect.value && !expect.matches && expect.columns.empty()) return {};
  if (answer.columns.empty()) return "the statement has no result";
  if (answer.rows.empty()) return "no row came back";
  const auto& value = answer.rows.front().front();
  if (expect.value && !is_fulfilled(*expect.value, value)) {
    return name_of(answer, 0) + " is " + show(value) + wanted(*expect.value);
  }
  if (expect.matches && !(value && expect.matches->matches(*value))) {
    return name_of(answer, 0) + " is " + show(value) + ", wanted /" +
           printable(expect.matches->source(), kMostShown) + "/";
  }
  for (const auto& [name, condition] : expect.columns) {
    std::string reason = unmet_column(name, condition, answer);
    if (!reason.empty()) return reason;
  }
  return {};
}

std::string show_rows(const SqlAnswer& answer, std::size_t most_rows) {
  std::string out;
  for (const std::string& column : answer.columns) out += (out.empty() ? "" : " | ") + column;
  out = printable(out, kMostLine);
  for (std::size_t i = 0; i < std::min(answer.rows.size(), most_rows); ++i) {
    std::string line;
    for (const auto& value : answer.rows[i]) {
      line += (line.empty() ? "" : " | ") + printable(text_of(value), kMostShown);
    }
    out += "\n" + printable(line, kMostLine);
  }
  if (answer.row_count > most_rows) out += "\n… " + count_rows(answer) + " in all";
  return out;
}

std::vector<Metric> metrics_of(const SqlAnswer& answer) {
  std::vector<Metric> out;
  const auto add = [&out](std::string name, double value) {
    Metric metric;
    metric.name = std::move(name);
    metric.value = value;
    out.push_back(std::move(metric));
  };
  add("rows", static_cast<double>(answer.row_count));
  if (answer.rows.empty()) return out;
  for (std::size_t i = 0; i < answer.columns.size(); ++i) {
    const auto& value = answer.rows.front()[i];
    const auto number = value ? number_of(*value) : std::nullopt;
    if (number) add(name_of(answer, i), *number);
  }
  return out;
}

}  // namespace tocsin
