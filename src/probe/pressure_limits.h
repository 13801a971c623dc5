// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "probe/machine.h"
#include "probe/threshold.h"

namespace tocsin {

// Limits of one resource's pressure, as `memory` and `load` have them: under `key`,
// {some_avg60: 10%, full_avg10: {degraded: 5%, down: 20%}, …}; a lone value is some_avg60.
struct PressureLimits {
  std::array<Threshold, Pressure::kNames.size()> limits;  // in the order of Pressure::kNames
  bool set() const noexcept;
};
PressureLimits parse_pressure_limits(Settings& settings, std::string_view key);

// Reads `resource` (cpu, io, memory) under `proc` and holds it against the limits. Whatever has a
// limit and is not told by the kernel is `unknown`, with what to do. Adds the figures as metrics
// and, if `notes` is given, as lines.
void judge_pressure(Findings& findings, const PressureLimits& limits, const std::string& proc,
                    const std::string& resource, Result& result, bool explain);

}  // namespace tocsin
