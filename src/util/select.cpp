// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "util/select.h"

#include <fnmatch.h>

#include <algorithm>

namespace tocsin {

bool fits_pattern(const std::string& pattern, const std::string& text) noexcept {
  return ::fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
}

bool selects(const Selector& selector, const std::string& name,
             const std::vector<std::pair<std::string, std::string>>& labels) noexcept {
  const auto named = [&](const std::string& pattern) { return fits_pattern(pattern, name); };
  if (!selector.names.empty() &&
      std::none_of(selector.names.begin(), selector.names.end(), named)) {
    return false;
  }
  return std::all_of(selector.labels.begin(), selector.labels.end(), [&](const auto& wanted) {
    return std::any_of(labels.begin(), labels.end(), [&](const auto& label) {
      return label.first == wanted.first && fits_pattern(wanted.second, label.second);
    });
  });
}

std::string shown(const Selector& selector) {
  std::string out;
  for (const std::string& name : selector.names) out += (out.empty() ? "" : ", ") + name;
  bool first = true;
  for (const auto& [key, value] : selector.labels) {
    if (!out.empty()) out += first ? "; " : ", ";
    out += key + "=" + value;
    first = false;
  }
  return out.empty() ? "every check" : out;
}

}  // namespace tocsin
