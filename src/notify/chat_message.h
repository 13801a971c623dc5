// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "tocsin/notification.h"
#include "tocsin/time.h"

namespace tocsin {

// What is sent to Google Chat's spaces.messages.create: its text, its body, its URL. Pure
// functions; what they build is valid by the API's description whatever the message holds.

// Google's limits. Older servers refuse a text above 4096 characters, counted in UTF-16 units.
inline constexpr std::size_t kChatTextUnits = 4000;
inline constexpr std::size_t kChatBodyBytes = 32'000;
inline constexpr std::size_t kChatKeyUnits = 4000;

// The text: the first line (with `mention`, already in the service's syntax, at its end), then the
// body. Values are escaped, so that only `mention` can ring; at most kChatTextUnits, cut between
// code points, the first line last.
std::string chat_text(const Notification& notification, std::string_view mention, WallTime now,
                      bool late);

// The key as the service takes it: itself if it is short and clean, else its beginning and a hash.
std::string chat_thread_key(std::string_view key);

// The Message in JSON, at most kChatBodyBytes. An empty key: no thread.
std::string chat_body(const std::string& text, const std::string& thread_key);

// The webhook's URL, verbatim, with our parameters behind it.
std::string chat_url(std::string_view webhook_url, std::string_view uid, bool threaded);

// The length of valid UTF-8 in UTF-16 units.
std::size_t utf16_units(std::string_view text) noexcept;

}  // namespace tocsin
