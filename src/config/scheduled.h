// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>
#include <vector>

#include "config/loading.h"
#include "config/names.h"
#include "config/section.h"
#include "tocsin/config.h"

namespace tocsin {

// The scheduled messages of all files, joined, into `config`. `inherited`: the notifiers of those
// that name none.
void read_scheduled(Loading& loading, std::vector<Section>& files, Names& notifiers,
                    const std::vector<std::string>& inherited, Config& config);

}  // namespace tocsin
