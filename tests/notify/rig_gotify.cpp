// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include "notify/rigs.h"

namespace tocsin {
namespace {

using Poco::JSON::Object;

Object::Ptr object_in(const HttpAsked& asked) {
  return Poco::JSON::Parser().parse(asked.body).extract<Object::Ptr>();
}

std::string settings(const std::string& base_url) {
  return "{url: \"" + base_url + "\", token: AsecretToken.01, timeout: 1s}";
}

std::string text_of(const HttpAsked& asked) {
  const auto message = object_in(asked);
  return message->getValue<std::string>("title") + "\n" + message->getValue<std::string>("message");
}

// Markup is read unless the message says that it is plain text; else what is left are controls.
bool can_ping(const std::string& text) {
  return text.find_first_of("\x1b\x07\x7f\r") != std::string::npos;
}

}  // namespace

// No threads there.
Rig gotify_rig() {
  Rig rig{"gotify", settings, {"AsecretToken.01"}, 9000};
  rig.text_of = text_of;
  rig.can_ping = can_ping;
  return rig;
}

}  // namespace tocsin
