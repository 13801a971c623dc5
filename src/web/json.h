// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <ratio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tocsin/time.h"

namespace tocsin {

// Appends JSON (RFC 8259) to a text: the one place of the web side that knows how to write it.
// Times become RFC 3339 in UTC, durations seconds, absent values null. What is not valid UTF-8 is
// repaired, so that whatever a target sent, the answer can be read. It writes commas; balanced
// begin/end is up to the caller. Used by one thread; the text must outlive it.
//
// Written by hand because 10,000 checks are some 5 MB: Poco::JSON builds a tree of variants for
// that and takes a second over it where this takes some tens of milliseconds.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }
  // A key inside an object; a value or a begin_… follows.
  void key(std::string_view name);

  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }
  void value(const std::string& text) { value(std::string_view(text)); }
  void value(bool flag) { raw(flag ? "true" : "false"); }
  template <std::integral T>
  requires(!std::same_as<T, bool>) void value(T number) {
    if constexpr (std::is_signed_v<T>) {
      integer(number);
    } else {
      natural(number);
    }
  }
  void value(double number);
  void value(WallTime time);
  // Seconds with as many decimals as the unit has (six for microseconds), without rounding.
  void value(Millis duration) { decimal(duration.count(), 3); }
  void value(Micros duration) { decimal(duration.count(), 6); }
  void null() { raw("null"); }
  template <typename T>
  void value(const std::optional<T>& maybe) {
    maybe ? value(*maybe) : null();
  }
  void value(const std::vector<std::string>& texts);
  // An object of texts.
  void value(const std::vector<std::pair<std::string, std::string>>& pairs);

  template <typename T>
  void field(std::string_view name, const T& what) {
    key(name);
    value(what);
  }

 private:
  void open(char bracket);
  void close(char bracket);
  void raw(std::string_view text);
  void separate();
  void quoted(std::string_view text);
  void integer(std::int64_t number);
  void natural(std::uint64_t number);
  void decimal(std::int64_t number, int decimals);

  std::string& out_;
  bool comma_ = false;  // something stands before at this level
};

}  // namespace tocsin
