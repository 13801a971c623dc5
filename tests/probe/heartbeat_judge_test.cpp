// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/heartbeat_judge.h"

#include <catch2/catch.hpp>
#include <random>

#include "util/duration.h"

using namespace tocsin;
using namespace std::chrono_literals;

namespace {

// 2026-11-21, a Saturday.
WallTime at(std::chrono::seconds time) {
  using namespace std::chrono;
  return WallTime{sys_days{2026y / November / 21}} + time;
}

WallTime utc(int y, unsigned m, unsigned d, int h, int min = 0, int s = 0) {
  using namespace std::chrono;
  return WallTime{sys_days{year{y} / month{m} / day{d}} + hours{h} + minutes{min} + seconds{s}};
}

HeartbeatPlan hourly() {
  HeartbeatPlan plan;
  plan.every = 1h;
  plan.grace = 5min;
  return plan;
}

HeartbeatPlan by_cron(const char* line, const char* zone = "UTC") {
  HeartbeatPlan plan;
  plan.calendar = Calendar::parse_cron(line).calendar;
  REQUIRE(plan.calendar);
  plan.zone = *TimeZone::find(zone);
  plan.grace = 5min;
  return plan;
}

HeartbeatRecord known_since(WallTime time) {
  HeartbeatRecord record;
  record.name = "backup";
  record.known_since = time;
  record.listening_since = time;
  return record;
}

HeartbeatRecord succeeded(WallTime time) {
  HeartbeatRecord record = known_since(time - 24h);
  record.succeeded_at = time;
  return record;
}

// The moment from which on the job is called late, found by looking at every second.
WallTime down_from(const HeartbeatPlan& plan, const HeartbeatRecord& record, WallTime from) {
  for (WallTime now = from;; now += 1s) {
    if (judge_heartbeat(plan, record, now).verdict == Verdict::down) return now;
    REQUIRE(now < from + 72h);
  }
}

}  // namespace

TEST_CASE("heartbeat: one that never came is late after every + grace", "[probe]") {
  const HeartbeatRecord record = known_since(at(8h));
  Result result = judge_heartbeat(hourly(), record, at(8h));
  CHECK(result.verdict == Verdict::up);
  CHECK(result.reason == "none has ever come, the next is due 2026-11-21 09:00:00 UTC");
  CHECK(result.due_at == at(9h));
  result = judge_heartbeat(hourly(), record, at(9h) + Millis{1});
  CHECK(result.verdict == Verdict::up);
  CHECK(result.reason ==
        "none has ever come, the next is due 2026-11-21 09:00:00 UTC and has until "
        "2026-11-21 09:05:00 UTC");
  CHECK(result.due_at == at(9h + 5min));
  CHECK(judge_heartbeat(hourly(), record, at(9h + 5min)).verdict == Verdict::up);
  result = judge_heartbeat(hourly(), record, at(9h + 5min) + Millis{1});
  CHECK(result.verdict == Verdict::down);
  CHECK(result.reason ==
        "no heartbeat in time: none has ever come, the next was due by 2026-11-21 09:05:00 UTC");
  CHECK_FALSE(result.due_at);
}

TEST_CASE("heartbeat: each end is the beginning of the next time", "[probe]") {
  HeartbeatRecord record = succeeded(at(8h + 30min));
  CHECK(judge_heartbeat(hourly(), record, at(9h + 35min)).verdict == Verdict::up);
  const Result late = judge_heartbeat(hourly(), record, at(9h + 36min));
  CHECK(late.verdict == Verdict::down);
  CHECK(late.reason ==
        "no heartbeat in time: the last one came 2026-11-21 08:30:00 UTC, the next was due by "
        "2026-11-21 09:35:00 UTC");
  record.succeeded_at = at(9h + 36min);
  const Result again = judge_heartbeat(hourly(), record, at(9h + 36min));
  CHECK(again.verdict == Verdict::up);
  CHECK(again.due_at == at(10h + 36min));
}

TEST_CASE("heartbeat: a failure stays until a success, with its code and the end of its log",
          "[probe]") {
  HeartbeatRecord record = succeeded(at(8h));
  record.failed = true;
  record.failed_at = at(9h);
  CHECK(judge_heartbeat(hourly(), record, at(9h)).reason == "the job says that it failed");
  record.exit_code = 12;
  record.log = "sent 3 files\nrsync error: <broken> pipe\n\n";
  Result result = judge_heartbeat(hourly(), record, at(9h));
  CHECK(result.verdict == Verdict::down);
  CHECK(result.reason ==
        "the job failed with exit code 12; its log ends \"rsync error: <broken> pipe\"");
  CHECK(result.details == record.log);
  CHECK_FALSE(result.due_at);
  // Whatever begins meanwhile, and however late it is.
  record.started_at = at(9h + 10min);
  record.runs = {{"", at(9h + 10min)}};
  HeartbeatPlan plan = hourly();
  plan.longest = 2h;
  CHECK(judge_heartbeat(plan, record, at(9h + 11min)).reason == result.reason);
  CHECK(judge_heartbeat(plan, record, at(40h)).reason == result.reason);
  record.log = std::string(4000, 'x');
  CHECK(judge_heartbeat(plan, record, at(9h)).reason.size() < 300);
}

