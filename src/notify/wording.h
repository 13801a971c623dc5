// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>
#include <vector>

#include "notify/notifier.h"
#include "tocsin/settings.h"

namespace tocsin {

// How a notifier words its messages: the keys that every type has alike. A value type.
struct Wording {
  std::string title;      // a template instead of the first line; empty: first_line()
  std::string text;       // a template instead of the lines below it; empty: body_lines()
  std::string time_zone;  // of the times in it, "Europe/Berlin"; empty: UTC
  std::string language;   // of words and dates; empty: English
};

// Asks for the keys `template`, `time_zone` and `language`, and reports what is wrong with them.
// Every notifier's parse calls it.
Wording parse_wording(Settings& settings);

// A message in words: valid UTF-8 without control characters, every value cut to a bound, a line
// each. Markup that some sink would read stays as it is: each notifier escapes for its own.
struct Words {
  std::string title;               // enough by itself for a lock screen
  std::vector<std::string> lines;  // what a paged person needs next, most needed first
  std::string link;  // the runbook, if it is an absolute https or http URL; else empty
};

Words words_of(const Delivery& delivery, const Wording& wording);

// Title and lines, a line each.
std::string joined(const Words& words);

}  // namespace tocsin
