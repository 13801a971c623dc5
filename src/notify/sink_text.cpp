// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/sink_text.h"

#include <Poco/DigestEngine.h>
#include <Poco/SHA2Engine.h>

#include <algorithm>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::string_view kEllipsis = "…";
constexpr std::size_t kHashBytes = 64;

std::size_t sequence_length(char first) noexcept {
  const auto byte = static_cast<unsigned char>(first);
  if (byte < 0x80) return 1;
  if (byte < 0xE0) return 2;
  return byte < 0xF0 ? 3 : 4;
}

bool is_control(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x20 || c == '\x7f';
}

}  // namespace

std::size_t units(std::string_view text, TextUnit unit) noexcept {
  if (unit == TextUnit::byte) return text.size();
  std::size_t out = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool continuation = (byte & 0xC0U) == 0x80U;
    if (!continuation) out += unit == TextUnit::utf16 && byte >= 0xF0 ? 2 : 1;
  }
  return out;
}

std::string_view as_it_is(std::string_view point) {
  return point;
}

std::string_view without_angles(std::string_view point) {
  if (point == "<") return "‹";
  return point == ">" ? "›" : point;
}

// Room for the ellipsis is kept from the beginning.
FittedText::FittedText(std::size_t most, TextUnit unit, EscapePoint escape)
    : unit_(unit), escape_(escape), left_(most - std::min(most, units(kEllipsis, unit))) {}

void FittedText::add(std::string_view value) {
  while (!value.empty() && !full_) {
    const std::string_view point = value.substr(0, sequence_length(value[0]));
    value.remove_prefix(point.size());
    put(escape_(point));
  }
}

void FittedText::add_markup(std::string_view markup) {
  if (!full_) put(markup);
}

void FittedText::put(std::string_view piece) {
  const std::size_t size = units(piece, unit_);
  full_ = size > left_;
  text_ += full_ ? kEllipsis : piece;
  left_ -= full_ ? 0 : size;
}

std::string fitted_text(std::string_view text, std::size_t most, TextUnit unit) {
  if (units(text, unit) <= most) return std::string(text);
  FittedText out(most, unit);
  out.add(text);
  return out.text();
}

std::string fitted_key(std::string_view key, std::size_t most) {
  if (key.size() <= most && is_valid_utf8(key) &&
      std::none_of(key.begin(), key.end(), is_control)) {
    return std::string(key);
  }
  const std::size_t room = most - std::min(most, kHashBytes + 2);
  const std::string begin = room < 8 ? std::string() : printable(key, room) + " ";
  return begin + "#" + sha256_hex(key);
}

std::string plain_key(std::string_view key, std::string_view others, std::size_t most) {
  const auto is_plain = [&](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
  };
  const bool fits = !key.empty() && key.size() <= most;
  if (fits && std::all_of(key.begin(), key.end(), is_plain)) return std::string(key);
  constexpr std::size_t kHalfHash = 32;
  const char filler = others.find('-') == std::string_view::npos ? '_' : '-';
  std::string out;
  for (const char c : key.substr(0, most - kHalfHash - 1)) out += is_plain(c) ? c : filler;
  return out + filler + sha256_hex(key).substr(0, kHalfHash);
}

std::string sha256_hex(std::string_view text) {
  Poco::SHA2Engine engine(Poco::SHA2Engine::SHA_256);
  engine.update(text.data(), text.size());
  return Poco::DigestEngine::digestToHex(engine.digest());
}

}  // namespace tocsin
