// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/rigs.h"

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <algorithm>
#include <array>

namespace tocsin {
namespace {

Poco::JSON::Object::Ptr object_in(const HttpAsked& asked) {
  return Poco::JSON::Parser().parse(asked.body).extract<Poco::JSON::Object::Ptr>();
}

std::string parameter(const HttpAsked& asked, const std::string& name) {
  const auto at = asked.target.find("&" + name + "=");
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 2;
  return asked.target.substr(begin, asked.target.find('&', begin) - begin);
}

std::string console_settings(const std::string&) {
  return "{color: never}";
}
bool console_can_ping(const std::string& text) {
  return text.find('\x1b') != std::string::npos;
}

std::string chat_settings(const std::string& base_url) {
  return "{webhook_url: \"" + base_url +
         "/v1/spaces/AAA/messages?key=AIza_secret_key_1&token=secret_token_2%3D\", timeout: 1s}";
}
std::string chat_text_of(const HttpAsked& asked) {
  return object_in(asked)->getValue<std::string>("text");
}
std::string chat_thread_of(const SinkExchange& asked) {
  return object_in(asked)->getObject("thread")->getValue<std::string>("threadKey");
}
std::string chat_idempotency_of(const HttpAsked& asked) {
  return parameter(asked, "requestId");
}
bool chat_can_ping(const std::string& text) {
  return text.find('<') != std::string::npos;
}

}  // namespace

// Each type's rig is a function of its own file, tests/notify/rig_TYPE.cpp, declared in rigs.h and
// listed here; those of the first two are above.
std::span<const Rig> rigs() {
  static const std::array all{
      alertmanager_rig(),
      Rig{"console", console_settings, {}, 100'000, nullptr, nullptr, nullptr, console_can_ping},
      discord_rig(),
      email_rig(),
      exec_rig(),
      file_rig(),
      Rig{"google_chat",
          chat_settings,
          {"AIza_secret_key_1", "secret_token_2%3D", "secret_token_2="},
          4000,
          chat_text_of,
          chat_thread_of,
          chat_idempotency_of,
          chat_can_ping},
      gotify_rig(),
      journald_rig(),
      matrix_rig(),
      mattermost_rig(),
      ntfy_rig(),
      opsgenie_rig(),
      pagerduty_rig(),
      pushover_rig(),
      rocketchat_rig(),
      slack_rig(),
      syslog_rig(),
      teams_rig(),
      telegram_rig(),
      webhook_rig(),
      zulip_rig(),
  };
  return all;
}

}  // namespace tocsin
