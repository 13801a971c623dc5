// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <filesystem>

#include "tocsin/config.h"
#include "tocsin/registry.h"

namespace tocsin {

struct LoadOptions {
  bool resolve_secrets = true;  // false (--no-secrets): ${…} stay as they are and are not errors
};

// Reads the file and what it includes. Never throws for what is in the files: every mistake is a
// Problem. The memory that parsing took has been given back when it returns. Thread-safe.
Loaded load_config(const std::filesystem::path& file, CheckTypes checks, NotifierTypes notifiers,
                   const LoadOptions& options);

// What came out, as YAML, defaults filled in and secrets hidden: for `check-config --print`. Reads
// the file again, since the loaded configuration keeps no YAML. Empty if the file does not load.
std::string print_config(const std::filesystem::path& file, CheckTypes checks,
                         NotifierTypes notifiers, const LoadOptions& options);

}  // namespace tocsin
