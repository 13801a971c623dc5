// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "tocsin/state.h"
#include "tocsin/time.h"

namespace tocsin {

// Whether colours are wanted on this stream: a terminal, no NO_COLOR (no-color.org), TERM not
// "dumb".
bool wants_colour(std::FILE* stream);
// The verdict's word in capitals, in its colour if wanted.
std::string coloured(Verdict verdict, bool colour);
// "0.35 ms", "12.3 ms", "1.24 s": a response time in three figures.
std::string show_time(Micros time);
// Text padded with blanks to a width in code points; never cut.
std::string padded(std::string_view text, std::size_t width);

}  // namespace tocsin
