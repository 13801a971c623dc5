// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/own_faults.h"
#include "core/own_messages.h"
#include "core/surroundings.h"
#include "core/watched.h"
#include "incident/incident.h"
#include "schedule/schedule.h"
#include "tocsin/config.h"
#include "tocsin/snapshot.h"
#include "tocsin/store.h"

namespace tocsin {

// A probe that is to begin, and one that has ended; `check` is the core's number of the check.
struct DueProbe {
  std::uint32_t check = 0;
  CheckPtr what;
  SteadyTime due;
};
struct EndedProbe {
  std::uint32_t check = 0;
  Result result;
  Micros late{};  // how long after its time it began
};

// The ways out of the core. Each returns at once.
struct CorePorts {
  Store& store;
  const Clock& clock;
  std::atomic<std::int64_t>& notification_ids;  // the last one given; the sender takes from it too
  std::function<void(std::vector<DueProbe>)> probe;
  std::function<void(std::uint32_t check)> forget;  // the check is gone
  // Committed notifications, in order. Called on the store's thread.
  std::function<void(std::vector<NotificationPtr>)> tell;
  std::function<std::vector<NotifierView>()> notifier_views;
  HeartbeatBoard& heartbeats;  // where probes read what jobs told
  // A result whose verdict differs from the one before; may be empty.
  std::function<void(WallTime, const Check&, const Result&)> record = {};
};

// All mutable state of the daemon, and the path of a probe through it: due → look → evaluate →
// incident → commit → tell. One thread only (see CoreThread), so it needs no lock; it never blocks
// and never waits for a disk. Time comes from the ports' clock, so that tests turn it by hand.
class Core {
 public:
  // `saved`: what the last run remembered. Checks that it knows and `config` does not name are no
  // longer watched, which is told where they were not up.
  Core(CorePorts ports, std::shared_ptr<const Config> config, Saved saved);

  // Begins what is due, and does what time asks for: reminders, forgetting.
  void tick();
  // When `tick` is wanted next.
  SteadyTime next_tick() const;

  void on_ended(std::vector<EndedProbe> ended);
  // A process that this check watches has died.
  void look_again(std::uint32_t check);
  // A job tells. `done` runs once it is stored or refused, on the store's thread; at once, if the
  // check is not watched.
  void note_heartbeat(const std::string& name, const Heartbeat& told,
                      std::function<void(HeartbeatFate)> done);
  // Somebody posts a message. `done` runs like that of a heartbeat; at once, if it is refused.
  void post_message(const PostedMessage& posted, std::function<void(PostAnswer)> done);
  // Somebody looks after the incident; nothing: no longer. `done` as above.
  void acknowledge(const std::string& name, std::optional<AckWish> wish,
                   std::function<void(AckFate)> done);
  void silence(const SilenceWish& wish, std::function<void(SilenceAnswer)> done);
  void end_silence(std::int64_t id, std::function<void(SilenceAnswer)> done);
  // A good new configuration: every check whose name still exists goes on with its state.
  void reload(std::shared_ptr<const Config> config);
  // A bad one: what ran before goes on.
  void reload_failed();
  // A message about the daemon itself.
  void tell_own(const std::string& reason);

  // Everything that is known, for a store that has to be written anew.
  Change dump() const;
  std::shared_ptr<const Snapshot> snapshot();

 private:
  // The path of a probe: core.cpp.
  void on_result(EndedProbe& ended, Watched& watched, Change& change);
  void count(const EndedProbe& ended);
  void housekeeping();
  void forget_old(Change& change);
  // `done` runs after the commit, on the store's thread.
  void commit(Change change, std::function<void(bool durable)> done = {});
  Watched* find(std::uint32_t id) noexcept;
  Desk desk();

  // What is told, what is held back, and until when: core_signal.cpp.
  void judge(EndedProbe& ended, Watched& watched, Change& change);
  void enter(Watched& watched, const Transition& transition, Change& change);
  void settle(std::uint32_t id, bool may_remind, Change& change);
  void tell_now(Watched& watched, Change& change);
  void remind_due(Watched& watched, Change& change);
  void settle_all(Change& change);
  void settle_held(Change& change);
  void note_look(Watched& watched, Change& change);
  bool is_spoiled(const EndedProbe& ended) const;
  HoldReason look_around(const Watched& watched, State state, WallTime since);
  void say_own(const std::vector<std::string>& messages, Change& change);
  void find_parents();

  // What jobs tell: core_heartbeat.cpp.
  void keep_heartbeat(std::uint32_t id, HeartbeatRecord record, Change& change);
  void follow_heartbeat(std::uint32_t id, bool listening_anew, Change& change);
  void notice_standstill(Change& change);

  // Checks that come and go: core_config.cpp.
  void take_config(std::shared_ptr<const Config> config, Change& change);
  void watch(const CheckPtr& check, Change& change);
  void unwatch(std::uint32_t id, Change& change);
  Case returning(const std::string& name, Change& change);
  void adopt_unwatched(Change& change);

  CorePorts ports_;
  std::shared_ptr<const Config> config_;
  Schedule schedule_;
  std::deque<Watched> watched_;  // by id; a deque keeps its places while it grows
  std::vector<std::uint32_t> free_ids_;
  std::vector<std::uint32_t> by_order_;                          // ids, sorted by name
  std::unordered_map<std::string_view, std::uint32_t> by_name_;  // keys live in the checks
  std::unordered_map<std::string, Case> gone_;  // remembered, and named by no configuration
  OwnMessages own_messages_;
  OwnFaults own_faults_;
  Surroundings surroundings_;
  std::unordered_set<std::uint32_t> held_;  // checks whose news something holds back
  std::size_t unresolved_ = 0;              // checks that are unknown for want of a resolver
  std::int64_t last_incident_ = 0;
  SteadyTime housekeeping_at_;
  SteadyTime looked_at_clock_;
  WallTime looked_at_wall_;
  Snapshot totals_;  // what is counted as it happens; lists are filled in by snapshot()
};

}  // namespace tocsin
