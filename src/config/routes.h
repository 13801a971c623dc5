// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <vector>

#include "config/loading.h"
#include "config/section.h"
#include "config/selectors.h"
#include "config/shared_parts.h"
#include "tocsin/config.h"

namespace tocsin {

// The routes of all files, joined, into `config`; where each stands comes back.
std::vector<Place> read_routes(Loading& loading, std::vector<Section>& files, SharedParts& parts,
                               Selectors& selectors, Config& config);

// Once all checks are there: warns of routes that match none of them, and of those that are never
// asked since one before them always matches.
void judge_routes(Loading& loading, const Config& config, const std::vector<Place>& places);

// Whether a route says, in any state and at any time, whom to tell of the check, or that nobody is.
bool may_say_whom_to_tell(const std::vector<RouteRule>& routes, const Check& check);

}  // namespace tocsin
