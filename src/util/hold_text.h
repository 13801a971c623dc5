// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>

#include "tocsin/hold.h"

namespace tocsin {

// Why something is not told, for people: "unreachable: switch-1 is down", "silenced until …, by
// bob". `detail` is Held's or Withheld's. Empty for Hold::none. Pure.
std::string hold_text(Hold why, const std::string& detail);

}  // namespace tocsin
