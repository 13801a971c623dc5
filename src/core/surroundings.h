// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/watched.h"
#include "incident/holding.h"
#include "tocsin/config.h"
#include "tocsin/hold.h"
#include "tocsin/store.h"
#include "tocsin/time.h"

namespace tocsin {

// What is around the checks and decides whether their bad news may be told: what they depend on,
// the monitor's own uplink, maintenance, silences. It reads the checks and never changes one; what
// it wants to be looked at is the core's to hurry. The core's thread only; no clock.
class Surroundings {
 public:
  using Ids = std::vector<std::uint32_t>;
  using FindId = std::function<std::optional<std::uint32_t>(std::string_view name)>;

  // What is known after a look around: whether bad news may be told, and who has to be probed
  // before that is known.
  struct Look {
    HoldReason hold;
    Ids probe;
  };

  Surroundings(const std::deque<Watched>& watched, WallTime started, const Saved& saved);

  // The checks of a configuration are in their places, with their parents.
  void take_config(std::shared_ptr<const Config> config, const FindId& find);
  // Which windows are open, and which silences have ended; once a second.
  void turn(WallTime now, Change& change);

  // What holds the check's news back, if it is, or becomes, of that state at `since`.
  // `no_resolver`: it cannot be looked at for want of a resolver.
  Look look(const Watched& check, State state, WallTime since, bool no_resolver,
            WallTime now) const;

  // A reference of the uplink was looked at: what people are to be told, if the monitor can see
  // again. `probe` gets the references to be looked at as well.
  bool is_reference(std::uint32_t id) const noexcept;
  std::optional<std::string> note_reference(WallTime now, Ids& probe);
  std::optional<WallTime> blind_since() const noexcept { return blind_since_; }

  SilenceAnswer silence(const SilenceWish& wish, const Ids& checks, WallTime now, Change& change);
  SilenceAnswer end_silence(std::int64_t id, Change& change);
  const std::vector<Silence>& silences() const noexcept { return silences_; }

 private:
  struct Open {
    const Maintenance* what;
    WallTime until;
  };
  struct Leaning {
    Footing footing = Footing::firm;
    std::string name;
  };

  Leaning parents_of(const Watched& check, const Watched& child, WallTime since, WallTime now,
                     Ids& probe) const;
  Leaning parent(std::uint32_t id, const Watched& child, WallTime since, WallTime now,
                 Ids& probe) const;
  Footing uplink(const Watched& check, WallTime since, WallTime now, Ids& probe) const;
  bool may_be_back(const Watched& check, WallTime back_at, WallTime now, Ids& probe) const;
  std::string maintenance_of(const Check& check) const;
  const Silence* silence_of(const Check& check) const;

  const std::deque<Watched>& watched_;
  WallTime started_;
  std::shared_ptr<const Config> config_;
  Ids references_;
  std::optional<WallTime> blind_since_;
  std::optional<WallTime> sight_back_at_;
  std::vector<Open> open_;
  std::vector<Silence> silences_;
  std::int64_t last_silence_ = 0;
};

// For a parent's message: "43 checks depend on it and are not told of while it is down: a, b, c and
// 40 more". Empty if there are none.
std::string dependants_note(const std::deque<Watched>& watched, std::uint32_t id);

}  // namespace tocsin
