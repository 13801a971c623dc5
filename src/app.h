// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <filesystem>

namespace tocsin {

// `tocsin run`: builds, starts, reloads and stops everything, in that order. Returns the exit code:
// 0 after SIGTERM or SIGINT, 1 if the configuration is bad or the state directory is in use.
int run_daemon(const std::filesystem::path& config_file);

}  // namespace tocsin
