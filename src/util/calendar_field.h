// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <bitset>
#include <charconv>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "util/text.h"

namespace tocsin {

// What the two notations of calendar.h share in reading their fields. Pure.

// A whole number that is written in digits alone.
inline std::optional<int> parse_number(std::string_view text) noexcept {
  int value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || text.front() == '-' || error != std::errc{} || stop != end) return {};
  return value;
}

// The place of a word in a list of names of at least three letters: its first three letters, or
// all of it. Case does not matter.
inline std::optional<int> parse_word(std::string_view text,
                                     std::span<const std::string_view> names) {
  const std::string word = to_lower(text);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (word == names[i] || word == names[i].substr(0, 3)) return static_cast<int>(i);
  }
  return std::nullopt;
}

inline constexpr std::string_view kWeekdays[] = {"sunday",   "monday", "tuesday", "wednesday",
                                                 "thursday", "friday", "saturday"};

// Takes what stands before the separator off the text; all of it if there is none.
inline std::string_view take_until(std::string_view& text, std::string_view separator) noexcept {
  const std::size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + separator.size());
  return part;
}

// The next word of a line.
inline std::string_view take_word(std::string_view& text) noexcept {
  constexpr std::string_view kBlank = " \t";
  text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(kBlank));
  text.remove_prefix(word.size());
  return word;
}

template <std::size_t N>
void set_steps(std::bitset<N>& bits, int first, int last, int step) {
  for (int i = first; i <= last; i += step) bits.set(static_cast<std::size_t>(i));
}

}  // namespace tocsin