TEST_CASE("heartbeat: a run that is under way has until `longest`, and is not late before",
          "[probe]") {
  HeartbeatPlan plan = hourly();
  plan.longest = 2h;
  HeartbeatRecord record = succeeded(at(8h));
  record.started_at = at(9h);
  record.runs = {{"", at(9h)}};
  Result result = judge_heartbeat(plan, record, at(10h + 30min));
  CHECK(result.verdict == Verdict::up);
  CHECK(result.reason ==
        "running since 2026-11-21 09:00:00 UTC; its end is due by 2026-11-21 11:00:00 UTC");
  CHECK(result.due_at == at(11h));
  CHECK(judge_heartbeat(plan, record, at(11h)).verdict == Verdict::up);
  record.log = "step 3 of 5";
  result = judge_heartbeat(plan, record, at(11h) + Millis{1});
  CHECK(result.verdict == Verdict::down);
  CHECK(result.reason == "running since 2026-11-21 09:00:00 UTC, longer than 2h");
  CHECK(result.details == "step 3 of 5");
  // Of several runs the oldest counts.
  record.runs = {{"a", at(9h)}, {"b", at(10h + 50min)}};
  CHECK(judge_heartbeat(plan, record, at(11h + 1min)).verdict == Verdict::down);
}

TEST_CASE("heartbeat: without `longest` a start changes nothing, and is told with the lateness",
          "[probe]") {
  HeartbeatRecord record = succeeded(at(8h));
  record.started_at = at(9h);
  record.runs = {{"", at(9h)}};
  CHECK(judge_heartbeat(hourly(), record, at(9h + 5min)).verdict == Verdict::up);
  const Result late = judge_heartbeat(hourly(), record, at(9h + 6min));
  CHECK(late.verdict == Verdict::down);
  CHECK(late.reason.ends_with("; a run that began 2026-11-21 09:00:00 UTC has not ended"));
}

TEST_CASE("heartbeat: what fell due while nobody listened is expected once more", "[probe]") {
  HeartbeatRecord record = succeeded(at(8h));
  record.listening_since = at(12h);  // the daemon was off from before 9:05
  Result result = judge_heartbeat(hourly(), record, at(12h));
  CHECK(result.verdict == Verdict::up);
  CHECK(result.due_at == at(13h));
  CHECK(down_from(hourly(), record, at(12h)) == at(13h + 5min + 1s));
  // What fell due after it came back is due as ever.
  record.listening_since = at(9h + 4min);
  CHECK(down_from(hourly(), record, at(9h + 4min)) == at(9h + 5min + 1s));

  HeartbeatPlan plan = hourly();
  plan.longest = 2h;
  record = succeeded(at(6h));
  record.runs = {{"", at(7h)}};
  record.listening_since = at(12h);  // its end may have gone unheard
  CHECK(judge_heartbeat(plan, record, at(12h)).verdict == Verdict::up);
  CHECK(down_from(plan, record, at(12h)) == at(13h + 5min + 1s));
  record.runs.push_back({"x", at(11h)});  // but the end of this one would have been heard
  CHECK(down_from(plan, record, at(12h)) == at(13h + 1s));
}

TEST_CASE("heartbeat: by a cron line each time has its heartbeat", "[probe]") {
  const HeartbeatPlan plan = by_cron("0 3 * * *");
  HeartbeatRecord record = succeeded(at(3h + 2min));
  CHECK(judge_heartbeat(plan, record, at(12h)).due_at == at(27h));
  CHECK(down_from(plan, record, at(20h)) == at(27h + 5min + 1s));
  // Known since the afternoon: the night's run is the first.
  CHECK(down_from(plan, known_since(at(15h)), at(15h)) == at(27h + 5min + 1s));
  // Too late for its own time is no excuse for the next.
  record.succeeded_at = at(4h);
  CHECK(down_from(plan, record, at(20h)) == at(27h + 5min + 1s));
}

TEST_CASE("heartbeat: a job whose clock is a little ahead is in time", "[probe]") {
  const HeartbeatPlan daily = by_cron("0 3 * * *");
  CHECK(down_from(daily, succeeded(at(3h - 2s)), at(3h)) == at(27h + 5min + 1s));
  CHECK(down_from(daily, succeeded(at(3h - 60s)), at(3h)) == at(27h + 5min + 1s));
  CHECK(down_from(daily, succeeded(at(3h - 61s)), at(3h)) == at(3h + 5min + 1s));
  // But not where times follow each other so closely that it is the one before that is late.
  const HeartbeatPlan each_minute = by_cron("* * * * *");
  CHECK(down_from(each_minute, succeeded(at(3h + 40s)), at(3h + 1min)) == at(3h + 7min + 1s));
  CHECK(down_from(each_minute, succeeded(at(3h + 20s)), at(3h + 1min)) == at(3h + 6min + 1s));
  HeartbeatPlan strict = daily;
  strict.grace = Millis{0};
  CHECK(down_from(strict, succeeded(at(3h - 2s)), at(3h - 1s)) == at(3h + 1s));
}

