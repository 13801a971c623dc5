// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "config/load.h"
#include "notify/registry.h"
#include "probe/registry.h"
#include "probe/runner.h"
#include "support/temp_dir.h"
#include "util/system_clock.h"

namespace tocsin {

// Loads a configuration whose one check has these keys (flow style, without its braces).
inline Loaded load_check(const std::string& keys) {
  const TempDir dir;
  const auto file = dir.write("tocsin.yaml",
                              "notifiers: [{name: terminal, console: {}}]\n"
                              "checks:\n  - {name: x, " +
                                  keys + "}\n");
  return load_config(file, check_types(), notifier_types(), {});
}

// The check itself. Throws with the first problem if there is an error.
inline CheckPtr make_check(const std::string& keys) {
  const Loaded loaded = load_check(keys);
  if (!loaded.config) throw std::runtime_error(loaded.problems.front().message);
  return loaded.config->checks.front();
}

// The messages of all problems, a line each, errors and warnings told apart.
inline std::string problems_of(const std::string& keys) {
  std::string out;
  for (const Problem& problem : load_check(keys).problems) {
    out += (problem.is_error ? "error: " : "warning: ") + problem.message + "\n";
  }
  return out;
}

// One look by a check with these keys.
inline Result probe(const std::string& keys) {
  return probe_once(*make_check(keys), SystemClock(), true);
}

}  // namespace tocsin
