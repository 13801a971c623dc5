// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <Poco/JSON/Array.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "notify/wording.h"
#include "tocsin/time.h"

namespace tocsin {

// What is sent to Google Chat's spaces.messages.create: its text, its body, its URL. Pure
// functions; what they build is valid by the API's description whatever the message holds.

// Google's limits. Older servers refuse a text above 4096 characters, counted in UTF-16 units.
inline constexpr std::size_t kChatTextUnits = 4000;
inline constexpr std::size_t kChatBodyBytes = 32'000;
inline constexpr std::size_t kChatKeyUnits = 4000;
// Google refuses more than one write a second a space, from all its apps together.
inline constexpr Millis kChatSpacing{1050};
// Above a card stands the first line alone.
inline constexpr std::size_t kChatTopUnits = 1500;

// What a message shows.
struct ChatContent {
  std::string text;
  Poco::JSON::Array::Ptr cards;  // cardsV2; null: none
};

// Where it goes: a thread by the service's name for it, or else by a key of ours, or a thread of
// its own.
struct ChatThread {
  std::string name;
  std::string key;

  bool empty() const noexcept { return name.empty() && key.empty(); }
};

// The text: the title (with `mention`, already in the service's syntax, at its end), then the
// lines. Values are escaped, so that only `mention` can ring; at most kChatTextUnits, cut between
// code points, the title last.
std::string chat_text(const Words& words, std::string_view mention);
// The title alone, at most kChatTopUnits.
std::string chat_top(std::string_view title, std::string_view mention);

// The key as the service takes it: itself if it is short and clean, else its beginning and a hash.
std::string chat_thread_key(std::string_view key);

// The Message in JSON, at most kChatBodyBytes.
std::string chat_body(const ChatContent& content, const ChatThread& thread);

// The webhook's URL, verbatim, with our parameters behind it.
std::string chat_url(std::string_view webhook_url, std::string_view uid, bool threaded);
// The path and query of spaces.messages.create for an app, and the name that the message has for
// us: "client-" and 56 digits of a hash, the same for the same uid.
std::string chat_create_path(std::string_view space, std::string_view uid, bool threaded);
std::string chat_client_id(std::string_view uid);

}  // namespace tocsin
