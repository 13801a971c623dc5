// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/core.h"
#include "tocsin/snapshot.h"

namespace tocsin {

// The thread that owns the core, its inbox and its timer. Everything here is thread-safe.
class CoreThread final : public Control {
 public:
  explicit CoreThread(const Clock& clock);
  ~CoreThread() override;
  CoreThread(const CoreThread&) = delete;
  CoreThread& operator=(const CoreThread&) = delete;

  // Makes the core on its thread and begins. Throws what the core's constructor throws.
  void start(CorePorts ports, std::shared_ptr<const Config> config, Saved saved);
  // Ends the thread after what is in the inbox now; the core is gone then. May be called twice.
  void stop();

  // Runs `task` on the core's thread, in the order of the calls; dropped once stopped.
  void post(std::function<void(Core&)> task);
  // The same, and waits until it has run; false if the core did not get to it within `patience`.
  bool run(std::function<void(Core&)> task, Millis patience);

  std::shared_ptr<const Snapshot> snapshot() override;
  std::string health() override;
  HeartbeatFate note_heartbeat(const std::string& check, Heartbeat heartbeat) override;
  PostAnswer post_message(PostedMessage message) override;
  AckFate acknowledge(const std::string& check, std::optional<AckWish> wish) override;
  SilenceAnswer silence(SilenceWish wish) override;
  SilenceAnswer end_silence(std::int64_t id) override;
  // What else must make progress for health() to be empty, and for the watchdog to be fed: called
  // by the sender's side whenever it is alive.
  void sender_is_alive() noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin
