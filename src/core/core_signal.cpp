// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// From a result to what is told of it, now or later. A change of state opens or closes its incident
// at once (incident.h). Before anything bad is told, the surroundings are asked what holds it back;
// what is held is asked about again each second, and at once when something that checks lean on was
// looked at. So each piece of news is either told, or held with a reason that is written down.
#include <algorithm>
#include <utility>

#include "core/core.h"
#include "util/duration.h"
#include "util/log.h"

namespace tocsin {
namespace {

Policy policy(const Check& check) noexcept {
  return {.down_after = check.timing.down_after, .up_after = check.timing.up_after};
}

void log_transition(const Check& check, const Transition& transition, const Case& held) {
  log(is_bad(transition.to) ? LogLevel::warn : LogLevel::info, "state", "check", check.name, "from",
      to_string(transition.from), "to", to_string(transition.to), "reason", held.record.reason,
      "probes", transition.row, "incident", held.record.incident.value_or(0));
}

// A page is about what is so now: not about what was so before a restart, or is just coming back.
bool seen_bad(const Watched& watched) noexcept {
  return watched.last_probe_at && watched.last.verdict != Verdict::up;
}

}  // namespace

void Core::judge(EndedProbe& ended, Watched& watched, Change& change) {
  const Check& check = *watched.check;
  const WallTime now = ports_.clock.wall();
  const Verdict verdict = watched.last.verdict;
  const bool was_bad_before = is_bad(watched.standing.state);
  const Evaluation evaluation = evaluate(watched.standing, verdict, policy(check), now);
  watched.standing = evaluation.standing;
  CheckRecord& record = watched.held.record;
  if (evaluation.transition) {
    enter(watched, *evaluation.transition, change);
  } else if (was_bad_before && record.told != record.state && record.held.why == Hold::none &&
             !record.flaps.since && state_of(verdict) == record.state) {
    // It had left the configuration, its thread was told so, and it came back still not up.
    watched.failed = 1;
    const HoldReason hold = look_around(watched, record.state, now);
    if (hold.why == Hold::none) {
      tell_again(check, 1, watched.last, watched.held, desk(), change);
    } else {
      hold_back(check, hold, watched.held, desk(), change);
    }
  }
  if (record.held.why != Hold::none) held_.insert(ended.check);
}

void Core::enter(Watched& watched, const Transition& transition, Change& change) {
  const Check& check = *watched.check;
  watched.failed = transition.failed;
  const HoldReason hold = look_around(watched, transition.to, ports_.clock.wall());
  Finding finding(watched.last);
  std::string note;
  if (transition.to == State::down) note = dependants_note(watched_, watched.id);
  finding.note = note;
  apply_transition(check, transition, finding, hold, watched.held, desk(), change);
  log_transition(check, transition, watched.held);
}

// What holds the check's news back; whatever has to be looked at for that is hurried.
HoldReason Core::look_around(const Watched& watched, State state, WallTime since) {
  const bool was_held = watched.held.record.held.why == Hold::no_resolver;
  const bool recovers =
      was_held && (!watched.last_probe_at || watched.last.verdict != Verdict::unknown);
  const bool in_grace = ports_.clock.wall() < since + OwnFaults::kResolverGrace;
  const bool unresolved = watched.last.no_resolver && (own_faults_.resolver_is_gone() || in_grace);
  const bool no_resolver = state == State::unknown && (recovers || unresolved);
  auto look = surroundings_.look(watched, state, since, no_resolver, ports_.clock.wall());
  for (const std::uint32_t id : look.probe) {
    // One that is under way began too early to say anything: another one follows it at once.
    if (id != watched.id || !schedule_.under_way(id)) schedule_.hurry(id, ports_.clock.steady());
  }
  return look.hold;
}

void Core::settle(std::uint32_t id, bool may_remind, Change& change) {
  Watched& watched = watched_[id];
  const Check& check = *watched.check;
  CheckRecord& record = watched.held.record;
  const std::size_t before = change.checks.size() + change.incidents.size();
  if (record.flaps.since && calm_down(check, watched.held, desk(), change)) watched.view.reset();
  // What is untold and not held has just come back into the configuration: its next look tells.
  const bool tellable = record.held.why != Hold::none || record.told == record.state;
  if (is_bad(record.state) && watched.held.incident && tellable && !record.gone_since) {
    const HoldReason hold = look_around(watched, record.state, record.since);
    if (hold.why != Hold::none) {
      hold_back(check, hold, watched.held, desk(), change);
    } else if (record.held.why == Hold::none || seen_bad(watched)) {
      tell_now(watched, change);
      if (may_remind) remind_due(watched, change);
    }
  }
  if (change.checks.size() + change.incidents.size() != before) watched.view.reset();
  if (record.held.why == Hold::none) {
    held_.erase(id);
  } else {
    held_.insert(id);
  }
}

// Nothing holds it back any more.
void Core::tell_now(Watched& watched, Change& change) {
  const CheckRecord& record = watched.held.record;
  if (record.held.why == Hold::none) return;
  Finding finding(record.reason);
  finding.details = watched.last.details;
  std::string note;
  const bool is_news = record.told != record.state;
  if (is_news && record.state == State::down) note = dependants_note(watched_, watched.id);
  finding.note = note;
  release(*watched.check, watched.failed, finding, watched.held, desk(), change);
}

void Core::remind_due(Watched& watched, Change& change) {
  const Check& check = *watched.check;
  const auto due = next_reminder(check, watched.held);
  if (due && ports_.clock.wall() >= *due) {
    remind(check, Finding(watched.held.record.reason), watched.held, desk(), change);
  }
  escalate_due(check, watched.held, desk(), change);
}

void Core::settle_all(Change& change) {
  for (const std::uint32_t id : by_order_) {
    if (watched_[id].held.incident) settle(id, true, change);
  }
}

void Core::settle_held(Change& change) {
  const std::vector<std::uint32_t> ids(held_.begin(), held_.end());
  for (const std::uint32_t id : ids) settle(id, false, change);
}

// What others wait for may be known now.
void Core::note_look(Watched& watched, Change& change) {
  const bool unresolved = watched.last.no_resolver && watched.standing.state == State::unknown;
  if (unresolved && !watched.unresolved) ++unresolved_;
  if (!unresolved && watched.unresolved) --unresolved_;
  watched.unresolved = unresolved;
  own_faults_.count_unresolved(unresolved_);
  const bool reference = surroundings_.is_reference(watched.id);
  if (reference) {
    Surroundings::Ids probe;
    const auto told = surroundings_.note_reference(ports_.clock.wall(), probe);
    for (const std::uint32_t id : probe) {
      if (!schedule_.under_way(id)) schedule_.hurry(id, ports_.clock.steady());
    }
    if (told) say_own({*told}, change);
  }
  const bool awaited =
      reference || !watched.children.empty() || watched.held.record.held.why == Hold::parent_back;
  if (awaited && !held_.empty()) settle_held(change);
}

bool Core::is_spoiled(const EndedProbe& ended) const {
  if (ended.result.verdict == Verdict::up) return false;
  const SteadyTime began = ports_.clock.steady() - ended.result.took;
  return ended.late >= OwnFaults::kLate || own_faults_.spoils(began);
}

void Core::say_own(const std::vector<std::string>& messages, Change& change) {
  for (const std::string& text : messages) {
    log(LogLevel::warn, "own", "message", text);
    tocsin::tell_own(text, config_->own_notify, true, desk(), change);
  }
}

void Core::silence(const SilenceWish& wish, std::function<void(SilenceAnswer)> done) {
  Change change;
  SilenceAnswer answer = surroundings_.silence(wish, by_order_, ports_.clock.wall(), change);
  if (answer.fate != SilenceAnswer::Fate::durable) return done(std::move(answer));
  settle_all(change);
  commit(std::move(change), [done = std::move(done), answer = std::move(answer)](bool durable) {
    SilenceAnswer told = answer;
    if (!durable) told.fate = SilenceAnswer::Fate::memory;
    done(std::move(told));
  });
}

void Core::end_silence(std::int64_t id, std::function<void(SilenceAnswer)> done) {
  Change change;
  SilenceAnswer answer = surroundings_.end_silence(id, change);
  if (answer.fate != SilenceAnswer::Fate::durable) return done(std::move(answer));
  settle_all(change);
  commit(std::move(change), [done = std::move(done), answer = std::move(answer)](bool durable) {
    SilenceAnswer told = answer;
    if (!durable) told.fate = SilenceAnswer::Fate::memory;
    done(std::move(told));
  });
}

void Core::find_parents() {
  for (const std::uint32_t id : by_order_) watched_[id].children.clear();
  for (const std::uint32_t id : by_order_) {
    Watched& watched = watched_[id];
    watched.parents.clear();
    for (const std::string& name : watched.check->depends_on) {
      const auto parent = by_name_.find(name);
      if (parent == by_name_.end()) continue;  // disabled
      watched.parents.push_back(parent->second);
      watched_[parent->second].children.push_back(id);
    }
  }
}

}  // namespace tocsin
