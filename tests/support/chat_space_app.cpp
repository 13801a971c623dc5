// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <algorithm>
#include <string>

#include "support/chat_space_parts.h"

// What an app may do with its own messages, and what it is told when it may not. Which of 403 and
// 404 goes with a lost membership or a deleted space is not documented; both occur here.

namespace tocsin {
namespace {

bool holds(const std::string& mask, const std::string& path) {
  return ("," + mask + ",").find("," + path + ",") != std::string::npos;
}

bool is_known_path(const std::string& path) {
  static const std::vector<std::string> known{"*",
                                              "text",
                                              "attachment",
                                              "cards",
                                              "cardsV2",
                                              "cards_v2",
                                              "accessoryWidgets",
                                              "accessory_widgets",
                                              "quotedMessageMetadata"};
  return std::find(known.begin(), known.end(), path) != known.end();
}

}  // namespace

ChatSpace::Verdict ChatSpace::as_app(const HttpAsked& asked, const std::string& email) {
  return judged(asked, [&]() -> ChatMessage& {
    const std::size_t question = std::min(asked.target.find('?'), asked.target.size());
    const std::string path = asked.target.substr(0, question);
    const std::string base = "/v1/spaces/" + rules_.space + "/messages";
    const bool creates = asked.method == "POST" && path == base;
    const bool names_one = path.starts_with(base + "/") && path.size() > base.size() + 1;
    if (!creates && !(names_one && (asked.method == "PATCH" || asked.method == "GET"))) {
      throw Refuse{404, "The requested URL " + path + " was not found on this server."};
    }
    if (!rules_.app_is_enabled) throw Refuse{404, "Google Chat app not found.", false};
    if (!rules_.exists) throw Refuse{404, "Requested entity was not found.", false};
    if (!rules_.app_is_member) {
      throw Refuse{403,
                   "Permission denied to perform the requested action on the specified "
                   "resource.",
                   false};
    }
    const std::string deed = asked.method == "GET" ? "get" : creates ? "create" : "patch";
    Draft draft;
    draft.as_app = true;
    draft.token = email;
    auto given = read_query(asked.target.substr(std::min(question + 1, asked.target.size())));
    check_query(std::move(given), "spaces.messages." + deed, draft);
    if (deed == "get") return find(path.substr(4));
    read_body(asked, draft);
    return creates ? create(draft, asked.at) : patch(draft, path.substr(4), asked.at);
  });
}

ChatMessage& ChatSpace::find(const std::string& name) {
  const auto found = std::find_if(messages_.begin(), messages_.end(), [&](const ChatMessage& m) {
    const bool by_client_id = !m.client_id.empty() && name.ends_with("/messages/" + m.client_id);
    return !m.deleted && (m.name == name || by_client_id);
  });
  if (found == messages_.end()) throw Refuse{404, "Message not found.", false};
  return *found;
}

ChatMessage& ChatSpace::patch(const Draft& draft, const std::string& name, SteadyTime at) {
  std::string mask = draft.update_mask + ",";
  if (mask == ",") throw Refuse{400, "update_mask is required."};
  for (auto comma = mask.find(','); comma != std::string::npos; comma = mask.find(',')) {
    const std::string path = mask.substr(0, comma);
    mask.erase(0, comma + 1);
    if (!is_known_path(path)) throw Refuse{400, "Invalid update mask path: " + path};
  }
  ChatMessage& message = find(name);
  if (message.token != draft.token) throw Refuse{403, "The caller did not write this message."};
  hold_to_quota(at);
  message.earlier.push_back(message.text);
  const bool all = draft.update_mask == "*";
  if (all || holds(draft.update_mask, "text")) message.text = draft.text;
  if (all || holds(draft.update_mask, "cardsV2") || holds(draft.update_mask, "cards_v2")) {
    message.cards = draft.cards;
  }
  return message;
}

void ChatSpace::delete_message(const std::string& name) {
  find(name).deleted = true;
}

void ChatSpace::delete_thread(const std::string& name) {
  deleted_threads_.insert(name);
  std::erase_if(threads_, [&](const auto& entry) { return entry.second == name; });
  for (ChatMessage& message : messages_) {
    if (message.thread == name) message.deleted = true;
  }
}

}  // namespace tocsin
