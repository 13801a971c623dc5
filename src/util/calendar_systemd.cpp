// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// systemd.time(7), section "Calendar events", but for what calendar.h leaves out.
#include "util/calendar.h"
#include "util/calendar_field.h"

namespace tocsin {
namespace {

struct Word {
  std::string_view word;
  std::string_view rule;
};
constexpr Word kWords[] = {
    {"minutely", "*-*-* *:*:00"},
    {"hourly", "*-*-* *:00:00"},
    {"daily", "*-*-* 00:00:00"},
    {"weekly", "Mon *-*-* 00:00:00"},
    {"monthly", "*-*-01 00:00:00"},
    {"quarterly", "*-01,04,07,10-01 00:00:00"},
    {"semiannually", "*-01,07-01 00:00:00"},
    {"semi-annually", "*-01,07-01 00:00:00"},
    {"yearly", "*-01-01 00:00:00"},
    {"annually", "*-01-01 00:00:00"},
};

struct Field {
  std::string_view what;
  int least;
  int most;
};
constexpr Field kSecond{"second", 0, 59};
constexpr Field kMinute{"minute", 0, 59};
constexpr Field kHour{"hour", 0, 23};
constexpr Field kDay{"day of the month", 1, 31};
constexpr Field kMonth{"month", 1, 12};
constexpr Field kYear{"year", 1970, 2199};

// One element of a list: from `first` to `last` by `step`; a lone number is all three at once.
struct Steps {
  int first, last, step;
  bool to_the_end;  // "5/2": no last one is given
};

bool begins_with_letter(std::string_view text) noexcept {
  return !text.empty() &&
         ((text[0] >= 'A' && text[0] <= 'Z') || (text[0] >= 'a' && text[0] <= 'z'));
}

}  // namespace

class SystemdParser {
 public:
  ParsedCalendar parse(std::string_view text) {
    std::string_view rest = rule_of(trim(text));
    std::string_view word = take_word(rest);
    if (word.empty()) return {{}, "empty; write a time such as Mon..Fri 08:00, or hourly"};
    out_.weekdays_.set();
    if (begins_with_letter(word)) {
      out_.weekdays_.reset();
      read_weekdays(word);
      word = take_word(rest);
    }
    const bool has_date = word.find(':') == std::string_view::npos && !word.empty();
    read_date(has_date ? word : "*-*-*");
    if (has_date) word = take_word(rest);
    read_time(word.empty() ? "00:00:00" : word);
    if (!trim(rest).empty()) {
      wrong("\"" + printable(trim(rest), 40) +
            "\" is more than days of the week, a date and a time; a time zone is given apart");
    }
    if (!mistake_.empty()) return {{}, std::move(mistake_)};
    if (!out_.next_after(WallTime{}, TimeZone::utc())) return {{}, "there is no such day"};
    return {std::move(out_), {}};
  }

 private:
  static std::string_view rule_of(std::string_view text) {
    for (const Word& known : kWords) {
      if (known.word == to_lower(text)) return known.rule;
    }
    return text;
  }

  void read_weekdays(std::string_view text) {
    while (true) {
      const bool last = text.find(',') == std::string_view::npos;
      std::string_view part = take_until(text, ",");
      if (!part.empty()) read_weekday_range(part);
      if (last) return;
    }
  }

  void read_weekday_range(std::string_view part) {
    const std::string written(part);
    const bool is_range = part.find("..") != std::string_view::npos;
    const auto first = parse_word(take_until(part, ".."), kWeekdays);
    const auto last = is_range ? parse_word(part, kWeekdays) : first;
    // The week begins on Monday here: Sunday comes last.
    const int from = first == 0 ? 7 : first.value_or(0);
    const int to = last == 0 ? 7 : last.value_or(0);
    if (!first || !last || from > to) {
      return wrong("\"" + printable(written, 40) +
                   "\" is no day of the week, and no range of them from Mon to Sun");
    }
    for (int day = from; day <= to; ++day) out_.weekdays_.set(static_cast<std::size_t>(day % 7));
  }

