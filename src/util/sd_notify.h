// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <optional>
#include <string_view>

#include "tocsin/time.h"

namespace tocsin {

// What systemd is told of this daemon: sd_notify(3), one datagram to $NOTIFY_SOCKET. Does nothing
// without that variable. Thread-safe; errors are ignored, as the manual page advises.
void sd_notify(std::string_view assignments);
// RELOADING=1 with the MONOTONIC_USEC that systemd.service(5) asks for in the same datagram.
void sd_notify_reloading();
// How often systemd wants WATCHDOG=1 at the latest ($WATCHDOG_USEC for this pid); nothing if never.
std::optional<Millis> sd_watchdog_interval();

}  // namespace tocsin
