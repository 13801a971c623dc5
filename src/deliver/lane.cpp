// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// The rows stand in the order of their places, and the first one is told first; that alone keeps
// the order of every thread. News (Kind::info: a job's, or somebody's own messages) gives way to
// what else waits in other threads, so that no page stands behind hundreds of them. A row that is
// put off pauses the lane, since it is the sink that asked for it, and is tried again when the
// pause is over.
//
// What a digest has told waits for its own line behind all that was told in no form, and while many
// change at once the rest waits for the next digest: lane_pick.cpp.
//
// One exception keeps a single bad row from holding up all others for ever (a sink that answers
// 500 to this text and takes any other): after kStubbornAfter failures it is left out, with the
// rest of its thread, for a minute at a time, and the next thread is tried. If that works, and the
// sink had been failing for all, everything is due again in the old order.
//
// Updates give way: one is made only when no row waits. The latest of an incident stands for those
// before it. Renewals give way to both.
//
// The spacing runs from the end of an attempt. The sink counts arrivals, and the arrival lies
// somewhere between start and end (a first attempt makes a TLS handshake before, a second does
// not); so this keeps both starts and arrivals apart.
#include "deliver/lane.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr unsigned kStubbornAfter = 8;  // some three minutes
constexpr Millis kStubbornPause{60'000};
// What was told before needs no hurry, also where nothing limits it.
constexpr Millis kBetweenLines{1000};
constexpr std::size_t kLongestError = 500;
constexpr unsigned kMostUpdateFailures = 4;

// News of a job and what is repeated are no change of a check.
bool changes_state(const Message& message) noexcept {
  return !message.check.empty() && message.kind != Kind::info && message.kind != Kind::reminder &&
         message.kind != Kind::acknowledged;
}

bool same_thread(const Row& a, const Row& b) noexcept {
  return a.notification->notifier == b.notification->notifier &&
         a.notification->thread_key == b.notification->thread_key;
}

}  // namespace

Lane::Lane(Millis spacing, SteadyTime now, std::uint64_t seed)
    : spacing_(spacing), backoff_(seed), spaced_until_(now + spacing) {}

void Lane::add(Row row, Moment now) {
  if (row.resumed && row.delivery.next_at) {
    // Wall time was stored; a clock that was set meanwhile must not put it off for days.
    const bool named_only = row.named() && row.delivery.attempts == 0;
    const Millis left = std::clamp(*row.delivery.next_at - now.wall, Millis{0},
                                   named_only ? Storm::kYoung : Backoff::kMostAsked);
    if (named_only) {
      storm_.found_named(row.delivery.folded_into, now.steady + left, now.steady);
    } else {
      paused_until_ = std::max(paused_until_, now.steady + left);
    }
  }
  const Place place = row.place;
  const auto [at, is_new] = rows_.try_emplace(place, std::move(row));
  if (!is_new) return;
  look_for_folds_ = true;
  const Row& added = at->second;
  const Message& message = *added.notification->message;
  any_named_ = any_named_ || added.named();
  if (added.resumed) {
    if (message.kind == Kind::digest) storm_.found_waiting(added.notification->id);
    return;
  }
  if (spacing_ > Millis{0} && added.foldable && !added.named() && changes_state(message)) {
    storm_.changed(message.check, now.steady);
  }
}

SteadyTime Lane::ready_at() const noexcept {
  return std::max(spaced_until_, paused_until_);
}

Lane::Next Lane::next(Moment now, std::size_t storm_threshold, const Numbers& numbers) {
  Next out;
  if (busy()) return out;
  if (rows_.empty()) return next_update(now);
  if (now.steady < ready_at()) {
    out.what = Next::What::wait;
    out.at = ready_at();
    return out;
  }
  if (may_fold(now.steady) && fold_into(out, now, storm_threshold, numbers)) return out;
  Row* row = pick(now.steady, storm_threshold);
  if (row == nullptr) {
    out.what = Next::What::wait;
    out.at = storm_.next_event(now.steady);
    if (next_line_ > now.steady) out.at = std::min(out.at, next_line_);
    return out;
  }
  under_way_ = row->place;
  step_ = Step::attempting;
  out.what = Next::What::send;
  out.row = row;
  return out;
}

void Lane::want_update(NotificationPtr latest) {
  UpdateKey key(latest->notifier, latest->message->incident);
  updates_[std::move(key)] = {std::move(latest), 0};
}

Lane::Next Lane::next_update(Moment now) {
  if (updates_.empty()) return next_renewal(now);
  Next out;
  if (now.steady < ready_at()) {
    out.what = Next::What::wait;
    out.at = ready_at();
    return out;
  }
  updating_ = updates_.begin()->second.latest;
  step_ = Step::attempting;
  out.what = Next::What::update;
  out.update = updating_;
  return out;
}

