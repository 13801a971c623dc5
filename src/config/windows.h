// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <map>
#include <string>

#include "config/section.h"
#include "config/shown.h"
#include "tocsin/window.h"

namespace tocsin {

// Reads stretches of time: the keys `at`, `lasts` and `time_zone` of a mapping. Equal ones are one
// object, since ten thousand checks may have the same. Not thread-safe.
class Windows {
 public:
  // Null if anything is wrong, which is reported.
  TimeWindowPtr read(Section& section);
  // One of those that were read, as print_config writes it; empty for null.
  Shown shown(const TimeWindowPtr& window) const;

 private:
  TimeWindowPtr make(Section& section, Millis lasts);

  std::map<std::string, TimeWindowPtr> known_;  // by what is written
  std::map<const TimeWindow*, Shown> shown_;
};

}  // namespace tocsin
