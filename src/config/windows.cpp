// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "config/windows.h"

#include <chrono>
#include <memory>
#include <optional>

#include "config/calendar_times.h"
#include "util/duration.h"

namespace tocsin {
namespace {

constexpr Settings::Range<Millis> kLasts{std::chrono::minutes{1}, std::chrono::hours{7 * 24}};

constexpr std::string_view kNoTimes =
    "this needs the times at which a stretch of time begins; add \"at\", such as at: \"22:00\", or "
    "a "
    "crontab's \"0 22 * * *\"";

std::optional<Millis> read_lasts(Section& section) {
  const Millis lasts = section.duration("lasts", kLasts.least, kLasts);
  if (section.node("lasts") == nullptr) {
    section.error(
        "this needs to say how long each stretch of time is; add \"lasts\", such as lasts: 2h");
  }
  return section.given("lasts") ? std::optional(lasts) : std::nullopt;
}

}  // namespace

TimeWindowPtr Windows::read(Section& section) {
  std::string written = section.text("at");
  written += '\n' + section.text("time_zone");
  const auto lasts = read_lasts(section);
  if (!lasts) {
    read_times(section, kNoTimes);
    return nullptr;
  }
  TimeWindowPtr& known = known_[written + '\n' + write_duration(*lasts)];
  if (!known) known = make(section, *lasts);
  return known;
}

TimeWindowPtr Windows::make(Section& section, Millis lasts) {
  auto times = read_times(section, kNoTimes);
  if (!times) return nullptr;
  const Upcoming upcoming = look_ahead(*times);
  if (!upcoming.any) section.warn("at", "none of these times is still to come");
  if (upcoming.least && *upcoming.least < lasts) {
    section.error("at", "these stretches overlap: one begins " + write_duration(*upcoming.least) +
                            " after another and lasts " + write_duration(lasts) +
                            "; shorten \"lasts\"");
    return nullptr;
  }
  auto out = std::make_shared<TimeWindow>();
  out->shown = times->at + " for " + write_duration(lasts) + " (" + times->zone + ")";
  out->lasts = lasts;
  Shown& shown = shown_[out.get()];
  shown = Shown::mapping();
  shown.add("at", Shown::of(times->at));
  shown.add("lasts", Shown::of(write_duration(lasts)));
  shown.add("time_zone", Shown::of(times->zone));
  out->next_after = std::move(times->next_after);
  return out;
}

Shown Windows::shown(const TimeWindowPtr& window) const {
  const auto at = shown_.find(window.get());
  return at == shown_.end() ? Shown::mapping() : at->second;
}

}  // namespace tocsin
