// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>
#include <vector>

#include "config/loading.h"
#include "config/names.h"
#include "config/section.h"
#include "config/shared_parts.h"
#include "tocsin/config.h"

namespace tocsin {

// The checks of all files, joined, and who is told of the daemon's own troubles, into `config`,
// whose notifiers and routes are there already; `names` are those of the checks. The notifiers of
// what names none come back.
std::vector<std::string> read_checks(Loading& loading, std::vector<Section>& files,
                                     SharedParts& parts, Names& names, Config& config);

}  // namespace tocsin
