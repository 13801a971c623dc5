// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/bus.h"
#include "probe/unit_facts.h"
#include "tocsin/time.h"

namespace tocsin {

// The restarts of one service that were seen, so that those within a time can be counted; systemd
// only counts them all. A value type.
class RestartLog {
 public:
  static constexpr std::size_t kMost = 1000;  // that are remembered

  // NRestarts as it is now. The first one is where counting begins; one that is less than before
  // was set back by a start from outside.
  void note(std::uint64_t restarts, SteadyTime now);
  std::size_t since(SteadyTime from) const noexcept;

  std::string last_failure;  // the last one that was seen

 private:
  std::optional<std::uint64_t> last_;
  std::deque<SteadyTime> times_;
};

// systemd's managers (of the system, of a user), as all unit checks of a loop share them: one
// connection a bus, made by the first look, made anew after it was lost. Changes of watched units
// come as signals. One loop's thread only.
class Units {
 public:
  struct Look {
    std::string trouble;  // ours: the look failed
    UnitFacts facts;
    std::optional<UnitFacts> triggered;  // what a timer starts
    std::string triggered_name;
  };
  // A unit and its state as a look saw it.
  struct Seen {
    std::string name;
    UnitStanding standing;
  };

  // `look_again` is called on the loop when the state of a watched unit differs from the one that
  // was seen; at most four times a second for one check.
  Units(asio::io_context& loop, std::function<void(std::uint32_t check)> look_again);
  ~Units();
  Units(const Units&) = delete;
  Units& operator=(const Units&) = delete;

  // Both end by the deadline and do not throw.
  asio::awaitable<Look> look(std::string bus, std::string name, SteadyTime deadline);
  // The unit there is whose name is nearest to this one; empty if none is near. Remembered for a
  // while, since it is costly.
  asio::awaitable<std::string> nearest_to(std::string bus, std::string name, SteadyTime deadline);

  // The check's units are these from now on; their changes are told.
  void watch(std::uint32_t check, const std::string& bus, std::vector<Seen> seen);
  RestartLog& restarts(std::uint32_t check) { return watchers_[check].restarts; }
  void forget(std::uint32_t check);

  std::size_t connections() const noexcept;

 private:
  class Manager;
  struct Watched {
    std::string path;
    UnitStanding standing;
  };
  struct Watcher {
    std::string bus;
    std::vector<Watched> units;
    RestartLog restarts;
    SteadyTime quiet_until{};
    bool owed = false;
  };

  std::shared_ptr<Manager> manager(const std::string& bus);
  void unwatch(std::uint32_t check, const Watcher& watcher);
  void tell(std::uint32_t check, Watcher& watcher);
  void arm(SteadyTime when);
  void tell_owed();

  asio::io_context& loop_;
  const std::function<void(std::uint32_t)> look_again_;
  std::map<std::string, std::shared_ptr<Manager>> managers_;  // by the bus's address
  std::unordered_map<std::uint32_t, Watcher> watchers_;
  asio::steady_timer timer_;
  SteadyTime armed_ = SteadyTime::max();
};

}  // namespace tocsin
