// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// How the rules are kept without a history. Every rule asks "how long is the row of latest results
// of at least, or at most, this rank?", and a row's length needs no more than a counter that grows
// while results fit and falls to zero at the first that does not. There are four such rows (bad,
// down, good, not_down); each result lengthens two of them and ends the other two. They run across
// changes of state: that is what makes `degraded, down, down, down` with a threshold of three first
// degraded (three bad) and one result later down (three down), instead of beginning to count again.
//
// A row remembers when it began, since an incident begins with its first bad result and not with
// the one that decided. Bad and good exclude each other, and so do down and not_down: one time for
// each pair is enough.
//
// Unknown results stay outside of all this: they have a row of their own, which any other result
// ends, and which ends no other. When the state becomes unknown, what was found before is too old
// to lean on, so the four rows begin anew; `known` counts how long we look again, for the mixed row
// that would otherwise never be decided.
#include "evaluate/evaluate.h"

#include <algorithm>
#include <limits>

namespace tocsin {
namespace {

void saturate(std::uint16_t& row) noexcept {
  if (row < std::numeric_limits<std::uint16_t>::max()) ++row;
}

void lengthen(std::uint16_t& row, WallTime& since, WallTime now) noexcept {
  if (row == 0) since = now;
  saturate(row);
}

void count_unknown(Standing& standing, WallTime now) noexcept {
  if (standing.state == State::unknown) {
    saturate(standing.unknown);  // look_since belongs to the row of the others
  } else {
    lengthen(standing.unknown, standing.look_since, now);
  }
}

void count_known(Standing& standing, Verdict verdict, WallTime now) noexcept {
  standing.unknown = 0;
  if (standing.state == State::unknown) lengthen(standing.known, standing.look_since, now);
  const bool good = verdict == Verdict::up;
  lengthen(good ? standing.good : standing.bad, standing.side_since, now);
  (good ? standing.bad : standing.good) = 0;
  const bool down = verdict == Verdict::down;
  lengthen(down ? standing.down : standing.not_down, standing.edge_since, now);
  (down ? standing.not_down : standing.down) = 0;
}

// Where the row in question leads, if it is long enough.
struct Row {
  State to;
  std::uint16_t length;
  std::uint16_t needed;
  WallTime since;
};

// The row that decides now, after a result that was not unknown: the farthest that is long enough.
std::optional<Row> deciding_row(const Standing& s, std::uint16_t down_after,
                                std::uint16_t up_after) noexcept {
  const bool held_good = s.state == State::pending || s.state == State::up;
  const bool counts_anew = s.state == State::unknown;
  const std::uint16_t good_needed = s.state == State::pending ? std::uint16_t{1} : up_after;
  const Row up{State::up, s.good, good_needed, s.side_since};
  const Row down{State::down, s.down, down_after, s.edge_since};
  const Row worse{State::degraded, s.bad, down_after, s.side_since};
  const Row better{State::degraded, s.not_down, up_after, s.edge_since};
  const Row mixed{State::degraded, s.known, std::max(down_after, up_after), s.look_since};

  const auto decides = [&](const Row& row) {
    return row.to != s.state && row.length >= row.needed;
  };
  if (decides(up)) return up;
  if (decides(down)) return down;
  if ((held_good || counts_anew) && decides(worse)) return worse;
  if (s.state == State::down && decides(better)) return better;
  if (counts_anew && decides(mixed)) return mixed;
  return std::nullopt;
}

Evaluation enter(Standing standing, const Row& row) noexcept {
  const std::uint16_t bad = row.to == State::unknown ? row.length : standing.bad;
  const Transition transition{.from = standing.state,
                              .to = row.to,
                              .since = row.since,
                              .row = row.length,
                              .failed = std::min(bad, row.length)};
  standing.state = row.to;
  standing.known = 0;
  if (row.to == State::unknown) {
    standing.bad = standing.down = standing.good = standing.not_down = 0;
  }
  return {standing, transition};
}

// The verdict of the last result; nothing before the first.
std::optional<Verdict> last_verdict(const Standing& standing) noexcept {
  if (standing.unknown > 0) return Verdict::unknown;
  if (standing.good > 0) return Verdict::up;
  if (standing.down > 0) return Verdict::down;
  if (standing.bad > 0) return Verdict::degraded;
  return std::nullopt;
}

}  // namespace

Evaluation evaluate(const Standing& before, Verdict verdict, const Policy& policy,
                    WallTime now) noexcept {
  const std::uint16_t down_after = std::max<std::uint16_t>(policy.down_after, 1);
  const std::uint16_t up_after = std::max<std::uint16_t>(policy.up_after, 1);
  Standing standing = before;
  if (verdict == Verdict::unknown) {
    count_unknown(standing, now);
    if (standing.state == State::unknown || standing.unknown < down_after) return {standing, {}};
    return enter(standing, {State::unknown, standing.unknown, down_after, standing.look_since});
  }
  count_known(standing, verdict, now);
  if (const auto row = deciding_row(standing, down_after, up_after)) return enter(standing, *row);
  return {standing, {}};
}

bool suspected(const Standing& standing) noexcept {
  const auto last = last_verdict(standing);
  return last && state_of(*last) != standing.state;
}

}  // namespace tocsin
