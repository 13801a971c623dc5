// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// What jobs tell. A heartbeat changes the check's record, which goes three ways: to the board,
// where the prober judges it; to the store, and only then is the job answered; into the check's
// view.
//
// A job cannot be late for what we could not hear. While the daemon did not run, the machine slept,
// or the clock stood elsewhere, jobs may have told in vain, and told only once. So the record says
// since when we have listened without a gap (`listening_since`), and what fell due before that is
// expected once more instead of being called late. A check that was bad before stays so: its end
// has to be told by its job.
#include <utility>

#include "core/core.h"
#include "core/heartbeats.h"
#include "util/log.h"

namespace tocsin {
namespace {

// The wall clock may differ by this much from the steady one between two looks at both, a second
// apart; and the looks may come so late. Beyond, jobs may have gone unheard.
constexpr Millis kClockStep{10'000};
constexpr Millis kStandstill{15'000};

std::string_view word(Heartbeat::Event event) noexcept {
  switch (event) {
    case Heartbeat::Event::start: return "start";
    case Heartbeat::Event::success: return "success";
    case Heartbeat::Event::fail: return "fail";
    case Heartbeat::Event::log: return "log";
  }
  return "";
}

}  // namespace

void Core::note_heartbeat(const std::string& name, const Heartbeat& told,
                          std::function<void(HeartbeatFate)> done) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end() || !watched_[found->second].held.heartbeat) {
    return done(HeartbeatFate::disabled);
  }
  const std::uint32_t id = found->second;
  Watched& watched = watched_[id];
  Change change;
  HeartbeatRecord record = *watched.held.heartbeat;
  tocsin::note_heartbeat(told, ports_.clock.wall(), record);
  log(LogLevel::debug, "heartbeat", "check", name, "tells", word(told.event), "exit_code",
      told.exit_code.value_or(told.event == Heartbeat::Event::fail ? 1 : 0));
  if (told.event == Heartbeat::Event::success && watched.check->heartbeat->announce) {
    tell_news(*watched.check, news_of(record), record.log, watched.held, desk(), change);
  }
  keep_heartbeat(id, std::move(record), change);
  commit(std::move(change), [done = std::move(done)](bool durable) {
    done(durable ? HeartbeatFate::durable : HeartbeatFate::memory);
  });
  schedule_.hurry(id, ports_.clock.steady());
}

void Core::keep_heartbeat(std::uint32_t id, HeartbeatRecord record, Change& change) {
  Watched& watched = watched_[id];
  if (watched.held.heartbeat && *watched.held.heartbeat == record) return;
  watched.held.heartbeat = std::make_shared<const HeartbeatRecord>(record);
  watched.view.reset();
  ports_.heartbeats.set(id, watched.held.heartbeat);
  change.heartbeats.push_back(std::move(record));
}

// The check is watched from now on, or was configured anew.
void Core::follow_heartbeat(std::uint32_t id, bool listening_anew, Change& change) {
  Watched& watched = watched_[id];
  const Check& check = *watched.check;
  if (!check.heartbeat) {
    if (!watched.held.heartbeat) return;
    // Of another type now. An empty record reads as none, should it be what it was again.
    keep_heartbeat(id, HeartbeatRecord{.name = check.name, .expects = {}, .log = {}}, change);
    watched.held.heartbeat.reset();
    return ports_.heartbeats.set(id, nullptr);
  }
  const WallTime now = ports_.clock.wall();
  const bool known = watched.held.heartbeat && watched.held.heartbeat->known_since != WallTime{};
  HeartbeatRecord record;
  if (known) record = *watched.held.heartbeat;
  record.name = check.name;
  if (!known) record.known_since = record.listening_since = now;
  const bool expects_other = record.expects != check.target;
  if ((listening_anew || expects_other) && !is_bad(watched.standing.state)) {
    record.listening_since = now;
  }
  record.expects = check.target;
  forget_future(now, record);
  keep_heartbeat(id, std::move(record), change);
  ports_.heartbeats.set(id, watched.held.heartbeat);
}

void Core::notice_standstill(Change& change) {
  const SteadyTime steady = ports_.clock.steady();
  const WallTime wall = ports_.clock.wall();
  const auto passed = steady - std::exchange(looked_at_clock_, steady);
  const auto by_the_wall = wall - std::exchange(looked_at_wall_, wall);
  const auto step = std::chrono::abs(by_the_wall - std::chrono::duration_cast<Millis>(passed));
  if (passed <= kStandstill && step <= kClockStep) return;
  for (const std::uint32_t id : by_order_) {
    if (watched_[id].held.heartbeat) follow_heartbeat(id, true, change);
  }
}

}  // namespace tocsin
