// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "tocsin/state.h"
#include "tocsin/time.h"
#include "util/duration.h"
#include "util/time_zone.h"

// The words of messages in the languages there are. State words in capitals (DOWN, UP, REMINDER)
// are the same in all of them, and reasons are what a probe said. A new language is one more file
// like language_de.cpp and a line in language.cpp: what is missing in it does not compile, and
// tests/notify/language_test.cpp holds its phrases to the same {parts} as the English ones.
//
// All of it is immutable and thread-safe; functions are pure.

namespace tocsin {

// What is said; which {parts} each has is to be seen in language_en.cpp.
enum class Phrase : std::uint8_t {
  was,  // the first line: behind the dash
  was_for,
  over_for,
  still,
  it_was,
  reasoned,  // what was said before, and its reason
  messages_arrive,
  lower_down,  // states within a sentence
  lower_degraded,
  lower_unknown,
  since,  // the lines below it
  since_ago,
  probe_failed,
  probes_failed,
  probe_degraded,
  probes_degraded,
  probe_unsure,
  probes_unsure,
  lasted,
  was_before,
  incident,
  target,
  now,
  runbook,
  about,
  labels,
  late,
  late_by,
  not_durable,
  told_by,
  more_folded,
  lines_left_out,
  a_test,
  count_,  // how many there are
};

inline constexpr std::size_t kPhraseCount = static_cast<std::size_t>(Phrase::count_);
using Phrases = std::array<std::string_view, kPhraseCount>;

struct Language {
  std::string_view code;  // as the configuration names it, "de"
  std::string_view date;  // of {year} {month} {day}, two digits each but the year
  DurationUnits units;
  Phrases phrases;
};

// A whole table. What is missing, empty or there twice does not compile.
consteval Phrases whole(std::initializer_list<std::pair<Phrase, std::string_view>> said) {
  Phrases out{};
  for (const auto& [phrase, text] : said) {
    std::string_view& place = out[static_cast<std::size_t>(phrase)];
    if (!place.empty()) throw std::logic_error("a phrase is there twice");
    place = text;
  }
  for (const std::string_view text : out) {
    if (text.empty()) throw std::logic_error("a phrase is missing");
  }
  return out;
}

// Sorted by code.
std::span<const Language* const> languages() noexcept;
const Language& english() noexcept;
// Null if there is none of that code.
const Language* find_language(std::string_view code) noexcept;

// The phrase with its parts filled in: say(language, Phrase::still, {{"state", "DOWN"}}). Values
// are taken as they are; a part that is not given stays empty.
using PhraseParts = std::initializer_list<std::pair<std::string_view, std::string_view>>;
std::string say(const Language& language, Phrase phrase, PhraseParts parts = {});
// "down", "ausgefallen": a state within a sentence; for DOWN, DEGRADED and UNKNOWN.
std::string_view lower_word(const Language& language, State state) noexcept;

// Language and place of the readers. A value type.
struct Locale {
  const Language* language = &english();
  TimeZone time_zone = TimeZone::utc();
};

// For people, in the language and by the clocks there: "2026-01-02 03:04:05 UTC", "02.01.2026
// 04:04:05 CET".
std::string time_text(const Locale& locale, WallTime time);
// The clocks there: "04:04:05".
std::string clock_text(const Locale& locale, WallTime time);
// For people, two units at the most: "12 min", "3 h 20 min".
std::string duration_text(const Language& language, Millis duration);

}  // namespace tocsin
