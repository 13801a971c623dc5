// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <Poco/JSON/Array.h>

#include <string>
#include <vector>

namespace tocsin {

// What Google's documents say of cards in prose and the API's description cannot: what is required,
// how much there may be, and which links blank a card. Takes a message's cardsV2, valid by the
// description; gives back what is wrong with it.
std::vector<std::string> card_problems(const Poco::JSON::Array& cards);

}  // namespace tocsin
