// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>

#include "notify/chat_message.h"
#include "notify/notifier.h"
#include "notify/wording.h"
#include "tocsin/settings.h"

namespace tocsin {

// How a notifier's messages look in Google Chat, by webhook or as an app. A value type.
struct ChatManner {
  bool cards = false;   // style: card
  std::string mention;  // "<users/1> <users/2>"
  Wording wording;
};

// Asks for `style`, `mention` and the keys of Wording.
ChatManner parse_chat_manner(Settings& settings);

// What a notification shows. Pure.
ChatContent chat_content(const Delivery& delivery, const ChatManner& manner);
// What the incident's first message shows from now on.
ChatContent chat_update_content(const Delivery& delivery, const ChatManner& manner);
// The same in text alone, for a service that does not take the card.
ChatManner without_cards(ChatManner manner);

}  // namespace tocsin
