// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <optional>
#include <string>

#include "tocsin/heartbeat.h"
#include "tocsin/result.h"
#include "tocsin/time.h"
#include "util/calendar.h"
#include "util/time_zone.h"

namespace tocsin {

// When a job is expected to tell: `every` so often, or at the times of a calendar.
struct HeartbeatPlan {
  Millis every{0};  // zero: by the calendar
  std::optional<Calendar> calendar;
  TimeZone zone = TimeZone::utc();
  Millis grace{0};
  Millis longest{0};  // of a run, from its start to its end; zero: no limit
};

// What the plan makes of the record at `now`. Pure. In this order:
//   failed        the run that ended last failed, whatever came before or is under way
//   too long      a run is under way for longer than `longest`
//   too late      nothing has ended within `grace` after it was due; a start alone is no end, but
//                 while a run is under way it has until `longest`
//   up            else, also before anything has come
// Due is `every` after the end before, or the first time of the calendar after it, where an end
// within a minute before such a time (and within `grace`, and nearer to it than half way from the
// one before) counts as for it: clocks differ. What was due before `listening_since` may have come
// unheard and is expected once more.
//
// Result::due_at is when that will change though nothing comes.
Result judge_heartbeat(const HeartbeatPlan& plan, const HeartbeatRecord& record, WallTime now);

// "every 1h, grace 5m": as people are shown it.
std::string show(const HeartbeatPlan& plan, const std::string& written);

}  // namespace tocsin
