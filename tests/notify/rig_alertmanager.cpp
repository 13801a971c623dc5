// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <sstream>

#include "notify/rigs.h"

namespace tocsin {
namespace {

using Poco::JSON::Object;

Object::Ptr alert_in(const HttpAsked& asked) {
  return Poco::JSON::Parser().parse(asked.body).extract<Poco::JSON::Array::Ptr>()->getObject(0);
}

std::string settings(const std::string& base_url) {
  return "{urls: [\"" + base_url + "\"], token: am-secret-token-1, timeout: 1s}";
}

std::string text_of(const HttpAsked& asked) {
  const auto annotations = alert_in(asked)->getObject("annotations");
  return annotations->getValue<std::string>("summary") + "\n" +
         annotations->optValue<std::string>("description", "");
}

// An alert is its labels.
std::string thread_of(const SinkExchange& asked) {
  std::ostringstream out;
  alert_in(asked)->getObject("labels")->stringify(out);
  return out.str();
}

bool can_ping(const std::string& text) {
  return text.find_first_of("<>") != std::string::npos;
}

HttpReply taken(const HttpAsked&, int) {
  return {.status = 200, .body = ""};
}

}  // namespace

Rig alertmanager_rig() {
  Rig rig{"alertmanager", settings, {"am-secret-token-1"}, 20'000};
  rig.text_of = text_of;
  rig.thread_of = thread_of;
  rig.can_ping = can_ping;
  rig.taken = taken;
  rig.merges_repeats = true;
  return rig;
}

}  // namespace tocsin
