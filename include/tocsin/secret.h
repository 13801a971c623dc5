// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <ostream>
#include <string>
#include <utility>

namespace tocsin {

// A text that must never be shown. It has no conversion to a string and prints as ***; `reveal` is
// the one way to its value, so that every use can be found by its name. A value type.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}

  const std::string& reveal() const noexcept { return value_; }
  bool empty() const noexcept { return value_.empty(); }
  friend std::ostream& operator<<(std::ostream& out, const Secret&) { return out << "***"; }

 private:
  std::string value_;
};

// A text that may contain a secret (a URL with a password, a header value from ${file:…}): `value`
// is for the wire, `shown` is what logs, pages and messages get. A value type.
class Text {
 public:
  Text() = default;
  explicit Text(std::string value) : value_(std::move(value)) {}
  Text(std::string value, std::string shown) : value_(std::move(value)), shown_(std::move(shown)) {}

  const std::string& value() const noexcept { return value_; }
  const std::string& shown() const noexcept { return shown_.empty() ? value_ : shown_; }
  bool hides_something() const noexcept { return !shown_.empty(); }
  bool empty() const noexcept { return value_.empty(); }
  friend std::ostream& operator<<(std::ostream& out, const Text& text) {
    return out << text.shown();
  }

 private:
  std::string value_;
  std::string shown_;  // empty: the same as value_
};

}  // namespace tocsin
