// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "util/duration.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <limits>

namespace tocsin {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// The longest names first, since "ms" ends in "s".
constexpr std::array<Unit, 5> kTimes{
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::array<Unit, 10> kSizes{{{"KiB", 1ULL << 10U},
                                       {"MiB", 1ULL << 20U},
                                       {"GiB", 1ULL << 30U},
                                       {"TiB", 1ULL << 40U},
                                       {"KB", 1000},
                                       {"kB", 1000},
                                       {"MB", 1000 * 1000},
                                       {"GB", 1000 * 1000 * 1000},
                                       {"TB", 1000ULL * 1000 * 1000 * 1000},
                                       {"B", 1}}};

template <std::size_t N>
std::optional<std::uint64_t> parse_units(std::string_view text, const std::array<Unit, N>& units,
                                         std::uint64_t most) noexcept {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end == text.data()) return std::nullopt;
  const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const Unit& unit : units) {
    if (rest != unit.name) continue;
    if (number > most / unit.factor) return std::nullopt;
    return number * unit.factor;
  }
  return std::nullopt;
}

bool all_digits(std::string_view text) noexcept {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::optional<Millis> parse_duration(std::string_view text) noexcept {
  if (text == "0") return Millis{0};
  constexpr std::uint64_t kMost = 4000ULL * 86'400'000ULL;  // ten years and more: nobody means that
  const auto value = parse_units(text, kTimes, kMost);
  if (!value) return std::nullopt;
  return Millis{static_cast<Millis::rep>(*value)};
}

std::optional<std::uint64_t> parse_size(std::string_view text) noexcept {
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  if (all_digits(text)) return parse_units(std::string(text) + "B", kSizes, kMost);
  return parse_units(text, kSizes, kMost);
}

std::string write_duration(Millis duration) {
  const auto ms = static_cast<std::uint64_t>(duration.count());
  if (ms == 0) return "0";
  for (std::size_t i = kTimes.size(); i-- > 0;) {
    if (ms % kTimes[i].factor == 0) {
      return std::to_string(ms / kTimes[i].factor) + std::string(kTimes[i].name);
    }
  }
  return std::to_string(ms) + "ms";
}

std::string human_duration(Millis duration) {
  return human_duration(duration, {"ms", "s", "min", "h", "d"});
}

std::string human_duration(Millis duration, const DurationUnits& units) {
  const auto one = [](std::int64_t count, std::string_view unit) {
    return std::to_string(count) + " " + std::string(unit);
  };
  const auto two = [&](std::int64_t big, std::string_view big_unit, std::int64_t small,
                       std::string_view small_unit) {
    return one(big, big_unit) + (small > 0 ? " " + one(small, small_unit) : std::string());
  };
  const std::int64_t ms = duration.count() < 0 ? 0 : duration.count();
  if (ms < 1000) return one(ms, units.ms);
  const std::int64_t seconds = ms / 1000;
  if (seconds < 60) return one(seconds, units.s);
  if (seconds < 3600) {
    return two(seconds / 60, units.min, seconds < 600 ? seconds % 60 : 0, units.s);
  }
  if (seconds < 86'400) return two(seconds / 3600, units.h, seconds / 60 % 60, units.min);
  return two(seconds / 86'400, units.d, seconds / 3600 % 24, units.h);
}

namespace {

struct Fields {
  int year;
  unsigned month, day;
  int hour, minute, second, milli;
};

Fields fields(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  return {int(date.year()),
          unsigned(date.month()),
          unsigned(date.day()),
          static_cast<int>(clock.hours().count()),
          static_cast<int>(clock.minutes().count()),
          static_cast<int>(clock.seconds().count()),
          static_cast<int>(clock.subseconds().count())};
}

// So many digits, and the byte behind them if one is wanted.
bool take_number(std::string_view& text, std::size_t digits, char behind, int& into) noexcept {
  if (text.size() < digits + (behind == '\0' ? 0 : 1)) return false;
  const auto parsed = std::from_chars(text.data(), text.data() + digits, into);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + digits || into < 0) return false;
  text.remove_prefix(digits);
  if (behind == '\0') return true;
  const bool fits =
      text.front() == behind || (behind == 'T' && (text.front() == 't' || text.front() == ' '));
  text.remove_prefix(1);
  return fits;
}

// "Z", "+02:00"; how far that is ahead of UTC.
std::optional<std::chrono::minutes> take_offset(std::string_view text) noexcept {
  if (text == "Z" || text == "z") return std::chrono::minutes{0};
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return std::nullopt;
  const int sign = text.front() == '+' ? 1 : -1;
  text.remove_prefix(1);
  int hours = 0;
  int minutes = 0;
  if (!take_number(text, 2, ':', hours) || !take_number(text, 2, '\0', minutes)) {
    return std::nullopt;
  }
  if (!text.empty() || hours > 23 || minutes > 59) return std::nullopt;
  return sign * (std::chrono::hours{hours} + std::chrono::minutes{minutes});
}

}  // namespace

std::string rfc3339(WallTime time) {
  const Fields f = fields(time);
  std::array<char, 48> out{};
  std::snprintf(out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", f.year, f.month,
                f.day, f.hour, f.minute, f.second, f.milli);
  return out.data();
}

std::optional<WallTime> parse_rfc3339(std::string_view text) noexcept {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  const bool read = take_number(text, 4, '-', year) && take_number(text, 2, '-', month) &&
                    take_number(text, 2, 'T', day) && take_number(text, 2, ':', hour) &&
                    take_number(text, 2, ':', minute) && take_number(text, 2, '\0', second);
  if (!read || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  if (text.starts_with('.')) {
    const std::size_t end = text.find_first_not_of("0123456789", 1);
    text.remove_prefix(std::min(end, text.size()));
  }
  const auto offset = take_offset(text);
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!offset || !date.ok()) return std::nullopt;
  return WallTime{std::chrono::sys_days{date} + std::chrono::hours{hour} +
                  std::chrono::minutes{minute} + std::chrono::seconds{second} - *offset};
}

std::string human_time(WallTime time) {
  const Fields f = fields(time);
  std::array<char, 48> out{};
  std::snprintf(out.data(), out.size(), "%04d-%02u-%02u %02d:%02d:%02d UTC", f.year, f.month, f.day,
                f.hour, f.minute, f.second);
  return out.data();
}

}  // namespace tocsin
