// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/retry_after.h"

#include <Poco/DateTime.h>
#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeParser.h>
#include <Poco/Exception.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr Millis kLongestWait = std::chrono::hours{24};

std::optional<Millis> bounded_seconds(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return std::nullopt;
  const double most = std::chrono::duration<double>(kLongestWait).count();
  return Millis{std::llround(std::min(seconds, most) * 1000)};
}

std::optional<double> number(std::string_view text) noexcept {
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Poco takes nearly anything for a date, so the shape is looked at first.
const std::string* date_format(std::string_view value) noexcept {
  if (value.size() == 24) return &Poco::DateTimeFormat::ASCTIME_FORMAT;
  if (!value.ends_with(" GMT")) return nullptr;
  if (value.size() == 29) return &Poco::DateTimeFormat::HTTP_FORMAT;
  return value.find('-') == std::string_view::npos ? nullptr : &Poco::DateTimeFormat::RFC850_FORMAT;
}

std::optional<Millis> wait_until_date(std::string_view value, WallTime now) {
  const std::string* format = date_format(value);
  if (format == nullptr) return std::nullopt;
  Poco::DateTime date;
  int zone = 0;
  try {
    if (!Poco::DateTimeParser::tryParse(*format, std::string(value), date, zone)) {
      return std::nullopt;
    }
  } catch (const Poco::Exception&) {
    return std::nullopt;  // a date that no calendar has
  }
  const WallTime at{std::chrono::seconds{date.timestamp().epochTime()}};
  return std::clamp(Millis{at - now}, Millis{0}, kLongestWait);
}

}  // namespace

std::optional<Millis> parse_retry_after(std::string_view value, WallTime now) {
  value = trim(value);
  if (const auto seconds = number(value)) return bounded_seconds(*seconds);
  return wait_until_date(value, now);
}

std::optional<Millis> parse_retry_delay(std::string_view value) {
  if (!value.ends_with('s')) return std::nullopt;
  value.remove_suffix(1);
  const auto seconds = number(value);
  return seconds ? bounded_seconds(*seconds) : std::nullopt;
}

std::optional<Millis> parse_retry_seconds(double seconds) {
  return bounded_seconds(seconds);
}

}  // namespace tocsin
