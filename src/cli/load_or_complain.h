// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <filesystem>
#include <memory>

#include "config/load.h"

namespace tocsin {

// Loads with the real types and prints every problem to standard error. Null if there was an error.
std::shared_ptr<const Config> load_or_complain(const std::filesystem::path& file,
                                               const LoadOptions& options = {});

}  // namespace tocsin
