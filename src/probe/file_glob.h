// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "tocsin/time.h"

namespace tocsin {

// Whether the path has a glob(7) pattern in it: an unescaped *, ? or [.
bool has_glob(std::string_view path) noexcept;
// The path with its backslashes resolved; for one without a pattern. And the folders in front of
// the first part with a pattern: "/backup" of "/backup/*/x.gz".
std::string without_escapes(std::string_view path);
std::string_view fixed_part(std::string_view pattern) noexcept;

// How a walk ended.
enum class Globbed : std::uint8_t { all, too_many, too_late, forbidden };

// Calls `found` with each path that fits the absolute pattern, in no order, and holds none of them:
// memory does not grow with the folder. `*` fits no slash and no leading dot. Ends early after
// kMostEntries looked at, or at `until`. A folder that is not there fits nothing; one that may not
// be read makes it `forbidden`, with the folder's name in `which`. For a worker's thread.
inline constexpr std::size_t kMostEntries = 2'000'000;
Globbed walk_glob(const std::string& pattern, SteadyTime until,
                  const std::function<void(const std::string&)>& found, std::string& which);

}  // namespace tocsin
