// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>

#include "deliver/loop.h"
#include "notify/notifier.h"
#include "tocsin/notification.h"
#include "tocsin/time.h"

namespace tocsin {

// A delivery that was begun later than this after its notification was made says so.
inline constexpr Millis kLateAfter{60'000};

// What one attempt may use; all of it outlives the attempt.
struct AttemptTools {
  Loop& loop;
  HttpClient& http;
  Resolver& resolver;
  Workers& workers;
  const Clock& clock;
};

// What an attempt does: tells a new message, brings an incident's first one up to date, or tells
// the latest one again to a sink that forgets.
enum class Task : std::uint8_t { send, update, renew };

// How the sink names what was there before: Delivery's fields.
struct Refs {
  std::string thread;
  std::string root;
};

// One attempt under way. Lives until its coroutine has ended, whoever else lets go of it.
struct Attempt {
  Attempt(NotificationPtr what, std::shared_ptr<const Notifier> where, const AttemptTools& tools,
          Refs refs, Task its_task = Task::send);

  NotificationPtr notification;
  std::shared_ptr<const Notifier> notifier;
  Task task;
  SteadyTime began;
  bool abandoned = false;  // nobody waits for its outcome any more
  Delivery delivery;       // refers to `notification`
};

// Starts it. `done` runs on the loop, unless the attempt is abandoned first or the loop ends. What
// the notifier throws (a bug) becomes `later`, in doubt.
void start_attempt(const std::shared_ptr<Attempt>& attempt, Loop& loop,
                   std::function<void(Outcome)> done);

}  // namespace tocsin
