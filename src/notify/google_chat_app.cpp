// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/google_chat_app.h"

#include <chrono>
#include <utility>

#include "net/http_client.h"
#include "notify/chat_answer.h"
#include "notify/chat_message.h"

// Google Chat by its REST API, as an app with a service account.
//
// Threads: by the name that the service gave the thread (Delivery::thread_ref) where one is known,
// else by our key. Keys belong to the app that made them; names outlive the app, the key file, and
// the change from a webhook to an app. A name that is no good any more (the thread was deleted) is
// answered 400 or 404; then the key finds or makes a thread, whose name is remembered instead.
//
// Once each: requestId and messageId are made of the notification's uid, so a repeat is recognised:
// the service gives back the first message (by requestId, for as long as it remembers), or says 409
// ALREADY_EXISTS (by messageId, for ever), which is as good as sent.
//
// A refused request is made simpler at most twice within the attempt: first the thread's name gives
// way to its key, then the card to the text. Between two writes the quota's spacing is kept.

namespace tocsin {
namespace {

// What of an attempt may still be given up.
struct Draft {
  std::string thread_name;
  ChatManner manner;

  // True if there was something to give up.
  bool make_simpler(int status) {
    if (!thread_name.empty() && (status == 400 || status == 404)) {
      thread_name.clear();
      return true;
    }
    const bool card = manner.cards && status == 400;
    if (card) manner.cards = false;
    return card;
  }
};

class GoogleChatApp final : public Notifier, public HasChatApp {
 public:
  GoogleChatApp(ChatApp app, std::string space, ChatManner manner)
      : app_(std::move(app)), space_(std::move(space)), manner_(std::move(manner)) {}

  asio::awaitable<Outcome> send(const Delivery& delivery) const override {
    const ChatTools tools{delivery.http, delivery.clock};
    SteadyTime deadline = delivery.clock.steady() + app_.sink.timeout;
    Draft draft{thread_of(delivery), manner_};
    for (;;) {
      ChatCall call = create_call(delivery, draft);
      const ChatReply reply = co_await call_chat(app_, tools, std::move(call), deadline);
      if (reply.no_token) co_return *reply.no_token;
      if (reply.response.status == 409) co_return co_await already_there(delivery, reply, deadline);
      Outcome outcome = read(delivery, reply, ChatDeed::create);
      const bool refused = outcome.what == Outcome::What::rejected;
      if (!refused || !draft.make_simpler(reply.response.status)) co_return outcome;
      co_await wait_for_quota();
      deadline += kChatSpacing;
    }
  }

  bool updates() const override { return true; }

  asio::awaitable<Outcome> update(const Delivery& delivery) const override {
    const ChatTools tools{delivery.http, delivery.clock};
    if (space_of_name(delivery.root_ref, "messages") != space_) co_return not_ours();
    SteadyTime deadline = delivery.clock.steady() + app_.sink.timeout;
    Draft draft{{}, manner_};
    for (;;) {
      ChatCall call = update_call(delivery, draft);
      const ChatReply reply = co_await call_chat(app_, tools, std::move(call), deadline);
      if (reply.no_token) co_return *reply.no_token;
      Outcome outcome = read(delivery, reply, ChatDeed::update);
      const bool refused = outcome.what == Outcome::What::rejected;
      if (!refused || !draft.make_simpler(reply.response.status)) co_return outcome;
      co_await wait_for_quota();
      deadline += kChatSpacing;
    }
  }

  // All that write to a space share its budget, by webhook or as an app.
  Pace pace() const override { return {"chat:" + space_, kChatSpacing, true}; }
  std::string sink() const override { return space_; }
  const ChatApp& app() const override { return app_; }

 private:
  // Of a thread in another space, or of none, nothing is known here; without a key, none is wanted.
  std::string thread_of(const Delivery& delivery) const {
    const bool ours = space_of_name(delivery.thread_ref, "threads") == space_;
    const bool wanted = !delivery.notification.thread_key.empty();
    return ours && wanted ? delivery.thread_ref : std::string{};
  }

  ChatCall create_call(const Delivery& delivery, const Draft& draft) const {
    const Notification& it = delivery.notification;
    const ChatThread thread{draft.thread_name, chat_thread_key(it.thread_key)};
    return {"POST", chat_create_path(space_, it.uid, !thread.empty()),
            chat_body(chat_content(delivery, draft.manner), thread)};
  }

  static ChatCall update_call(const Delivery& delivery, const Draft& draft) {
    const std::string mask = draft.manner.cards ? "text,cardsV2" : "text";
    return {"PATCH", "/v1/" + delivery.root_ref + "?updateMask=" + mask,
            chat_body(chat_update_content(delivery, draft.manner), {})};
  }

  static Outcome read(const Delivery& delivery, const ChatReply& reply, ChatDeed deed) {
    return read_chat_answer(reply.sink, reply.response, deed, delivery.clock.wall());
  }

  // An earlier attempt was taken, and its answer lost: where it stands is asked for, since the
  // thread has to be known. Whatever comes of that, the message is there.
  asio::awaitable<Outcome> already_there(const Delivery& delivery, const ChatReply& created,
                                         SteadyTime deadline) const {
    Outcome outcome = read(delivery, created, ChatDeed::create);
    if (outcome.what != Outcome::What::sent) co_return outcome;
    const std::string name = space_ + "/messages/" + chat_client_id(delivery.notification.uid);
    ChatCall call{"GET", "/v1/" + name, {}};
    const ChatTools tools{delivery.http, delivery.clock};
    const ChatReply found = co_await call_chat(app_, tools, std::move(call), deadline);
    const int status = found.no_token ? 0 : found.response.status;
    if (status >= 200 && status < 300) outcome = read(delivery, found, ChatDeed::create);
    if (outcome.message_ref.empty()) outcome.message_ref = name;
    co_return outcome;
  }

  static Outcome not_ours() {
    Outcome outcome;
    outcome.what = Outcome::What::rejected;
    outcome.reason = "the incident's first message is in another space";
    return outcome;
  }

  ChatApp app_;
  std::string space_;
  ChatManner manner_;
};

}  // namespace

std::shared_ptr<const Notifier> make_google_chat_app(ChatApp app, std::string space,
                                                     ChatManner manner) {
  return std::make_shared<GoogleChatApp>(std::move(app), std::move(space), std::move(manner));
}

}  // namespace tocsin
