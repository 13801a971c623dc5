// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include "notify/rigs.h"

namespace tocsin {
namespace {

using Poco::JSON::Object;

const std::string kApiKey = "eb243592-faa2-4ba2-a551-secret000001";

Object::Ptr object_in(const HttpAsked& asked) {
  return Poco::JSON::Parser().parse(asked.body).extract<Object::Ptr>();
}

std::string settings(const std::string& base_url) {
  return "{api_key: " + kApiKey + ", api_url: \"" + base_url + "\", timeout: 1s}";
}

std::string text_of(const HttpAsked& asked) {
  const auto body = object_in(asked);
  return body->optValue<std::string>("description", "") + body->optValue<std::string>("note", "");
}

// "/v2/alerts" with the alias in the body, or "/v2/alerts/ALIAS/close?…".
std::string thread_of(const SinkExchange& asked) {
  const std::string begin = "/v2/alerts/";
  if (!asked.target.starts_with(begin)) {
    return object_in(asked)->getValue<std::string>("alias");
  }
  return asked.target.substr(begin.size(), asked.target.find('/', begin.size()) - begin.size());
}

bool can_ping(const std::string& text) {
  return text.find_first_of("<>") != std::string::npos;
}

HttpReply taken(const HttpAsked&, int number) {
  return {.status = 202,
          .body = R"({"result": "Request will be processed", "took": 0.3, "requestId": "r-)" +
                  std::to_string(number) + "\"}"};
}

}  // namespace

Rig opsgenie_rig() {
  Rig rig{"opsgenie", settings, {kApiKey}, 25'000};
  rig.text_of = text_of;
  rig.thread_of = thread_of;
  rig.can_ping = can_ping;
  rig.taken = taken;
  rig.merges_repeats = true;
  return rig;
}

}  // namespace tocsin
