// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "notify/placeholder.h"

namespace tocsin {

struct ParsedTemplate;

// A text with placeholders: "{name}: {reason}\nteam {labels.team|nobody}". {{ and }} are braces;
// what stands behind | is said where there is no value. A line with placeholders, all of which are
// empty, is left out, and so is an empty line. A value is a text and never looked at for
// placeholders. Immutable; thread-safe.
class MessageTemplate {
 public:
  static constexpr std::size_t kMostBytes = 8000;      // of the template
  static constexpr std::size_t kMostParts = 100;       // placeholders in it
  static constexpr std::size_t kMostLines = 300;       // of what comes out
  static constexpr std::size_t kMostLineBytes = 4000;  // of each

  // Nothing: what is built in is said instead.
  MessageTemplate() = default;
  static ParsedTemplate parse(std::string_view text);

  bool empty() const noexcept { return lines_.empty(); }
  // In how many lines it is written.
  std::size_t line_count() const noexcept { return lines_.size(); }

  // Valid UTF-8 without control characters, none empty, within the bounds above.
  std::vector<std::string> fill(const MessageFacts& facts) const;

 private:
  struct Part {
    std::string text;  // as it is; of a placeholder: what is said if there is no value
    std::string label;
    Placeholder placeholder{};
    bool is_placeholder = false;
  };
  using Line = std::vector<Part>;
  friend class TemplateReader;

  static std::string fill_line(const Line& line, const MessageFacts& facts);

  std::vector<Line> lines_;
};

struct ParsedTemplate {
  MessageTemplate value;              // empty if there is a mistake
  std::vector<std::string> mistakes;  // for people
};

}  // namespace tocsin
