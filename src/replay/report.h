// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>
#include <vector>

#include "replay/simulation.h"
#include "replay/sinks.h"
#include "tocsin/config.h"
#include "util/time_zone.h"

namespace tocsin {

// What came of a simulation, in words. Pure.

// "2026-03-29 02:31:05 UTC [ops] web-01: 🔴 DOWN web-01 — connection refused": when, who, in which
// thread, and what a phone shows of it.
std::string told_line(const ToldMessage& told);

// How many messages each notifier got, and how many of them at night by the clocks of `zone`; how
// often each reason kept something from being told. A line each.
std::vector<std::string> summary(const Simulation& simulation, const Config& config,
                                 const TimeZone& zone);

}  // namespace tocsin
