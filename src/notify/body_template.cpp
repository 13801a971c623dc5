// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/body_template.h"

#include <Poco/Exception.h>
#include <Poco/JSON/Parser.h>
#include <Poco/JSONString.h>

#include <algorithm>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::string_view kLabelPrefix = "labels.";
constexpr std::size_t kLongestQuote = 60;

bool is_name_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

// The name in "{name}" at the text's beginning; empty if that is something else.
std::string_view name_at(std::string_view text) noexcept {
  if (text.size() < 3 || text[0] != '{' || text[1] < 'a' || text[1] > 'z') return {};
  const std::size_t end = text.find('}');
  if (end == std::string_view::npos) return {};
  const std::string_view name = text.substr(1, end - 1);
  return std::all_of(name.begin(), name.end(), is_name_char) ? name : std::string_view{};
}

std::string unknown(std::string_view name) {
  std::vector<std::string_view> known;
  for (const PlaceholderRow& row : placeholders()) known.push_back(row.name);
  const std::string_view near = nearest(name, known);
  std::string out = "unknown placeholder {" + printable(name, kLongestQuote) + "}";
  if (!near.empty()) return out + "; did you mean {" + std::string(near) + "}?";
  out += "; known are ";
  for (const std::string_view each : known) out += std::string(each) + ", ";
  return out + "labels.KEY";
}

bool is_json(const std::string& text) {
  try {
    Poco::JSON::Parser().parse(text);
    return true;
  } catch (const Poco::Exception&) {
    return false;  // what Poco has to say of it is not for people
  }
}

}  // namespace

ParsedBody BodyTemplate::parse(std::string_view text, Escape escape) {
  ParsedBody out;
  BodyTemplate& body = out.value;
  body.escape_ = escape;
  if (text.size() > kMostBytes) {
    out.mistakes.push_back("a body has at most " + std::to_string(kMostBytes) + " bytes");
    text = {};
  }
  std::string literal;
  while (!text.empty()) {
    const std::string_view name = name_at(text);
    if (name.empty()) {
      literal += text.front();
      text.remove_prefix(1);
      continue;
    }
    text.remove_prefix(name.size() + 2);
    const bool is_label = name.starts_with(kLabelPrefix) && name.size() > kLabelPrefix.size();
    const auto known = is_label ? Placeholder::label : find_placeholder(name);
    if (!known) out.mistakes.push_back(unknown(name));
    body.parts_.push_back({std::exchange(literal, {}), false, {}, {}});
    body.parts_.push_back({{},
                           true,
                           known.value_or(Placeholder::title),
                           is_label ? std::string(name.substr(kLabelPrefix.size())) : ""});
  }
  if (!literal.empty()) body.parts_.push_back({std::move(literal), false, {}, {}});
  const bool fine = escape != Escape::json || body.empty() || is_json(body.filled_with("1"));
  if (!fine && out.mistakes.empty()) {
    out.mistakes.emplace_back(
        "the body is not JSON: write placeholders in quotes, as in {\"text\": \"{title}\"}, or set "
        "content_type");
  }
  if (!out.mistakes.empty()) body = {};
  return out;
}

std::string BodyTemplate::filled_with(std::string_view sample) const {
  std::string out;
  for (const Part& part : parts_) out += part.is_placeholder ? sample : std::string_view(part.text);
  return out;
}

std::string BodyTemplate::escaped(const std::string& value) const {
  switch (escape_) {
    case Escape::none: return value;
    case Escape::form: return percent_encode(value);
    case Escape::json: break;
  }
  const std::string quoted = Poco::toJSON(value, Poco::JSON_WRAP_STRINGS);
  return quoted.substr(1, quoted.size() - 2);
}

std::string BodyTemplate::fill(const MessageFacts& facts) const {
  std::string out;
  for (const Part& part : parts_) {
    out += part.is_placeholder ? escaped(value_of(part.placeholder, part.label, facts)) : part.text;
  }
  return out;
}

}  // namespace tocsin
