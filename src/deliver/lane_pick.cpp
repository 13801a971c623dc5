// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// What is told next, and when a digest is made instead. Out of a storm that is simple: the first
// row by place. In a storm (storm.h) there are four kinds of rows:
//
//   urgent    told in no form, and not for a digest: pages that are no check's, whatever was tried,
//             and digests themselves. First.
//   news      Kind::info, told in no form. Next.
//   lines     told in a digest; its own line completes its thread. Last, and not while the storm is
//             young.
//   held      told in no form, but the next digest will: while the storm is young all that comes,
//             later on only when it is much.
//
// Only the first row of a thread may leave; it is as urgent as the most urgent one behind it.
// While a digest waits no other one is made: a sink that was away is told once what became of it.
// Trouble of a new set of checks begins a new storm, with a page at once.
#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "deliver/fold.h"
#include "deliver/lane.h"

namespace tocsin {
namespace {

using Thread = std::pair<std::string_view, std::string_view>;

Thread thread_of(const Row& row) noexcept {
  return {row.notification->notifier, row.notification->thread_key};
}

bool is_news(const Row& row) noexcept {
  return row.notification->message->kind == Kind::info;
}

// Whether the next digest would tell it.
bool for_digest(const Row& row) noexcept {
  const Message& message = *row.notification->message;
  if (message.kind == Kind::digest || message.kind == Kind::daemon) return false;
  return row.foldable && !row.named() && !message.check.empty() && message.kind != Kind::test &&
         row.delivery.attempts == 0 && !row.delivery.in_doubt;
}

// The first of its kind that may leave now, and the first that is left out for a while.
struct Candidates {
  Row* ready = nullptr;
  Row* stubborn = nullptr;
};

}  // namespace

const Row* Lane::waiting_digest() const {
  for (const auto& [place, row] : rows_) {
    if (row.notification->message->kind == Kind::digest) return &row;
  }
  return nullptr;
}

// Rows for a digest; of all checks, or of those that this storm has not named.
std::size_t Lane::untold(bool only_new) const {
  std::size_t count = 0;
  for (const auto& [place, row] : rows_) {
    if (!for_digest(row)) continue;
    if (!only_new || !storm_.has_named(row.notification->message->check)) ++count;
  }
  return count;
}

// While all is held, each that comes need not be looked at by itself.
bool Lane::may_fold(SteadyTime now) {
  if (storm_.young(now) && !storm_.digest_due(now)) return false;
  return look_for_folds_ || (digest_later_ && storm_.digest_due(now));
}

FoldRules Lane::fold_rules(Moment now, std::size_t storm_threshold) {
  const SteadyTime at = now.steady;
  if (storm_.begun(at) && !storm_.young(at) && untold(true) > storm_threshold) storm_.over();
  FoldRules rules;
  rules.storm_threshold = storm_threshold;
  rules.totals = totals_.get();
  rules.digests = storm_.digest_due(at) && waiting_digest() == nullptr;
  const bool young = storm_.young(at);
  if (young || !storm_.begun(at)) {
    const std::size_t left = storm_.messages_left(at);
    if (young && left == 0) rules.digests = false;
    // One is kept for the digest after this one.
    rules.pages = std::max<std::size_t>(left, 2) - 1;
    const SteadyTime lines = young ? storm_.lines_from() : at + Storm::kYoung;
    rules.lines_from = now.wall + std::chrono::duration_cast<Millis>(lines - at);
  }
  if (young) {
    rules.least = 1;
  } else if (storm_.many_changed(storm_threshold, at)) {
    rules.least = 2;
  }
  return rules;
}

bool Lane::fold_into(Next& out, Moment now, std::size_t storm_threshold, const Numbers& numbers) {
  look_for_folds_ = false;
  const FoldRules rules = fold_rules(now, storm_threshold);
  std::vector<const Row*> rows;
  rows.reserve(rows_.size());
  for (const auto& [place, row] : rows_) rows.push_back(&row);
  std::optional<Folding> folding = fold(rows, rules, numbers);
  digest_later_ = !rules.digests;
  if (!folding) return false;

  const auto is_digest = [](const Row& row) {
    return row.notification->message->kind == Kind::digest;
  };
  if (std::any_of(folding->added.begin(), folding->added.end(), is_digest)) {
    storm_.digest_made(now.steady);
    digest_later_ = true;
  }
  for (auto& [place, delivery] : folding->named) {
    Row& row = rows_.at(place);
    row.delivery = std::move(delivery);
    note_named(row);
  }
  for (const Place& place : folding->removed) rows_.erase(place);
  for (Row& row : folding->added) {
    if (row.named()) note_named(row);
    made_.push_back(row.place);
    rows_.emplace(row.place, std::move(row));
  }
  step_ = Step::committing;
  out.what = Next::What::fold;
  out.change = std::move(folding->change);
  return true;
}

void Lane::note_named(const Row& row) {
  any_named_ = true;
  storm_.name(row.notification->message->check);
}

// Whether what a digest can tell waits for one.
bool Lane::holds(SteadyTime now, std::size_t storm_threshold) {
  if (!storm_.begun(now)) return false;
  const Row* digest = waiting_digest();
  // One that the sink does not take must not hold up the others for ever.
  if (digest != nullptr && digest->not_before > now) return false;
  const bool later = digest != nullptr || !storm_.digest_due(now);
  if (storm_.young(now)) return later || storm_.messages_left(now) == 0;
  return later && (storm_.many_changed(storm_threshold, now) || untold(false) > storm_threshold);
}

// Null if nothing may leave before storm_.next_event() or next_line_.
Row* Lane::pick(SteadyTime now, std::size_t storm_threshold) {
  if (any_named_ || storm_.begun(now)) return pick_in_storm(now, holds(now, storm_threshold));
  std::set<Thread> passed_over;
  Row* news = nullptr;
  for (auto& [place, row] : rows_) {
    if (passed_over.contains(thread_of(row))) continue;
    if (row.not_before <= now && !is_news(row)) return &row;
    if (row.not_before <= now && news == nullptr) news = &row;
    passed_over.insert(thread_of(row));
  }
  return news != nullptr ? news : &rows_.begin()->second;
}

Row* Lane::pick_in_storm(SteadyTime now, bool hold) {
  any_named_ = false;
  std::set<Thread> urgent;
  for (const auto& [place, row] : rows_) {
    any_named_ = any_named_ || row.named();
    if (!row.named() && !(hold && for_digest(row))) urgent.insert(thread_of(row));
  }
  const bool young = storm_.young(now);
  const bool lines = !young && now >= next_line_;
  const bool full = young && storm_.messages_left(now) == 0;
  std::array<Candidates, 3> kinds;  // urgent, news, lines
  std::set<Thread> seen;
  for (auto& [place, row] : rows_) {
    if (!seen.insert(thread_of(row)).second || (full && row.foldable)) continue;
    const bool line = !urgent.contains(thread_of(row));
    if (line && !(lines && row.named())) continue;
    Candidates& kind = kinds.at(line ? 2 : (is_news(row) ? 1 : 0));
    Row*& first = row.not_before <= now ? kind.ready : kind.stubborn;
    if (first == nullptr) first = &row;
  }
  for (const Candidates& kind : kinds) {
    if (kind.ready != nullptr) return kind.ready;
  }
  for (const Candidates& kind : kinds) {
    if (kind.stubborn != nullptr) return kind.stubborn;
  }
  return nullptr;
}

}  // namespace tocsin
