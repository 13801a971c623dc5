// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include "notify/rigs.h"

namespace tocsin {
namespace {

using Poco::JSON::Object;

const std::string kRoutingKey = "0123456789abcdef0123456789secret";

Object::Ptr object_in(const HttpAsked& asked) {
  return Poco::JSON::Parser().parse(asked.body).extract<Object::Ptr>();
}

std::string settings(const std::string& base_url) {
  return "{routing_key: " + kRoutingKey + ", api_url: \"" + base_url + "\", timeout: 1s}";
}

std::string text_of(const HttpAsked& asked) {
  const auto payload = object_in(asked)->getObject("payload");
  const auto details = payload->getObject("custom_details");
  return payload->getValue<std::string>("summary") + "\n" +
         details->optValue<std::string>("details", "");
}

std::string thread_of(const SinkExchange& asked) {
  return object_in(asked)->getValue<std::string>("dedup_key");
}

// PagerDuty shows its texts as they are: what is left are controls.
bool can_ping(const std::string& text) {
  return text.find_first_of("\x1b\x07\x7f\r") != std::string::npos;
}

HttpReply taken(const HttpAsked&, int) {
  return {.status = 202, .body = R"({"status": "success", "message": "Event processed"})"};
}

}  // namespace

Rig pagerduty_rig() {
  Rig rig{"pagerduty", settings, {kRoutingKey}, 20'000};
  rig.text_of = text_of;
  rig.thread_of = thread_of;
  rig.can_ping = can_ping;
  rig.taken = taken;
  rig.merges_repeats = true;
  return rig;
}

}  // namespace tocsin
