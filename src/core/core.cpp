// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// The path of a probe. `tick` takes what is due from the schedule and hands it to the probe loops;
// what they found comes back to `on_ended`, where each result is judged (evaluate), turned into
// what is to be remembered and told (incident) and committed as one transaction; only after the
// commit does the sender see the notifications. A result that changes nothing costs a few dozen
// instructions and no transaction.
#include "core/core.h"

#include <algorithm>

#include "util/log.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr Millis kHousekeepingEvery{1000};
constexpr std::chrono::hours kForgetAfter{24};  // DESIGN section 2, SIGHUP

void log_probe(const Check& check, const Result& result) {
  if (!log_enabled(LogLevel::debug)) return;
  log(LogLevel::debug, "probe", "check", check.name, "verdict", to_string(result.verdict),
      "took_us", result.took.count(), "address", result.address, "reason", result.reason);
}

// The notifications with the remark that they could not be stored first.
std::vector<NotificationPtr> not_durable(const std::vector<NotificationPtr>& notifications) {
  std::vector<NotificationPtr> out;
  for (const NotificationPtr& stored : notifications) {
    Message message = *stored->message;
    message.durable = false;
    Notification copy = *stored;
    copy.message = std::make_shared<const Message>(std::move(message));
    out.push_back(std::make_shared<const Notification>(std::move(copy)));
  }
  return out;
}

}  // namespace

void Core::tick() {
  const SteadyTime now = ports_.clock.steady();
  if (now >= housekeeping_at_) {
    const auto late = std::chrono::duration_cast<Millis>(now - housekeeping_at_);
    own_faults_.note_late(late, now, ports_.clock.wall());
    housekeeping_at_ = now + kHousekeepingEvery;
    housekeeping();
  }
  std::vector<DueProbe> batch;
  for (const Schedule::Due& due : schedule_.take_due(now)) {
    batch.push_back({.check = due.id, .what = watched_[due.id].check, .due = due.at});
  }
  if (!batch.empty()) ports_.probe(std::move(batch));
}

SteadyTime Core::next_tick() const {
  return std::min(schedule_.next().value_or(housekeeping_at_), housekeeping_at_);
}

void Core::on_ended(std::vector<EndedProbe> batch) {
  Change change;
  for (EndedProbe& ended : batch) {
    Watched* watched = find(ended.check);
    if (watched == nullptr) {
      // The check went while its probe was under way: now its place is free.
      free_ids_.push_back(ended.check);
      schedule_.ended(ended.check, ports_.clock.steady(), std::nullopt);
      continue;
    }
    count(ended);
    if (is_spoiled(ended)) {
      schedule_.ended(ended.check, ports_.clock.steady(), watched->check->timing.retry_interval);
      continue;
    }
    on_result(ended, *watched, change);
  }
  commit(std::move(change));
}

void Core::on_result(EndedProbe& ended, Watched& watched, Change& change) {
  const Check& check = *watched.check;
  const WallTime now = ports_.clock.wall();
  const bool differs = !watched.last_probe_at || watched.last.verdict != ended.result.verdict;
  if (differs && ports_.record) ports_.record(now, check, ended.result);
  watched.last = std::move(ended.result);
  watched.last_probe_at = now;
  watched.view.reset();
  ++watched.probes;
  log_probe(check, watched.last);

  judge(ended, watched, change);

  std::optional<Millis> again;
  if (suspected(watched.standing)) again = check.timing.retry_interval;
  if (watched.last.due_at) {
    const Millis wait = std::max(*watched.last.due_at - now, Millis{0}) + Millis{1};
    again = std::min(again.value_or(wait), wait);
  }
  schedule_.ended(ended.check, ports_.clock.steady(), again);
  note_look(watched, change);
}

void Core::count(const EndedProbe& ended) {
  ++totals_.probes;
  ++totals_.results[static_cast<std::size_t>(ended.result.verdict)];
  const double late_ms = static_cast<double>(ended.late.count()) / 1000.0;
  const auto* bucket =
      std::lower_bound(Lateness::kBoundsMs.begin(), Lateness::kBoundsMs.end(), late_ms);
  ++totals_.lateness.counts[static_cast<std::size_t>(bucket - Lateness::kBoundsMs.begin())];
  totals_.lateness.sum_seconds += late_ms / 1000.0;
}

void Core::look_again(std::uint32_t check) {
  if (find(check) != nullptr) schedule_.hurry(check, ports_.clock.steady());
}

void Core::tell_own(const std::string& reason) {
  Change change;
  tocsin::tell_own(reason, config_->own_notify, true, desk(), change);
  commit(std::move(change));
}

