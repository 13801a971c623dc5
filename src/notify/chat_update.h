// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>

#include "notify/wording.h"
#include "tocsin/notification.h"
#include "tocsin/time.h"

namespace tocsin {

// What an incident's first message says once a later one was told: how the incident stands now, in
// one line. "🔴 DOWN web-01 — open for 12 min: connection refused", "👀 web-01 — acknowledged by
// Ann, DOWN for 14 min", "✅ web-01 — over after 31 min: was DOWN: connection refused". Of the
// later message and the time alone: pure.
std::string standing_line(const Message& latest, WallTime now);

// All of it: the line, and the later message's own lines. A title template, or another language
// than English, has the later message's title instead of the line.
Words words_of_update(const Delivery& delivery, const Wording& wording);

}  // namespace tocsin
