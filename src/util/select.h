// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tocsin/selector.h"

namespace tocsin {

// Whether a text fits a pattern as a shell has them (glob(7)), as a whole. Pure.
bool fits_pattern(const std::string& pattern, const std::string& text) noexcept;

// Whether a check of that name and with these labels is one of those that are meant. Pure.
bool selects(const Selector& selector, const std::string& name,
             const std::vector<std::pair<std::string, std::string>>& labels) noexcept;

// For people: "web-*, db-1; team=shop", or "every check".
std::string shown(const Selector& selector);

}  // namespace tocsin
