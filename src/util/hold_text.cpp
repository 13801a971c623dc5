// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "util/hold_text.h"

namespace tocsin {
namespace {

struct HoldWords {
  const char* text;
  const char* between;  // it and the detail
};

HoldWords words_of(Hold why) noexcept {
  switch (why) {
    case Hold::none: return {"", ""};
    case Hold::awaiting_parent: return {"waiting for what it depends on", ": "};
    case Hold::parent_down: return {"unreachable", ": "};
    case Hold::parent_back: return {"what it depends on is back; being looked at anew", ": "};
    case Hold::awaiting_uplink: return {"finding out whether Tocsin itself is cut off", ": "};
    case Hold::blind: return {"Tocsin itself is cut off", ": "};
    case Hold::no_resolver: return {"Tocsin's resolver does not answer", ": "};
    case Hold::maintenance: return {"in maintenance", " "};
    case Hold::silenced: return {"silenced", " "};
    case Hold::flapping: return {"flapping", ": "};
    case Hold::quiet_hours: return {"quiet hours", " "};
    case Hold::over: return {"over before it could be told", ": "};
    case Hold::acknowledged: return {"acknowledged", " "};
    case Hold::nobody: return {"nobody is named to be told", ": "};
  }
  return {"", ""};
}

}  // namespace

std::string hold_text(Hold why, const std::string& detail) {
  const HoldWords words = words_of(why);
  if (why == Hold::none || detail.empty()) return words.text;
  return words.text + (words.between + detail);
}

}  // namespace tocsin
