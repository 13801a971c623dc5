// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "core/own_faults.h"

#include <algorithm>

#include "util/duration.h"

namespace tocsin {

void OwnFaults::note_late(Millis by, SteadyTime now, WallTime wall) noexcept {
  if (by < kLate) return;
  const bool goes_on = late_since_ && now - *stood_still_at_ < kOverAfter;
  if (!goes_on) {
    late_since_ = now;
    late_since_wall_ = wall;
    latest_ = Millis{0};
  }
  stood_still_at_ = now;
  latest_ = std::max(latest_, by);
}

std::vector<std::string> OwnFaults::turn(SteadyTime now, WallTime wall) {
  std::vector<std::string> out;
  const bool over = late_since_ && now - *stood_still_at_ >= kOverAfter;
  if (late_since_ && !over && !starved_since_ && *stood_still_at_ - *late_since_ >= kTellAfter) {
    starved_since_ = late_since_wall_;
    out.push_back("starved of CPU: probes and timers are up to " + human_duration(latest_) +
                  " late; nothing is called down for what was looked at meanwhile");
  }
  if (over) {
    late_since_.reset();
    if (starved_since_) {
      out.push_back("no longer starved of CPU; that lasted " +
                    human_duration(wall - *starved_since_));
    }
    starved_since_.reset();
  }
  if (unresolved_ >= kResolverChecks && !no_resolver_since_) {
    no_resolver_since_ = wall;
    out.push_back("our resolver does not answer: " + std::to_string(unresolved_) +
                  " checks cannot be looked at so far, and are told of only if they are not up "
                  "when it answers again");
  }
  if (unresolved_ == 0 && no_resolver_since_) {
    out.push_back("our resolver answers again, after " +
                  human_duration(wall - *no_resolver_since_));
    no_resolver_since_.reset();
  }
  return out;
}

}  // namespace tocsin
