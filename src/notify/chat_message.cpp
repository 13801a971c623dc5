// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/chat_message.h"

#include <Poco/DigestEngine.h>
#include <Poco/JSON/Object.h>
#include <Poco/SHA2Engine.h>

#include <algorithm>
#include <sstream>

#include "notify/text.h"
#include "util/text.h"

// The service reads `<users/all>`, `<users/ID>` and `<url|label>` in a text, and entities for the
// characters that make them. So & < > of every value become entities, and no value can ring a room
// or show one address and lead to another. Asterisks, underscores and backticks stay: they change
// how a value looks, not what it does, and values have no line breaks in which to hide.
//
// Sizes: 4000 UTF-16 units are at most 12,000 bytes of UTF-8; as JSON, where a quote or a line
// break takes two, still at most 12,000. A thread key that is not hashed holds no control character
// (six bytes each in JSON) and stays below the same bound, so that the body keeps far below 32,000.

namespace tocsin {
namespace {

constexpr std::string_view kEllipsis = "…";
constexpr std::size_t kKeptOfKey = 200;

std::size_t sequence_length(char first) noexcept {
  const auto byte = static_cast<unsigned char>(first);
  if (byte < 0x80) return 1;
  if (byte < 0xE0) return 2;
  return byte < 0xF0 ? 3 : 4;
}

std::string_view escaped(std::string_view point) noexcept {
  if (point == "&") return "&amp;";
  if (point == "<") return "&lt;";
  if (point == ">") return "&gt;";
  return point;
}

// A text that is filled up to a number of UTF-16 units, one of them kept for the ellipsis.
class BoundedText {
 public:
  explicit BoundedText(std::size_t units) : left_(units - 1) {}

  // Adds as much of the value as fits, escaped; what did not fit shows as an ellipsis, and nothing
  // is added after it.
  void add(std::string_view value) {
    while (!value.empty() && !full_) {
      const std::string_view point = value.substr(0, sequence_length(value[0]));
      value.remove_prefix(point.size());
      put(escaped(point));
    }
  }

  const std::string& text() const noexcept { return text_; }

 private:
  void put(std::string_view piece) {
    const std::size_t units = utf16_units(piece);
    full_ = units > left_;
    text_ += full_ ? kEllipsis : piece;
    left_ -= full_ ? 0 : units;
  }

  std::string text_;
  std::size_t left_;
  bool full_ = false;
};

bool is_clean(std::string_view key) noexcept {
  const auto is_control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '\x7f';
  };
  return is_valid_utf8(key) && std::none_of(key.begin(), key.end(), is_control);
}

std::string sha256(std::string_view text) {
  Poco::SHA2Engine engine(Poco::SHA2Engine::SHA_256);
  engine.update(text.data(), text.size());
  return Poco::DigestEngine::digestToHex(engine.digest());
}

}  // namespace

std::size_t utf16_units(std::string_view text) noexcept {
  std::size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool continuation = (byte & 0xC0U) == 0x80U;
    if (!continuation) units += byte >= 0xF0 ? 2 : 1;
  }
  return units;
}

std::string chat_text(const Notification& notification, std::string_view mention, WallTime now,
                      bool late) {
  const Message& message = *notification.message;
  const std::string call = mention.empty() ? std::string{} : " " + std::string(mention);
  const std::size_t room = kChatTextUnits - std::min(utf16_units(call), kChatTextUnits / 2);
  BoundedText first(room);
  first.add(first_line(message));
  std::string text = first.text() + call;
  // A line break and an ellipsis must fit, or there is no point in a body.
  const std::size_t used = utf16_units(text);
  if (used + 3 > kChatTextUnits) return text;
  BoundedText body(kChatTextUnits - used);
  for (const std::string& line : body_lines(message, now, late_by(notification, now, late))) {
    body.add("\n");
    body.add(line);
  }
  return text + body.text();
}

std::string chat_thread_key(std::string_view key) {
  if (utf16_units(key) <= kChatKeyUnits && is_clean(key)) return std::string(key);
  return printable(key, kKeptOfKey) + " #" + sha256(key);
}

std::string chat_body(const std::string& text, const std::string& thread_key) {
  Poco::JSON::Object message;
  message.set("text", text);
  if (!thread_key.empty()) {
    Poco::JSON::Object thread;
    thread.set("threadKey", thread_key);
    message.set("thread", thread);
  }
  std::ostringstream out;
  message.stringify(out);
  return out.str();
}

std::string chat_url(std::string_view webhook_url, std::string_view uid, bool threaded) {
  std::string url(webhook_url);
  // Without a thread in the body the service refuses the option.
  if (threaded) url += "&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD";
  if (!uid.empty()) url += "&requestId=" + percent_encode(uid);
  return url;
}

}  // namespace tocsin
