// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/message_template.h"

#include <algorithm>

#include "util/text.h"

// A template is read once, when the configuration is loaded, into lines of parts. Filling it goes
// over the parts a single time and only ever adds to what comes out, so that no value can be taken
// for a part of the template.

namespace tocsin {
namespace {

constexpr std::string_view kLabelPrefix = "labels.";
constexpr std::size_t kMostMistakes = 10;
constexpr std::size_t kLongestQuote = 60;

std::string in_braces(std::string_view name) {
  return "{" + printable(name, kLongestQuote) + "}";
}

// Blanks stay as they were meant; whatever else does not belong in a line goes.
std::string clean(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t blanks = std::min(text.find_first_not_of(' '), text.size());
    out.append(blanks, ' ');
    text.remove_prefix(blanks);
    const std::string_view word = text.substr(0, text.find(' '));
    out += printable(word, 3 * word.size());  // a broken byte becomes three
    text.remove_prefix(word.size());
  }
  return out;
}

std::vector<std::string_view> known_names() {
  std::vector<std::string_view> out;
  for (const PlaceholderRow& row : placeholders()) out.push_back(row.name);
  return out;
}

// What is wrong with a name that is none.
std::string unknown(std::string_view name) {
  const std::size_t dot = name.find('.');
  const bool dotted = dot != std::string_view::npos;
  if (dotted && !nearest(name.substr(0, dot), {"label", "labels"}).empty()) {
    return "; did you mean " +
           in_braces(std::string(kLabelPrefix) + std::string(name.substr(dot + 1))) + "?";
  }
  const std::vector<std::string_view> known = known_names();
  const std::string_view near = nearest(name, known);
  if (!near.empty()) return "; did you mean " + in_braces(near) + "?";
  std::string all;
  for (const std::string_view each : known) all += std::string(each) + ", ";
  return "; known are " + all + "labels.KEY";
}

}  // namespace

class TemplateReader {
 public:
  explicit TemplateReader(std::string_view text) : rest_(text) {}

  ParsedTemplate read() {
    if (rest_.size() > MessageTemplate::kMostBytes) {
      wrong("a template has at most " + std::to_string(MessageTemplate::kMostBytes) + " bytes");
      return std::move(out_);
    }
    several_lines_ = trim(rest_).find('\n') != std::string_view::npos;
    while (!rest_.empty() && out_.mistakes.size() < kMostMistakes) step();
    end_line();
    if (parts_ > MessageTemplate::kMostParts) {
      wrong("a template has at most " + std::to_string(MessageTemplate::kMostParts) +
            " placeholders");
    }
    if (!out_.mistakes.empty()) out_.value = {};
    return std::move(out_);
  }

 private:
  using Part = MessageTemplate::Part;

  void step() {
    const char first = rest_.front();
    const bool doubled = rest_.size() > 1 && rest_[1] == first;
    if (first == '\n') {
      end_line();
      ++number_;
      rest_.remove_prefix(1);
    } else if (first != '{' && first != '}') {
      take_literal(std::min(rest_.find_first_of("{}\n"), rest_.size()));
    } else if (doubled) {
      literal_ += first;
      rest_.remove_prefix(2);
    } else if (first == '{') {
      read_placeholder();
    } else {
      wrong_here("a } without its {; a brace itself is written }}");
      rest_.remove_prefix(1);
    }
  }

  void take_literal(std::size_t length) {
    literal_ += rest_.substr(0, length);
    rest_.remove_prefix(length);
  }

  void read_placeholder() {
    const std::size_t end = rest_.find_first_of("{}\n", 1);
    if (end == std::string_view::npos || rest_[end] != '}') {
      const std::string_view begun = rest_.substr(0, std::min(end, rest_.size()));
      wrong_here("the brace of \"" + printable(begun, kLongestQuote) +
                 "\" is not closed; a brace itself is written {{");
      rest_.remove_prefix(begun.size());
      return;
    }
    const std::string_view inside = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    const std::size_t bar = std::min(inside.find('|'), inside.size());
    Part part;
    part.is_placeholder = true;
    if (bar < inside.size()) part.text = clean(inside.substr(bar + 1));
    name(trim(inside.substr(0, bar)), part);
    end_literal();
    line_.push_back(std::move(part));
    ++parts_;
  }

  void name(std::string_view name, Part& part) {
    if (const auto known = find_placeholder(name)) {
      part.placeholder = *known;
    } else if (name.starts_with(kLabelPrefix) && name.size() > kLabelPrefix.size()) {
      part.placeholder = Placeholder::label;
      part.label = name.substr(kLabelPrefix.size());
    } else if (name.empty()) {
      wrong_here("empty braces; a brace itself is written {{ or }}");
    } else if (name == kLabelPrefix) {
      wrong_here("{labels.} names no label; {labels} are all of them");
    } else {
      wrong_here("unknown placeholder " + in_braces(name) + unknown(name));
    }
  }

  void end_literal() {
    if (!literal_.empty()) line_.push_back({clean(literal_), {}, {}, false});
    literal_.clear();
  }

  void end_line() {
    end_literal();
    if (!line_.empty()) out_.value.lines_.push_back(std::move(line_));
    line_.clear();
  }

  void wrong(std::string mistake) { out_.mistakes.push_back(std::move(mistake)); }
  void wrong_here(const std::string& mistake) {
    wrong(several_lines_ ? "line " + std::to_string(number_) + " of it: " + mistake : mistake);
  }

  std::string_view rest_;
  ParsedTemplate out_;
  MessageTemplate::Line line_;
  std::string literal_;
  std::size_t parts_ = 0;
  std::size_t number_ = 1;
  bool several_lines_ = false;
};

ParsedTemplate MessageTemplate::parse(std::string_view text) {
  return TemplateReader(text).read();
}

// Empty if all its placeholders are.
std::string MessageTemplate::fill_line(const Line& line, const MessageFacts& facts) {
  std::string out;
  bool asked = false;
  bool answered = false;
  for (const Part& part : line) {
    if (!part.is_placeholder) {
      out += part.text;
      continue;
    }
    const std::string value = value_of(part.placeholder, part.label, facts);
    const std::string& said = value.empty() ? part.text : value;
    asked = true;
    answered = answered || !said.empty();
    out += said;
  }
  return asked && !answered ? std::string() : out;
}

std::vector<std::string> MessageTemplate::fill(const MessageFacts& facts) const {
  std::vector<std::string> out;
  for (const Line& line : lines_) {
    const std::string filled = fill_line(line, facts);
    std::string_view rest = filled;
    while (!rest.empty()) {
      const std::string_view one = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), one.size() + 1));
      if (trim(one).empty()) continue;
      if (out.size() == kMostLines) return out;
      const bool whole = one.size() <= kMostLineBytes;
      out.push_back(whole ? std::string(one) : printable(one, kMostLineBytes));
    }
  }
  return out;
}

}  // namespace tocsin
