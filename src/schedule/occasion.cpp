// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "schedule/occasion.h"

#include <algorithm>

namespace tocsin {

DueOccasion due_occasion(const NextOccasion& next_after, WallTime done, WallTime now,
                         Millis grace) {
  DueOccasion out;
  out.done = done;
  out.next = next_after(done);
  if (!out.next || *out.next > now) return out;
  // An occasion that is late by exactly `grace` is told.
  const WallTime from = std::max(done, now - grace - Millis{1});
  if (*out.next <= from) out.skipped = out.next;
  out.done = from;
  for (out.next = next_after(from); out.next && *out.next <= now; out.next = next_after(out.done)) {
    if (out.tell) ++out.earlier;
    out.tell = out.done = *out.next;
  }
  return out;
}

}  // namespace tocsin
