// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "util/text.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace tocsin {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";

bool is_continuation(unsigned char byte) noexcept {
  return (byte & 0xC0U) == 0x80U;
}

// The length of the well-formed sequence at the front (RFC 3629, section 4: no overlong forms, no
// surrogates, nothing above U+10FFFF); 0 if there is none.
std::size_t sequence_length(std::string_view text) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  unsigned char least = 0x80;
  unsigned char most = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) least = 0xA0;
    if (first == 0xED) most = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) least = 0x90;
    if (first == 0xF4) most = 0x8F;
  }
  if (length == 0 || text.size() < length || at(1) < least || at(1) > most) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (!is_continuation(at(i))) return 0;
  }
  return length;
}

// Controls of one code point (C0, DEL, C1), line and paragraph separators, and what turns the
// direction of a text around, so that a line cannot pretend to be another.
bool is_space_like(std::string_view point) noexcept {
  const auto first = static_cast<unsigned char>(point[0]);
  if (point.size() == 1) return first <= 0x20 || first == 0x7F;
  const auto second = static_cast<unsigned char>(point[1]);
  if (point.size() == 2) return first == 0xC2 && second <= 0xA0;
  return point == "\xE2\x80\xA8" || point == "\xE2\x80\xA9";
}

bool is_direction_override(std::string_view point) noexcept {
  if (point.size() != 3) return false;
  const auto third = static_cast<unsigned char>(point[2]);
  if (point.substr(0, 2) == "\xE2\x80")
    return third == 0x8E || third == 0x8F || (third >= 0xAA && third <= 0xAE);
  return point.substr(0, 2) == "\xE2\x81" && third >= 0xA6 && third <= 0xA9;
}

std::string clean(std::string_view text, std::size_t most, bool keep_lines) {
  std::string out;
  const std::size_t room = most + kEllipsis.size();
  while (!text.empty() && out.size() <= room) {
    const std::size_t length = sequence_length(text);
    const std::string_view point = length == 0 ? kReplacement : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
    if (is_direction_override(point)) continue;
    if (keep_lines && point == "\n") {
      while (!out.empty() && out.back() == ' ') out.pop_back();
      out += '\n';
    } else if (!is_space_like(point)) {
      out += point;
    } else if (!out.empty() && out.back() != ' ' && out.back() != '\n') {
      out += ' ';
    }
  }
  while (!out.empty() && (out.back() == ' ' || out.back() == '\n')) out.pop_back();
  if (out.size() <= most) return out;
  if (most < kEllipsis.size()) return std::string(cut_utf8(out, most));
  return std::string(cut_utf8(out, most - kEllipsis.size())) + std::string(kEllipsis);
}

}  // namespace

std::string printable(std::string_view text, std::size_t most) {
  return clean(text, most, false);
}

std::string printable_lines(std::string_view text, std::size_t most) {
  return clean(text, most, true);
}

std::string_view cut_utf8(std::string_view text, std::size_t most) noexcept {
  if (text.size() <= most) return text;
  while (most > 0 && is_continuation(static_cast<unsigned char>(text[most]))) --most;
  return text.substr(0, most);
}

bool is_valid_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known) {
  // Levenshtein with adjacent swaps left out: keys are short and typos in them are simple.
  const auto distance = [](std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
      std::size_t diagonal = row[0];
      row[0] = i;
      for (std::size_t j = 1; j <= b.size(); ++j) {
        const std::size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
        diagonal = row[j];
        row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
      }
    }
    return row[b.size()];
  };
  if (word.size() > 64) return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : known) {
    const std::size_t d = distance(word, candidate);
    if (d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

std::string_view trim(std::string_view text) noexcept {
  constexpr std::string_view kBlank = " \t\r\n\v\f";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
    }
  }
  return out;
}

bool percent_decode(std::string_view text, std::string& into) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  into.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      into += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return false;
    const int high = digit(text[i + 1]);
    const int low = digit(text[i + 2]);
    if (high < 0 || low < 0) return false;
    into += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return true;
}

std::string random_uuid() {
  std::array<unsigned char, 16> bytes{};
  // getrandom(2) of 16 bytes neither fails nor blocks once the machine is up.
  while (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
  }
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0FU) | 0x40U);  // RFC 4122, section 4.4
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3FU) | 0x80U);
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::array<char, 3> hex{};
    std::snprintf(hex.data(), hex.size(), "%02x", bytes[i]);
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += hex.data();
  }
  return out;
}

std::uint64_t spread_hash(std::string_view text) noexcept {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211ULL;
  }
  // FNV's low bits of short, alike names lie close together: mix once more (splitmix64's finisher).
  hash ^= hash >> 30U;
  hash *= 0xBF58476D1CE4E5B9ULL;
  hash ^= hash >> 27U;
  hash *= 0x94D049BB133111EBULL;
  return hash ^ (hash >> 31U);
}

}  // namespace tocsin
