// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "evaluate/evaluate.h"
#include "incident/incident.h"
#include "tocsin/check.h"
#include "tocsin/result.h"
#include "tocsin/snapshot.h"

namespace tocsin {

// A check as the core holds it: what is configured, where it stands, what it told. There are ten
// thousand of these: mind the bytes. The core's thread only.
struct Watched {
  CheckPtr check;  // null: a free place, or one whose last probe is still under way
  std::uint32_t id = 0;
  std::vector<std::uint32_t> parents;   // what it depends on
  std::vector<std::uint32_t> children;  // what depends on it
  Standing standing;
  bool unresolved = false;   // unknown, since our resolver does not answer
  std::uint16_t failed = 0;  // bad results in a row that led to the state
  Case held;
  Result last;
  std::optional<WallTime> last_probe_at;
  std::uint64_t probes = 0;
  // What snapshots share; reset when anything in it changes, made anew when a snapshot wants it.
  std::shared_ptr<const CheckView> view;
};

// The check as snapshots show it.
std::shared_ptr<const CheckView> make_view(const Watched& watched);

}  // namespace tocsin
