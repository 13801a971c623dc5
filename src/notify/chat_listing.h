// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <string>
#include <vector>

#include "notify/chat_app.h"

namespace tocsin {

// A space or a member, in words fit for people.
struct ChatRow {
  std::string name;   // "spaces/AAA", "users/123": what the configuration takes
  std::string title;  // as people see it; empty: the service does not say
  std::string about;  // "space, threads, 12 people"
};

struct ChatListing {
  std::vector<ChatRow> rows;
  bool more = false;    // there were more than are listed here
  std::string problem;  // why there is no list; empty: there is
};

// The spaces that the app is in, and the members of one of them ("spaces/AAA"): page by page,
// some thousands at most, each page within the app's timeout. They do not throw.
asio::awaitable<ChatListing> list_chat_spaces(const ChatApp& app, ChatTools tools);
asio::awaitable<ChatListing> list_chat_members(const ChatApp& app, ChatTools tools,
                                               std::string space);

// "spaces/AAA" of a space's name or of its id alone; empty if it is neither.
std::string chat_space_name(std::string_view given);

}  // namespace tocsin
