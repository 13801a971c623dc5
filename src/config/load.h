// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <filesystem>
#include <string>
#include <vector>

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

// The web side alone, whatever else is wrong in the files: where the running daemon listens, and
// the tokens. Secrets of other sections are not looked up.
struct LoadedWeb {
  bool found = false;  // the files could be read so far as to tell
  WebSettings web;     // a token that could not be resolved is empty
  std::vector<Problem> problems;
};
LoadedWeb load_web(const std::filesystem::path& file);

// What came out, as YAML, defaults filled in and secrets hidden: for `check-config --print`. Reads
// the file again, since the loaded configuration keeps no YAML. Empty if the file does not load.
std::string print_config(const std::filesystem::path& file, CheckTypes checks,
                         NotifierTypes notifiers, const LoadOptions& options);

}  // namespace tocsin
