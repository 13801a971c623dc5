// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/sink_json.h"

#include <Poco/Exception.h>
#include <Poco/JSON/Parser.h>

#include <algorithm>
#include <sstream>

namespace tocsin {
namespace {

using Poco::JSON::Object;

constexpr int kDeepest = 32;

}  // namespace

Object::Ptr parse_object(const std::string& text) {
  try {
    Poco::JSON::Parser parser;
    parser.setDepth(kDeepest);
    const Poco::Dynamic::Var value = parser.parse(text);
    if (value.type() == typeid(Object::Ptr)) return value.extract<Object::Ptr>();
  } catch (const Poco::Exception&) {
    // Not JSON: a proxy's page, or cut short. That is an object without fields.
    return nullptr;
  }
  return nullptr;
}

std::string text_of(const Object::Ptr& object, const std::string& key) {
  if (!object) return {};
  const Poco::Dynamic::Var value = object->get(key);
  return value.type() == typeid(std::string) ? value.extract<std::string>() : std::string{};
}

std::optional<double> number_of(const Object::Ptr& object, const std::string& key) {
  if (!object) return std::nullopt;
  const Poco::Dynamic::Var value = object->get(key);
  if (value.isEmpty() || !value.isNumeric() || value.isBoolean()) return std::nullopt;
  return value.convert<double>();
}

std::optional<bool> flag_of(const Object::Ptr& object, const std::string& key) {
  if (!object) return std::nullopt;
  const Poco::Dynamic::Var value = object->get(key);
  if (value.type() != typeid(bool)) return std::nullopt;
  return value.extract<bool>();
}

Object::Ptr object_of(const Object::Ptr& object, const std::string& key) {
  return object ? object->getObject(key) : nullptr;
}

std::string json_text(const Object& object) {
  std::ostringstream out;
  object.stringify(out);
  return out.str();
}

bool is_plain_ref(const std::string& ref, const std::string& others, std::size_t most) {
  const bool fine = std::all_of(ref.begin(), ref.end(), [&](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string::npos;
  });
  return fine && !ref.empty() && ref.size() <= most && ref.find("..") == std::string::npos;
}

}  // namespace tocsin
