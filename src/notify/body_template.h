// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "notify/placeholder.h"

namespace tocsin {

struct ParsedBody;

// A request's body of one's own, with the placeholders of message templates. A { that is not
// followed by a name and a } stands for itself, so that JSON can be written as it is; what is
// filled in is escaped by the body's type, so that no value can change its shape. Immutable;
// thread-safe.
class BodyTemplate {
 public:
  static constexpr std::size_t kMostBytes = 16'000;

  // How values are written.
  enum class Escape : unsigned char { json, form, none };

  // Nothing: the built-in body is sent.
  BodyTemplate() = default;
  // With Escape::json the text has to be JSON once it is filled in.
  static ParsedBody parse(std::string_view text, Escape escape);

  bool empty() const noexcept { return parts_.empty(); }
  std::string fill(const MessageFacts& facts) const;

 private:
  struct Part {
    std::string text;  // as it is
    bool is_placeholder = false;
    Placeholder placeholder{};
    std::string label;
  };

  std::string filled_with(std::string_view sample) const;
  std::string escaped(const std::string& value) const;

  std::vector<Part> parts_;
  Escape escape_ = Escape::json;
};

struct ParsedBody {
  BodyTemplate value;                 // empty if there is a mistake
  std::vector<std::string> mistakes;  // for people
};

}  // namespace tocsin
