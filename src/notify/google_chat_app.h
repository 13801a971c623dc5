// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <memory>
#include <string>

#include "notify/chat_app.h"
#include "notify/chat_manner.h"
#include "notify/notifier.h"

namespace tocsin {

// A notifier that writes into `space` ("spaces/AAA") as a Chat app; how is told atop
// google_chat_app.cpp. It is a HasChatApp too.
std::shared_ptr<const Notifier> make_google_chat_app(ChatApp app, std::string space,
                                                     ChatManner manner);

}  // namespace tocsin
