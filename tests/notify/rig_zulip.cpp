// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/rig_json.h"
#include "notify/rigs.h"
#include "util/text.h"

namespace tocsin {
namespace {

std::string zulip_settings(const std::string& base_url) {
  return "{url: \"" + base_url +
         "\", email: bot@example.org, api_key: secretApiKey0123456789, channel: ops, timeout: 1s}";
}

std::string zulip_field(const std::string& form, const std::string& name) {
  const auto at = ("&" + form).find("&" + name + "=");
  if (at == std::string::npos) return {};
  const std::string rest = form.substr(at + name.size() + 1);
  std::string out;
  percent_decode(rest.substr(0, rest.find('&')), out);
  return out;
}

std::string zulip_text_of(const HttpAsked& asked) {
  return zulip_field(asked.body, "content");
}

std::string zulip_thread_of(const SinkExchange& it) {
  return zulip_field(it.body, "topic");
}

bool zulip_can_ping(const std::string& text) {
  return rig_holds(text, {"@*", "@_*", "](", "``", "$$", "~~~"});
}

bool zulip_is_message(const HttpAsked& asked) {
  return asked.method == "POST";
}

HttpReply zulip_taken(const HttpAsked&, int number) {
  return {.body = R"({"result": "success", "msg": "", "id": )" + std::to_string(number) + "}"};
}

}  // namespace

Rig zulip_rig() {
  Rig rig{"zulip", zulip_settings, {"secretApiKey0123456789"}, 10'000};
  rig.text_of = zulip_text_of;
  rig.thread_of = zulip_thread_of;
  rig.can_ping = zulip_can_ping;
  rig.taken = zulip_taken;
  rig.is_message = zulip_is_message;
  return rig;
}

}  // namespace tocsin
