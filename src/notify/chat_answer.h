// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>
#include <string_view>

#include "notify/http_sink.h"
#include "tocsin/notification.h"
#include "tocsin/time.h"

namespace tocsin {

// What was asked of Google Chat; it decides what people are told to do about a refusal.
enum class ChatDeed : unsigned char {
  webhook,  // a message by a webhook
  create,   // a message by an app
  update,   // of an app's own message
  list,     // spaces or members
};

// What Google Chat's answer means for the delivery (FACTS 2.5 and 2.6). Pure; no reason holds any
// of the sink's secrets, whatever the service echoes. `now` is for a Retry-After that is a date.
// Never throws for what is in the answer.
Outcome read_chat_answer(const HttpSink& sink, const HttpResponse& response, ChatDeed deed,
                         WallTime now);

// "spaces/AAA" of "spaces/AAA/messages/BBB" and "spaces/AAA/threads/TTT", where the text is such a
// name and nothing else; else empty. `collection` is "messages" or "threads".
std::string_view space_of_name(std::string_view name, std::string_view collection) noexcept;

}  // namespace tocsin
