// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include "notify/rigs.h"

namespace tocsin {
namespace {

using Poco::JSON::Object;

Object::Ptr slack_object(const std::string& body) {
  return Poco::JSON::Parser().parse(body).extract<Object::Ptr>();
}

std::string slack_settings(const std::string& base_url) {
  return "{token: xoxb-secret-token-1, channel: C0123456789, api_url: \"" + base_url +
         "/api\", timeout: 1s}";
}

std::string slack_text_of(const HttpAsked& asked) {
  return slack_object(asked.body)->getValue<std::string>("text");
}

std::string slack_thread_of(const SinkExchange& it) {
  const std::string asked = slack_object(it.body)->optValue<std::string>("thread_ts", "");
  return asked.empty() ? slack_object(it.reply.body)->optValue<std::string>("ts", "") : asked;
}

bool slack_can_ping(const std::string& text) {
  return text.find('<') != std::string::npos;
}

bool slack_is_message(const HttpAsked& asked) {
  return asked.target == "/api/chat.postMessage";
}

HttpReply slack_taken(const HttpAsked& asked, int number) {
  const std::string thread = slack_object(asked.body)->optValue<std::string>("thread_ts", "");
  const std::string ts = "1700000000." + std::to_string(100000 + number);
  return {.body = R"({"ok": true, "channel": "C0123456789", "ts": ")" + ts +
                  R"(", "message": {"ts": ")" + ts + "\"" +
                  (thread.empty() ? "" : R"(, "thread_ts": ")" + thread + "\"") + "}}"};
}

HttpReply slack_no_such_thread() {
  return {.body = R"({"ok": false, "error": "message_not_found"})"};
}

}  // namespace

Rig slack_rig() {
  Rig rig{"slack", slack_settings, {"xoxb-secret-token-1"}, 4000};
  rig.text_of = slack_text_of;
  rig.thread_of = slack_thread_of;
  rig.can_ping = slack_can_ping;
  rig.taken = slack_taken;
  rig.is_message = slack_is_message;
  rig.no_such_thread = slack_no_such_thread;
  return rig;
}

}  // namespace tocsin
