// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Random results through the state machine and into incidents, as the core does it, while the
// notifiers of the check change and the check leaves and comes back. What must hold is looked for
// in what was committed alone: the changes, in their order.
#include <rapidcheck/catch.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "evaluate/evaluate.h"
#include "incident/test_desk.h"

using namespace tocsin;
using namespace std::chrono_literals;

namespace {

// One check on its way through evaluate and incident.
struct Life {
  Check check = make_check({"a", "b"});
  Policy policy{.down_after = 2, .up_after = 2};
  Standing standing;
  Case held;
  TestDesk desk;
  Change all;  // everything that was committed

  void keep(const Change& change) {
    all.checks.insert(all.checks.end(), change.checks.begin(), change.checks.end());
    all.incidents.insert(all.incidents.end(), change.incidents.begin(), change.incidents.end());
    all.notifications.insert(all.notifications.end(), change.notifications.begin(),
                             change.notifications.end());
  }

  // Gives whether the state changed.
  bool result(Verdict verdict) {
    desk.pass(1s);
    const auto evaluation = evaluate(standing, verdict, policy, desk.now);
    standing = evaluation.standing;
    Change change;
    const bool returned = !held.record.gone_since && held.record.told != held.record.state;
    if (evaluation.transition) {
      apply_transition(check, *evaluation.transition, Finding(to_string(verdict)), {}, held,
                       desk.desk(), change);
    } else if (returned) {
      tell_again(check, 1, Finding(to_string(verdict)), held, desk.desk(), change);
    }
    keep(change);
    RC_ASSERT(change.checks.size() == (evaluation.transition || returned ? 1U : 0U));
    return evaluation.transition.has_value();
  }

  void leave() {
    desk.pass(1s);
    Change change;
    stop_watching(check, held, desk.desk(), change);
    keep(change);
  }
  void come_back() {
    held.record.gone_since.reset();
    standing = Standing{.state = held.record.state};
  }
};

rc::Gen<Verdict> any_verdict() {
  return rc::gen::weightedElement<Verdict>(
      {{4, Verdict::up}, {2, Verdict::degraded}, {4, Verdict::down}, {1, Verdict::unknown}});
}

void live(Life& life) {
  life.policy.down_after = *rc::gen::inRange<std::uint16_t>(1, 4);
  life.policy.up_after = *rc::gen::inRange<std::uint16_t>(1, 4);
  for (const Verdict verdict : *rc::gen::container<std::vector<Verdict>>(any_verdict())) {
    life.result(verdict);
  }
}

std::vector<std::string> any_notifiers() {
  std::vector<std::string> out;
  for (const char* name : {"a", "b", "c"}) {
    if (*rc::gen::arbitrary<bool>()) out.emplace_back(name);
  }
  return out;
}

// The same, but the notifiers change and the check leaves and comes back on the way.
void live_an_eventful_life(Life& life) {
  live(life);
  const int turns = *rc::gen::inRange(0, 8);
  for (int i = 0; i < turns; ++i) {
    life.check.notify = std::make_shared<const std::vector<std::string>>(any_notifiers());
    if (*rc::gen::arbitrary<bool>()) {
      life.leave();
      life.come_back();
    }
    live(life);
  }
}

bool opens(Kind kind) {
  return kind == Kind::down || kind == Kind::degraded || kind == Kind::unknown;
}

void ids_rise(const Change& all) {
  std::int64_t last = 0;
  std::set<std::string> uids;
  for (const auto& notification : all.notifications) {
    RC_ASSERT(notification->id > last);
    last = notification->id;
    RC_ASSERT(uids.insert(notification->uid).second);
  }
  std::int64_t incident = 0;
  for (const IncidentRecord& record : all.incidents) {
    RC_ASSERT(record.id >= incident);
    incident = record.id;
  }
}

void every_incident_ends_or_is_open(const Life& life) {
  std::map<std::int64_t, IncidentRecord> last;
  for (const IncidentRecord& record : life.all.incidents) {
    RC_ASSERT(!last[record.id].closed_at);  // nothing comes after the end
    last[record.id] = record;
  }
  for (const auto& [id, record] : last) {
    const bool open = life.held.incident && life.held.incident->id == id;
    RC_ASSERT(open == !record.closed_at.has_value());
    RC_ASSERT(record.since <= record.opened_at);
    if (record.closed_at) RC_ASSERT(*record.closed_at > record.opened_at);
  }
  const bool bad = life.standing.state != State::up && life.standing.state != State::pending;
  RC_ASSERT(life.held.incident.has_value() == bad);
  RC_ASSERT(life.held.record.incident.has_value() == bad);
}

// Of each incident, those who heard of it and those who heard its end are the same.
void ends_go_to_those_who_were_told(const Life& life) {
  std::map<std::int64_t, std::set<std::string>> heard;
  std::map<std::int64_t, std::set<std::string>> heard_end;
  std::set<std::int64_t> ended;
  for (const auto& notification : life.all.notifications) {
    const Message& message = *notification->message;
    if (opens(message.kind)) heard[message.incident].insert(notification->notifier);
    if (message.kind == Kind::up) heard_end[message.incident].insert(notification->notifier);
  }
  for (const IncidentRecord& record : life.all.incidents) {
    if (record.closed_at) ended.insert(record.id);
  }
  for (const std::int64_t id : ended) RC_ASSERT(heard[id] == heard_end[id]);
  for (const auto& [id, names] : heard_end) RC_ASSERT(ended.contains(id));
}

}  // namespace

