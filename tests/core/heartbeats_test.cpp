// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "core/heartbeats.h"

#include <catch2/catch.hpp>

using namespace tocsin;
using namespace std::chrono_literals;
using Event = Heartbeat::Event;

TEST_CASE("note_heartbeat: start, end, code, run time and log", "[core]") {
  const WallTime t0{1'000'000s};
  HeartbeatRecord record;
  note_heartbeat({.event = Event::start, .log = "go"}, t0, record);
  CHECK(record.started_at == t0);
  CHECK(record.runs == std::vector<HeartbeatRun>{{"", t0}});
  CHECK(record.log == "go");
  // Started anew without a word of an end: the first one never ended.
  note_heartbeat({.event = Event::start}, t0 + 10s, record);
  CHECK(record.started_at == t0 + 10s);
  CHECK(record.runs == std::vector<HeartbeatRun>{{"", t0}});
  note_heartbeat({.event = Event::log, .log = "half"}, t0 + 15s, record);
  note_heartbeat({.event = Event::fail, .exit_code = 3}, t0 + 20s, record);
  CHECK(record.failed);
  CHECK(record.failed_at == t0 + 20s);
  CHECK(record.exit_code == 3);
  CHECK(record.run_time == Millis{20'000});
  CHECK(record.runs.empty());
  CHECK(record.log == "half");  // of the run that ended
  note_heartbeat({.event = Event::success}, t0 + 30s, record);
  CHECK_FALSE(record.failed);
  CHECK_FALSE(record.exit_code);
  CHECK_FALSE(record.run_time);
  CHECK(record.log.empty());
  CHECK(news_of(record) == "finished");
  record.run_time = 90s;
  CHECK(news_of(record) == "finished after 1 min 30 s");
}

TEST_CASE("note_heartbeat: runs are told apart by their ids", "[core]") {
  const WallTime t0{1'000'000s};
  HeartbeatRecord record;
  const auto tell = [&](Event event, const char* run, std::chrono::seconds after) {
    note_heartbeat({.event = event, .run = run}, t0 + after, record);
  };
  tell(Event::start, "a", 0s);
  tell(Event::start, "b", 10s);
  tell(Event::success, "b", 15s);
  CHECK(record.run_time == Millis{5'000});
  CHECK(record.runs == std::vector<HeartbeatRun>{{"a", t0}});
  tell(Event::success, "c", 16s);  // whose start was not told
  CHECK(record.runs.size() == 1);
  tell(Event::start, "b", 20s);
  tell(Event::fail, "", 30s);  // an end without an id ends all
  CHECK_FALSE(record.run_time);
  CHECK(record.runs.empty());

  for (int i = 0; i < 40; ++i) {
    tell(Event::start, std::to_string(i).c_str(), std::chrono::seconds{100 + i});
  }
  REQUIRE(record.runs.size() == HeartbeatRecord::kMostRuns);
  CHECK(record.runs.front().id == "0");
  CHECK(record.runs.back().id == "39");
}
