// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <Poco/JSON/Array.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "notify/wording.h"

namespace tocsin {

// What a card's texts may have together, in bytes: a quarter of the service's 32 KB, since each may
// take two in JSON, and a widget some 70 besides.
inline constexpr std::size_t kChatCardBytes = 6000;

// A message as a card (cardsV2): a header with symbol, state and name, each line of the words as a
// fact with its label, and a button for the link. Values are escaped: none can make markup. Pure;
// valid by the API's description, and by what it says of widgets in prose, whatever the words are.
Poco::JSON::Array::Ptr chat_cards(const Words& words);

// Whether a button may lead there: an absolute https URL without a user in it. Any other address
// makes the service show an empty card, or, with http, another one than was given.
bool is_button_link(std::string_view url) noexcept;

}  // namespace tocsin
