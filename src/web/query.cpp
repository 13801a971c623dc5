// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <algorithm>
#include <charconv>

#include "util/text.h"
#include "web/handlers.h"

namespace tocsin {

std::optional<std::string_view> Query::text(std::string_view name) {
  known_.push_back(name);
  std::optional<std::string_view> found;
  for (const auto& [key, value] : request_.query) {
    if (key != name) continue;
    if (found) mistake("'" + std::string(name) + "' is given twice");
    found = value;
  }
  return found;
}

std::int64_t Query::integer(std::string_view name, std::int64_t fallback, std::int64_t least,
                            std::int64_t most) {
  const auto given = text(name);
  if (!given) return fallback;
  std::int64_t number = 0;
  const char* const end = given->data() + given->size();
  const auto [stop, error] = std::from_chars(given->data(), end, number);
  if (error == std::errc{} && stop == end && number >= least && number <= most) return number;
  mistake("'" + std::string(name) + "' must be a whole number from " + std::to_string(least) +
          " to " + std::to_string(most));
  return fallback;
}

bool Query::flag(std::string_view name) {
  const auto given = text(name);
  if (!given || *given == "false") return false;
  if (*given != "true") mistake("'" + std::string(name) + "' must be true or false");
  return true;
}

void Query::mistake(std::string message) {
  if (mistake_.empty()) mistake_ = std::move(message);
}

std::optional<Response> Query::refusal() const {
  if (!mistake_.empty()) return problem(400, mistake_);
  for (const auto& [key, value] : request_.query) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    std::string message = "there is no parameter '" + printable(key, 60) + "'";
    const std::string_view near = nearest(key, known_);
    if (!near.empty()) message += "; did you mean '" + std::string(near) + "'?";
    return problem(400, message);
  }
  return std::nullopt;
}

Response not_ready() {
  return problem(503, "the daemon is starting; nothing is known yet");
}

bool glob_matches(std::string_view pattern, std::string_view text) noexcept {
  constexpr std::size_t kNone = std::string_view::npos;
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = kNone;  // the latest * and where what follows it is being tried
  std::size_t tried = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      tried = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != kNone) {
      p = star + 1;
      t = ++tried;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == kNone;
}

}  // namespace tocsin
