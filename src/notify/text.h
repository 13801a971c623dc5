// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "notify/language.h"
#include "tocsin/notification.h"
#include "tocsin/time.h"

namespace tocsin {

// A message in words, the same for every sink (DESIGN section 4). What comes back is valid UTF-8
// without control characters, a line each, every value cut to a bound; markup that some sink would
// read stays as it is, so each notifier escapes for its own. Pure functions. Notifiers ask
// wording.h, which knows templates; this is what is said without one.
//
// A digest's reason may have several lines: the first is its summary, each other one is a thing
// that was folded into it.

// "🔴 DOWN web-01 — connection refused (127.0.0.1:8080)": enough by itself for a lock screen.
std::string first_line(const Message& message, const Language& language = english());

// Why it is told now, or to them (Message::note); then what a paged person needs next, most needed
// first; then the details, the middle of many lines left out. `late_by`: it is told late, and by how much.
std::vector<std::string> body_lines(const Message& message, WallTime now,
                                    std::optional<Millis> late_by, const Locale& locale = {});

// How late a notification is told, for body_lines; nothing if it is not late.
std::optional<Millis> late_by(const Notification& notification, WallTime now, bool late) noexcept;

// The symbol that a message of this kind begins with: "🔴".
std::string_view symbol(Kind kind) noexcept;
// The word in capitals: "DOWN", "NO LONGER WATCHED".
std::string_view word(Kind kind) noexcept;
std::string_view word(State state) noexcept;

}  // namespace tocsin
