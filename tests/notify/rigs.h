// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "support/http_stand_in.h"

namespace tocsin {

// A request, and what it was answered; the first of a sink is number 1.
struct SinkExchange : HttpAsked {
  HttpReply reply;
  int number = 0;
};

// A message as its sink holds it.
struct SinkTold {
  std::string thread;  // whatever names the conversation there; empty: none
  std::string text;
};

// What the contract suites (contract_test.cpp, tests/e2e/threads_test.cpp) have to know of a type
// of notifier in order to hold it to the contract: how it is pointed at a sink of the test's own,
// and where in its requests things stand. A new type is one rig more.
struct Rig {
  std::string_view type;  // NotifierType::name
  // Its settings for a sink at this base URL (HTTP), or for one in this directory, which exists.
  std::string (*settings)(const std::string& where);
  // Texts in those settings that must never be shown.
  std::vector<std::string> secrets;
  std::size_t most_text = 0;  // in UTF-16 units, the longest text that the sink takes
  // HTTP only, else null: parts of a request as it arrived.
  std::string (*text_of)(const HttpAsked&) = nullptr;
  // How the sink names the thread that this message landed in, by what was asked and answered:
  // equal for two exchanges if and only if it is the same thread. Null: the sink has no threads.
  std::string (*thread_of)(const SinkExchange&) = nullptr;
  std::string (*idempotency_of)(const HttpAsked&) = nullptr;  // null: the sink takes none
  // Whether the text would call people, hide a link's address, or be read as markup that a target
  // has chosen.
  bool (*can_ping)(const std::string& text) = nullptr;

  // What the sink answers when it has done as it was asked, `number` as in SinkExchange; null: 200
  // and an empty object.
  HttpReply (*taken)(const HttpAsked&, int number) = nullptr;
  // Whether the request is a message, and not a token, a topic or an update; null: all are.
  bool (*is_message)(const HttpAsked&) = nullptr;
  // What the sink answers to a message for a thread that was deleted; null: it makes it anew.
  HttpReply (*no_such_thread)() = nullptr;
  // The sink takes no idempotency key, but a repeat moves its alert to where it is already.
  bool merges_repeats = false;

  // Not HTTP: what the sink in this directory holds, in order; null where it cannot be read back
  // (standard output).
  std::vector<SinkTold> (*told_in)(const std::string& directory) = nullptr;

  bool is_http() const noexcept { return text_of != nullptr; }
};

std::span<const Rig> rigs();

// Each type's rig: rig_TYPE.cpp.
Rig alertmanager_rig();
Rig discord_rig();
Rig email_rig();
Rig exec_rig();
Rig file_rig();
Rig gotify_rig();
Rig journald_rig();
Rig matrix_rig();
Rig mattermost_rig();
Rig ntfy_rig();
Rig opsgenie_rig();
Rig pagerduty_rig();
Rig pushover_rig();
Rig rocketchat_rig();
Rig slack_rig();
Rig syslog_rig();
Rig teams_rig();
Rig telegram_rig();
Rig webhook_rig();
Rig zulip_rig();

}  // namespace tocsin
