// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <vector>

#include "config/loading.h"
#include "config/section.h"
#include "config/selectors.h"
#include "config/windows.h"
#include "tocsin/config.h"

namespace tocsin {

// The maintenance windows of all files, joined, into `config`, whose checks are there already.
void read_maintenance(Loading& loading, std::vector<Section>& files, Windows& windows,
                      Selectors& selectors, Config& config);

}  // namespace tocsin
