// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "evaluate/evaluate.h"

namespace tocsin {

inline constexpr WallTime kStart{std::chrono::hours{24 * 365 * 50}};

// When the result of that number came: one a second.
inline WallTime at(std::size_t result) {
  return kStart + std::chrono::seconds{result};
}

// What is held after a result.
struct OracleStep {
  State state = State::pending;
  std::optional<Transition> transition;
  bool suspected = false;
};

// What evaluate is compared with: written from the rules in evaluate.h, not from the code. It keeps
// every result and reads the rules literally over the whole history each time.
class Oracle {
 public:
  explicit Oracle(Policy policy) : policy_(policy) {}

  OracleStep next(Verdict verdict) {
    all_.push_back(verdict);
    const State before = state_;
    std::optional<Transition> transition;
    if (verdict == Verdict::unknown) {
      transition = look_at_unknowns();
    } else {
      known_.push_back(all_.size() - 1);
      transition = look_at_ranks();
    }
    if (transition) {
      transition->from = before;
      transition->failed = failed_at_the_end(*transition);
      state_ = transition->to;
      if (state_ == State::unknown) known_.clear();  // rows are counted anew
    }
    return {state_, transition, soft()};
  }

 private:
  static int rank(Verdict verdict) {
    return verdict == Verdict::up ? 0 : verdict == Verdict::degraded ? 1 : 2;
  }
  static State state_of_rank(int rank) {
    return rank == 0 ? State::up : rank == 1 ? State::degraded : State::down;
  }

  // The latest known results of which all fit, as indices into all_.
  template <typename Fits>
  std::vector<std::size_t> row(Fits fits) const {
    std::vector<std::size_t> out;
    for (auto it = known_.rbegin(); it != known_.rend() && fits(rank(all_[*it])); ++it) {
      out.insert(out.begin(), *it);
    }
    return out;
  }
  static Transition made(State to, const std::vector<std::size_t>& row) {
    return {.to = to, .since = at(row.front()), .row = static_cast<std::uint16_t>(row.size())};
  }

  // The bad results at the end of the row, without a good one among them.
  std::uint16_t failed_at_the_end(const Transition& transition) const {
    if (transition.to == State::unknown) return transition.row;
    const auto bad = row([](int r) { return r > 0; }).size();
    return static_cast<std::uint16_t>(std::min<std::size_t>(bad, transition.row));
  }

  std::optional<Transition> look_at_unknowns() const {
    std::size_t first = all_.size();
    while (first > 0 && all_[first - 1] == Verdict::unknown) --first;
    const std::size_t length = all_.size() - first;
    if (state_ == State::unknown || length < policy_.down_after) return std::nullopt;
    return Transition{
        .to = State::unknown, .since = at(first), .row = static_cast<std::uint16_t>(length)};
  }

  std::optional<Transition> worsened(int above) const {
    for (int level = 2; level > above; --level) {
      const auto bad = row([level](int r) { return r >= level; });
      if (bad.size() >= policy_.down_after) return made(state_of_rank(level), bad);
    }
    return std::nullopt;
  }
  std::optional<Transition> eased(int below) const {
    for (int level = 0; level < below; ++level) {
      const auto good = row([level](int r) { return r <= level; });
      if (good.size() >= policy_.up_after) return made(state_of_rank(level), good);
    }
    return std::nullopt;
  }

  std::optional<Transition> look_at_ranks() const {
    switch (state_) {
      case State::pending:
        if (all_.back() == Verdict::up) return made(State::up, {known_.back()});
        return worsened(0);
      case State::up: return worsened(0);
      case State::degraded: return worsened(1) ? worsened(1) : eased(1);
      case State::down: return eased(2);
      case State::unknown: return seen_again();
    }
    return std::nullopt;
  }

  std::optional<Transition> seen_again() const {
    const auto good = row([](int r) { return r == 0; });
    if (good.size() >= policy_.up_after) return made(State::up, good);
    if (const auto bad = worsened(0)) return bad;
    const bool any_bad = std::any_of(known_.begin(), known_.end(),
                                     [this](std::size_t i) { return rank(all_[i]) > 0; });
    if (any_bad && known_.size() >= std::max(policy_.up_after, policy_.down_after)) {
      return made(State::degraded, known_);
    }
    return std::nullopt;
  }

  bool soft() const { return state_of(all_.back()) != state_; }

  Policy policy_;
  State state_ = State::pending;
  std::vector<Verdict> all_;
  std::vector<std::size_t> known_;  // those that count, as indices into all_
};

}  // namespace tocsin
