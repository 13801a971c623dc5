// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/chat_space.h"
#include "tocsin/time.h"

namespace tocsin {

// Something that the stand-in for Google Chat does instead of its work.
struct ChatStep {
  HttpReply reply;
  bool take = false;    // the message is taken first, if it is valid
  bool unread = false;  // done before the body is read

  // An error as the service gives it; `retry_after` is the header's value.
  static ChatStep error(int code, std::optional<std::string> retry_after = {},
                        const std::string& message = "as the test's script has it");
  static ChatStep hang() { return {{200, {}, {}, HttpReply::Way::hang}}; }
  static ChatStep close_unread() { return {{200, {}, {}, HttpReply::Way::close}, false, true}; }
  // The message is taken and shown, and nobody is told so: the connection ends, or hangs.
  static ChatStep take_and_close() { return {{200, {}, {}, HttpReply::Way::close}, true}; }
  static ChatStep take_and_hang() { return {{200, {}, {}, HttpReply::Way::hang}, true}; }
  static ChatStep slow(Millis delay);
};

// Google Chat, as a webhook sees it, on 127.0.0.1. Judges every request by the API's description
// (ChatSpace), keeps what it took and what it refused. All calls are thread-safe but stop and
// start.
class ChatStandIn {
 public:
  using Rules = ChatSpace::Rules;
  struct Seen {
    std::vector<ChatMessage> messages;  // taken, in order
    std::vector<ChatRefusal> refused;   // by its own judgement, not by a script
    std::size_t requests = 0;           // all that came, scripted ones too

    std::size_t invalid() const;  // refused by the request's own fault: should always be 0
    // The texts of one thread key's messages, and the threads that they are in, without repeats.
    std::vector<std::string> texts(const std::string& thread_key) const;
    std::vector<std::string> threads(const std::string& thread_key) const;
  };

  explicit ChatStandIn(Rules rules = {});
  ~ChatStandIn();

  std::uint16_t port() const noexcept;
  // The webhook's URL as Google would show it, but for scheme and host; one for each token.
  std::string webhook_url(std::size_t token = 0) const;

  // The next `times` requests get this step, after those scripted before.
  void script(const ChatStep& step, std::size_t times = 1);
  // From now on every request gets it, behind what is scripted; nothing: back to work.
  void always(std::optional<ChatStep> step);
  void set_rules(Rules rules);

  Seen seen() const;
  // True once so many messages were taken, or the predicate holds; false when the time is over.
  bool wait_for(std::size_t messages, Millis timeout) const;
  bool wait_until(const std::function<bool(const Seen&)>& predicate, Millis timeout) const;

  void stop();   // the service is away: connections are refused and cut …
  void start();  // … and back, at the same port, with all it had

 private:
  class Service;
  std::unique_ptr<Service> service_;
};

}  // namespace tocsin
