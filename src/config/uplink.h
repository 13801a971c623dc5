// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <vector>

#include "config/loading.h"
#include "config/names.h"
#include "config/section.h"
#include "tocsin/config.h"

namespace tocsin {

// The keys `uplink` and `alive`, into `config`, whose checks are there already, numbered as
// `checks` has them.
void read_uplink(Loading& loading, std::vector<Section>& files, Names& checks, Config& config);
void read_alive(Loading& loading, std::vector<Section>& files, Config& config);

}  // namespace tocsin
