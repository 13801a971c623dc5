// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <vector>

#include "config/loading.h"
#include "config/section.h"
#include "config/shown.h"
#include "tocsin/check.h"
#include "tocsin/selector.h"

namespace tocsin {

// Reads which checks are meant: the key `match` of routes and maintenance windows. Not thread-safe.
class Selectors {
 public:
  explicit Selectors(Loading& loading) : loading_(loading) {}

  Selector read(Section& entry);
  // Once all checks are there: warns of what looks like a regular expression and fits nothing.
  void judge(const std::vector<CheckPtr>& checks) const;

 private:
  void take(Section& section, std::string_view key, const PlacedText& pattern);

  Loading& loading_;
  std::vector<PlacedText> doubtful_;
};

// Whether any of the checks is meant.
bool selects_any(const Selector& selector, const std::vector<CheckPtr>& checks);

// As print_config writes it.
Shown shown_of(const Selector& selector);

}  // namespace tocsin
