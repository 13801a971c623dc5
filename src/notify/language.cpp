// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/language.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace tocsin {

extern const Language kEnglish;
extern const Language kFrench;
extern const Language kGerman;
extern const Language kSpanish;

namespace {

constexpr std::array<const Language*, 4> kLanguages{&kGerman, &kEnglish, &kSpanish, &kFrench};

std::string_view value_of(std::string_view name, PhraseParts parts) noexcept {
  for (const auto& [part, value] : parts) {
    if (part == name) return value;
  }
  return {};
}

std::string filled(std::string_view text, PhraseParts parts) {
  std::string out;
  for (auto begin = text.find('{'); begin != std::string_view::npos; begin = text.find('{')) {
    const auto end = text.find('}', begin);
    out += text.substr(0, begin);
    out += value_of(text.substr(begin + 1, end - begin - 1), parts);
    text.remove_prefix(end + 1);
  }
  return out.append(text);
}

// As the clocks there show it, written as if it were UTC.
std::chrono::sys_seconds there(const Locale& locale, WallTime time) {
  const auto moment = std::chrono::floor<std::chrono::seconds>(time);
  return moment + locale.time_zone.at(moment).offset;
}

std::string digits(unsigned number, int width) {
  std::array<char, 16> out{};
  std::snprintf(out.data(), out.size(), "%0*u", width, number);
  return out.data();
}

}  // namespace

std::span<const Language* const> languages() noexcept {
  return kLanguages;
}

const Language& english() noexcept {
  return kEnglish;
}

const Language* find_language(std::string_view code) noexcept {
  const auto at = std::find_if(kLanguages.begin(), kLanguages.end(),
                               [&](const Language* each) { return each->code == code; });
  return at == kLanguages.end() ? nullptr : *at;
}

std::string say(const Language& language, Phrase phrase, PhraseParts parts) {
  return filled(language.phrases[static_cast<std::size_t>(phrase)], parts);
}

std::string_view lower_word(const Language& language, State state) noexcept {
  Phrase phrase = Phrase::lower_unknown;
  if (state == State::down) phrase = Phrase::lower_down;
  if (state == State::degraded) phrase = Phrase::lower_degraded;
  return language.phrases[static_cast<std::size_t>(phrase)];
}

std::string time_text(const Locale& locale, WallTime time) {
  const std::chrono::year_month_day date{
      std::chrono::floor<std::chrono::days>(there(locale, time))};
  const std::string year = digits(static_cast<unsigned>(int(date.year())), 4);
  const std::string month = digits(unsigned(date.month()), 2);
  const std::string day = digits(unsigned(date.day()), 2);
  return filled(locale.language->date, {{"year", year}, {"month", month}, {"day", day}}) + " " +
         clock_text(locale, time) + " " +
         locale.time_zone.abbreviation(std::chrono::floor<std::chrono::seconds>(time));
}

std::string clock_text(const Locale& locale, WallTime time) {
  const auto moment = there(locale, time);
  const std::chrono::hh_mm_ss clock{moment - std::chrono::floor<std::chrono::days>(moment)};
  return digits(static_cast<unsigned>(clock.hours().count()), 2) + ":" +
         digits(static_cast<unsigned>(clock.minutes().count()), 2) + ":" +
         digits(static_cast<unsigned>(clock.seconds().count()), 2);
}

std::string duration_text(const Language& language, Millis duration) {
  return human_duration(duration, language.units);
}

}  // namespace tocsin
