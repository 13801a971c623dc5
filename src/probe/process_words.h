// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>
#include <vector>

#include "probe/process_look.h"

namespace tocsin {

// One process in a line: "pid 123, user www-data, FIGURES: /usr/bin/worker --queue"; one without a
// command line by its short name in brackets. Its details have been read.
std::string process_line(const FoundProcess& process, const std::string& figures);
// Lines as Result::details wants them.
std::string joined_lines(const std::vector<std::string>& lines);
// What is resident, in bytes.
double resident_bytes(const ProcessFigures& process) noexcept;

}  // namespace tocsin
