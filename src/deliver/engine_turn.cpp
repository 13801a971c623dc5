// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// The turning of lanes: ask one what is next, do it, commit what came of it, ask again. Each turn
// is begun by what may have changed the answer: new rows, an outcome, a commit, a timer. The clock
// that decides is the host's; timers only wake, and a wait of more than a second is looked at anew
// every second.
#include <algorithm>
#include <string>
#include <utility>

#include "deliver/engine.h"
#include "deliver/fallback.h"
#include "notify/notifier.h"
#include "util/log.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr Millis kLookAgain{1000};
// Notifiers have timeouts of their own; this is for one that breaks its word.
constexpr Millis kLongestAttempt{120'000};
constexpr std::size_t kLongestReason = 500;

void log_outcome(const Row& row, const Outcome& outcome, WallTime now) {
  const Notification& it = *row.notification;
  const DeliveryRecord& record = row.delivery;
  const auto write = [&](LogLevel level, std::string_view event, const auto&... more) {
    log(level, event, "notifier", it.notifier, "check", it.message->check, "kind",
        to_string(it.message->kind), "id", it.id, "attempts", record.attempts, more...);
  };
  switch (outcome.what) {
    case Outcome::What::sent:
      write(LogLevel::info, "told");
      if (!outcome.reason.empty()) {
        write(LogLevel::warn, "told_in_part", "reason", printable(outcome.reason, kLongestReason));
      }
      break;
    case Outcome::What::later:
      write(LogLevel::warn, "put_off", "retry_in_ms", (record.next_at.value_or(now) - now).count(),
            "in_doubt", outcome.in_doubt, "reason", record.last_error);
      break;
    case Outcome::What::rejected:
      write(LogLevel::error, "dead_letter", "reason", record.last_error);
      break;
  }
}

}  // namespace

void Sender::Engine::look() {
  turn_all();
  publish();
}

void Sender::Engine::turn_all() {
  // settle() may add lanes; a map's iterators do not mind.
  for (auto& [key, route] : routes_) settle(*route);
  for (auto& [key, route] : routes_) turn(*route);
  std::erase_if(routes_, [&](const auto& entry) {
    if (entry.second->lane.busy()) return false;
    return std::none_of(desks_.begin(), desks_.end(),
                        [&](const auto& desk) { return desk.second.route == entry.second.get(); });
  });
  publish_soon();
}

void Sender::Engine::turn(Route& route) {
  if (route.attempt) {
    watch(route);
    return;
  }
  if (stopping_) return;
  Lane::Next next = route.lane.next(now(), storm_threshold_, numbers_);
  switch (next.what) {
    case Lane::Next::What::nothing: break;
    case Lane::Next::What::wait: wait_until(route, next.at); break;
    case Lane::Next::What::fold:
      log(LogLevel::info, "folded", "sink", route.key, "from", next.change.deliveries.size(),
          "into", next.change.notifications.size());
      commits_.commit(std::move(next.change), [this, &route](bool durable) {
        route.lane.committed(durable);
        turn_all();
      });
      break;
    case Lane::Next::What::send: begin(route, next.row->notification, Task::send); break;
    case Lane::Next::What::update: begin_update(route, next.update); break;
    case Lane::Next::What::renew: begin(route, next.renewal, Task::renew); break;
  }
}

void Sender::Engine::wait_until(Route& route, SteadyTime at) {
  const auto left = at - host_.clock.steady();
  route.timer.expires_after(
      std::clamp<SteadyTime::duration>(left, SteadyTime::duration::zero(), kLookAgain));
  // It may have gone off, and wait for its turn on the loop, when a reload takes the lane away.
  const std::weak_ptr<Route> alive = routes_.at(route.key);
  route.timer.async_wait([this, alive](const std::error_code& error) {
    const auto there = alive.lock();
    if (!error && there) turn(*there);
  });
}

// A reload meanwhile may have sent the notifier elsewhere, where the first message is not.
void Sender::Engine::begin_update(Route& route, const NotificationPtr& latest) {
  if (!roots_.find(latest->notifier, std::to_string(latest->message->incident)).empty()) {
    begin(route, latest, Task::update);
    return;
  }
  Outcome nothing_to_do;
  nothing_to_do.what = Outcome::What::sent;
  route.lane.end_update(nothing_to_do, now());
  turn(route);
}

void Sender::Engine::begin(Route& route, const NotificationPtr& notification, Task task) {
  const Notification& it = *notification;
  const AttemptTools tools{loop_, http_, resolver_, workers_, host_.clock};
  Refs refs{refs_.find(it.notifier, it.thread_key), {}};
  if (it.message->incident != 0) {
    refs.root = roots_.find(it.notifier, std::to_string(it.message->incident));
  }
  const auto attempt = std::make_shared<Attempt>(
      notification, desks_.at(it.notifier).entry.notifier, tools, std::move(refs), task);
  route.attempt = attempt;
  start_attempt(attempt, loop_,
                [this, &route](Outcome outcome) { end(route, std::move(outcome)); });
  watch(route);
}

