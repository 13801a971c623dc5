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

// The checks of all files, joined, and who is told of the daemon's own troubles, into `config`,
// whose notifiers are there already. The notifiers of what names none come back.
std::vector<std::string> read_checks(Loading& loading, std::vector<Section>& files,
                                     Names& notifiers, Config& config);

}  // namespace tocsin
