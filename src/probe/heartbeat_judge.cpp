// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/heartbeat_judge.h"

#include <algorithm>

#include "probe/outcome.h"
#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr Millis kEarly = std::chrono::minutes{1};  // so far may a job's clock be ahead
constexpr std::size_t kLongestLogLine = 160;

// The end that counts, or what stands for it before there was any.
WallTime last_end(const HeartbeatRecord& record) {
  return std::max({record.known_since, record.succeeded_at.value_or(WallTime{}),
                   record.failed_at.value_or(WallTime{})});
}

// When the next end is due, after one at `end`; nothing if never.
std::optional<WallTime> due_after(const HeartbeatPlan& plan, WallTime end) {
  if (!plan.calendar) return end + plan.every;
  const auto first = plan.calendar->next_after(end, plan.zone);
  if (!first || *first - end > std::min(plan.grace, kEarly)) return first;
  const auto second = plan.calendar->next_after(*first, plan.zone);
  return second && *first - end < (*second - *first) / 2 ? second : first;
}

// The oldest run that was not to end before we began to listen: its end would have been heard.
const HeartbeatRun* run_to_end(const HeartbeatPlan& plan, const HeartbeatRecord& record) {
  if (plan.longest == Millis::zero()) return nullptr;
  const auto found = std::find_if(record.runs.begin(), record.runs.end(), [&](const auto& run) {
    return run.since + plan.longest >= record.listening_since;
  });
  return found == record.runs.end() ? nullptr : &*found;
}

std::string last_line(std::string_view log) {
  while (!log.empty() && (log.back() == '\n' || log.back() == ' ')) log.remove_suffix(1);
  const std::size_t line = log.rfind('\n');
  return printable(log.substr(line == std::string_view::npos ? 0 : line + 1), kLongestLogLine);
}

Result failed(const HeartbeatRecord& record) {
  std::string reason = "the job says that it failed";
  if (record.exit_code) {
    reason = "the job failed with exit code " + std::to_string(*record.exit_code);
  }
  const std::string line = last_line(record.log);
  if (!line.empty()) reason += "; its log ends \"" + line + '"';
  Result result;
  set_down(result, std::move(reason));
  result.details = record.log;
  return result;
}

Result running(const HeartbeatPlan& plan, const HeartbeatRecord& record, const HeartbeatRun& run,
               WallTime now) {
  const WallTime until = run.since + plan.longest;
  const std::string since = "running since " + human_time(run.since);
  Result result;
  if (now > until) {
    set_down(result, since + ", longer than " + write_duration(plan.longest));
    result.details = record.log;
    return result;
  }
  result.verdict = Verdict::up;
  result.reason = since + "; its end is due by " + human_time(until);
  result.due_at = until;
  return result;
}

std::string what_came(const HeartbeatRecord& record) {
  const bool any = record.succeeded_at || record.failed_at;
  return any ? "the last one came " + human_time(last_end(record)) : "none has ever come";
}

Result late(const HeartbeatRecord& record, WallTime deadline) {
  std::string reason = "no heartbeat in time: " + what_came(record) + ", the next was due by " +
                       human_time(deadline);
  if (!record.runs.empty()) {
    reason += "; a run that began " + human_time(record.runs.front().since) + " has not ended";
  }
  Result result;
  set_down(result, std::move(reason));
  return result;
}

Result waiting(const HeartbeatPlan& plan, const HeartbeatRecord& record, WallTime now) {
  Result result;
  result.verdict = Verdict::up;
  auto due = due_after(plan, last_end(record));
  if (due && *due + plan.grace < record.listening_since) {
    due = due_after(plan, record.listening_since);
  }
  if (!due) {
    result.reason = what_came(record) + ", and no other is due";
    return result;
  }
  const WallTime deadline = *due + plan.grace;
  if (now > deadline) return late(record, deadline);
  result.due_at = now <= *due ? *due : deadline;
  result.reason = what_came(record) + ", the next is due " + human_time(*due);
  if (now > *due) result.reason += " and has until " + human_time(deadline);
  return result;
}

}  // namespace

Result judge_heartbeat(const HeartbeatPlan& plan, const HeartbeatRecord& record, WallTime now) {
  if (record.failed) return failed(record);
  if (const HeartbeatRun* run = run_to_end(plan, record)) return running(plan, record, *run, now);
  return waiting(plan, record, now);
}

std::string show(const HeartbeatPlan& plan, const std::string& written) {
  std::string out = "every " + write_duration(plan.every);
  if (plan.calendar) out = "at " + written + " (" + plan.zone.name() + ")";
  out += ", grace " + write_duration(plan.grace);
  if (plan.longest > Millis::zero()) out += ", longest " + write_duration(plan.longest);
  return out;
}

}  // namespace tocsin
