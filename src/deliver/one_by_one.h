// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <memory>
#include <string>

#include "notify/notifier.h"
#include "tocsin/notification.h"
#include "tocsin/time.h"

namespace tocsin {

// Tells one notifier one message after the other, now, on a loop of its own: for `tocsin
// test-notify`. Carries the thread and the first message's name from one to the next, and keeps the
// pace, as the sender does; nothing is stored. A sink that asks to wait a moment is given it;
// whatever else fails is not tried again.
//
// Calls block until the attempt is done, which the notifier's own timeout bounds. One thread's.
class OneByOne {
 public:
  static constexpr Millis kLongestWait{30'000};  // that a sink is given when it asks
  static constexpr int kMostTries = 3;           // of one message, if it asks each time

  // Nothing is sent before `not_before`: another notifier may have used up the sink's budget.
  // Throws std::runtime_error if libcurl cannot be set up.
  OneByOne(std::shared_ptr<const Notifier> notifier, const Clock& clock, SteadyTime not_before);
  ~OneByOne();
  OneByOne(const OneByOne&) = delete;
  OneByOne& operator=(const OneByOne&) = delete;

  // `said` gets the words, if the notifier made some; may be null.
  Outcome send(const NotificationPtr& notification, Words* said);
  // Whether the first message that was sent can be brought up to date.
  bool can_update() const noexcept;
  // REQUIRES can_update().
  Outcome update(const NotificationPtr& latest);

  // How long the latest attempt lasted, without the waiting before it.
  Millis took() const noexcept;
  // When the sink may be written to again.
  SteadyTime ready_at() const noexcept;
  // How the sink names the thread; empty if it does not.
  const std::string& thread_ref() const noexcept;

 private:
  struct Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace tocsin
