// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin {

// A RE2 pattern, searched unanchored: linear time on hostile input. Immutable and thread-safe.
class Pattern {
 public:
  // Throws std::runtime_error with RE2's reason if the pattern is not one.
  explicit Pattern(const std::string& pattern);
  ~Pattern();
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;

  bool matches(std::string_view text) const;
  // Where the first match ends; nothing if there is none.
  std::optional<std::size_t> end_of_match(std::string_view text) const;
  // What the first group holds at the first match, or the whole match if the pattern has no group;
  // nothing if there is no match. A view into `text`.
  std::optional<std::string_view> first_group(std::string_view text) const;
  const std::string& source() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin
