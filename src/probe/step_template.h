// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/secret.h"

namespace tocsin {

// What the steps of a visit captured so far, by name. Secrets: they never reach a text for people.
using Captured = std::map<std::string, std::string, std::less<>>;

// How a captured value is written where it enters a text.
enum class Encoding : std::uint8_t {
  none,
  percent,  // a URL, a form: all but RFC 3986's unreserved characters
  json,     // inside of a JSON text
};

// A text with placeholders, {token}. A brace that begins none is itself, and {{ is a brace. A
// secret in the text is not looked at for placeholders, unless all of the text is hidden: then
// nobody can tell what in it was meant. Immutable.
class StepTemplate {
 public:
  StepTemplate() = default;
  // What is wrong with it is in `mistake`, without a secret; empty if nothing is.
  StepTemplate(const Text& text, std::string& mistake);

  // The names in it, in order; each as often as it stands there.
  std::vector<std::string> names() const;
  bool has_names() const noexcept { return names_ > 0; }
  // Its placeholders may be a secret's: not to be named in a message.
  bool is_hidden() const noexcept { return shown_ == kHidden; }
  // With the values, all of which must be there; shown with the names in their places.
  Text fill(const Captured& values, Encoding encoding) const;

 private:
  struct Part {
    std::string text;  // as it is, or a placeholder's name
    bool is_name = false;
  };
  static constexpr std::string_view kHidden = "***";
  static std::vector<Part> split(std::string_view text);
  static std::vector<std::string> names_in(const std::vector<Part>& parts);

  std::vector<Part> parts_;
  std::string shown_;  // empty: there is no secret in it
  std::size_t names_ = 0;
};

// Whether it can be a captured value's name: a letter or _, then letters, digits and _.
bool is_capture_name(std::string_view name) noexcept;

// Why a value cannot be used, whatever was meant with it; empty if it can: control characters,
// broken UTF-8, nothing, too much, or a path's "." and "..".
std::string unusable(std::string_view value);

}  // namespace tocsin
