// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// The state comes first and decides alone if it is bad; restarts, the last run of a timer and what
// boots are looked at besides. A unit that is starting does not serve yet, so it is never up; while
// it reloads it does.
#include "probe/unit_judge.h"

#include <chrono>
#include <utility>

#include "util/duration.h"

namespace tocsin {
namespace {

class Judge {
 public:
  Judge(const UnitPolicy& policy, const UnitCase& seen) : policy_(policy), seen_(seen) {}
  Findings run();

 private:
  const UnitFacts& facts() const noexcept { return seen_.facts; }
  bool is(std::string_view state) const { return facts().standing.active_state == state; }
  bool wants(UnitWanted wanted) const noexcept { return policy_.wanted == wanted; }
  bool settles_since(WallTime since) const;
  void add(Verdict verdict, std::string text) { found_.add(verdict, std::move(text)); }

  void judge_state();
  void judge_active();
  void judge_starting();
  void judge_stopping();
  void judge_rest();
  void judge_boot();
  void judge_restarts();
  void judge_timer();
  std::string missing() const;
  std::string idle() const;

  const UnitPolicy& policy_;
  const UnitCase& seen_;
  Findings found_;
};

std::string ago(WallTime then, WallTime now) {
  if (then == WallTime{} || then > now) return {};
  return human_duration(now - then);
}

std::string with_since(std::string text, WallTime then, WallTime now) {
  const std::string time = ago(then, now);
  if (!time.empty()) text += " for " + time;
  return text;
}

std::string with_sub_state(std::string word, const UnitFacts& facts) {
  if (facts.standing.sub_state.empty()) return word;
  return word + " (" + facts.standing.sub_state + ")";
}

bool boots(const std::string& file_state) {
  return file_state != "disabled" && file_state != "enabled-runtime" &&
         !file_state.starts_with("linked") && !file_state.starts_with("masked");
}

Findings Judge::run() {
  judge_state();
  judge_restarts();
  judge_boot();
  if (seen_.triggered != nullptr) judge_timer();
  return std::move(found_);
}

void Judge::judge_state() {
  if (is("active") || is("reloading") || is("refreshing")) return judge_active();
  if (is("activating")) return judge_starting();
  if (is("deactivating")) return judge_stopping();
  judge_rest();
}

void Judge::judge_active() {
  if (wants(UnitWanted::inactive)) {
    return add(Verdict::down, state_text(facts(), seen_.now) + ", wanted inactive");
  }
  if (is("active") || settles_since(facts().changed)) return;
  add(Verdict::degraded, with_since("still reloading", facts().changed, seen_.now));
}

void Judge::judge_starting() {
  const std::string failure = failure_text(facts());
  if (facts().standing.sub_state.starts_with("auto-restart")) {
    std::string text = "waiting to be restarted";
    if (!failure.empty()) text += " after: " + failure;
    return add(Verdict::down, text);
  }
  if (wants(UnitWanted::inactive)) {
    return add(Verdict::down, state_text(facts(), seen_.now) + ", wanted inactive");
  }
  const bool in_time = settles_since(facts().inactive_exit);
  if (wants(UnitWanted::not_failed) && in_time) return;
  const std::string text =
      with_since(with_sub_state("starting", facts()), facts().inactive_exit, seen_.now);
  add(in_time ? Verdict::degraded : Verdict::down, in_time ? text : "still " + text);
}

void Judge::judge_stopping() {
  const bool in_time = settles_since(facts().active_exit);
  if (wants(UnitWanted::not_failed) && in_time) return;
  const std::string text =
      with_since(with_sub_state("stopping", facts()), facts().active_exit, seen_.now);
  const bool lenient = in_time && wants(UnitWanted::inactive);
  add(lenient ? Verdict::degraded : Verdict::down, in_time ? text : "still " + text);
}

// inactive, failed, and what newer systemds may call it.
void Judge::judge_rest() {
  if (is("failed")) {
    const std::string failure = failure_text(facts());
    const std::string time = ago(facts().changed, seen_.now);
    std::string text = failure.empty() ? "failed" : "failed: " + failure;
    if (!time.empty()) text += ", " + time + " ago";
    return add(Verdict::down, text);
  }
  if (!wants(UnitWanted::active) && is("inactive")) {
    // What is not there does not run; but that something did not fail cannot be said of it.
    if (facts().load_state == "not-found" && wants(UnitWanted::not_failed)) {
      add(Verdict::down, missing());
    }
    return;
  }
  if (facts().load_state == "not-found") return add(Verdict::down, missing());
  if (facts().load_state == "masked") return add(Verdict::down, "masked: it cannot be started");
  if (facts().load_state == "bad-setting" || facts().load_state == "error") {
    std::string text = "its unit file cannot be used";
    if (!facts().load_error.empty()) text += ": " + facts().load_error;
    return add(Verdict::down, text);
  }
  add(Verdict::down, idle());
}

std::string Judge::missing() const {
  std::string text = "there is no such unit";
  if (!seen_.nearest.empty()) text += "; did you mean " + seen_.nearest + "?";
  return text;
}

std::string Judge::idle() const {
  std::string text = state_text(facts(), seen_.now);
  if (!facts().conditions_met) text += ", its conditions were not met when it was started";
  if (facts().file_state == "disabled") text += ", disabled: it does not start at boot";
  if (is("inactive") && facts().oneshot && facts().conditions_met) {
    text += "; a oneshot service is active only while it runs: `expect: not_failed` suits it";
  }
  return text;
}

void Judge::judge_boot() {
  if (!policy_.enabled || facts().load_state != "loaded" || boots(facts().file_state)) return;
  add(Verdict::degraded, facts().file_state + ": it does not start at boot");
}

void Judge::judge_restarts() {
  const Figure figure{"", static_cast<double>(seen_.restarts), 0, ""};
  const auto bad = beyond(policy_.restarts, figure);
  if (!bad) return;
  std::string text = "restarted " + std::to_string(seen_.restarts) + " times within " +
                     human_duration(policy_.restarts_within) + ", " +
                     wanted(policy_.restarts, bad->limit);
  if (!seen_.last_failure.empty()) text += ", last after: " + seen_.last_failure;
  add(bad->verdict, std::move(text));
}

void Judge::judge_timer() {
  const UnitFacts& run = *seen_.triggered;
  const WallTime from =
      facts().last_trigger == WallTime{} ? facts().active_enter : facts().last_trigger;
  const std::string failure = failure_text(run);
  if (run.load_state == "not-found") {
    add(Verdict::down, "it starts " + seen_.triggered_name + ", which is not there");
  } else if (!failure.empty() || run.standing.active_state == "failed") {
    const std::string time = ago(run.changed, seen_.now);
    add(Verdict::down, "the last run of " + seen_.triggered_name + " failed" +
                           (failure.empty() ? "" : ": " + failure) +
                           (time.empty() ? "" : ", " + time + " ago"));
  }
  if (from == WallTime{} || from > seen_.now) return;
  const double seconds = std::chrono::duration<double>(seen_.now - from).count();
  const bool never = facts().last_trigger == WallTime{};
  judge(found_, policy_.last_run,
        {never ? "no run since the timer was started, which is" : "time since the last run",
         seconds, 0, ""});
}

bool Judge::settles_since(WallTime since) const {
  if (!policy_.settle_within || since == WallTime{}) return true;
  return seen_.now - since <= *policy_.settle_within;
}

}  // namespace

Findings judge_unit(const UnitPolicy& policy, const UnitCase& seen) {
  return Judge(policy, seen).run();
}

std::string state_text(const UnitFacts& facts, WallTime now) {
  const std::string& state = facts.standing.active_state;
  const WallTime since = state == "active" ? facts.active_enter : facts.changed;
  return with_since(with_sub_state(state.empty() ? "without a state" : state, facts), since, now);
}

}  // namespace tocsin
