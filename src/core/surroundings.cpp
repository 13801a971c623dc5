// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// A dead switch is one page, in whatever order its death is noticed. A child that goes bad is told
// only when each of its parents was looked at after that, and was well: until then it is held, and
// the parents are probed at once. So the common case costs one more probe, a few milliseconds; a
// parent that looks bad itself is waited for until it is decided, for one round of retries at the
// most. A child that was held for its parent is told, when the parent is back, only if it is still
// bad after a round of its own: everything behind a switch needs a moment to come back.
//
// The uplink's references are to every check that looks beyond this machine what parents are to
// their children, but that only all of them together count: while one of them answers, we can see.
#include "core/surroundings.h"

#include <algorithm>
#include <set>
#include <utility>

#include "util/duration.h"
#include "util/log.h"
#include "util/select.h"

namespace tocsin {
namespace {

constexpr Millis kReferencePatience{1000};  // above a reference's own timeout
constexpr Millis kTellBlindAfter{10'000};   // a shorter one is told only if it hid anything
constexpr std::size_t kMostNamed = 50;
constexpr std::size_t kMostNote = 1500;  // bytes

// How long a check takes to be decided once it is looked at: every probe until its timeout.
Millis retry_round(const Check& check) noexcept {
  const Timing& timing = check.timing;
  return timing.timeout * timing.down_after + timing.retry_interval * (timing.down_after - 1);
}

// How long what was cut off is given to come back.
Millis grace_of(const Check& check) noexcept {
  return check.timing.retry_interval * (check.timing.down_after - 1);
}

bool is_gone(Verdict verdict) noexcept {
  return verdict == Verdict::down || verdict == Verdict::unknown;
}

// A look that began before says nothing of what came after, however late it ended.
bool looked_at_since(const Watched& watched, WallTime since) noexcept {
  if (!watched.last_probe_at) return false;
  return *watched.last_probe_at - std::chrono::ceil<Millis>(watched.last.took) >= since;
}

std::string until_text(WallTime until, const std::string& by, const std::string& why) {
  std::string out = "until " + human_time(until);
  if (!by.empty()) out += ", by " + by;
  if (!why.empty()) out += ": " + why;
  return out;
}

void add_dependants(const std::deque<Watched>& watched, std::uint32_t id,
                    std::set<std::uint32_t>& into) {
  for (const std::uint32_t child : watched[id].children) {
    if (into.insert(child).second) add_dependants(watched, child, into);
  }
}

}  // namespace

Surroundings::Surroundings(const std::deque<Watched>& watched, WallTime started, const Saved& saved)
    : watched_(watched),
      started_(started),
      silences_(saved.silences),
      last_silence_(saved.last_silence) {}

void Surroundings::take_config(std::shared_ptr<const Config> config, const FindId& find) {
  config_ = std::move(config);
  open_.clear();  // it points into the configuration before
  references_.clear();
  for (const std::string& name : config_->uplink.checks) {
    if (const auto id = find(name)) references_.push_back(*id);
  }
  if (references_.empty()) blind_since_.reset();
}

void Surroundings::turn(WallTime now, Change& change) {
  open_.clear();
  for (const Maintenance& maintenance : config_->maintenance) {
    if (const auto until = maintenance.window->open_until(now)) {
      open_.push_back({&maintenance, *until});
    }
  }
  std::erase_if(silences_, [&](const Silence& silence) {
    if (now < silence.until) return false;
    log(LogLevel::info, "silence_over", "id", silence.id, "match", shown(silence.match));
    change.ended_silences.push_back(silence.id);
    return true;
  });
}

Surroundings::Look Surroundings::look(const Watched& check, State state, WallTime since,
                                      bool no_resolver, WallTime now) const {
  Look out;
  if (!is_bad(state)) return out;
  const WallTime basis = std::max(since, started_);
  Around around;
  around.state = state;
  around.no_resolver = no_resolver;
  around.uplink = uplink(check, basis, now, out.probe);
  Leaning parent = parents_of(check, check, basis, now, out.probe);
  around.parent = parent.footing;
  around.parent_name = std::move(parent.name);
  around.maintenance = maintenance_of(*check.check);
  if (const Silence* silence = silence_of(*check.check)) {
    std::string text = until_text(silence->until, silence->by, silence->why);
    (silence->is_maintenance ? around.maintenance : around.silence) = std::move(text);
  }
  around.flapping = check.held.record.flaps.since.has_value();
  if (check.check->quiet_hours) around.quiet_until = check.check->quiet_hours->open_until(now);
  out.hold = hold_of(around);
  return out;
}

// The worst of what is above `check`, for `child`'s sake; what is gone farthest up gives the name.
Surroundings::Leaning Surroundings::parents_of(const Watched& check, const Watched& child,
                                               WallTime since, WallTime now, Ids& probe) const {
  constexpr auto rank = [](Footing footing) {
    switch (footing) {
      case Footing::gone: return 3;
      case Footing::awaited: return 2;
      case Footing::back: return 1;
      case Footing::firm: break;
    }
    return 0;
  };
  Leaning out;
  for (const std::uint32_t id : check.parents) {
    Leaning found = parent(id, child, since, now, probe);
    if (rank(found.footing) > rank(out.footing)) out = std::move(found);
  }
  return out;
}

Surroundings::Leaning Surroundings::parent(std::uint32_t id, const Watched& child, WallTime since,
                                           WallTime now, Ids& probe) const {
  const Watched& it = watched_[id];
  if (!it.check) return {};
  Leaning above = parents_of(it, child, since, now, probe);
  if (above.footing == Footing::gone) return above;
  if (it.held.record.state == State::down) return {Footing::gone, it.check->name};
  const bool looked_at = looked_at_since(it, since);
  const bool looks_bad = it.last_probe_at && it.last.verdict == Verdict::down;
  if ((!looked_at || looks_bad) && now < since + retry_round(*it.check)) {
    // One that looks bad is looked at again by its own schedule: hurried by each of its children, a
    // blink of a second would pass for many bad looks.
    if (!looked_at && !looks_bad) probe.push_back(id);
    return {Footing::awaited, it.check->name};
  }
  if (above.footing != Footing::firm) return above;
  const Held& held = child.held.record.held;
  const bool was_held = held.why == Hold::parent_down || held.why == Hold::parent_back;
  const bool came_back = was_held && it.held.record.since >= held.since;
  if (came_back && !may_be_back(child, it.held.record.since, now, probe)) {
    return {Footing::back, it.check->name};
  }
  return {};
}

// Whether the check had its round since what it leans on came back; it is looked at until then.
bool Surroundings::may_be_back(const Watched& check, WallTime back_at, WallTime now,
                               Ids& probe) const {
  const WallTime wanted = back_at + grace_of(*check.check);
  if (looked_at_since(check, wanted) && check.last.verdict != Verdict::up) return true;
  if (!looked_at_since(check, back_at) || now >= wanted) probe.push_back(check.id);
  return false;
}

Footing Surroundings::uplink(const Watched& check, WallTime since, WallTime now, Ids& probe) const {
  if (references_.empty() || check.check->looks_here) return Footing::firm;
  if (blind_since_) return Footing::gone;
  const Hold why = check.held.record.held.why;
  const bool was_held = why == Hold::blind || why == Hold::parent_back;
  if (was_held && sight_back_at_ && *sight_back_at_ >= check.held.record.held.since) {
    return may_be_back(check, *sight_back_at_, now, probe) ? Footing::firm : Footing::back;
  }
  bool awaited = false;
  for (const std::uint32_t id : references_) {
    const Watched& it = watched_[id];
    if (!it.check || looked_at_since(it, since)) continue;
    if (now >= since + it.check->timing.timeout + kReferencePatience) continue;
    probe.push_back(id);
    awaited = true;
  }
  return awaited ? Footing::awaited : Footing::firm;
}

bool Surroundings::is_reference(std::uint32_t id) const noexcept {
  return std::find(references_.begin(), references_.end(), id) != references_.end();
}

std::optional<std::string> Surroundings::note_reference(WallTime now, Ids& probe) {
  bool all_gone = true;
  bool any_gone = false;
  std::string names;
  for (const std::uint32_t id : references_) {
    const Watched& it = watched_[id];
    if (!it.check) continue;
    names += (names.empty() ? "" : ", ") + it.check->name;
    const bool gone = it.last_probe_at && is_gone(it.last.verdict);
    any_gone = any_gone || gone;
    if (gone) continue;
    all_gone = false;
    const bool fresh = it.last_probe_at && *it.last_probe_at >= now - kReferencePatience;
    if (!fresh) probe.push_back(id);
  }
  if (!any_gone) probe.clear();
  if (all_gone == blind_since_.has_value()) return std::nullopt;
  if (all_gone) {
    blind_since_ = now;
    log(LogLevel::warn, "blind", "references", names, "effect", "nothing is called down meanwhile");
    return std::nullopt;
  }
  const WallTime from = *std::exchange(blind_since_, std::nullopt);
  sight_back_at_ = now;
  log(LogLevel::warn, "sees_again", "references", names, "blind_s", (now - from).count() / 1000);
  const auto hidden = std::count_if(watched_.begin(), watched_.end(), [](const Watched& watched) {
    return watched.check && watched.held.record.held.why == Hold::blind;
  });
  if (hidden == 0 && now - from < kTellBlindAfter) return std::nullopt;
  std::string out = "blind from " + human_time(from) + " to " + human_time(now) + " (" +
                    human_duration(now - from) + "): " + names +
                    " were all gone at once, so this monitor itself was cut off";
  if (hidden > 0) {
    out += "; " + std::to_string(hidden) + (hidden == 1 ? " check" : " checks") +
           " looked bad meanwhile and will be told of if still bad";
  }
  return out;
}

std::string Surroundings::maintenance_of(const Check& check) const {
  for (const Open& open : open_) {
    if (!selects(open.what->match, check.name, check.labels)) continue;
    return open.what->name + ", until " + human_time(open.until);
  }
  return {};
}

// The one that ends last.
const Silence* Surroundings::silence_of(const Check& check) const {
  const Silence* last = nullptr;
  for (const Silence& silence : silences_) {
    if (last != nullptr && silence.until <= last->until) continue;
    if (selects(silence.match, check.name, check.labels)) last = &silence;
  }
  return last;
}

SilenceAnswer Surroundings::silence(const SilenceWish& wish, const Ids& checks, WallTime now,
                                    Change& change) {
  SilenceAnswer out;
  out.checks =
      static_cast<std::size_t>(std::count_if(checks.begin(), checks.end(), [&](std::uint32_t id) {
        const Check& check = *watched_[id].check;
        return selects(wish.match, check.name, check.labels);
      }));
  out.fate = SilenceAnswer::Fate::matches_none;
  if (out.checks == 0) return out;
  out.fate = SilenceAnswer::Fate::too_many;
  if (silences_.size() >= Silence::kMostOpen) return out;
  out.fate = SilenceAnswer::Fate::durable;
  out.silence = {.id = ++last_silence_,
                 .is_maintenance = wish.is_maintenance,
                 .match = wish.match,
                 .from = now,
                 .until = now + wish.lasts,
                 .by = wish.by,
                 .why = wish.why};
  log(LogLevel::info, "silence", "id", out.silence.id, "match", shown(wish.match), "checks",
      out.checks, "until", rfc3339(out.silence.until), "by", wish.by);
  silences_.push_back(out.silence);
  change.silences.push_back(out.silence);
  return out;
}

SilenceAnswer Surroundings::end_silence(std::int64_t id, Change& change) {
  SilenceAnswer out;
  const auto found = std::find_if(silences_.begin(), silences_.end(),
                                  [&](const Silence& silence) { return silence.id == id; });
  out.fate = SilenceAnswer::Fate::no_such;
  if (found == silences_.end()) return out;
  out.fate = SilenceAnswer::Fate::durable;
  out.silence = *found;
  log(LogLevel::info, "silence_ended", "id", id, "match", shown(found->match));
  change.ended_silences.push_back(id);
  silences_.erase(found);
  return out;
}

std::string dependants_note(const std::deque<Watched>& watched, std::uint32_t id) {
  std::set<std::uint32_t> ids;
  add_dependants(watched, id, ids);
  if (ids.empty()) return {};
  std::set<std::string_view> names;
  for (const std::uint32_t child : ids) names.insert(watched[child].check->name);
  std::string out =
      std::to_string(names.size()) +
      (names.size() == 1 ? " check depends on it and is" : " checks depend on it and are") +
      " not told of while it is down: ";
  std::size_t named = 0;
  for (const std::string_view name : names) {
    if (named == kMostNamed || out.size() + name.size() > kMostNote) break;
    out += (named++ == 0 ? "" : ", ") + std::string(name);
  }
  if (named < names.size()) out += " and " + std::to_string(names.size() - named) + " more";
  return out;
}

}  // namespace tocsin