TEST_CASE("incident: told is always what was decided", "[incident]") {
  rc::prop("in the record and in the last message of every notifier", [] {
    Life life;
    life.policy.down_after = *rc::gen::inRange<std::uint16_t>(1, 4);
    life.policy.up_after = *rc::gen::inRange<std::uint16_t>(1, 4);
    for (const Verdict verdict : *rc::gen::container<std::vector<Verdict>>(any_verdict())) {
      const bool changed = life.result(verdict);
      RC_ASSERT(life.held.record.state == life.standing.state);
      RC_ASSERT(life.held.record.told == life.standing.state);
      std::map<std::string, State> told;
      for (const auto& notification : life.all.notifications) {
        told[notification->notifier] = notification->message->to;
      }
      for (const auto& [notifier, last] : told) RC_ASSERT(last == life.standing.state);
      const State state = life.standing.state;
      const bool nothing_to_tell = state == State::up || state == State::pending;
      if (told.empty()) RC_ASSERT(nothing_to_tell);
      if (changed) RC_ASSERT(life.all.checks.back().told == life.standing.state);
    }
  });
}

TEST_CASE("incident: no two equal messages in a row for a check", "[incident]") {
  rc::prop("per notifier, and each message begins where the last one ended", [] {
    Life life;
    live(life);
    std::map<std::string, Kind> last;
    std::map<std::string, State> state;
    for (const auto& notification : life.all.notifications) {
      const Message& message = *notification->message;
      const auto before = last.find(notification->notifier);
      if (before != last.end()) {
        RC_ASSERT(before->second != message.kind);
        RC_ASSERT(state[notification->notifier] == message.from);
      }
      last[notification->notifier] = message.kind;
      state[notification->notifier] = message.to;
    }
  });
  rc::prop("also when it leaves the configuration and comes back", [] {
    Life life;
    live(life);
    const int turns = *rc::gen::inRange(0, 6);
    for (int i = 0; i < turns; ++i) {
      life.leave();
      life.come_back();
      live(life);
    }
    std::map<std::string, Kind> last;
    for (const auto& notification : life.all.notifications) {
      const auto before = last.find(notification->notifier);
      if (before != last.end()) RC_ASSERT(before->second != notification->message->kind);
      last[notification->notifier] = notification->message->kind;
    }
  });
}

TEST_CASE("incident: whatever happens, these hold", "[incident]") {
  rc::prop("numbers rise and no key of a repeat is used twice", [] {
    Life life;
    live_an_eventful_life(life);
    ids_rise(life.all);
  });
  rc::prop("every incident that opened has ended, or is open at the end", [] {
    Life life;
    live_an_eventful_life(life);
    every_incident_ends_or_is_open(life);
  });
  rc::prop("the end is told to exactly those who were told of the incident", [] {
    Life life;
    live_an_eventful_life(life);
    ends_go_to_those_who_were_told(life);
  });
  rc::prop("all notifications of one event share one message and one key", [] {
    Life life;
    live_an_eventful_life(life);
    std::map<const Message*, std::set<std::string>> notifiers;
    for (const auto& notification : life.all.notifications) {
      RC_ASSERT(notifiers[notification->message.get()].insert(notification->notifier).second);
      RC_ASSERT(notification->thread_key == "web-01/http");
      RC_ASSERT(notification->created_at >= notification->message->decided_at);
    }
  });
}
