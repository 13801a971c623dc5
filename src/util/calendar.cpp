// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Looking for the next time goes span by span: within a span the clocks of a zone run on evenly, so
// a time on the wall is one moment and the other way round, and the search is one of plain dates.
// What does not exist is never met that way, and what comes twice is met in both spans. Only where
// two spans meet the rules for such times come in: times that were jumped over may count as the
// first moment of the new span, and the times that the new span repeats may be left out.
#include "util/calendar.h"

#include <algorithm>

namespace tocsin {
namespace {

using std::chrono::days;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year_month_day;

constexpr seconds kHorizon = days{36'600};
constexpr sys_seconds kFirstChange{sys_days{std::chrono::year{1800} / 1 / 1}};  // of any zone

// The first set bit at or after `from`; N if there is none.
template <std::size_t N>
std::size_t next_bit(const std::bitset<N>& bits, std::size_t from) noexcept {
  while (from < N && !bits[from]) ++from;
  return from;
}

unsigned last_day(year_month_day date) noexcept {
  return unsigned(year_month_day{date.year() / date.month() / std::chrono::last}.day());
}

}  // namespace

bool Calendar::has_year(int year) const {
  return years_.empty() || std::any_of(years_.begin(), years_.end(), [year](const Years& years) {
           return year >= years.first && year <= years.last &&
                  (year - years.first) % years.step == 0;
         });
}

bool Calendar::is_day(year_month_day date) const {
  const unsigned day{date.day()};
  const bool of_month = days_[day] || days_from_end_[last_day(date) - day + 1];
  const bool of_week = weekdays_[std::chrono::weekday{sys_days{date}}.c_encoding()];
  return either_day_ ? of_month || of_week : of_month && of_week;
}

// The first time of a day at or after `from`.
std::optional<seconds> Calendar::time_of_day(seconds from) const {
  const std::chrono::hh_mm_ss clock{from};
  const auto first_hour = static_cast<std::size_t>(clock.hours().count());
  for (std::size_t h = next_bit(hours_, first_hour); h < 24; h = next_bit(hours_, h + 1)) {
    const bool in_hour = h == first_hour;
    const auto first_minute = in_hour ? static_cast<std::size_t>(clock.minutes().count()) : 0;
    for (std::size_t m = next_bit(minutes_, first_minute); m < 60; m = next_bit(minutes_, m + 1)) {
      const bool in_minute = in_hour && m == first_minute;
      const auto first_second = in_minute ? static_cast<std::size_t>(clock.seconds().count()) : 0;
      const std::size_t s = next_bit(seconds_, first_second);
      if (s < 60) return std::chrono::hours{h} + std::chrono::minutes{m} + seconds{s};
    }
  }
  return std::nullopt;
}

std::optional<Calendar::Civil> Calendar::next_civil(Civil from, Civil until) const {
  auto day = std::chrono::floor<days>(from);
  seconds time = from - day;
  while (day < until) {
    const year_month_day date{day};
    if (!months_[unsigned(date.month())] || !has_year(int(date.year()))) {
      day = sys_days{(date.year() / date.month() / 1) + std::chrono::months{1}};
      time = seconds{0};
      continue;
    }
    if (is_day(date)) {
      if (const auto found = time_of_day(time)) {
        return day + *found < until ? std::optional(Civil{day + *found}) : std::nullopt;
      }
    }
    day += days{1};
    time = seconds{0};
  }
  return std::nullopt;
}

std::optional<WallTime> Calendar::next_after(WallTime moment, const TimeZone& zone) const {
  sys_seconds from = std::chrono::floor<seconds>(moment) + seconds{1};
  const sys_seconds horizon = from + kHorizon;
  while (from < horizon) {
    const TimeZone::Span span = zone.at(from);
    const sys_seconds until = std::min(span.end, horizon);
    Civil civil = from + span.offset;
    if (span.begin > kFirstChange) {
      const seconds before = zone.at(span.begin - seconds{1}).offset;
      const Civil shown_before = span.begin + before;  // when the clocks were changed
      const bool jumped_over = from == span.begin && before < span.offset &&
                               next_civil(shown_before, span.begin + span.offset).has_value();
      if (jumped_over && gap_ == Gap::when_it_ends) return WallTime{span.begin};
      if (repeated_ == Repeated::once) civil = std::max(civil, shown_before);
    }
    const auto found = next_civil(civil, until + span.offset);
    if (found) return WallTime{*found - span.offset};
    from = until;
  }
  return std::nullopt;
}

}  // namespace tocsin
