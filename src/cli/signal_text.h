// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>

#include "tocsin/config.h"
#include "tocsin/time.h"

namespace tocsin {

// What silence, maintenance, why and route print. All are pure; what takes the daemon's JSON throws
// Poco::Exception if it is none of Tocsin's. Texts are printable, and end with a line break.

// Of the answers of POST …/silences, …/end and GET …/silences.
std::string begun_text(const std::string& json);
std::string ended_text(const std::string& json);
std::string silences_text(const std::string& json);

// The answers of …/checks/NAME, …/withheld and …/notifications: where the check stands, and as one
// timeline, oldest first, what was told of it and what was not.
struct WhyAnswers {
  std::string check;
  std::string withheld;
  std::string notifications;  // of all checks: only the check's own are taken
};
std::string why_text(const WhyAnswers& answers);
// The same as one JSON object.
std::string why_json(const WhyAnswers& answers);

// Who would be told of each bad state at that time, because of what, and what would hold it back.
std::string route_text(const Check& check, const Config& config, WallTime at);

}  // namespace tocsin
