// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/notification.h"
#include "tocsin/selector.h"
#include "tocsin/state.h"
#include "tocsin/time.h"

namespace tocsin {

// Why something bad is not told. Only what is bad is ever held back: the end of what people were
// told of is told at once. Those that are above `over` last a while, and what is still true when
// they end is told then; those from it on say why a notification will never be.
enum class Hold : std::uint8_t {
  none,
  awaiting_parent,  // what it depends on has not been looked at since; or looks bad, too
  parent_down,      // what it depends on is down: it is unreachable
  parent_back,      // that is up again; whether the check is, too, is being found out
  awaiting_uplink,  // whether the monitor itself is cut off is being found out
  blind,            // the monitor itself is cut off
  no_resolver,      // our resolver does not answer: told once, as a message about the daemon
  maintenance,
  silenced,
  flapping,
  quiet_hours,
  over,          // it ended before it could be told
  acknowledged,  // a reminder, or a step of escalation: somebody looks after it
  nobody,        // no route and no `notify` names anybody
};

constexpr std::string_view to_string(Hold hold) noexcept {
  switch (hold) {
    case Hold::none: return "none";
    case Hold::awaiting_parent: return "awaiting_parent";
    case Hold::parent_down: return "parent_down";
    case Hold::parent_back: return "parent_back";
    case Hold::awaiting_uplink: return "awaiting_uplink";
    case Hold::blind: return "blind";
    case Hold::no_resolver: return "no_resolver";
    case Hold::maintenance: return "maintenance";
    case Hold::silenced: return "silenced";
    case Hold::flapping: return "flapping";
    case Hold::quiet_hours: return "quiet_hours";
    case Hold::over: return "over";
    case Hold::acknowledged: return "acknowledged";
    case Hold::nobody: return "nobody";
  }
  return "none";
}

inline constexpr Hold kHolds[] = {Hold::none,         Hold::awaiting_parent, Hold::parent_down,
                                  Hold::parent_back,  Hold::awaiting_uplink, Hold::blind,
                                  Hold::no_resolver,  Hold::maintenance,     Hold::silenced,
                                  Hold::flapping,     Hold::quiet_hours,     Hold::over,
                                  Hold::acknowledged, Hold::nobody};

// As to_string writes it; `none` if there is no such word.
constexpr Hold parse_hold(std::string_view word) noexcept {
  for (const Hold hold : kHolds) {
    if (to_string(hold) == word) return hold;
  }
  return Hold::none;
}

// What holds a check's news back at present. A value type, kept with the check's record.
struct Held {
  Hold why = Hold::none;
  std::string detail;         // for people: "switch-1 is down", "until …, by bob: moving house"
  WallTime since{};           // since when anything holds it back
  std::uint32_t changes = 0;  // of state, meanwhile
  bool operator==(const Held&) const = default;
};

// A notification that was not sent: what, to whom it would have gone, and why not. Kept like the
// notifications that were.
struct Withheld {
  std::int64_t id = 0;  // given by the store
  WallTime at{};
  std::string check;
  std::int64_t incident = 0;
  Kind kind = Kind::down;
  State to = State::pending;
  Hold why = Hold::none;
  std::string detail;
  std::vector<std::string> notifiers;
  bool operator==(const Withheld&) const = default;
};

// Nothing bad of these checks is told until a time: somebody's wish. `maintenance` differs in the
// word that people are shown. A value type; texts printable.
struct Silence {
  static constexpr std::size_t kMostBy = 100;    // bytes
  static constexpr std::size_t kMostWhy = 1000;  // bytes
  static constexpr std::size_t kMostOpen = 1000;

  std::int64_t id = 0;
  bool is_maintenance = false;
  Selector match;
  WallTime from{};
  WallTime until{};
  std::string by;
  std::string why;
  bool operator==(const Silence&) const = default;
};

// What somebody asks for.
struct SilenceWish {
  bool is_maintenance = false;
  Selector match;
  Millis lasts{0};
  std::string by;
  std::string why;
};

// What became of it, or of ending one.
struct SilenceAnswer {
  enum class Fate : std::uint8_t {
    durable,       // on disk
    memory,        // the disk refuses
    matches_none,  // no check is meant by it: nothing was done
    too_many,      // kMostOpen are open
    no_such,       // no silence has that number
    late,          // the daemon did not get to it in time; it may yet do it
  };
  Fate fate = Fate::late;
  Silence silence;         // as it was made, or ended
  std::size_t checks = 0;  // how many it is about at present
};

}  // namespace tocsin
