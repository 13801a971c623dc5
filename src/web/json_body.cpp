// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "web/json_body.h"

#include <Poco/Exception.h>
#include <Poco/JSON/ParseHandler.h>
#include <Poco/JSON/Parser.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "util/text.h"

namespace tocsin {
namespace {

using Poco::Dynamic::Var;
using Poco::JSON::Object;

constexpr std::size_t kMostDepth = 8;

// A key that stands twice in one object would be read as its last value by us, and as its first by
// others.
class OnceOnly final : public Poco::JSON::ParseHandler {
 public:
  void startObject() override {
    seen_.emplace_back();
    ParseHandler::startObject();
  }
  void endObject() override {
    seen_.pop_back();
    ParseHandler::endObject();
  }
  void key(const std::string& name) override {
    if (!seen_.back().insert(name).second && twice_.empty()) twice_ = name;
    ParseHandler::key(name);
  }
  const std::string& twice() const noexcept { return twice_; }

 private:
  std::vector<std::set<std::string>> seen_;  // of each object that is open
  std::string twice_;
};

}  // namespace

std::string too_long(std::string_view key, std::size_t most) {
  return '"' + std::string(key) + "\" may have " + std::to_string(most) + " bytes at the most";
}

JsonBody::JsonBody(const std::string& body, std::span<const std::string_view> known) {
  parse(body);
  refuse_unknown(*object_, known);
}

void JsonBody::parse(const std::string& body) {
  try {
    const Poco::SharedPtr<OnceOnly> handler = new OnceOnly;
    Poco::JSON::Parser parser(handler);
    parser.setDepth(kMostDepth);
    const Var value = parser.parse(body);
    if (value.type() != typeid(Object::Ptr)) return wrong("the body must be a JSON object");
    if (!handler->twice().empty()) {
      return wrong("the key \"" + printable(handler->twice(), 60) + "\" is given twice");
    }
    object_ = value.extract<Object::Ptr>();
  } catch (const Poco::Exception&) {
    wrong("the body is not JSON in UTF-8");
  }
}

void JsonBody::refuse_unknown(const Object& object, std::span<const std::string_view> known) {
  const std::vector<std::string_view> all(known.begin(), known.end());
  std::string list;
  for (std::size_t i = 0; i < all.size(); ++i) {
    list += (i == 0 ? "" : i + 1 == all.size() ? " and " : ", ") + std::string(all[i]);
  }
  for (const std::string& key : object.getNames()) {
    if (std::find(all.begin(), all.end(), key) != all.end()) continue;
    const std::string_view near = nearest(key, all);
    if (list.empty()) list = "none";
    wrong("unknown key \"" + printable(key, 60) + '"' +
          (near.empty() ? "; known are " + list : "; did you mean \"" + std::string(near) + "\"?"));
  }
}

void JsonBody::wrong(std::string mistake) {
  if (mistake_.empty()) mistake_ = std::move(mistake);
}

Var JsonBody::value(std::string_view key) const {
  return object_->get(std::string(key));
}

std::string JsonBody::text(std::string_view key) {
  const Var given = value(key);
  if (given.isEmpty()) return {};
  if (given.isString()) return given.extract<std::string>();
  wrong('"' + std::string(key) + "\" must be a text");
  return {};
}

std::string JsonBody::line(std::string_view key, std::size_t most) {
  const std::string given = text(key);
  std::string out(trim(printable(given, given.size() * 3 + 1)));
  if (out.size() > most) wrong(too_long(key, most));
  if (out.empty() && !given.empty()) wrong('"' + std::string(key) + "\" is blank");
  return out;
}

Object::Ptr JsonBody::object(std::string_view key, std::span<const std::string_view> known) {
  const Var given = value(key);
  if (given.type() != typeid(Object::Ptr)) {
    wrong('"' + std::string(key) + (given.isEmpty() ? "\" is missing" : "\" must be an object"));
    return {};
  }
  auto out = given.extract<Object::Ptr>();
  refuse_unknown(*out, known);
  return out;
}

bool JsonBody::flag(std::string_view key) {
  const Var given = value(key);
  if (given.isEmpty()) return false;
  if (given.isBoolean()) return given.extract<bool>();
  wrong('"' + std::string(key) + "\" must be true or false");
  return false;
}

}  // namespace tocsin