TEST_CASE("heartbeat: on the day clocks go forward a time that does not exist is due right after",
          "[probe]") {
  const HeartbeatPlan plan = by_cron("30 2 * * *", "Europe/Berlin");
  const HeartbeatRecord record = succeeded(utc(2026, 3, 28, 1, 30));  // 02:30 the day before
  CHECK(down_from(plan, record, utc(2026, 3, 29, 0)) == utc(2026, 3, 29, 1, 5, 1));
  // cron ran it at 03:00, the jump: the next one is due by the new time.
  CHECK(down_from(plan, succeeded(utc(2026, 3, 29, 1, 0, 5)), utc(2026, 3, 29, 2)) ==
        utc(2026, 3, 30, 0, 35, 1));
  // systemd leaves the day out, so nobody is called late on it.
  HeartbeatPlan calendar = plan;
  calendar.calendar = Calendar::parse_systemd("02:30").calendar;
  CHECK(down_from(calendar, record, utc(2026, 3, 29, 0)) == utc(2026, 3, 30, 0, 35, 1));
}

TEST_CASE("heartbeat: on the day clocks go back a time that comes twice is due once", "[probe]") {
  const HeartbeatPlan plan = by_cron("30 2 * * *", "Europe/Berlin");
  CHECK(down_from(plan, succeeded(utc(2026, 10, 24, 0, 30, 2)), utc(2026, 10, 25, 0)) ==
        utc(2026, 10, 25, 0, 35, 1));
  CHECK(down_from(plan, succeeded(utc(2026, 10, 25, 0, 30, 2)), utc(2026, 10, 25, 1)) ==
        utc(2026, 10, 26, 1, 35, 1));
  // A job that runs each half hour does so in both hours.
  const HeartbeatPlan wild = by_cron("*/30 * * * *", "Europe/Berlin");
  CHECK(down_from(wild, succeeded(utc(2026, 10, 25, 0, 30, 2)), utc(2026, 10, 25, 0, 31)) ==
        utc(2026, 10, 25, 1, 5, 1));
}

TEST_CASE("heartbeat: by `every` the days clocks change are as long as they are", "[probe]") {
  HeartbeatPlan plan = hourly();
  plan.every = 24h;
  const WallTime before = utc(2026, 3, 28, 12);
  CHECK(judge_heartbeat(plan, succeeded(before), before).due_at == before + 24h);
}

TEST_CASE("heartbeat: times that are over are never due again", "[probe]") {
  HeartbeatPlan plan = hourly();
  plan.calendar = Calendar::parse_systemd("2026-11-20 10:00").calendar;
  const Result result = judge_heartbeat(plan, succeeded(at(8h)), at(200h));
  CHECK(result.verdict == Verdict::up);
  CHECK_FALSE(result.due_at);
  CHECK(result.reason == "the last one came 2026-11-21 08:00:00 UTC, and no other is due");
}

TEST_CASE("heartbeat: between two looks at what is due nothing changes unseen", "[probe]") {
  // The core looks again at due_at: whatever the record, the verdict must not change before.
  std::mt19937 random(11);
  const auto up_to = [&](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
  for (int i = 0; i < 2000; ++i) {
    HeartbeatPlan plan =
        up_to(1) == 0 ? hourly() : by_cron(up_to(1) == 0 ? "*/7 * * * *" : "5 3 * * *");
    plan.grace = std::chrono::minutes{up_to(10)};
    if (up_to(1) == 0) plan.longest = std::chrono::minutes{1 + up_to(120)};
    HeartbeatRecord record = known_since(at(std::chrono::minutes{up_to(300)}));
    const auto some_time = [&] { return record.known_since + std::chrono::minutes{up_to(300)}; };
    if (up_to(1) == 0) record.succeeded_at = some_time();
    if (up_to(3) == 0) record.failed_at = some_time();
    record.failed = record.failed_at && up_to(1) == 0;
    for (int runs = up_to(2); runs > 0; --runs) record.runs.push_back({"", some_time()});
    if (up_to(1) == 0) record.listening_since = some_time();
    const WallTime now = record.known_since + std::chrono::minutes{up_to(2000)};
    const Result result = judge_heartbeat(plan, record, now);
    INFO(result.reason);
    REQUIRE((result.verdict == Verdict::up || result.verdict == Verdict::down));
    REQUIRE_FALSE(result.reason.empty());
    if (!result.due_at) {
      for (int later = 0; later < 5; ++later) {
        const WallTime then = now + std::chrono::minutes{up_to(5000)};
        REQUIRE(judge_heartbeat(plan, record, then).verdict == result.verdict);
      }
      continue;
    }
    REQUIRE(*result.due_at >= now);
    REQUIRE(judge_heartbeat(plan, record, *result.due_at).verdict == result.verdict);
    const Result after = judge_heartbeat(plan, record, *result.due_at + Millis{1});
    REQUIRE(after.due_at != result.due_at);
  }
}
