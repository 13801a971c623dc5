// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support/chat_schema.h"
#include "support/http_stand_in.h"
#include "tocsin/time.h"

namespace tocsin {

// A message that the space has taken.
struct ChatMessage {
  std::string name;        // "spaces/S/messages/M"
  std::string thread;      // "spaces/S/threads/T"
  std::string thread_key;  // as asked for; empty: none
  std::string text;
  std::string request_id;
  std::string token;      // of the webhook that wrote it, or the app's e-mail address
  std::string client_id;  // as asked for: "client-…"; empty: none
  std::string cards;      // cardsV2 in JSON; empty: none
  bool reply = false;     // into a thread that was there
  bool deleted = false;
  std::vector<std::string> earlier;  // its texts before it was changed, first one first
  SteadyTime at{};                   // when the request arrived
  int repeats = 0;                   // how often its requestId came again
  // Fields that only the service fills, sent all the same: taken and ignored, as the service does.
  std::vector<std::string> ignored;
};

// A request that was not taken. `invalid`: by its own fault, not by the quota's.
struct ChatRefusal {
  int status = 0;
  std::string reason;
  bool invalid = false;
  SteadyTime at{};
};

// How one space of Google Chat treats spaces.messages.create by webhook, and an app's create, get
// and patch: built from the API's description and FACTS, not from what Tocsin sends. It decides; it
// neither serves nor waits. Not thread-safe.
class ChatSpace {
 public:
  struct Rules {
    std::string space = "AAQATocsin01";
    std::string key = "AIzaSyTocsinStandInKey000000000000000";
    std::vector<std::string> tokens{"tocsin-stand-in_token-0123456789abcdef%3D"};  // as in URLs
    bool quota = true;        // one write a second
    bool request_ids = true;  // a repeat returns the first message
    // What this machine's own delays may shorten a second to before it counts as two writes.
    Millis write_spacing{950};
    bool app_is_member = true;
    bool exists = true;
    bool app_is_enabled = true;
    bool takes_cards = true;  // false: refused, as a card that is wrong in some undocumented way
    int lost_thread = 400;    // what a name of a thread that is gone is answered: 400 or 404
  };
  // What became of a request: a message (made or found again), or a refusal.
  struct Verdict {
    HttpReply reply;
    std::optional<ChatRefusal> refusal;
  };

  ChatSpace(Rules rules, std::shared_ptr<const ChatSchema> schema);

  Verdict post(const HttpAsked& asked);
  // What an app asks that has shown its token: "POST" (create), "PATCH" or "GET" of messages. In
  // chat_space_app.cpp.
  Verdict as_app(const HttpAsked& asked, const std::string& email);

  // Somebody deletes it, in the space.
  void delete_thread(const std::string& name);
  void delete_message(const std::string& name);

  const std::vector<ChatMessage>& messages() const noexcept { return messages_; }
  const Rules& rules() const noexcept { return rules_; }
  void set_rules(Rules rules) { rules_ = std::move(rules); }

  // The service's error envelope.
  static std::string envelope(int code, const std::string& status, const std::string& message);
  // The status word that goes with a code: 429 RESOURCE_EXHAUSTED.
  static std::string status_word(int code);

 private:
  struct Draft;
  struct Refuse;

  Draft read(const HttpAsked& asked) const;
  void read_credentials(std::map<std::string, std::string>& given, Draft& into) const;
  std::map<std::string, std::string> read_query(const std::string& query) const;
  void check_query(std::map<std::string, std::string> given, const std::string& method,
                   Draft& into) const;
  void read_body(const HttpAsked& asked, Draft& into) const;
  Verdict judged(const HttpAsked& asked, const std::function<ChatMessage&()>& work) const;
  ChatMessage& create(const Draft& draft, SteadyTime at);
  ChatMessage& patch(const Draft& draft, const std::string& name, SteadyTime at);
  ChatMessage& find(const std::string& name);
  std::string find_thread(const Draft& draft, bool& is_new) const;
  ChatMessage& make(const Draft& draft, SteadyTime at);
  ChatMessage* already(const Draft& draft);
  void hold_to_quota(SteadyTime at);

  Rules rules_;
  std::shared_ptr<const ChatSchema> schema_;
  std::vector<ChatMessage> messages_;
  std::map<std::pair<std::string, std::string>, std::string> threads_;   // token and key → name
  std::map<std::pair<std::string, std::string>, std::size_t> requests_;  // token and requestId
  std::map<std::string, std::size_t> client_ids_;                        // messageId
  std::set<std::string> deleted_threads_;
  std::optional<SteadyTime> last_write_;
  std::size_t last_thread_ = 0;
};

}  // namespace tocsin
