// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tocsin/check.h"
#include "tocsin/heartbeat.h"
#include "tocsin/secret.h"
#include "tocsin/time.h"

namespace tocsin {

// Knows by the secret in a request which check it is about, and keeps strangers from trying. Lives
// through reloads. Thread-safe: the web's threads ask, the main thread brings the checks; hence a
// mutex.
class HeartbeatDoor {
 public:
  HeartbeatDoor();
  ~HeartbeatDoor();
  HeartbeatDoor(const HeartbeatDoor&) = delete;
  HeartbeatDoor& operator=(const HeartbeatDoor&) = delete;

  // Takes the checks of a new configuration, disabled ones too: their jobs go on telling. `known`:
  // at a start, what is remembered of them.
  void set_checks(const std::vector<CheckPtr>& checks,
                  const std::vector<HeartbeatRecord>& known = {});

  struct Answer {
    std::optional<std::string> check;  // whose secret it is
    std::optional<Millis> wait;        // if it is nobody's: too many wrong ones have come
  };
  // `address`: who asks, as the kernel says it.
  Answer open(std::string_view secret, std::string_view address, SteadyTime now);

 private:
  // Wrong secrets that may still come; grows again with time.
  struct Allowance {
    double left = 0;
    SteadyTime at{};
  };
  struct Key {
    Secret secret;
    std::string check;
    std::string place;  // from which it was used last
  };

  Key* find(std::string_view secret);
  Allowance& allowance_of(const std::string& place, SteadyTime now);
  void warn(std::string_view address, bool shut, SteadyTime now);

  class Digest;
  const std::unique_ptr<Digest> digest_;
  std::mutex mutex_;                           // guards all
  std::unordered_map<std::string, Key> keys_;  // by their secrets' digests
  std::unordered_map<std::string, Allowance> places_;
  SteadyTime warned_at_{};
};

}  // namespace tocsin
