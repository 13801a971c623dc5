// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tocsin {

// The commands of the `tocsin` program that need no daemon. Each prints for people on standard
// output, errors on standard error, and returns the exit code of DESIGN section 3. They do not
// throw for bad input.

struct CheckConfigOptions {
  std::filesystem::path file;
  bool resolve_secrets = true;
  bool print = false;
};
// 0 valid, 1 not.
int check_config(const CheckConfigOptions& options);

struct ProbeOptions {
  std::filesystem::path file;
  std::vector<std::string> names;
  bool all = false;
};
// As a Nagios plugin: 0 up, 1 degraded, 2 down, 3 unknown or no such check; the worst of several.
int probe(const ProbeOptions& options);

// 0 sent, 1 not.
int test_notify(const std::filesystem::path& file, const std::string& notifier);

}  // namespace tocsin
