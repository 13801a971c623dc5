// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tocsin/check.h"

namespace tocsin {

using Labels = std::vector<std::pair<std::string, std::string>>;
// How many checks have the label "key=value".
using LabelTotals = std::map<std::string, std::size_t>;

// Of all checks that are watched.
LabelTotals count_labels(const std::vector<CheckPtr>& checks);

// The label that tells best what some checks have in common, and what is known of it.
struct SharedLabel {
  std::string text;             // "key=value"; empty: none
  std::vector<std::size_t> of;  // which of them have it, by index, in order
  std::size_t total = 0;        // how many checks have it; never less than `of` holds
};

// The best one has nearly all of them, and few others: most twice-counted common members by the
// size of both sets. A label that all share counts in any case; another one only if it has at
// least a quarter of them, and three. Null pointers are checks without labels. Pure.
SharedLabel shared_label(const std::vector<const Labels*>& checks, const LabelTotals& totals);

}  // namespace tocsin
