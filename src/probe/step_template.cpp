// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/step_template.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "probe/json_pick.h"
#include "util/text.h"

namespace tocsin {
namespace {

bool is_name_character(char c, bool first) noexcept {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  return letter || (!first && c >= '0' && c <= '9');
}

// Of the text behind an opening brace: how long the name is, if a closing brace ends it; else 0.
std::size_t name_length(std::string_view text) noexcept {
  std::size_t length = 0;
  while (length < text.size() && is_name_character(text[length], length == 0)) ++length;
  return length < text.size() && text[length] == '}' ? length : 0;
}

// How many braces are written as two.
std::size_t braces(std::string_view text) noexcept {
  std::size_t count = 0;
  for (auto at = text.find("{{"); at != std::string_view::npos; at = text.find("{{", at + 2)) {
    ++count;
  }
  return count;
}

std::string json_escape(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string encode(std::string_view value, Encoding encoding) {
  switch (encoding) {
    case Encoding::percent: return percent_encode(value);
    case Encoding::json: return json_escape(value);
    default: return std::string(value);
  }
}

}  // namespace

std::vector<StepTemplate::Part> StepTemplate::split(std::string_view text) {
  std::vector<Part> parts;
  std::string literal;
  const auto end_literal = [&] {
    if (!literal.empty()) parts.push_back({std::move(literal), false});
    literal.clear();
  };
  while (!text.empty()) {
    if (text.starts_with("{{")) {
      literal += '{';
      text.remove_prefix(2);
      continue;
    }
    const std::size_t length = text.front() == '{' ? name_length(text.substr(1)) : 0;
    if (length == 0) {
      literal += text.front();
      text.remove_prefix(1);
      continue;
    }
    end_literal();
    parts.push_back({std::string(text.substr(1, length)), true});
    text.remove_prefix(length + 2);
  }
  end_literal();
  return parts;
}

StepTemplate::StepTemplate(const Text& text, std::string& mistake) : parts_(split(text.value())) {
  if (text.hides_something()) shown_ = text.shown();
  // What is shown has *** or a reference in a secret's place: the braces in it were meant.
  const bool hidden = is_hidden();
  const std::string meant = hidden || shown_.empty() ? text.value() : shown_;
  const auto wanted = names_in(split(meant));
  const bool literal = !shown_.empty() && wanted.empty() && (hidden || braces(meant) == 0);
  if (literal) parts_ = {{text.value(), false}};
  names_ = names_in(parts_).size();
  const bool same = names_in(parts_) == wanted && braces(meant) == braces(text.value());
  if (!literal && !same) {
    mistake = "a secret in it holds a word in braces, which would be taken for a captured value";
  }
}

std::vector<std::string> StepTemplate::names() const {
  return names_in(parts_);
}

std::vector<std::string> StepTemplate::names_in(const std::vector<Part>& parts) {
  std::vector<std::string> out;
  for (const Part& part : parts) {
    if (part.is_name) out.push_back(part.text);
  }
  return out;
}

Text StepTemplate::fill(const Captured& values, Encoding encoding) const {
  std::string value;
  std::string shown;
  for (const Part& part : parts_) {
    value += part.is_name ? encode(values.at(part.text), encoding) : part.text;
    shown += part.is_name ? "{" + part.text + "}" : part.text;
  }
  if (!shown_.empty()) return {std::move(value), shown_};
  if (has_names()) return {std::move(value), std::move(shown)};
  return Text(std::move(value));
}

bool is_capture_name(std::string_view name) noexcept {
  return !name.empty() && name_length(std::string(name) + "}") == name.size();
}

std::string unusable(std::string_view value) {
  const bool controls = std::any_of(value.begin(), value.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  if (value.empty()) return "it is empty";
  if (controls) return "it holds a control character";
  if (!is_valid_utf8(value)) return "it is not UTF-8";
  if (value.size() >= kLongestJsonText) return "it is too long";
  if (value == "." || value == "..") return "it would be a step in a path";
  return {};
}

}  // namespace tocsin
