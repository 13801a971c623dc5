// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/section.h"
#include "config/shared_parts.h"
#include "tocsin/check.h"
#include "tocsin/registry.h"

namespace tocsin {

// The keys that any check may have, and `defaults` for all of them; what is absent or wrong is
// empty. A value type.
struct Common {
  std::optional<std::string> description;
  std::optional<std::string> runbook;
  std::optional<std::string> thread;
  std::vector<std::pair<std::string, std::string>> labels;
  std::optional<bool> enabled;
  std::optional<Millis> interval;
  std::optional<Millis> timeout;
  std::optional<Millis> retry_interval;
  std::optional<Millis> remind_every;
  std::optional<std::uint16_t> down_after;
  std::optional<std::uint16_t> up_after;
  std::optional<CheckSeverity> severity;
  std::optional<Millis> flap_window;
  std::optional<std::uint8_t> flap_high;
  std::optional<std::uint8_t> flap_low;
  std::optional<Escalation> escalate;
  std::optional<TimeWindowPtr> quiet_hours;  // null for `none`
  std::optional<std::vector<PlacedText>> notify;
  std::optional<std::vector<PlacedText>> depends_on;
};

// A text that people are shown: bounded, printable, without the last line break of a block. Nothing
// if it is absent or wrong.
std::optional<std::string> read_text(Section& section, std::string_view key, bool lines);
// Names, each once. Nothing if they are absent or wrong.
std::optional<std::vector<PlacedText>> read_names(Section& section, std::string_view key);

// Reads them all, reporting what is wrong.
Common read_common(Section& section, SharedParts& parts);

// When it flaps: its own settings, else the inherited, else the built-in ones; limits of its own
// that make no sense together with these are reported.
void set_flapping(Section& section, const Common& own, const Common& inherited, Timing& into);

// A check's own settings, else those of its type (null: unknown), else the inherited, else the
// built-in ones; what is inherited is clamped to the interval, and a check's own timeout above it
// is reported.
Timing timing_of(Section& check, const Common& own, const Common& inherited, const CheckType* type);

}  // namespace tocsin
