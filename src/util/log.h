// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>

namespace tocsin {

// One line per event, "key=value", at the one place that decides. The level and the format are set
// once, at the start or at a reload. Thread-safe; goes to standard error, never blocks on more than
// that.
enum class LogLevel { trace, debug, info, warn, error };

// Level by the configuration's word (trace … error) and format (text or json).
void set_log(std::string_view level, std::string_view format);
bool log_enabled(LogLevel level) noexcept;
// `fields` is "key=value key="a value"" as Fields builds it.
void write_log(LogLevel level, std::string_view event, std::string_view text_fields,
               std::string_view json_fields);

// The fields of one line. Values are made printable and quoted as needed; give it no secret.
class Fields {
 public:
  Fields& add(std::string_view key, std::string_view value);
  Fields& add(std::string_view key, const char* value) { return add(key, std::string_view(value)); }
  Fields& add(std::string_view key, bool value) {
    return add(key, std::string_view(value ? "true" : "false"));
  }
  template <typename T>
  requires(std::integral<T> || std::floating_point<T>) &&
      (!std::same_as<T, bool>)Fields& add(std::string_view key, T value) {
    return add_number(key, std::to_string(value));
  }

  const std::string& text() const noexcept { return text_; }
  const std::string& json() const noexcept { return json_; }

 private:
  Fields& add_number(std::string_view key, const std::string& value);
  std::string text_;
  std::string json_;
};

// log(LogLevel::info, "state", "check", name, "to", "down"): an event and its keys and values. A
// level that is off costs one comparison.
namespace detail {
inline void add_all(Fields&) {}
template <typename V, typename... Rest>
void add_all(Fields& fields, std::string_view key, const V& value, const Rest&... rest) {
  fields.add(key, value);
  add_all(fields, rest...);
}
}  // namespace detail

template <typename... KeysAndValues>
void log(LogLevel level, std::string_view event, const KeysAndValues&... keys_and_values) {
  if (!log_enabled(level)) return;
  Fields fields;
  detail::add_all(fields, keys_and_values...);
  write_log(level, event, fields.text(), fields.json());
}

}  // namespace tocsin
