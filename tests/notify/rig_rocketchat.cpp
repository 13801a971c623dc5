// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/rig_json.h"
#include "notify/rigs.h"

namespace tocsin {
namespace {

constexpr const char* kLook = "/api/v1/chat.getMessage?msgId=";

std::string rocket_settings(const std::string& base_url) {
  return "{url: \"" + base_url +
         "\", user_id: rbAXPnMktTFbNpwtJ, token: secret-RScctEHSmLGZGywfI, channel: \"#ops\", "
         "timeout: 1s}";
}

std::string rocket_text_of(const HttpAsked& asked) {
  return rig_field(rig_object(asked.body), "text");
}

std::string rocket_thread_of(const SinkExchange& it) {
  if (it.target.starts_with(kLook)) return it.target.substr(std::string(kLook).size());
  const std::string asked = rig_field(rig_object(it.body), "tmid");
  return asked.empty() ? rig_field(rig_object(it.reply.body), "message", "_id") : asked;
}

bool rocket_can_ping(const std::string& text) {
  return rig_holds(text, {"@all", "@here", "](", "``"});
}

bool rocket_is_message(const HttpAsked& asked) {
  return asked.target == "/api/v1/chat.postMessage";
}

HttpReply rocket_taken(const HttpAsked& asked, int number) {
  if (asked.method == "GET") return {.body = R"({"message": {"_id": "x"}, "success": true})"};
  return {.body = R"({"ts": 1, "channel": "ops", "success": true, "message": {"_id": "msg)" +
                  std::to_string(number) + R"(", "rid": "GENERAL"}})"};
}

HttpReply rocket_no_such_thread() {
  return {.status = 400, .body = R"({"success": false})"};
}

}  // namespace

Rig rocketchat_rig() {
  Rig rig{"rocketchat", rocket_settings, {"secret-RScctEHSmLGZGywfI"}, 5000};
  rig.text_of = rocket_text_of;
  rig.thread_of = rocket_thread_of;
  rig.can_ping = rocket_can_ping;
  rig.taken = rocket_taken;
  rig.is_message = rocket_is_message;
  rig.no_such_thread = rocket_no_such_thread;
  return rig;
}

}  // namespace tocsin
