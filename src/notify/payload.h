// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <Poco/JSON/Object.h>

#include <string>
#include <string_view>

#include "notify/notifier.h"
#include "notify/wording.h"

namespace tocsin {

// A notification as programs read it: the same object for every sink that is a program (webhook,
// exec, file); etc/examples/notify-webhook.yaml documents its fields. Keys in snake_case, times RFC
// 3339 in UTC, what is not known null. Every text is valid UTF-8 without control characters but
// line breaks in `text`, `details` and `note`, and cut to a bound.
Poco::JSON::Object payload_of(const Delivery& delivery, const Wording& wording);

// In one line.
std::string payload_text(const Delivery& delivery, const Wording& wording);

// "tocsin.down": what CloudEvents and Standard Webhooks call the type.
std::string event_type(Kind kind);

}  // namespace tocsin
