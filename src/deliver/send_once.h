// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include "tocsin/config.h"
#include "tocsin/notification.h"
#include "tocsin/time.h"

namespace tocsin {

// One attempt, now, on a loop of its own: for `tocsin test-notify`. Blocks until it is done, which
// the notifier's own timeout bounds. Nothing is stored, nothing is tried again. Throws
// std::runtime_error if libcurl cannot be set up.
Outcome send_once(const NotifierEntry& entry, const Notification& notification, const Clock& clock);

}  // namespace tocsin
