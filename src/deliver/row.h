// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "tocsin/notification.h"
#include "tocsin/store.h"
#include "tocsin/time.h"

namespace tocsin {

// Both clocks, read at one moment.
struct Moment {
  SteadyTime steady{};
  WallTime wall{};
};

// Where a row stands in its lane. Its own number, {id, 0}; or, for one that was made in the place
// of others, theirs and then its own: {place, id}.
using Place = std::pair<std::int64_t, std::int64_t>;

// Whether a message of this kind is its incident's last.
constexpr bool ends_incident(Kind kind) noexcept {
  return kind == Kind::up || kind == Kind::over || kind == Kind::unwatched;
}

// A notification that waits to be told, as the sender holds it. A value type of the delivery
// thread.
struct Row {
  NotificationPtr notification;
  DeliveryRecord delivery;
  // Found at the start: an attempt may have been under way when the last process ended.
  bool resumed = false;
  bool foldable = true;  // Pace::foldable of its notifier
  Place place;
  // Attempts that were put off in this process, and when it may be tried again on its own account.
  unsigned failures = 0;
  SteadyTime not_before{};

  // Whether no sink can have taken it yet, so that it may still be told in other words.
  bool untold() const noexcept { return !resumed && !delivery.in_doubt; }
  // Whether a digest told it already, so that only the line in its own thread is to come. It waits
  // with the digest's id in `folded_into`, and `next_at` says from when on, if that is known.
  bool named() const noexcept { return delivery.folded_into != 0; }
};

Row make_row(NotificationPtr notification);
// The same, saying that it could not be stored before it was told.
NotificationPtr not_durable(const Notification& notification);

// Where the numbers of new notifications come from.
struct Numbers {
  std::function<std::int64_t()> next_id;
  std::function<std::string()> new_uid;
};

}  // namespace tocsin
