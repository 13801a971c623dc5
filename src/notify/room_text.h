// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_client.h"
#include "notify/sink_text.h"
#include "notify/wording.h"
#include "tocsin/settings.h"

namespace tocsin {

// What notifiers have in common whose sinks are rooms where people talk. Pure functions.

// Whether a message calls people by name, if any are configured: what is DOWN does, since a reply
// in an old thread rings nobody by itself; and a digest that holds something that is DOWN.
bool calls_people(const Message& message) noexcept;

// The key's list of people to call, at most 20; more are an error, and none.
std::vector<std::string> parse_people(Settings& settings, std::string_view key);

// The key `mention` where people are called as @name: "@ann @here", or nothing. `kinds` tells what
// may stand there.
std::string parse_at_names(Settings& settings, std::string_view kinds);

// A text in which each occurrence of a mark ("@all", "](") has a zero-width space behind its first
// character: it looks the same and is no markup any more. For services whose markup cannot be
// escaped, or where an escape would spoil an address. Marks begin with an ASCII character.
std::string broken_up(std::string_view text, std::span<const std::string_view> marks);

// How a room reads texts, and how long they may be.
struct RoomMarkup {
  std::size_t most = 0;
  TextUnit unit = TextUnit::utf16;
  EscapePoint escape = as_it_is;
  std::span<const std::string_view> marks{};  // broken up in every value
};

// Title, whom it calls (markup of our own, or nothing), and the lines, a line each. Cut at the
// limit, the first line last.
std::string room_text(const Words& words, std::string_view call, const RoomMarkup& markup);

// A short text for a name that people see ("web-01"): on one line, at most `most` UTF-16 units.
std::string room_name(std::string_view thread_key, std::size_t most);

// A service's name for a thread or a message, with a mark of where it belongs: a notifier that was
// pointed to another channel must not write into the old one's threads. `destination` holds no
// secret. Empty for an empty ref.
std::string bound_ref(std::string_view destination, std::string_view ref);
// What bound_ref() was given; empty if it was for another destination, or is damaged.
std::string ref_bound_to(std::string_view destination, std::string_view bound);

// The two halves of "a/b"; both empty if there is no slash or nothing beside it.
struct RefPair {
  std::string first;
  std::string second;
};
RefPair split_ref(std::string_view ref, char by = '/');

// A whole number as services give ids in JSON, "-1001234567890"; empty if it is none.
std::string id_text(std::optional<double> number);

void add_bearer(HttpRequest& request, const std::string& token);

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) noexcept;

}  // namespace tocsin
