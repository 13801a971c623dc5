// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/perfdata.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kMostText = 500;
constexpr std::size_t kMostLabel = 128;
constexpr std::size_t kMostRange = 64;
constexpr std::size_t kMostUnit = 16;
constexpr std::size_t kMostBad = 20;
constexpr std::size_t kMostQuote = 60;
constexpr std::string_view kSpace = " \t\r\n\v\f";

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

// Takes a decimal number off the front; nothing if there is none, or none that is finite.
std::optional<double> take_number(std::string_view& text) {
  // from_chars takes no plus sign, and would take "inf" and "nan".
  std::string_view digits = text;
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  const std::string_view unsigned_digits = digits.substr(digits.starts_with('-') ? 1 : 0);
  if (unsigned_digits.empty() || !(is_digit(unsigned_digits[0]) || unsigned_digits[0] == '.')) {
    return std::nullopt;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || !std::isfinite(value)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

std::optional<double> whole_number(std::string_view text) {
  const auto value = take_number(text);
  return text.empty() ? value : std::nullopt;
}

// "10", "10:", "~:10", "10:20", "@10:20". Pure.
bool is_range(std::string_view text) {
  if (text.starts_with('@')) text.remove_prefix(1);
  if (text.starts_with("~:")) {
    text.remove_prefix(2);
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    if (colon > 0 && !whole_number(text.substr(0, colon))) return false;
    text.remove_prefix(colon + 1);
    if (text.empty()) return true;
  }
  return text.empty() || whole_number(text).has_value();
}

// A unit is letters, or a percent sign, a degree, … : what neither separates nor is part of a
// number.
bool is_unit(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return is_digit(c) || std::string_view("'\"=;,.:|").find(c) != std::string_view::npos;
  });
}

// --- one line of performance data
// -------------------------------------------------------------------

class Line {
 public:
  Line(std::string_view text, PluginOutput& into) : rest_(text), into_(into) {}

  void read() {
    while (true) {
      rest_.remove_prefix(std::min(rest_.find_first_not_of(kSpace), rest_.size()));
      if (rest_.empty()) return;
      const std::string_view begin = rest_;
      Metric metric;
      if (!take_label(metric.name) || !take_value(metric)) refuse(begin);
    }
  }

 private:
  bool take_label(std::string& into);
  bool take_quoted(std::string& into);
  bool take_value(Metric& metric);
  std::string_view take_field(std::string_view& fields);
  void refuse(std::string_view begin);

  std::string_view rest_;
  PluginOutput& into_;
};

bool Line::take_label(std::string& into) {
  if (rest_.starts_with('\'')) {
    rest_.remove_prefix(1);
    if (!take_quoted(into)) return false;
  } else {
    const std::size_t end = rest_.find_first_of("= \t\r\n\v\f'");
    if (end == std::string_view::npos || rest_[end] != '=') return false;
    into = rest_.substr(0, end);
    rest_.remove_prefix(end);
  }
  if (!rest_.starts_with('=')) return false;
  rest_.remove_prefix(1);
  into = printable(into, kMostLabel);
  return !trim(into).empty();
}

// Up to the quote that is not doubled, which is taken too.
bool Line::take_quoted(std::string& into) {
  while (true) {
    const std::size_t quote = rest_.find('\'');
    if (quote == std::string_view::npos) return false;
    into += rest_.substr(0, quote);
    rest_.remove_prefix(quote + 1);
    if (!rest_.starts_with('\'')) return true;
    into += '\'';
    rest_.remove_prefix(1);
  }
}

std::string_view Line::take_field(std::string_view& fields) {
  const std::size_t end = std::min(fields.find(';'), fields.size());
  const std::string_view field = fields.substr(0, end);
  fields.remove_prefix(std::min(end + 1, fields.size()));
  return field;
}

bool Line::take_value(Metric& metric) {
  const std::size_t end = std::min(rest_.find_first_of(kSpace), rest_.size());
  std::string_view fields = rest_.substr(0, end);
  std::string_view value = take_field(fields);
  const std::string_view warn = take_field(fields);
  const std::string_view crit = take_field(fields);
  const std::string_view least = take_field(fields);
  const std::string_view most = take_field(fields);
  const bool unknown = value == "U";
  const auto number = unknown ? std::optional<double>(0) : take_number(value);
  const bool bad_number = !number || (!unknown && (!is_unit(value) || value.size() > kMostUnit));
  const bool bad_limit =
      (!least.empty() && !whole_number(least)) || (!most.empty() && !whole_number(most));
  const bool bad_range =
      !is_range(warn) || !is_range(crit) || warn.size() > kMostRange || crit.size() > kMostRange;
  if (bad_number || bad_limit || bad_range || !fields.empty()) return false;
  rest_.remove_prefix(end);
  if (unknown || into_.metrics.size() == PluginOutput::kMostMetrics) return true;
  metric.value = *number;
  metric.unit = printable(value, kMostUnit);
  metric.warn = warn;
  metric.crit = crit;
  metric.least = whole_number(least);
  metric.most = whole_number(most);
  into_.metrics.push_back(std::move(metric));
  return true;
}

// Goes on behind the next white space.
void Line::refuse(std::string_view begin) {
  const std::size_t end = std::min(begin.find_first_of(kSpace), begin.size());
  rest_ = begin.substr(end);
  if (into_.bad.size() < kMostBad) into_.bad.push_back(printable(begin.substr(0, end), kMostQuote));
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

// Splits at the first bar, which is in neither half. True if there was one.
bool split_bar(std::string_view line, std::string_view& text, std::string_view& data) {
  const std::size_t bar = std::min(line.find('|'), line.size());
  text = line.substr(0, bar);
  data = line.substr(std::min(bar + 1, line.size()));
  return bar < line.size();
}

}  // namespace

PluginOutput parse_plugin_output(std::string_view output) {
  PluginOutput out;
  // Some begin with an empty line; the first one that says something is meant.
  output.remove_prefix(std::min(output.find_first_not_of(kSpace), output.size()));
  std::string_view text;
  std::string_view data;
  split_bar(take_line(output), text, data);
  out.text = printable(trim(text), kMostText);
  Line(data, out).read();

  std::string details;
  bool only_data = false;
  while (!output.empty()) {
    const std::string_view line = take_line(output);
    if (only_data) {
      Line(line, out).read();
      continue;
    }
    only_data = split_bar(line, text, data);
    details.append(text).append("\n");
    Line(data, out).read();
  }
  out.details = printable_lines(trim(details), Result::kMostDetails);
  return out;
}

}  // namespace tocsin
