// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>

#include "probe/prober.h"

namespace tocsin {

// How long a check that must look twice (a share of CPU time is one between two moments) waits in
// between: with a limit on what it finds, and where it is shown only.
inline constexpr Millis kBetweenLooks{1000};
inline constexpr Millis kBetweenShown{200};

// Waits that long, but never longer than half of what is left until the deadline.
asio::awaitable<void> wait_for_second_look(ProbeContext& context, Millis time);

}  // namespace tocsin
