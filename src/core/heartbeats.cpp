// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "core/heartbeats.h"

#include <algorithm>

#include "util/duration.h"

namespace tocsin {
namespace {

using Event = Heartbeat::Event;

void open_run(const std::string& id, WallTime now, std::vector<HeartbeatRun>& runs) {
  const bool known =
      std::any_of(runs.begin(), runs.end(), [&](const HeartbeatRun& run) { return run.id == id; });
  if (known) return;
  // The oldest say how long it has been going on; of too many the newest gives way.
  if (runs.size() >= HeartbeatRecord::kMostRuns) runs.pop_back();
  runs.push_back({id, now});
}

// How long the run that ends now has taken, if that can be said.
std::optional<Millis> time_of_run(const std::string& id, WallTime now,
                                  const std::vector<HeartbeatRun>& runs) {
  const auto same =
      std::find_if(runs.begin(), runs.end(), [&](const HeartbeatRun& run) { return run.id == id; });
  if (same != runs.end()) return now - same->since;
  return runs.size() == 1 ? std::optional(now - runs.front().since) : std::nullopt;
}

void end_run(const Heartbeat& told, WallTime now, HeartbeatRecord& record) {
  record.failed = told.event == Event::fail;
  (record.failed ? record.failed_at : record.succeeded_at) = now;
  record.exit_code = told.exit_code;
  record.run_time = time_of_run(told.run, now, record.runs);
  std::erase_if(record.runs, [&](const HeartbeatRun& run) {
    return told.run.empty() || run.id.empty() || run.id == told.run;
  });
}

}  // namespace

void note_heartbeat(const Heartbeat& told, WallTime now, HeartbeatRecord& record) {
  const bool within_run = !record.runs.empty();
  record.address = told.address;
  switch (told.event) {
    case Event::start:
      record.started_at = now;
      open_run(told.run, now, record.runs);
      record.log = told.log;
      return;
    case Event::log: record.log = told.log; return;
    case Event::success:
    case Event::fail:
      end_run(told, now, record);
      if (!told.log.empty() || !within_run) record.log = told.log;
      return;
  }
}

void forget_future(WallTime now, HeartbeatRecord& record) {
  record.known_since = std::min(record.known_since, now);
  record.listening_since = std::min(record.listening_since, now);
  for (auto* at : {&record.started_at, &record.succeeded_at, &record.failed_at}) {
    if (*at) *at = std::min(**at, now);
  }
  for (HeartbeatRun& run : record.runs) run.since = std::min(run.since, now);
}

std::string news_of(const HeartbeatRecord& record) {
  if (!record.run_time) return "finished";
  return "finished after " + human_duration(*record.run_time);
}

}  // namespace tocsin
