// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tocsin/notification.h"
#include "tocsin/settings.h"

namespace tocsin {

// How loud each kind of message is at a sink that has levels of its own. A value type.
struct Urgency {
  int down = 0;
  int degraded = 0;
  int unknown = 0;
  int up = 0;  // and no longer watched
  int reminder = 0;
  int acknowledged = 0;
  int info = 0;  // and tests
  int daemon = 0;

  // A digest is as loud as the worst that it holds.
  int of(const Message& message) const noexcept;
  int loudest() const noexcept;
};

// Asks for the section `priority` with a key for each of these; what is not there is as in
// `fallback`. Levels are numbers within the range…
Urgency parse_urgency(Settings& settings, const Urgency& fallback,
                      Settings::Range<std::int64_t> range);
// … or these words, of which the first one is `lowest`.
Urgency parse_urgency(Settings& settings, const Urgency& fallback,
                      const std::vector<std::string_view>& words, int lowest);

}  // namespace tocsin
