// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "notify/language.h"
#include "tocsin/notification.h"
#include "tocsin/time.h"

namespace tocsin {

// The pieces that text.h's lines are made of, for who words a message in another way: a template, a
// card. As clean and as bounded as those; any of them is empty where nothing is known. Pure.

// How many bytes of a value are shown.
struct Bounds {
  static constexpr std::size_t reason = 1000;
  static constexpr std::size_t name = 200;
  static constexpr std::size_t value = 500;
  static constexpr std::size_t url = 1000;
};

// Whether the message tells of an incident's end.
bool is_over(Kind kind) noexcept;
// The incident's worst state, for an UP; as near as it is known.
State worst_of(const Message& message) noexcept;
// Behind the first line's dash: "was DOWN for 31 min: connection refused".
std::string story(const Message& message, const Language& language);
// "3 probes failed"
std::string probes(const Message& message, const Language& language);
// "team=shop, tier=front"
std::string labels_text(const Message& message);
// "delivered 12 min late"
std::string late_text(Millis by, const Language& language);
// The lines of Message::details, the middle of many left out.
std::vector<std::string> detail_lines(std::string_view details, const Language& language);
// The lines of Message::note, the end of many left out.
std::vector<std::string> note_lines(std::string_view note, const Language& language);

}  // namespace tocsin