// An attempt that does not end would hold up its lane for ever.
void Sender::Engine::watch(Route& route) {
  const SteadyTime until = route.attempt->began + kLongestAttempt;
  if (host_.clock.steady() < until) {
    wait_until(route, until);
    return;
  }
  route.attempt->abandoned = true;
  Outcome outcome;
  outcome.reason = "the attempt did not end";
  outcome.in_doubt = true;
  end(route, std::move(outcome));
}

void Sender::Engine::end(Route& route, Outcome outcome) {
  if (route.attempt->task == Task::update) {
    end_update(route, outcome);
    return;
  }
  if (route.attempt->task == Task::renew) {
    end_renewal(route, outcome);
    return;
  }
  const Notifier& used = *route.attempt->notifier;
  const Notifier& present = *desks_.at(route.attempt->notification->notifier).entry.notifier;
  // A reload meanwhile sent it elsewhere: the thread that was named is not there.
  if (used.sink() != present.sink()) outcome.thread_ref.clear();
  route.attempt.reset();
  route.timer.cancel();
  const Row row = route.lane.end(outcome, now());
  note(row, outcome);

  Change change;
  change.deliveries.push_back(row.delivery);
  const NotificationPtr fallback = fallback_of(row, change.notifications);
  commits_.commit(std::move(change), [this, &route, fallback](bool durable) {
    route.lane.committed(durable);
    if (fallback) submit({durable ? fallback : not_durable(*fallback)});
    turn_all();
  });
  if (host_.on_outcome) host_.on_outcome(*row.notification, row.delivery);
  publish_soon();
  if (stopping_ && !attempting()) loop_.stop();
}

void Sender::Engine::end_update(Route& route, const Outcome& outcome) {
  const NotificationPtr it = route.attempt->notification;
  route.attempt.reset();
  route.timer.cancel();
  if (route.lane.end_update(outcome, now())) {
    log(LogLevel::warn, "not_updated", "notifier", it->notifier, "check", it->message->check,
        "incident", it->message->incident, "reason", printable(outcome.reason, kLongestReason));
  }
  if (stopping_ && !attempting()) loop_.stop();
  turn_all();
}

void Sender::Engine::end_renewal(Route& route, const Outcome& outcome) {
  const NotificationPtr it = route.attempt->notification;
  route.attempt.reset();
  route.timer.cancel();
  route.lane.end_renewal(outcome, now());
  if (outcome.what != Outcome::What::sent) {
    log(LogLevel::warn, "not_renewed", "notifier", it->notifier, "check", it->message->check,
        "incident", it->message->incident, "reason", printable(outcome.reason, kLongestReason));
  }
  if (stopping_ && !attempting()) loop_.stop();
  turn_all();
}

void Sender::Engine::note(const Row& row, const Outcome& outcome) {
  log_outcome(row, outcome, host_.clock.wall());
  const Notification& it = *row.notification;
  NotifierView& view = desks_.at(it.notifier).view;
  view.last_error = outcome.what == Outcome::What::sent ? std::string() : row.delivery.last_error;
  switch (outcome.what) {
    case Outcome::What::sent:
      ++view.sent;
      remember(row.notification, outcome);
      break;
    case Outcome::What::later: ++view.later; break;
    case Outcome::What::rejected:
      ++view.rejected;
      // Nobody is left to end it: it is left to the sink's own time.
      if (ends_incident(it.message->kind)) keep(row.notification, Millis{0});
      break;
  }
}

void Sender::Engine::remember(const NotificationPtr& sent, const Outcome& outcome) {
  refs_.remember(sent->notifier, sent->thread_key, outcome.thread_ref);
  if (sent->message->incident == 0) return;
  keep(sent, Millis::max());
  const std::string incident = std::to_string(sent->message->incident);
  if (roots_.find(sent->notifier, incident).empty()) {
    roots_.remember(sent->notifier, incident, outcome.message_ref);
  } else {
    want_update(sent);
  }
}

// What tells a dead letter elsewhere, if there is such a place: a new row in the same transaction.
NotificationPtr Sender::Engine::fallback_of(const Row& row, std::vector<NotificationPtr>& into) {
  const Notification& it = *row.notification;
  if (row.delivery.status != DeliveryStatus::dead || is_fallback(it)) return nullptr;
  const auto to = desks_.find(desks_.at(it.notifier).entry.fallback);
  if (to == desks_.end() || !to->second.configured || to->first == it.notifier) return nullptr;
  into.push_back(make_fallback(it, to->first, host_.next_id()));
  return into.back();
}

}  // namespace tocsin
