// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/chat_manner.h"

#include <string_view>
#include <utility>
#include <vector>

#include "notify/chat_card.h"
#include "notify/chat_update.h"

// With a card, the message has the first line as its text all the same: that is what a lock screen
// shows, where people can be called by name, and what can be changed later (`fallbackText` cannot).

namespace tocsin {
namespace {

constexpr std::size_t kMostMentions = 20;

// A reply in an old thread rings nobody by itself, so what is DOWN calls by name. A digest that
// holds something that is DOWN (`to` is the worst of what is now) does too: it stands for them.
bool calls(const Message& message) noexcept {
  return message.kind == Kind::down || (message.kind == Kind::digest && message.to == State::down);
}

bool is_user_id(std::string_view id) noexcept {
  return !id.empty() && id.size() <= 64 &&
         id.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string parse_mention(Settings& settings) {
  constexpr std::string_view kKey = "mention";
  const std::vector<std::string> who = settings.list(kKey);
  if (who.size() > kMostMentions) {
    settings.error(kKey, "mention names more than 20 people; a group or all may serve better");
    return {};
  }
  std::string mention;
  for (const std::string& entry : who) {
    const std::string id = entry.starts_with("users/") ? entry.substr(6) : entry;
    if (id != "all" && !is_user_id(id)) {
      settings.error(kKey, "mention takes a user's number, such as 123456789012345678901, or all");
      continue;
    }
    mention += (mention.empty() ? "<users/" : " <users/") + id + ">";
  }
  return mention;
}

ChatContent content_of(const Words& words, std::string_view mention, bool cards) {
  if (!cards) return {chat_text(words, mention), nullptr};
  return {chat_top(words.title, mention), chat_cards(words)};
}

}  // namespace

ChatManner parse_chat_manner(Settings& settings) {
  ChatManner manner;
  manner.cards = settings.choice("style", {"text", "card"}, "text") == "card";
  manner.mention = parse_mention(settings);
  manner.wording = parse_wording(settings);
  return manner;
}

ChatContent chat_content(const Delivery& delivery, const ChatManner& manner) {
  const bool call = calls(*delivery.notification.message);
  return content_of(words_of(delivery, manner.wording), call ? manner.mention : std::string{},
                    manner.cards);
}

ChatContent chat_update_content(const Delivery& delivery, const ChatManner& manner) {
  return content_of(words_of_update(delivery, manner.wording), {}, manner.cards);
}

ChatManner without_cards(ChatManner manner) {
  manner.cards = false;
  return manner;
}

}  // namespace tocsin
