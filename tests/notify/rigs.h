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

// What the contract suite has to know of a type of notifier in order to hold it to the contract:
// how it is pointed at a sink of the test's own, and where in its request things stand. A new type
// is one rig more.
struct Rig {
  std::string_view type;  // NotifierType::name
  // Its settings for a sink at this base URL (HTTP), or for standard output.
  std::string (*settings)(const std::string& base_url);
  // Texts in those settings that must never be shown.
  std::vector<std::string> secrets;
  std::size_t most_text = 0;  // in UTF-16 units, the longest text that the sink takes
  // HTTP only, else null: parts of a request as it arrived.
  std::string (*text_of)(const HttpAsked&) = nullptr;
  std::string (*thread_of)(const HttpAsked&) = nullptr;       // how it names the thread
  std::string (*idempotency_of)(const HttpAsked&) = nullptr;  // null: the sink takes none
  // Whether the text would call people or hide a link's address.
  bool (*can_ping)(const std::string& text) = nullptr;

  // What the sink answers when it has taken a message; null: 200 and an empty object.
  HttpReply (*taken)(const HttpAsked&) = nullptr;

  bool is_http() const noexcept { return text_of != nullptr; }
};

std::span<const Rig> rigs();

}  // namespace tocsin
