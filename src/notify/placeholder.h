// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "notify/language.h"
#include "tocsin/notification.h"
#include "tocsin/time.h"

namespace tocsin {

// What a template may name in braces. `label` is written {labels.KEY}.
enum class Placeholder : std::uint8_t {
  body,
  decided_at,
  description,
  details,
  duration,
  failed_probes,
  from,
  incident,
  instance,
  kind,
  label,
  labels,
  late,
  name,
  note,
  now,
  probes,
  reason,
  runbook,
  since,
  state,
  story,
  symbol,
  target,
  thread,
  title,
  type,
  until,
  worst,
  worst_reason,
};

struct PlaceholderRow {
  std::string_view name;  // as it is written
  Placeholder placeholder;
};
// All but `label`, sorted by name.
std::span<const PlaceholderRow> placeholders() noexcept;
std::optional<Placeholder> find_placeholder(std::string_view name) noexcept;

// What the values are taken from.
struct MessageFacts {
  const Notification& notification;
  WallTime now;
  bool late;
  const Locale& locale;
};

// The value: empty where nothing is known; as clean as a line of text.h and bounded as there. Those
// of `body`, `details` and `note` may have line breaks, and nothing else has. `label` is the label's key.
std::string value_of(Placeholder placeholder, std::string_view label, const MessageFacts& facts);

}  // namespace tocsin
