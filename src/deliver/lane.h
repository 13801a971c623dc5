// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "deliver/backoff.h"
#include "deliver/row.h"
#include "deliver/shared_label.h"
#include "deliver/storm.h"
#include "tocsin/notification.h"
#include "tocsin/store.h"
#include "tocsin/time.h"

namespace tocsin {

struct FoldRules;

// What waits for one sink (one Pace::key), and what to do about it now. It only decides: it is told
// the time and what came of things, and has no clock, no thread and no loop. One thread's.
//
// Its turn goes round: `next` says fold (commit the change, then call `committed`) or send (attempt
// the row, call `end` with the outcome, commit what that gave, then call `committed`) or update or
// renew (attempt it, call `end_update` or `end_renewal`; nothing is to be committed). In between,
// `next` says nothing, so that attempts are serial and each is remembered before the one after it.
class Lane {
 public:
  struct Next {
    enum class What : std::uint8_t { nothing, wait, fold, send, update, renew };
    What what = What::nothing;
    SteadyTime at{};           // wait: ask again then
    Change change;             // fold
    const Row* row = nullptr;  // send: stays until `end`
    NotificationPtr update;    // update: the first message of its incident, to this
    NotificationPtr renewal;   // renew: this, again
  };

  // A sink may be written to again one spacing after this: when the last process wrote to it is not
  // known. `seed` is for the jitter.
  Lane(Millis spacing, SteadyTime now, std::uint64_t seed);

  void set_spacing(Millis spacing) noexcept { spacing_ = spacing; }
  // How many checks have each label; null: not known.
  void set_totals(std::shared_ptr<const LabelTotals> totals) { totals_ = std::move(totals); }
  // A row whose id or place is already here is ignored.
  void add(Row row, Moment now);
  // REQUIRES storm_threshold and numbers as fold() takes them.
  Next next(Moment now, std::size_t storm_threshold, const Numbers& numbers);
  // The attempt under way ended thus: the row as it is now. It has left the lane unless it is still
  // waiting. REQUIRES an attempt under way.
  Row end(const Outcome& outcome, Moment now);
  // The first message of this incident is to be brought up to date once nothing waits. A later call
  // for the same incident takes the place of an earlier one.
  void want_update(NotificationPtr latest);
  // The update under way ended thus. True if it is let be. REQUIRES an update under way.
  bool end_update(const Outcome& outcome, Moment now);
  // From `at` on this message is to be told again every so often, until another one of its
  // notifier and incident takes its place, or none.
  void keep(NotificationPtr latest, Millis every, SteadyTime at);
  void keep_no_more(const Notification& last);
  // What is told again for this notifier.
  std::vector<NotificationPtr> kept(const std::string& notifier) const;
  // The renewal under way ended thus. REQUIRES a renewal under way.
  void end_renewal(const Outcome& outcome, Moment now);
  // What was to be committed is; `durable` is false if only in memory.
  void committed(bool durable);

  // Removes what waits for this notifier, and gives the rows. REQUIRES !busy().
  std::vector<Row> take(const std::string& notifier);
  bool busy() const noexcept { return step_ != Step::idle; }
  // By place; the row under way is among them.
  const std::map<Place, Row>& rows() const noexcept { return rows_; }

 private:
  enum class Step : std::uint8_t { idle, attempting, committing };
  struct Update {
    NotificationPtr latest;
    unsigned failures = 0;
  };
  struct Renewal {
    NotificationPtr latest;
    Millis every{0};
    SteadyTime at{};
  };
  using UpdateKey = std::pair<std::string, std::int64_t>;  // notifier, incident

  SteadyTime ready_at() const noexcept;
  Next next_update(Moment now);
  Next next_renewal(Moment now);
  bool fold_into(Next& out, Moment now, std::size_t storm_threshold, const Numbers& numbers);
  FoldRules fold_rules(Moment now, std::size_t storm_threshold);
  void note_named(const Row& row);
  bool may_fold(SteadyTime now);
  const Row* waiting_digest() const;
  std::size_t untold(bool only_new) const;
  bool holds(SteadyTime now, std::size_t storm_threshold);
  Row* pick(SteadyTime now, std::size_t storm_threshold);
  Row* pick_in_storm(SteadyTime now, bool hold);
  void put_off(Row& row, const Outcome& outcome, Moment now);
  void let_stubborn_rows_in();
  void note_gone(const Row& row);

  Millis spacing_;
  Backoff backoff_;
  std::map<Place, Row> rows_;
  std::map<UpdateKey, Update> updates_;
  NotificationPtr updating_;
  std::map<UpdateKey, Renewal> renewals_;
  NotificationPtr renewing_;
  Step step_ = Step::idle;
  bool look_for_folds_ = false;  // something changed that may allow one
  bool digest_later_ = false;    // something may be left for the next digest
  bool any_named_ = false;       // a row may wait for nothing but its own line
  Storm storm_;
  std::shared_ptr<const LabelTotals> totals_;
  Place under_way_;          // the place of the row being attempted
  std::vector<Place> made_;  // the places of rows whose commit is under way
  SteadyTime spaced_until_;
  SteadyTime paused_until_{};
};

}  // namespace tocsin
