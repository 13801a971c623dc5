// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>

#include "tocsin/notification.h"

namespace tocsin {

// The same thing told elsewhere: what the first notifier rejected, for its fallback. Its uid is a
// UUID of version 8 instead of 4. That mark survives a restart without a column of its own, and is
// how a fallback's own rejection is known: it is the end, not a circle.
NotificationPtr make_fallback(const Notification& rejected, const std::string& notifier,
                              std::int64_t id);
bool is_fallback(const Notification& notification) noexcept;

}  // namespace tocsin
