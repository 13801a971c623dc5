// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tocsin/config.h"
#include "tocsin/notification.h"
#include "tocsin/snapshot.h"
#include "tocsin/store.h"
#include "tocsin/time.h"

namespace tocsin {

// Takes committed notifications and sees to it that each is told, once, in order, at a humane pace,
// or becomes a dead letter that people can see. It has a thread and a loop of its own, so that a
// page never waits behind a probe. The rules are DESIGN section 6; how they are kept is told atop
// sender.cpp.
//
// All calls are thread-safe and return at once, but for the constructor and the destructor.
class Sender {
 public:
  struct Host {
    Store& store;
    const Clock& clock;
    // The next free notification id: the sender makes rows of its own when it folds. Thread-safe.
    std::function<std::int64_t()> next_id;
    // A delivery came to its end (sent, dead) or was put off; runs on the delivery thread. May be
    // empty.
    std::function<void(const Notification&, const DeliveryRecord&)> on_outcome;
  };

  // An attempt under way is waited for so long when it is stopped.
  static constexpr Millis kStopGrace{3000};

  // Starts the thread. Throws std::runtime_error or std::system_error if it cannot be set up.
  Sender(Host host, std::shared_ptr<const Config> config);
  // Stops: an attempt under way is given `kStopGrace` to end; what waits stays in the store.
  ~Sender();
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  // What was found waiting at the start, and may have been sent before: never folded or merged. And
  // how the sinks named the threads. Call once, before the first `submit`.
  void resume(const Saved& saved);
  // New ones, after their commit, in the order of their ids.
  void submit(std::vector<NotificationPtr> notifications);
  // A new configuration: lanes of notifiers that are gone become dead letters with that reason; the
  // others go on with the new settings.
  void reconfigure(std::shared_ptr<const Config> config);

  // Every waiting row as it stands, for a store that has to be written anew; then `then` runs on
  // the delivery thread.
  void dump(std::function<void(Change)> then);

  // How each notifier stands; at most a second old.
  std::vector<NotifierView> views() const;
  // Runs `then` on the delivery thread, once all that was called before has been looked at: proof
  // that it makes progress.
  void ping(std::function<void()> then);

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace tocsin
