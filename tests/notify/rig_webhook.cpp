// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include "notify/rigs.h"

namespace tocsin {
namespace {

const char* const kSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

Poco::JSON::Object::Ptr data_in(const HttpAsked& asked) {
  const auto whole = Poco::JSON::Parser().parse(asked.body).extract<Poco::JSON::Object::Ptr>();
  return whole->getObject("data");
}

std::string webhook_settings(const std::string& base_url) {
  return "{url: \"" + base_url + "/hooks/hook_secret_path_1\", secret: \"" + kSecret +
         "\", headers: {Authorization: \"Bearer hook_secret_token_2\"}, timeout: 1s}";
}
std::string webhook_text_of(const HttpAsked& asked) {
  const auto data = data_in(asked);
  return data->getValue<std::string>("title") + "\n" + data->getValue<std::string>("text");
}
std::string webhook_thread_of(const SinkExchange& asked) {
  return data_in(asked)->getValue<std::string>("thread_key");
}
std::string webhook_idempotency_of(const HttpAsked& asked) {
  return std::string(asked.header("webhook-id"));
}
bool webhook_can_ping(const std::string& text) {
  return text.find('\x1b') != std::string::npos;
}

}  // namespace

Rig webhook_rig() {
  return {"webhook",
          webhook_settings,
          {"hook_secret_path_1", kSecret, "hook_secret_token_2"},
          80'000,
          webhook_text_of,
          webhook_thread_of,
          webhook_idempotency_of,
          webhook_can_ping};
}

}  // namespace tocsin
