// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/names.h"
#include "config/section.h"
#include "config/shown.h"
#include "config/windows.h"
#include "tocsin/routing.h"

namespace tocsin {

// What many checks and routes have alike: lists of notifiers, steps of escalation, windows of time.
// Equal ones are one object. Not thread-safe.
class SharedParts {
 public:
  SharedParts(Loading& loading, Names& notifiers) : loading_(loading), notifiers_(notifiers) {}

  // Names that nobody has are reported where they stand. Never null.
  NameList list(const std::vector<PlacedText>& names);
  // The key `escalate` of a mapping. Nothing if it is absent or wrong, which is reported; an empty
  // one for [].
  std::optional<Escalation> escalation(Section& section);
  Windows& windows() noexcept { return windows_; }

 private:
  std::optional<EscalationStep> read_step(Section& step, Millis before);

  Loading& loading_;
  Names& notifiers_;
  Windows windows_;
  std::map<std::vector<std::string>, NameList> lists_;
  std::map<std::vector<std::pair<Millis, NameList>>, Escalation> escalations_;
};

// As print_config writes it; an empty list for null.
Shown shown_of(const Escalation& escalation);

}  // namespace tocsin
