// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "deliver/shared_label.h"

namespace tocsin {

// One check in a digest.
struct DigestEntry {
  int rank = 0;      // the worst first: 0
  std::string word;  // "DOWN", "DOWN and UP"; entries of one rank and word stand together
  std::string check;
  std::string reason;      // of the target's making: made printable and cut here
  std::size_t events = 1;  // what is told of it here; shown when there is more than fits one word
  const Labels* labels = nullptr;  // the check's; null: none
};

// One message of a digest, and the entries (by index) that it names.
struct DigestPage {
  std::string text;
  std::vector<std::size_t> entries;
};

struct DigestLimits {
  std::size_t bytes = 3500;  // of a page; the smallest limit of a sink, less its frame
  std::size_t pages = 10;
};

// Writes the entries as text: a first line that does on a lock screen ("DOWN 212 of 240 checks on
// dc=dc-2, connect timeout: web-01, web-02, web-03 and 209 more"), then every check by name,
// grouped by word, common reason and the label that they share. As many pages as it takes so that
// each check is named; where the limits do not allow that, reasons give way first, then the rest is
// counted ("and N more") on the last page and is on no page's list. Pure.
std::vector<DigestPage> write_digest(const std::vector<DigestEntry>& entries,
                                     DigestLimits limits = {}, const LabelTotals& totals = {});

// The reason without the address at its end, so that a hundred refused connections are one group.
std::string_view common_reason(std::string_view reason) noexcept;

}  // namespace tocsin
