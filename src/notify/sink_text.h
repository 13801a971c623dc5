// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tocsin {

// Texts made to fit a sink. Pure functions; what comes in is valid UTF-8.

// How services count: bytes, code points, or UTF-16 units.
enum class TextUnit : unsigned char { byte, code_point, utf16 };
std::size_t units(std::string_view text, TextUnit unit) noexcept;

// What stands for one code point in the sink's markup; gives back what needs no escape.
using EscapePoint = std::string_view (*)(std::string_view point);
std::string_view as_it_is(std::string_view point);
// ‹ and › for < and >: neither HTML nor a mention remains wherever a text is handed on to, and it
// reads well in those places that show it as it is.
std::string_view without_angles(std::string_view point);

// A text that is filled up to a number of units and escaped on the way, never cut within an escape
// or a code point. What did not fit shows as an ellipsis, and nothing is added after it.
class FittedText {
 public:
  FittedText(std::size_t most, TextUnit unit, EscapePoint escape = as_it_is);

  // A value of anybody's: escaped.
  void add(std::string_view value);
  // Markup of our own: as it is, whole or not at all.
  void add_markup(std::string_view markup);

  bool full() const noexcept { return full_; }
  const std::string& text() const noexcept { return text_; }

 private:
  void put(std::string_view piece);

  std::string text_;
  TextUnit unit_;
  EscapePoint escape_;
  std::size_t left_;
  bool full_ = false;
};

// The text as it is if it has at most so many units, else its beginning and an ellipsis.
std::string fitted_text(std::string_view text, std::size_t most, TextUnit unit);

// A thread key that a sink with narrow keys takes: itself if it has at most `most` bytes and no
// control characters, else its beginning and a hash of all of it. Equal only for equal keys. At
// least 72 bytes are needed.
std::string fitted_key(std::string_view key, std::size_t most);

// The same for a sink that takes only letters, digits and the characters of `others`, at least one
// of which is - or _: itself if it has no others, else what it has of them and half a hash. At
// least 40 bytes are needed.
std::string plain_key(std::string_view key, std::string_view others, std::size_t most);

// In lower-case hex.
std::string sha256_hex(std::string_view text);

}  // namespace tocsin
