// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>
#include <vector>

#include "tocsin/notification.h"

namespace tocsin {

// How a Message lies in the database: a JSON object, one key a field, times in milliseconds since
// 1970 UTC. Pure functions.
//
// Reading is forgiving both ways, since files outlive versions: unknown keys are skipped, missing
// or mistyped ones keep the field's default, an unknown kind reads as `daemon`, an unknown state as
// `pending`. Bytes that are not UTF-8 become U+FFFD when written.
std::string to_json(const Message& message);
// Never throws on account of the text: what is no JSON object becomes a `daemon` message that says
// so.
Message message_from_json(const std::string& text);

// A list of texts as a JSON array, and back; what is no array of texts is an empty list.
std::string to_json(const std::vector<std::string>& texts);
std::vector<std::string> texts_from_json(const std::string& text);

}  // namespace tocsin
