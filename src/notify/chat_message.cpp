// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/chat_message.h"

#include <Poco/JSON/Object.h>

#include <algorithm>

#include "notify/sink_json.h"
#include "notify/sink_text.h"
#include "util/text.h"

// The service reads `<users/all>`, `<users/ID>` and `<url|label>` in a text, and entities for the
// characters that make them. So & < > of every value become entities, and no value can ring a room
// or show one address and lead to another. Asterisks, underscores and backticks stay: they change
// how a value looks, not what it does, and values have no line breaks in which to hide.
//
// Sizes: 4000 UTF-16 units are at most 12,000 bytes of UTF-8; as JSON, where a quote or a line
// break takes two, still at most 12,000. A thread key that is not hashed holds no control character
// (six bytes each in JSON) and stays below the same bound, so that the body keeps far below 32,000.
// With a card, the text is the first line alone (4500 bytes), which leaves the card 15,000.

namespace tocsin {
namespace {

constexpr std::size_t kKeptOfKey = 200;
constexpr std::size_t kClientDigits = 56;  // "client-" and these are the 63 that are allowed
constexpr std::string_view kReply = "messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD";

std::string_view escaped(std::string_view point) noexcept {
  if (point == "&") return "&amp;";
  if (point == "<") return "&lt;";
  if (point == ">") return "&gt;";
  return point;
}

std::size_t utf16(std::string_view text) noexcept {
  return units(text, TextUnit::utf16);
}

bool is_clean(std::string_view key) noexcept {
  const auto is_control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '\x7f';
  };
  return is_valid_utf8(key) && std::none_of(key.begin(), key.end(), is_control);
}

std::string called(std::string_view title, std::string_view mention, std::size_t most) {
  const std::string call = mention.empty() ? std::string{} : " " + std::string(mention);
  FittedText first(most - std::min(utf16(call), most / 2), TextUnit::utf16, escaped);
  first.add(title);
  return first.text() + call;
}

}  // namespace

std::string chat_text(const Words& words, std::string_view mention) {
  const std::string text = called(words.title, mention, kChatTextUnits);
  // A line break and an ellipsis must fit, or there is no point in a body.
  const std::size_t used = utf16(text);
  if (used + 3 > kChatTextUnits) return text;
  FittedText body(kChatTextUnits - used, TextUnit::utf16, escaped);
  for (const std::string& line : words.lines) {
    body.add("\n");
    body.add(line);
  }
  return text + body.text();
}

std::string chat_top(std::string_view title, std::string_view mention) {
  return called(title, mention, kChatTopUnits);
}

std::string chat_thread_key(std::string_view key) {
  if (utf16(key) <= kChatKeyUnits && is_clean(key)) return std::string(key);
  return printable(key, kKeptOfKey) + " #" + sha256_hex(key);
}

std::string chat_body(const ChatContent& content, const ChatThread& thread) {
  Poco::JSON::Object message;
  message.set("text", content.text);
  if (content.cards) message.set("cardsV2", content.cards);
  if (!thread.empty()) {
    Poco::JSON::Object where;
    where.set(thread.name.empty() ? "threadKey" : "name",
              thread.name.empty() ? thread.key : thread.name);
    message.set("thread", where);
  }
  return json_text(message);
}

std::string chat_url(std::string_view webhook_url, std::string_view uid, bool threaded) {
  std::string url(webhook_url);
  // Without a thread in the body the service refuses the option.
  if (threaded) url += "&" + std::string(kReply);
  if (!uid.empty()) url += "&requestId=" + percent_encode(uid);
  return url;
}

std::string chat_client_id(std::string_view uid) {
  return "client-" + sha256_hex(uid).substr(0, kClientDigits);
}

std::string chat_create_path(std::string_view space, std::string_view uid, bool threaded) {
  std::string path = "/v1/" + std::string(space) + "/messages?messageId=" + chat_client_id(uid) +
                     "&requestId=" + percent_encode(uid);
  if (threaded) path += "&" + std::string(kReply);
  return path;
}

}  // namespace tocsin
