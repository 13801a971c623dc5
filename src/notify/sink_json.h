// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <Poco/JSON/Object.h>

#include <optional>
#include <string>

namespace tocsin {

// What a service answers, as JSON. It may as well be a proxy's page, or hostile: nesting is
// bounded, and what is not there or of another type reads as nothing. Never throws for what is in
// the text.

// Null if the text is no JSON object.
Poco::JSON::Object::Ptr parse_object(const std::string& text);

// The field's value. `object` may be null.
std::string text_of(const Poco::JSON::Object::Ptr& object, const std::string& key);
std::optional<double> number_of(const Poco::JSON::Object::Ptr& object, const std::string& key);
std::optional<bool> flag_of(const Poco::JSON::Object::Ptr& object, const std::string& key);
Poco::JSON::Object::Ptr object_of(const Poco::JSON::Object::Ptr& object, const std::string& key);

std::string json_text(const Poco::JSON::Object& object);

// Whether a service's name for something can be put into a URL or sent again: 1 to `most` letters,
// digits and characters of `others`, and not a path's step upwards.
bool is_plain_ref(const std::string& ref, const std::string& others, std::size_t most = 512);

}  // namespace tocsin
