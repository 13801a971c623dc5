// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/rig_json.h"
#include "notify/rigs.h"

namespace tocsin {
namespace {

std::string discord_settings(const std::string& base_url) {
  return "{webhook_url: \"" + base_url +
         "/api/webhooks/1234567890/secret-Token_of-the-webhook\", forum: true, timeout: 1s}";
}

std::string discord_text_of(const HttpAsked& asked) {
  return rig_field(rig_object(asked.body), "content");
}

std::string asked_thread(const HttpAsked& asked) {
  const auto at = asked.target.find("&thread_id=");
  return at == std::string::npos ? std::string() : asked.target.substr(at + 11);
}

std::string discord_thread_of(const SinkExchange& it) {
  const std::string asked = asked_thread(it);
  return asked.empty() ? rig_field(rig_object(it.reply.body), "channel_id") : asked;
}

bool discord_can_ping(const std::string& text) {
  return rig_holds(text, {"](", "``", "<@", "@everyone", "@here", "||"});
}

bool discord_is_message(const HttpAsked& asked) {
  return asked.method == "POST";
}

HttpReply discord_taken(const HttpAsked& asked, int number) {
  const std::string thread = asked_thread(asked);
  return {.body = R"({"id": ")" + std::to_string(9000 + number) + R"(", "channel_id": ")" +
                  (thread.empty() ? std::to_string(5000 + number) : thread) + "\"}"};
}

HttpReply discord_no_such_thread() {
  return {.status = 404, .body = R"({"message": "Unknown Channel", "code": 10003})"};
}

}  // namespace

Rig discord_rig() {
  Rig rig{"discord", discord_settings, {"secret-Token_of-the-webhook"}, 2000};
  rig.text_of = discord_text_of;
  rig.thread_of = discord_thread_of;
  rig.can_ping = discord_can_ping;
  rig.taken = discord_taken;
  rig.is_message = discord_is_message;
  rig.no_such_thread = discord_no_such_thread;
  return rig;
}

}  // namespace tocsin
