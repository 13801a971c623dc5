// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "deliver/row.h"
#include "tocsin/store.h"

namespace tocsin {

// The thread in which digests are told.
inline constexpr std::string_view kStormThread = "tocsin/storms";

// Fewer messages in the place of many. The change is to be committed before any of `added` is told:
// then a crash in between finds either the many or the few, never both.
struct Folding {
  Change change;
  std::vector<Row> added;
  std::vector<Place> removed;  // places in the lane
};

// What can be told in fewer messages, if anything: incidents that are over, reminders out of date,
// and, when more than `storm_threshold` things wait, digests. The rows are a lane's, in the order
// of their places. Pure but for `numbers`.
std::optional<Folding> fold(const std::vector<const Row*>& rows, std::size_t storm_threshold,
                            const Numbers& numbers);

// For rows found at a start, in the order of ids. A digest and an incident that is over were made
// late, in the place of rows that are gone; their own ids would put them behind what came after
// those. Their age tells where they belong: before the first row that is younger. Digests keep
// their order, as in fold().
void put_in_place(std::vector<Row>& rows);

}  // namespace tocsin
