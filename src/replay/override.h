// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>

#include "tocsin/config.h"

namespace tocsin {

// Sets a key of all checks ("down_after=5", "flapping=0"), or one of the daemon
// ("storm_threshold=50"), whatever the configuration says. What is wrong with the wish, for people;
// empty, and done, if nothing is.
std::string set_for_all(const std::string& wish, Config& config);

}  // namespace tocsin
