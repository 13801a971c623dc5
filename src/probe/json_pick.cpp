// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/json_pick.h"

#include <Poco/Exception.h>
#include <Poco/JSON/Handler.h>
#include <Poco/JSON/Parser.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kDeepest = 128;

// Whether the first steps of the path lead to where the parser is.
bool leads_along(const JsonPath& path, const JsonPath& at, std::size_t steps) noexcept {
  for (std::size_t i = 0; i < steps; ++i) {
    const bool last = path[i].index == JsonStep::kLast && at[i].index >= 0;
    if (!last && path[i] != at[i]) return false;
  }
  return true;
}

// Follows where the parser is, and keeps the values at the wanted places. As with most parsers, the
// last one of two equal keys counts. What a path finds through a list's last place is forgotten
// when the list goes on: each place may be the last one.
class Picker final : public Poco::JSON::Handler {
 public:
  explicit Picker(const std::vector<JsonPath>& paths) : paths_(paths), values_(paths.size()) {}

  std::vector<JsonValue> values() { return std::move(values_); }

  void reset() override {}
  void startObject() override { enter(JsonValue::Kind::object, {}); }
  void endObject() override { leave(); }
  void startArray() override { enter(JsonValue::Kind::list, {{}, 0}); }
  void endArray() override {
    keep_length();
    leave();
  }
  void key(const std::string& name) override { at_.back().key = name; }
  void null() override { found({JsonValue::Kind::null, "null"}); }
  void value(int number) override { whole(number); }
  void value(unsigned number) override { whole(number); }
  void value(Poco::Int64 number) override { whole(number); }
  void value(Poco::UInt64 number) override { whole(number); }
  void value(double number) override {
    std::array<char, 64> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    found({JsonValue::Kind::number, std::string(text.data(), end), number});
  }
  void value(bool flag) override { found({JsonValue::Kind::flag, flag ? "true" : "false"}); }
  void value(const std::string& text) override {
    found({JsonValue::Kind::text, text.substr(0, kLongestJsonText)});
  }

 private:
  template <typename T>
  void whole(T number) {
    found({JsonValue::Kind::number, std::to_string(number), static_cast<double>(number)});
  }

  void enter(JsonValue::Kind kind, JsonStep first) {
    keep({kind, {}});
    at_.push_back(std::move(first));
  }

  void leave() {
    at_.pop_back();
    next();
  }

  void found(JsonValue value) {
    keep(std::move(value));
    next();
  }

  void next() {
    if (!at_.empty() && at_.back().index >= 0) ++at_.back().index;
  }

  void keep(const JsonValue& value) {
    forget_earlier_places();
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      const bool here = paths_[i].size() == at_.size() && leads_along(paths_[i], at_, at_.size());
      if (here) values_[i] = value;
    }
  }

  // At a new place of a list.
  void forget_earlier_places() {
    if (at_.empty() || at_.back().index <= 0) return;
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      const bool through = paths_[i].size() >= at_.size() &&
                           paths_[i][at_.size() - 1].index == JsonStep::kLast &&
                           leads_along(paths_[i], at_, at_.size());
      if (through) values_[i] = {};
    }
  }

  // At a list's end, where the place to come is the number of those that were.
  void keep_length() {
    const std::size_t depth = at_.size();
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      const JsonPath& path = paths_[i];
      const bool wanted = path.size() == depth && path.back().key == "length" &&
                          path.back().index == JsonStep::kKey && leads_along(path, at_, depth - 1);
      if (!wanted) continue;
      const auto count = at_.back().index;
      values_[i] = {JsonValue::Kind::number, std::to_string(count), static_cast<double>(count)};
    }
  }

  const std::vector<JsonPath>& paths_;
  std::vector<JsonValue> values_;
  JsonPath at_;
};

bool take_index(std::string_view& text, JsonPath& path) {
  std::int64_t index = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), index);
  if (parsed.ec != std::errc{} || index < -1) return false;
  text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
  path.push_back({{}, index == -1 ? JsonStep::kLast : index});
  return true;
}

// In brackets: a place, or a key in quotes.
bool take_brackets(std::string_view& text, JsonPath& path) {
  text.remove_prefix(1);
  if (text.starts_with('"')) {
    const auto end = text.find('"', 1);
    if (end == std::string_view::npos) return false;
    path.push_back({std::string(text.substr(1, end - 1)), JsonStep::kKey});
    text.remove_prefix(end + 1);
  } else if (!take_index(text, path)) {
    return false;
  }
  if (!text.starts_with(']')) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::optional<JsonPath> parse_json_path(std::string_view text) {
  JsonPath path;
  bool key_wanted = true;  // at the beginning, and behind a dot
  while (!text.empty()) {
    if (text.front() == '[' && (path.empty() || !key_wanted)) {
      if (!take_brackets(text, path)) return std::nullopt;
      key_wanted = false;
    } else if (text.front() == '.' && !key_wanted) {
      text.remove_prefix(1);
      key_wanted = true;
      if (text.empty()) return std::nullopt;
    } else if (key_wanted) {
      const auto end = std::min(text.find_first_of(".[]"), text.size());
      if (end == 0) return std::nullopt;
      path.push_back({std::string(text.substr(0, end)), JsonStep::kKey});
      text.remove_prefix(end);
      key_wanted = false;
    } else {
      return std::nullopt;
    }
  }
  if (path.empty()) return std::nullopt;
  return path;
}

std::vector<JsonValue> pick_json(const std::string& document, const std::vector<JsonPath>& paths) {
  Poco::SharedPtr<Picker> picker = new Picker(paths);
  Poco::JSON::Parser parser(picker);
  parser.setDepth(kDeepest);
  try {
    parser.parse(document);
  } catch (const Poco::Exception& error) {
    throw std::runtime_error(printable(error.message(), 80));
  }
  return picker->values();
}

}  // namespace tocsin
