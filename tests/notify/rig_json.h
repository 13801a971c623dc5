// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <string>

namespace tocsin {

// What rigs read in requests and answers, which are JSON.

inline Poco::JSON::Object::Ptr rig_object(const std::string& text) {
  return text.empty() ? Poco::JSON::Object::Ptr(new Poco::JSON::Object)
                      : Poco::JSON::Parser().parse(text).extract<Poco::JSON::Object::Ptr>();
}

// As text, whatever its type; empty if it is not there.
inline std::string rig_field(const Poco::JSON::Object::Ptr& object, const std::string& name) {
  return object && object->has(name) ? object->get(name).convert<std::string>() : std::string();
}

// Of an object within it.
inline std::string rig_field(const Poco::JSON::Object::Ptr& object, const std::string& in,
                             const std::string& name) {
  return object ? rig_field(object->getObject(in), name) : std::string();
}

inline bool rig_holds(const std::string& text, std::initializer_list<const char*> marks) {
  for (const char* const mark : marks) {
    if (text.find(mark) != std::string::npos) return true;
  }
  return false;
}

}  // namespace tocsin
