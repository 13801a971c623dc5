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
  return "{url: \"" + base_url +
         "\", topic: ops-alerts, token: tk_secret_token_0000000000001, timeout: 1s}";
}

std::string text_of(const HttpAsked& asked) {
  const auto message = object_in(asked);
  return message->getValue<std::string>("title") + "\n" + message->getValue<std::string>("message");
}

std::string thread_of(const SinkExchange& asked) {
  return object_in(asked)->getValue<std::string>("sequence_id");
}

// Plain text: what is left are controls.
bool can_ping(const std::string& text) {
  return text.find_first_of("\x1b\x07\x7f\r") != std::string::npos;
}

HttpReply taken(const HttpAsked&, int number) {
  return {.body = R"({"id": "m)" + std::to_string(number) + R"(", "event": "message"})"};
}

}  // namespace

Rig ntfy_rig() {
  Rig rig{"ntfy", settings, {"tk_secret_token_0000000000001"}, 4096 + 501};
  rig.text_of = text_of;
  rig.thread_of = thread_of;
  rig.can_ping = can_ping;
  rig.taken = taken;
  return rig;
}

}  // namespace tocsin
