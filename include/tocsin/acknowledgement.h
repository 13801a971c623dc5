// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "tocsin/time.h"

namespace tocsin {

// Somebody looks after an incident: reminders stop until it is over, until `until`, or until it
// gets worse. Kept with the incident. A value type; texts printable.
struct Acknowledgement {
  static constexpr std::size_t kMostBy = 100;    // bytes
  static constexpr std::size_t kMostWhy = 1000;  // bytes

  std::string by;   // who; may be empty
  std::string why;  // may be empty
  WallTime at{};
  std::optional<WallTime> until;  // nothing: until the incident is over
  bool operator==(const Acknowledgement&) const = default;
};

// What somebody asks for.
struct AckWish {
  std::string by;
  std::string why;
  std::optional<Millis> lasts;  // nothing: until the incident is over
};

// What became of an acknowledgement, or of taking one back.
enum class AckFate : std::uint8_t {
  durable,  // on disk, and going to be told
  memory,   // the same, but the disk refuses
  no_such_check,
  nothing_open,      // the check has no open incident
  not_acknowledged,  // there is nothing to take back
  late,              // the daemon did not get to it in time; it may yet do it
};

}  // namespace tocsin
