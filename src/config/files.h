// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "config/loading.h"
#include "config/section.h"

namespace tocsin {

// Reads the file and all it includes, each once. The sections of their top mappings come back, the
// file itself first, then what it includes in that order; those that could not be read are missing
// and reported, and Loading::complete is false then.
std::vector<Section> read_files(Loading& loading, const std::filesystem::path& main);

// The paths below the folder (the current one if empty) that match, sorted by bytes. `*`, `?` and
// `[…]` work in every part of the path; names that begin with a dot match only a pattern that does.
// A folder that is not there matches nothing; one that cannot be read sets `error`.
std::vector<std::string> expand_glob(const std::string& folder, const std::string& pattern,
                                     std::string& error);
bool is_glob(std::string_view path) noexcept;

}  // namespace tocsin
