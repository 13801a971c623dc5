// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/rig_json.h"
#include "notify/rigs.h"

namespace tocsin {
namespace {

std::string matrix_settings(const std::string& base_url) {
  return "{homeserver: \"" + base_url +
         "\", token: syt_secret_access_token, room: \"!ops:example.org\", timeout: 1s}";
}

std::string matrix_text_of(const HttpAsked& asked) {
  return rig_field(rig_object(asked.body), "body");
}

std::string matrix_thread_of(const SinkExchange& it) {
  const std::string asked = rig_field(rig_object(it.body), "m.relates_to", "event_id");
  return asked.empty() ? rig_field(rig_object(it.reply.body), "event_id") : asked;
}

std::string matrix_idempotency_of(const HttpAsked& asked) {
  return asked.target.substr(asked.target.rfind('/') + 1);
}

bool matrix_can_ping(const std::string& text) {
  return rig_holds(text, {"@room"});
}

bool matrix_is_message(const HttpAsked& asked) {
  return asked.method == "PUT" && !asked.target.ends_with("-update");
}

HttpReply matrix_taken(const HttpAsked& asked, int number) {
  if (asked.method == "GET") return {.body = R"({"type": "m.room.message"})"};
  return {.body = R"({"event_id": "$event-)" + std::to_string(number) + "\"}"};
}

HttpReply matrix_no_such_thread() {
  return {.status = 400,
          .body = R"({"errcode": "M_UNKNOWN", "error": "Can't send relation to unknown event"})"};
}

}  // namespace

Rig matrix_rig() {
  Rig rig{"matrix", matrix_settings, {"syt_secret_access_token"}, 8000};
  rig.text_of = matrix_text_of;
  rig.thread_of = matrix_thread_of;
  rig.idempotency_of = matrix_idempotency_of;
  rig.can_ping = matrix_can_ping;
  rig.taken = matrix_taken;
  rig.is_message = matrix_is_message;
  rig.no_such_thread = matrix_no_such_thread;
  return rig;
}

}  // namespace tocsin