void Core::post_message(const PostedMessage& posted, std::function<void(PostAnswer)> done) {
  Change change;
  PostAnswer answer = own_messages_.post(posted, *config_, desk(), change);
  if (answer.fate != PostAnswer::Fate::durable) return done(std::move(answer));
  // For a repeated one too: it is answered when the first one is on disk.
  commit(std::move(change), [done = std::move(done), answer = std::move(answer)](bool durable) {
    PostAnswer told = answer;
    if (!durable) told.fate = PostAnswer::Fate::memory;
    done(std::move(told));
  });
}

void Core::acknowledge(const std::string& name, std::optional<AckWish> wish,
                       std::function<void(AckFate)> done) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return done(AckFate::no_such_check);
  Watched& watched = watched_[found->second];
  Case& held = watched.held;
  if (!held.incident || !is_bad(held.record.state)) return done(AckFate::nothing_open);
  Change change;
  if (wish) {
    Acknowledgement ack{std::move(wish->by), std::move(wish->why), ports_.clock.wall(), {}};
    if (wish->lasts) ack.until = ack.at + *wish->lasts;
    log(LogLevel::info, "acknowledged", "check", name, "incident", held.incident->id, "by", ack.by);
    tocsin::acknowledge(*watched.check, std::move(ack), held, desk(), change);
  } else {
    if (!held.incident->acknowledged) return done(AckFate::not_acknowledged);
    log(LogLevel::info, "acknowledgement_taken_back", "check", name, "incident", held.incident->id);
    take_back_acknowledgement(held, change);
  }
  watched.view.reset();
  commit(std::move(change), [done = std::move(done)](bool durable) {
    done(durable ? AckFate::durable : AckFate::memory);
  });
}

void Core::housekeeping() {
  Change change;
  notice_standstill(change);
  surroundings_.turn(ports_.clock.wall(), change);
  say_own(own_faults_.turn(ports_.clock.steady(), ports_.clock.wall()), change);
  settle_all(change);
  forget_old(change);
  own_messages_.turn(ports_.clock.steady(), desk(), change);
  commit(std::move(change));
}

void Core::forget_old(Change& change) {
  const WallTime now = ports_.clock.wall();
  for (auto entry = gone_.begin(); entry != gone_.end();) {
    Case& held = entry->second;
    if (now - held.record.gone_since.value_or(now) < kForgetAfter) {
      ++entry;
      continue;
    }
    if (held.incident) {
      held.incident->closed_at = now;
      change.incidents.push_back(*held.incident);
    }
    change.forgotten.push_back(entry->first);
    entry = gone_.erase(entry);
  }
}

void Core::commit(Change change, std::function<void(bool)> done) {
  if (change.checks.empty() && change.incidents.empty() && change.forgotten.empty() &&
      change.notifications.empty() && change.heartbeats.empty() && change.told_once.empty() &&
      change.forgotten_once.empty() && change.withheld.empty() && change.silences.empty() &&
      change.ended_silences.empty() && !done) {
    return;
  }
  for (const Withheld& row : change.withheld) {
    log(LogLevel::info, "withheld", "check", row.check, "kind", to_string(row.kind), "why",
        to_string(row.why), "detail", row.detail, "incident", row.incident);
  }
  auto told = change.notifications;
  ports_.store.commit(std::move(change), [told = std::move(told), tell = ports_.tell,
                                          done = std::move(done)](bool durable) {
    if (!told.empty()) tell(durable ? told : not_durable(told));
    if (done) done(durable);
  });
}

Watched* Core::find(std::uint32_t id) noexcept {
  if (id >= watched_.size() || !watched_[id].check) return nullptr;
  return &watched_[id];
}

Desk Core::desk() {
  return {.instance = config_->instance,
          .now = ports_.clock.wall(),
          .next_incident = [this] { return ++last_incident_; },
          .next_notification = [this] { return ++ports_.notification_ids; },
          .new_uid = random_uuid,
          .routes = &config_->routes};
}

std::shared_ptr<const Snapshot> Core::snapshot() {
  auto made = std::make_shared<Snapshot>(totals_);
  made->at = ports_.clock.wall();
  made->instance = config_->instance;
  made->notifiers = ports_.notifier_views();
  made->store_trouble = ports_.store.trouble();
  made->silences = surroundings_.silences();
  made->blind_since = surroundings_.blind_since();
  made->starved_since = own_faults_.starved_since();
  made->no_resolver_since = own_faults_.no_resolver_since();
  made->checks.reserve(by_order_.size());
  for (const std::uint32_t id : by_order_) {
    Watched& watched = watched_[id];
    if (!watched.view) watched.view = make_view(watched);
    made->checks.push_back(watched.view);
  }
  return made;
}

}  // namespace tocsin
