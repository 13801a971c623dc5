// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "incident/incident.h"
#include "tocsin/config.h"
#include "tocsin/message.h"
#include "tocsin/store.h"
#include "tocsin/time.h"

namespace tocsin {

// Messages of one's own, as the core holds them: which were posted with an id within a day, and up
// to when the occasions of each scheduled one are dealt with. What it changes it appends to a
// Change, together with the notifications: what is told and that it is told are one transaction.
// The core's thread only; no clock.
class OwnMessages {
 public:
  static constexpr std::size_t kMostIds = 10'000;
  static constexpr Millis kIdKept = std::chrono::hours{24};
  // Occasions that are dealt with up to more than this in the future: the clock was wrong then, or
  // is now. Only a clock that stays so for `kAheadPatience` is believed, and occasions begin anew.
  static constexpr Millis kAhead = std::chrono::hours{24};
  static constexpr Millis kAheadPatience = std::chrono::minutes{10};

  explicit OwnMessages(std::vector<ToldOnce> saved);

  // A configuration. A message that is new, or has another calendar, begins now: what was before is
  // no occasion of it. One that is gone or disabled is forgotten.
  void take_config(const Config& config, WallTime now, Change& change);
  // Tells what is due; to be called every second.
  void turn(SteadyTime steady, const Desk& desk, Change& change);
  // The answer lacks only whether it became durable: `durable` stands for what is going to be told.
  PostAnswer post(const PostedMessage& posted, const Config& config, const Desk& desk,
                  Change& change);
  // All that is remembered.
  void add_all(Change& change) const;

 private:
  struct Planned {
    ToldOnce record;
    ScheduledMessagePtr message;         // null before the first configuration
    std::optional<WallTime> next;        // occasion
    std::optional<SteadyTime> ahead_at;  // since when the clock is so far behind the record
  };

  bool is_ahead(Planned& planned, SteadyTime steady, WallTime now, Change& change);
  static void tell_due(Planned& planned, const Desk& desk, Change& change);
  void forget_ids(WallTime now, Change& change);
  std::optional<PostAnswer> answer_known(const PostedMessage& posted, const std::string& content,
                                         WallTime now);

  std::unordered_map<std::string, ToldOnce> posted_;  // by id
  std::map<std::string, Planned> planned_;            // by name
  std::optional<SteadyTime> looked_for_old_ids_at_;
};

}  // namespace tocsin
