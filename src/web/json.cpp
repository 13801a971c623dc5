// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "web/json.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

template <typename T>
void append_number(std::string& out, T number) {
  std::array<char, 32> digits{};
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), result.ptr);
}

// What may not stand in a JSON string as it is. DEL is allowed there and still written as an
// escape, since it does odd things to terminals.
bool needs_escape(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == '"' || byte == '\\' || byte == 0x7F;
}

void append_escape(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  const auto byte = static_cast<unsigned char>(c);
  out += "\\u00";
  out += {kHex[byte >> 4U], kHex[byte & 15U]};
}

}  // namespace

void JsonWriter::separate() {
  if (comma_) out_ += ',';
  comma_ = true;
}

void JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  comma_ = false;
}

void JsonWriter::close(char bracket) {
  out_ += bracket;
  comma_ = true;
}

void JsonWriter::raw(std::string_view text) {
  separate();
  out_ += text;
}

void JsonWriter::key(std::string_view name) {
  separate();
  quoted(name);
  out_ += ':';
  comma_ = false;
}

void JsonWriter::value(std::string_view text) {
  separate();
  quoted(text);
}

void JsonWriter::quoted(std::string_view text) {
  std::string repaired;
  if (!is_valid_utf8(text)) {
    repaired = printable_lines(text, text.size() * 3);
    text = repaired;
  }
  out_ += '"';
  std::size_t plain = 0;  // the start of what can be copied as it is
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!needs_escape(text[i])) continue;
    out_.append(text, plain, i - plain);
    append_escape(out_, text[i]);
    plain = i + 1;
  }
  out_.append(text, plain);
  out_ += '"';
}

void JsonWriter::integer(std::int64_t number) {
  separate();
  append_number(out_, number);
}

void JsonWriter::natural(std::uint64_t number) {
  separate();
  append_number(out_, number);
}

void JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  separate();
  append_number(out_, number);
}

void JsonWriter::value(WallTime time) {
  separate();
  out_ += '"';
  out_ += rfc3339(time);
  out_ += '"';
}

void JsonWriter::decimal(std::int64_t number, int decimals) {
  separate();
  const auto power = static_cast<std::uint64_t>(decimals == 3 ? 1'000 : 1'000'000);
  // Negation as unsigned: the least value has no positive counterpart.
  const auto plain = static_cast<std::uint64_t>(number);
  const std::uint64_t amount = number < 0 ? 0 - plain : plain;
  if (number < 0) out_ += '-';
  append_number(out_, amount / power);
  std::uint64_t rest = amount % power;
  if (rest == 0) return;
  out_ += '.';
  for (std::uint64_t digit = power / 10; rest > 0; digit /= 10) {
    out_ += static_cast<char>('0' + rest / digit);
    rest %= digit;
  }
}

void JsonWriter::value(const std::vector<std::string>& texts) {
  begin_array();
  for (const std::string& text : texts) value(text);
  end_array();
}

void JsonWriter::value(const std::vector<std::pair<std::string, std::string>>& pairs) {
  begin_object();
  for (const auto& [name, text] : pairs) field(name, text);
  end_object();
}

}  // namespace tocsin
