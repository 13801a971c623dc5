// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>
#include <vector>

#include "tocsin/secret.h"
#include "tocsin/time.h"

// "Is it me?": what tells the monitor's own death or blindness from everybody else's.

namespace tocsin {

// Checks that are not all gone at once unless the monitor itself is cut off: a gateway, a name
// server, two hosts far away. Immutable.
struct Uplink {
  std::vector<std::string> checks;  // names of checks; empty: not asked for
};

// An address outside that is told again and again that scheduler and sender make progress, so that
// somebody else can page when that ends. Immutable.
struct AliveSettings {
  Text url;  // empty: not asked for
  std::string method = "GET";
  Millis every{60'000};
  Millis timeout{10'000};
};

}  // namespace tocsin
