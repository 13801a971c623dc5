// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <filesystem>
#include <string>

#include "probe/probe_fixture.h"

namespace tocsin {

// A text as YAML's flow style has it.
inline std::string in_quotes(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '$') out += c;  // both are doubled: one for YAML, one for secrets
    out += c;
  }
  return out + "'";
}

inline Result look(const std::string& place, const std::string& query, const std::string& more = "",
                   const std::string& timeout = "20s") {
  return probe("timeout: " + timeout + ", sql: {" + place + ", query: " + in_quotes(query) + more +
               "}");
}

inline std::size_t threads() {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                    std::filesystem::directory_iterator()));
}

}  // namespace tocsin
