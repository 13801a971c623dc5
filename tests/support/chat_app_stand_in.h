// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "support/chat_stand_in.h"
#include "support/chat_token_desk.h"
#include "tocsin/time.h"

namespace tocsin {

// Google Chat's REST API and Google's token server, as a Chat app sees them, on 127.0.0.1: tokens
// (ChatTokenDesk), messages.create, get and patch in one space (ChatSpace), lists of spaces and
// members in pages. Keeps what it took and what it refused. All calls are thread-safe but stop and
// start.
class ChatAppStandIn {
 public:
  struct Seen {
    std::vector<ChatMessage> messages;  // by creates, in order, as they are now
    std::vector<ChatRefusal> refused;   // of the API, by its own judgement
    std::vector<std::string> token_refusals;
    std::vector<std::string> calls;   // "POST /v1/spaces/…?…", scripted ones too; no tokens
    std::vector<std::string> bodies;  // of those
    std::size_t tokens = 0;           // given

    std::size_t invalid() const;  // refused by the request's own fault: should always be 0
    std::vector<std::string> texts(const std::string& thread) const;
  };

  explicit ChatAppStandIn(ChatSpace::Rules rules = {});
  ~ChatAppStandIn();

  std::string key_file() const;
  std::string api_url() const;
  std::string space() const;  // "spaces/AAA"
  std::string webhook_url() const;
  // Settings of a notifier that writes there; `more` begins with a comma, or is empty.
  std::string settings(const std::string& more = {}) const;

  // The next `times` calls of the API, or of the token server, get this step.
  void script(const ChatStep& step, std::size_t times = 1);
  void script_tokens(const ChatStep& step, std::size_t times = 1);
  void set_rules(const ChatSpace::Rules& rules);
  ChatSpace::Rules rules() const;
  // Changes something of the token server.
  void at_tokens(const std::function<void(ChatTokenDesk&)>& change);
  void delete_thread(const std::string& name);
  void delete_message(const std::string& name);
  // What spaces.list and spaces.members.list give: items in JSON, so many a page at the most.
  void set_lists(std::vector<std::string> spaces, std::vector<std::string> members,
                 std::size_t most_a_page);

  Seen seen() const;
  bool wait_until(const std::function<bool(const Seen&)>& predicate, Millis timeout) const;

  void stop();
  void start();

 private:
  class Service;
  std::unique_ptr<Service> service_;
};

}  // namespace tocsin
