// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// crontab(5), as Debian's cron reads it; what only others understand (seconds, L, W, #, ?) is
// refused rather than guessed at.
#include "util/calendar.h"
#include "util/calendar_field.h"

namespace tocsin {
namespace {

constexpr std::string_view kMonths[] = {"january",   "february", "march",    "april",
                                        "may",       "june",     "july",     "august",
                                        "september", "october",  "november", "december"};

struct Word {
  std::string_view word;
  std::string_view line;
};
constexpr Word kWords[] = {
    {"@hourly", "0 * * * *"},   {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
    {"@weekly", "0 0 * * 0"},   {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
};

struct Field {
  std::string_view what;
  int least;
  int most;
  std::span<const std::string_view> names;  // the first one stands for `first_name`
  int first_name;
};
constexpr Field kMinute{"minute", 0, 59, {}, 0};
constexpr Field kHour{"hour", 0, 23, {}, 0};
constexpr Field kDay{"day of the month", 1, 31, {}, 0};
constexpr Field kMonth{"month", 1, 12, kMonths, 1};
constexpr Field kWeekday{"day of the week", 0, 7, kWeekdays, 0};

}  // namespace

class CronParser {
 public:
  ParsedCalendar parse(std::string_view text) {
    std::string_view line = trim(text);
    if (line.starts_with('@')) {
      line = line_of(line);
      if (line.empty()) {
        return {{},
                "of the words with @, @hourly, @daily, @weekly, @monthly and @yearly have times"};
      }
    }
    std::string_view fields[5];
    for (std::string_view& field : fields) field = take_word(line);
    if (fields[4].empty() || !trim(line).empty()) {
      return {{}, "five fields expected: minute, hour, day of the month, month, day of the week"};
    }
    read(fields);
    if (!mistake_.empty()) return {{}, std::move(mistake_)};
    if (!out_.next_after(WallTime{}, TimeZone::utc())) return {{}, "there is no such day"};
    return {std::move(out_), {}};
  }

 private:
  static std::string_view line_of(std::string_view word) {
    for (const Word& known : kWords) {
      if (known.word == to_lower(word)) return known.line;
    }
    return {};
  }

  void read(const std::string_view (&fields)[5]) {
    out_.seconds_.set(0);
    read(kMinute, fields[0], out_.minutes_);
    read(kHour, fields[1], out_.hours_);
    read(kDay, fields[2], out_.days_);
    read(kMonth, fields[3], out_.months_);
    std::bitset<8> weekdays;
    read(kWeekday, fields[4], weekdays);
    for (std::size_t i = 0; i < weekdays.size(); ++i) {
      if (weekdays[i]) out_.weekdays_.set(i % 7);
    }
    out_.either_day_ = !fields[2].starts_with('*') && !fields[4].starts_with('*');
    const bool wild = fields[0].starts_with('*') || fields[1].starts_with('*');
    out_.gap_ = wild ? Calendar::Gap::skipped : Calendar::Gap::when_it_ends;
    out_.repeated_ = wild ? Calendar::Repeated::twice : Calendar::Repeated::once;
  }

  template <std::size_t N>
  void read(const Field& field, std::string_view text, std::bitset<N>& bits) {
    while (true) {
      const bool last = text.find(',') == std::string_view::npos;
      read_part(field, take_until(text, ","), bits);
      if (last) return;
    }
  }

  template <std::size_t N>
  void read_part(const Field& field, std::string_view text, std::bitset<N>& bits) {
    const bool has_step = text.find('/') != std::string_view::npos;
    std::string_view rest = text;
    std::string_view range = take_until(rest, "/");
    const auto step = has_step ? parse_number(rest) : 1;
    if (range == "*") {
      if (!step || *step < 1) return wrong(field, text);
      // Sunday is 0 and 7: once is enough, or a step would count it twice.
      const int most = field.most == 7 ? 6 : field.most;
      return set_steps(bits, field.least, most, *step);
    }
    const bool is_range = range.find('-') != std::string_view::npos;
    const auto first = number(field, take_until(range, "-"));
    auto last = is_range ? number(field, range) : first;
    if (last == 0 && field.most == 7 && is_range && first > 0) last = 7;  // fri-sun
    if (!first || !last || !step || *first > *last || *step < 1 || (has_step && !is_range)) {
      return wrong(field, text);
    }
    set_steps(bits, *first, *last, *step);
  }

  static std::optional<int> number(const Field& field, std::string_view text) {
    auto value = parse_number(text);
    if (!value) {
      const auto name = parse_word(text, field.names);
      if (name) value = *name + field.first_name;
    }
    if (!value || *value < field.least || *value > field.most) return std::nullopt;
    return value;
  }

  void wrong(const Field& field, std::string_view text) {
    if (!mistake_.empty()) return;
    mistake_ = "\"" + printable(text, 40) + "\" is no " + std::string(field.what) + ": *, " +
               std::to_string(field.least) + " to " + std::to_string(field.most) +
               ", lists (1,15), ranges (1-5) and steps of them (*/5, 10-20/2) are";
  }

  Calendar out_;
  std::string mistake_;
};

ParsedCalendar Calendar::parse_cron(std::string_view text) {
  return CronParser().parse(text);
}

}  // namespace tocsin
