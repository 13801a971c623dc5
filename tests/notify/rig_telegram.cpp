// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/rig_json.h"
#include "notify/rigs.h"

namespace tocsin {
namespace {

std::string telegram_settings(const std::string& base_url) {
  return "{token: \"987654321:AAEsecret-token_of_a_bot\", chat_id: \"1234567890\", "
         "topics: true, api_url: \"" +
         base_url + "\", timeout: 1s}";
}

std::string telegram_text_of(const HttpAsked& asked) {
  return rig_field(rig_object(asked.body), "text");
}

std::string telegram_thread_of(const SinkExchange& it) {
  const std::string asked = rig_field(rig_object(it.body), "message_thread_id");
  return asked.empty() ? rig_field(rig_object(it.reply.body), "result", "message_thread_id")
                       : asked;
}

bool telegram_can_ping(const std::string& text) {
  for (std::size_t at = text.find('@'); at != std::string::npos; at = text.find('@', at + 1)) {
    if (text.compare(at + 1, 3, "\xE2\x80\x8B") != 0) return true;
  }
  return false;
}

bool telegram_is_message(const HttpAsked& asked) {
  return asked.target.ends_with("/sendMessage");
}

HttpReply telegram_taken(const HttpAsked& asked, int number) {
  const std::string id = std::to_string(700 + number);
  const bool topic = asked.target.ends_with("/createForumTopic");
  return {.body = R"({"ok": true, "result": {")" +
                  std::string(topic ? "message_thread_id" : "message_id") + "\": " + id + "}}"};
}

HttpReply telegram_no_such_thread() {
  return {.status = 400,
          .body = R"({"ok": false, "error_code": 400, )"
                  R"("description": "Bad Request: message thread not found"})"};
}

}  // namespace

Rig telegram_rig() {
  Rig rig{"telegram", telegram_settings, {"987654321:AAEsecret-token_of_a_bot"}, 4096};
  rig.text_of = telegram_text_of;
  rig.thread_of = telegram_thread_of;
  rig.can_ping = telegram_can_ping;
  rig.taken = telegram_taken;
  rig.is_message = telegram_is_message;
  rig.no_such_thread = telegram_no_such_thread;
  return rig;
}

}  // namespace tocsin
