// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "cli/terminal.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace tocsin {

bool wants_colour(std::FILE* stream) {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  if (no_colour != nullptr && *no_colour != '\0') return false;
  if (term == nullptr || std::string_view(term) == "dumb") return false;
  return isatty(fileno(stream)) == 1;
}

std::string coloured(Verdict verdict, bool colour) {
  std::string word(to_string(verdict));
  std::transform(word.begin(), word.end(), word.begin(),
                 [](char c) { return static_cast<char>(c - 'a' + 'A'); });
  if (!colour) return word;
  switch (verdict) {
    case Verdict::up: return "\x1b[32m" + word + "\x1b[0m";
    case Verdict::degraded: return "\x1b[33m" + word + "\x1b[0m";
    case Verdict::down: return "\x1b[31m" + word + "\x1b[0m";
    case Verdict::unknown: return "\x1b[35m" + word + "\x1b[0m";
  }
  return word;
}

std::string show_time(Micros time) {
  const double ms = static_cast<double>(time.count()) / 1000.0;
  std::array<char, 32> out{};
  if (ms >= 1000) {
    std::snprintf(out.data(), out.size(), "%.2f s", ms / 1000.0);
  } else if (ms >= 10) {
    std::snprintf(out.data(), out.size(), "%.1f ms", ms);
  } else {
    std::snprintf(out.data(), out.size(), "%.2f ms", ms);
  }
  return out.data();
}

std::string padded(std::string_view text, std::size_t width) {
  const auto points = static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
  std::string out(text);
  if (points < width) out.append(width - points, ' ');
  return out;
}

}  // namespace tocsin
