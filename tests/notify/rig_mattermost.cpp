// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/rig_json.h"
#include "notify/rigs.h"

namespace tocsin {
namespace {

std::string mattermost_settings(const std::string& base_url) {
  return "{url: \"" + base_url +
         "\", token: secretbottoken0123456789ab, channel_id: abcdefghijklmnopqrstuvwxyz, "
         "timeout: 1s}";
}

std::string mattermost_text_of(const HttpAsked& asked) {
  return rig_field(rig_object(asked.body), "message");
}

std::string mattermost_thread_of(const SinkExchange& it) {
  const std::string asked = rig_field(rig_object(it.body), "root_id");
  return asked.empty() ? rig_field(rig_object(it.reply.body), "id") : asked;
}

bool mattermost_can_ping(const std::string& text) {
  return rig_holds(text, {"@all", "@channel", "@here", "](", "``"});
}

bool mattermost_is_message(const HttpAsked& asked) {
  return asked.target == "/api/v4/posts";
}

HttpReply mattermost_taken(const HttpAsked&, int number) {
  return {.status = 201,
          .body = R"({"id": "post0000000000000000)" + std::to_string(100'000 + number) + "\"}"};
}

HttpReply mattermost_no_such_thread() {
  return {.status = 400,
          .body = R"({"id": "api.post.create_post.root_id.app_error", )"
                  R"("message": "Invalid RootId parameter.", "status_code": 400})"};
}

}  // namespace

Rig mattermost_rig() {
  Rig rig{"mattermost", mattermost_settings, {"secretbottoken0123456789ab"}, 16'383};
  rig.text_of = mattermost_text_of;
  rig.thread_of = mattermost_thread_of;
  rig.can_ping = mattermost_can_ping;
  rig.taken = mattermost_taken;
  rig.is_message = mattermost_is_message;
  rig.no_such_thread = mattermost_no_such_thread;
  return rig;
}

}  // namespace tocsin
