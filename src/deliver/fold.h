// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "deliver/row.h"
#include "deliver/shared_label.h"
#include "tocsin/store.h"

namespace tocsin {

// The thread in which digests are told.
inline constexpr std::string_view kStormThread = "tocsin/storms";

// When digests are made, and how.
struct FoldRules {
  std::size_t storm_threshold = 20;
  bool digests = true;    // may be made now
  std::size_t least = 0;  // things that suffice, if not 0, instead of more than the threshold
  std::size_t pages = 10;
  std::optional<WallTime> lines_from;   // when the lines of those that are named may follow
  const LabelTotals* totals = nullptr;  // of all checks; null: not known
};

// Fewer messages in the place of many. The change is to be committed before any of `added` is told:
// then a crash in between finds either the many or the few, never both.
struct Folding {
  Change change;
  std::vector<Row> added;
  std::vector<Place> removed;  // places in the lane
  // Rows that a digest names now: their deliveries as they are in the change.
  std::vector<std::pair<Place, DeliveryRecord>> named;
};

// What can be told in fewer messages, if anything: incidents that are over, reminders out of date,
// and, when more than `storm_threshold` things wait that were told in no form, digests. What a
// digest names goes on waiting. The rows are a lane's, in the order of their places. Pure but for
// `numbers`.
std::optional<Folding> fold(const std::vector<const Row*>& rows, const FoldRules& rules,
                            const Numbers& numbers);

// For rows found at a start, in the order of ids. A digest and an incident that is over were made
// late, in the place of rows that are gone; their own ids would put them behind what came after
// those. Their age tells where they belong: before the first row that is younger. Digests keep
// their order, as in fold().
void put_in_place(std::vector<Row>& rows);

}  // namespace tocsin
