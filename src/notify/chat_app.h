// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "net/http_client.h"
#include "notify/http_sink.h"
#include "notify/service_account.h"
#include "tocsin/notification.h"
#include "tocsin/time.h"

namespace tocsin {

inline constexpr std::string_view kChatApi = "https://chat.googleapis.com";

// A Google Chat app that speaks for itself, by its service account. A value type.
struct ChatApp {
  ServiceAccount account;
  std::string api_url;  // "https://chat.googleapis.com", without a slash at its end
  HttpSink sink;
};

// Of a notifier that has one: what `tocsin chat` asks for.
class HasChatApp {
 public:
  virtual ~HasChatApp() = default;
  virtual const ChatApp& app() const = 0;
};

struct ChatTools {
  HttpClient& http;
  const Clock& clock;
};

struct ChatCall {
  std::string method;
  std::string path;  // with the query: "/v1/spaces?pageSize=1000"
  std::string body;  // JSON; empty: none
};

// What came of a call: the service's answer, or why there was no token to call with.
struct ChatReply {
  HttpResponse response;
  std::optional<Outcome> no_token;
  HttpSink sink;  // the app's, with the token among its secrets: for reading the answer
};

// Calls the REST API with a token, which is renewed some minutes before its end, and once more if
// the service refuses it. Ends by the deadline and does not throw.
asio::awaitable<ChatReply> call_chat(const ChatApp& app, ChatTools tools, ChatCall call,
                                     SteadyTime deadline);

// Ends when the space may be written to once more within an attempt.
asio::awaitable<void> wait_for_quota();

// The token in the token server's answer; else an outcome that says why there is none, and what to
// do: it never quotes the key, nor the `form` that was sent. Pure.
struct ChatToken {
  std::string token;
  Millis life{0};  // it may be used for so long
  std::optional<Outcome> problem;
};
ChatToken read_token_answer(const ChatApp& app, const HttpResponse& response,
                            const std::string& form, WallTime now);

}  // namespace tocsin
