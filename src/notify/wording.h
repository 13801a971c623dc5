// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "notify/language.h"
#include "notify/message_template.h"
#include "notify/notifier.h"
#include "tocsin/settings.h"

namespace tocsin {

// Templates of one's own for a message's first line and for the lines below it; what is empty is
// said as built in.
struct TitleAndText {
  MessageTemplate title;  // of one line
  MessageTemplate text;
};
struct WordingTemplates {
  TitleAndText all;
  std::map<Kind, TitleAndText> of_kind;  // what is empty in one is as in `all`
};

// How a notifier words its messages: the keys that every type has alike. A value type, made by
// parse_wording.
struct Wording {
  // As they are in the configuration; empty if they are not.
  std::string title;
  std::string text;
  std::string time_zone;  // of the times in it, "Europe/Berlin"; empty: UTC
  std::string language;   // of words and dates, "de"; empty: English

  std::shared_ptr<const WordingTemplates> templates;  // null: none
  Locale locale;
};

// Asks for the keys `template`, `time_zone` and `language`, and reports what is wrong with them.
// Every notifier's parse calls it.
Wording parse_wording(Settings& settings);

// A message in words: valid UTF-8 without control characters, every value cut to a bound, a line
// each. Markup that some sink would read stays as it is: each notifier escapes for its own.
struct Words {
  std::string title;               // enough by itself for a lock screen; never empty
  std::vector<std::string> lines;  // what a paged person needs next, most needed first
  std::string link;  // the runbook, if it is an absolute https or http URL; else empty
};

// By the notifier's templates, if the message is about a check; else, and about the daemon, as
// built in. Whatever a template leaves out, its note is said, that a message is late, that it could
// not be stored, that it is a test, and both states of what was over before it was told.
Words words_of(const Delivery& delivery, const Wording& wording);

// Title and lines, a line each.
std::string joined(const Words& words);

// Message::type of what test-notify sends: no check has it.
inline constexpr std::string_view kTestType = "test";

// For who words something besides: "02.01.2026 04:04:05 CET", "3 h 20 min".
std::string human_time(const Wording& wording, WallTime time);
std::string duration_text(const Wording& wording, Millis duration);

}  // namespace tocsin
