// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>
#include <vector>

#include "tocsin/notification.h"
#include "tocsin/time.h"

namespace tocsin {

struct HttpResponse;

// What Google Chat's answer to spaces.messages.create means for the delivery (FACTS 2.5 and 2.6).
// Pure; `secrets` are texts that no reason may hold, whatever the service echoes. `now` is for a
// Retry-After that is a date. Never throws for what is in the answer.
Outcome read_chat_answer(const HttpResponse& response, const std::vector<std::string>& secrets,
                         WallTime now);

}  // namespace tocsin