  // [year-]month-day, or with ~ before a day that is counted from the month's end.
  void read_date(std::string_view text) {
    const bool from_end = text.find('~') != std::string_view::npos;
    std::string_view rest = text;
    std::string_view before = take_until(rest, "~");
    std::string_view day = rest;
    if (!from_end) {
      const std::size_t dash = text.rfind('-');
      before = text.substr(0, dash == std::string_view::npos ? 0 : dash);
      day = text.substr(dash == std::string_view::npos ? 0 : dash + 1);
    }
    const std::size_t dash = before.find('-');
    const bool has_year = dash != std::string_view::npos;
    const std::string_view month = has_year ? before.substr(dash + 1) : before;
    if (before.empty()) {
      return wrong("\"" + printable(text, 40) + "\" is no date such as *-*-01, and no time");
    }
    if (has_year) read_years(before.substr(0, dash));
    read(kMonth, month, out_.months_);
    from_end ? read_from_end(day) : read(kDay, day, out_.days_);
  }

  void read_time(std::string_view text) {
    std::string_view rest = text;
    const std::string_view hour = take_until(rest, ":");
    const std::string_view minute = take_until(rest, ":");
    if (minute.empty()) {
      return wrong("\"" + printable(text, 40) + "\" is no time such as 08:00 or 08:00:30");
    }
    read(kHour, hour, out_.hours_);
    read(kMinute, minute, out_.minutes_);
    read(kSecond, text.ends_with(':') || !rest.empty() ? rest : "00", out_.seconds_);
  }

  template <std::size_t N>
  void read(const Field& field, std::string_view text, std::bitset<N>& bits) {
    for (const Steps& steps : list(field, text)) {
      set_steps(bits, steps.first, steps.last, steps.step);
    }
  }

  void read_years(std::string_view text) {
    if (text == "*") return;
    for (const Steps& steps : list(kYear, text)) {
      out_.years_.push_back({steps.first, steps.last, steps.step});
    }
  }

  // A step goes on towards the month's end: ~07/1 are its last seven days.
  void read_from_end(std::string_view text) {
    if (text == "*") out_.days_.set();
    for (const Steps& steps : list(kDay, text)) {
      if (!steps.to_the_end) {
        set_steps(out_.days_from_end_, steps.first, steps.last, steps.step);
        continue;
      }
      for (int day = steps.first; day >= 1; day -= steps.step) {
        out_.days_from_end_.set(static_cast<std::size_t>(day));
      }
    }
  }

  std::vector<Steps> list(const Field& field, std::string_view text) {
    if (text == "*") return {{field.least, field.most, 1, false}};
    std::vector<Steps> out;
    while (true) {
      const bool last = text.find(',') == std::string_view::npos;
      const std::string_view part = take_until(text, ",");
      const auto steps = element(field, part);
      if (!steps) {
        wrong("\"" + printable(part, 40) + "\" is no " + std::string(field.what) + ": *, " +
              std::to_string(field.least) + " to " + std::to_string(field.most) +
              ", lists (1,15), ranges (1..5) and steps (0/15, 10..20/2) are");
        return {};
      }
      out.push_back(*steps);
      if (last) return out;
    }
  }

  static std::optional<Steps> element(const Field& field, std::string_view text) {
    const bool has_step = text.find('/') != std::string_view::npos;
    std::string_view rest = text;
    std::string_view range = take_until(rest, "/");
    const auto step = has_step ? parse_number(rest) : 1;
    const bool is_range = range.find("..") != std::string_view::npos;
    const auto first = parse_number(take_until(range, ".."));
    const auto last = is_range ? parse_number(range) : has_step ? field.most : first;
    const auto fits = [&](const std::optional<int>& number) {
      return number && *number >= field.least && *number <= field.most;
    };
    if (!fits(first) || !fits(last) || !step || *step < 1 || *first > *last) return std::nullopt;
    return Steps{*first, *last, *step, has_step && !is_range};
  }

  void wrong(std::string text) {
    if (mistake_.empty()) mistake_ = std::move(text);
  }

  Calendar out_;
  std::string mistake_;
};

ParsedCalendar Calendar::parse_systemd(std::string_view text) {
  return SystemdParser().parse(text);
}

}  // namespace tocsin
