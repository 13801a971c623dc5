// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <string>
#include <string_view>

#include "util/text.h"

namespace tocsin {

// The daemon's JSON for a terminal: whatever a target sent is in it.

inline std::string shown_line(std::string_view text) {
  return printable(text, 500);
}

// Throws Poco::Exception if it is no object.
inline Poco::JSON::Object::Ptr parse_object(const std::string& json) {
  const auto value = Poco::JSON::Parser().parse(json);
  if (value.type() != typeid(Poco::JSON::Object::Ptr)) {
    throw Poco::DataFormatException("no object");
  }
  return value.extract<Poco::JSON::Object::Ptr>();
}

// Empty if it is not there or null.
inline std::string line_at(const Poco::JSON::Object::Ptr& object, const std::string& key) {
  const auto value = object->get(key);
  return value.isEmpty() ? std::string() : shown_line(value.toString());
}

// "2026-11-21T03:12:05.250Z" as "2026-11-21 03:12:05 UTC".
inline std::string moment_text(const Poco::JSON::Object::Ptr& object, const std::string& key) {
  const std::string text = line_at(object, key);
  if (text.size() < 20) return text;
  return text.substr(0, 10) + " " + text.substr(11, 8) + " UTC";
}

}  // namespace tocsin
