// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <utility>

#include "tocsin/time.h"

namespace tocsin {

// How one sink is spoken to while much happens at once: when the next digest may be made, how many
// messages are left, and from when on the checks' own lines may follow. It is told the time. A
// value type of the delivery thread.
//
// A storm begins with its first digest and is young for a minute: then few messages leave, all
// that comes goes into digests, and no lines follow. It is over when no digest was made for a
// while.
class Storm {
 public:
  static constexpr Millis kYoung{60'000};
  static constexpr std::size_t kMostMessages = 10;  // while it is young
  static constexpr Millis kWindow{10'000};          // so many changes within this are a storm
  static constexpr Millis kFirstInterval{20'000};   // between digests; each is half as long again
  static constexpr Millis kLongestInterval{60'000};
  static constexpr Millis kQuiet{120'000};

  // A check's news came in.
  void changed(const std::string& check, SteadyTime now);
  // Whether the news within the window was about more checks than that.
  bool many_changed(std::size_t threshold, SteadyTime now);

  void digest_made(SteadyTime now);
  // The digests tell of this check.
  void name(const std::string& check) { named_.insert(check); }
  bool has_named(const std::string& check) const { return named_.contains(check); }
  // A message left, or may have.
  void sent(bool digest, SteadyTime now);
  void over() noexcept { digests_ = 0; }

  // Found at a start: a row that this digest told, whose own line may follow then; a digest that
  // still waits. So the number of those that were sent is known.
  void found_named(std::int64_t digest, SteadyTime lines_from, SteadyTime now);
  void found_waiting(std::int64_t digest) { found_waiting_.insert(digest); }

  bool begun(SteadyTime now) const noexcept { return digests_ > 0 && now < last_digest_ + kQuiet; }
  bool young(SteadyTime now) const noexcept { return digests_ > 0 && now < lines_from(); }
  bool digest_due(SteadyTime now) const noexcept { return !begun(now) || now >= next_digest_; }
  // How many messages may still leave while it is young, or would be if it began now.
  std::size_t messages_left(SteadyTime now);
  SteadyTime lines_from() const noexcept { return began_ + kYoung; }
  // When the answers above change next; later than now.
  SteadyTime next_event(SteadyTime now) const noexcept;

 private:
  void forget_old(SteadyTime now);

  std::deque<std::pair<SteadyTime, std::string>> changes_;  // of the window
  std::deque<SteadyTime> sent_;                             // in the window
  std::set<std::string> named_;
  std::set<std::int64_t> found_named_;
  std::set<std::int64_t> found_waiting_;
  SteadyTime began_{};  // its first message, or its first digest if that waits for long
  SteadyTime last_digest_{};
  SteadyTime next_digest_{};
  Millis interval_{kFirstInterval};
  std::size_t digests_ = 0;   // made; 0: no storm
  std::size_t messages_ = 0;  // sent since it began
  bool told_ = false;         // one of its digests was sent
};

}  // namespace tocsin