bool Lane::end_update(const Outcome& outcome, Moment now) {
  step_ = Step::idle;
  spaced_until_ = now.steady + spacing_;
  const NotificationPtr done = std::exchange(updating_, nullptr);
  const auto at = updates_.find({done->notifier, done->message->incident});
  const bool overtaken = at->second.latest != done;
  if (outcome.what == Outcome::What::later) {
    paused_until_ = now.steady + backoff_.next(outcome.retry_after);
    if (++at->second.failures < kMostUpdateFailures) return false;
  } else {
    backoff_.reset();
    if (overtaken) return false;
  }
  updates_.erase(at);
  return outcome.what != Outcome::What::sent;
}

void Lane::keep(NotificationPtr latest, Millis every, SteadyTime at) {
  UpdateKey key(latest->notifier, latest->message->incident);
  renewals_[std::move(key)] = {std::move(latest), every, at};
}

void Lane::keep_no_more(const Notification& last) {
  renewals_.erase({last.notifier, last.message->incident});
}

std::vector<NotificationPtr> Lane::kept(const std::string& notifier) const {
  std::vector<NotificationPtr> out;
  for (const auto& [key, renewal] : renewals_) {
    if (key.first == notifier) out.push_back(renewal.latest);
  }
  return out;
}

Lane::Next Lane::next_renewal(Moment now) {
  Next out;
  const auto first =
      std::min_element(renewals_.begin(), renewals_.end(),
                       [](const auto& a, const auto& b) { return a.second.at < b.second.at; });
  if (first == renewals_.end()) return out;
  const SteadyTime at = std::max(first->second.at, ready_at());
  if (now.steady < at) {
    out.what = Next::What::wait;
    out.at = at;
    return out;
  }
  renewing_ = first->second.latest;
  step_ = Step::attempting;
  out.what = Next::What::renew;
  out.renewal = renewing_;
  return out;
}

// A renewal that failed puts nothing else off: the next message tries for itself.
void Lane::end_renewal(const Outcome& outcome, Moment now) {
  step_ = Step::idle;
  spaced_until_ = now.steady + spacing_;
  const NotificationPtr done = std::exchange(renewing_, nullptr);
  const auto at = renewals_.find({done->notifier, done->message->incident});
  if (at == renewals_.end()) return;
  const Millis asked =
      outcome.what == Outcome::What::later ? outcome.retry_after.value_or(Millis{0}) : Millis{0};
  at->second.at = now.steady + std::max(at->second.every, asked);
}

Row Lane::end(const Outcome& outcome, Moment now) {
  step_ = Step::committing;
  spaced_until_ = now.steady + spacing_;
  const auto at = rows_.find(under_way_);
  Row& row = at->second;
  DeliveryRecord& record = row.delivery;
  ++record.attempts;
  record.at = now.wall;
  record.next_at.reset();
  if (row.named()) next_line_ = now.steady + kBetweenLines;
  if (row.foldable && (outcome.what == Outcome::What::sent || outcome.in_doubt)) {
    storm_.sent(row.notification->message->kind == Kind::digest, now.steady);
  }
  if (outcome.what != Outcome::What::sent) {
    record.last_error = printable(outcome.reason, kLongestError);
  }
  if (outcome.what == Outcome::What::later) {
    put_off(row, outcome, now);
    return row;
  }
  if (outcome.what == Outcome::What::sent) {
    record.status = DeliveryStatus::sent;
    record.thread_ref = outcome.thread_ref;
    record.message_ref = outcome.message_ref;
    if (backoff_.failures() >= kStubbornAfter) let_stubborn_rows_in();
    backoff_.reset();
  } else {
    record.status = DeliveryStatus::dead;
  }
  Row out = std::move(row);
  rows_.erase(at);
  note_gone(out);
  return out;
}

void Lane::put_off(Row& row, const Outcome& outcome, Moment now) {
  const Millis pause = backoff_.next(outcome.retry_after);
  paused_until_ = now.steady + pause;
  row.delivery.in_doubt = row.delivery.in_doubt || outcome.in_doubt;
  row.delivery.next_at = now.wall + pause;
  if (++row.failures >= kStubbornAfter) {
    row.not_before = paused_until_ + kStubbornPause;
  }
}

void Lane::let_stubborn_rows_in() {
  for (auto& [place, row] : rows_) row.not_before = SteadyTime{};
}

// Rows behind one that had to be told by itself may now be folded.
void Lane::note_gone(const Row& row) {
  look_for_folds_ = look_for_folds_ ||
                    std::any_of(rows_.begin(), rows_.end(),
                                [&](const auto& entry) { return same_thread(entry.second, row); });
}

void Lane::committed(bool durable) {
  step_ = Step::idle;
  for (const Place& place : std::exchange(made_, {})) {
    const auto found = rows_.find(place);
    if (!durable && found != rows_.end()) {
      found->second.notification = not_durable(*found->second.notification);
    }
  }
}

std::vector<Row> Lane::take(const std::string& notifier) {
  std::vector<Row> out;
  const auto is_its = [&](const auto& entry) { return entry.first.first == notifier; };
  std::erase_if(updates_, is_its);
  std::erase_if(renewals_, is_its);
  for (auto at = rows_.begin(); at != rows_.end();) {
    if (at->second.notification->notifier != notifier) {
      ++at;
      continue;
    }
    out.push_back(std::move(at->second));
    at = rows_.erase(at);
  }
  return out;
}

}  // namespace tocsin
