// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "net/http_client.h"
#include "notify/chat_answer.h"
#include "notify/chat_listing.h"
#include "notify/chat_manner.h"
#include "notify/chat_message.h"
#include "notify/google_chat_app.h"
#include "notify/http_sink.h"
#include "notify/notifier.h"
#include "notify/types.h"
#include "notify/webhook_url.h"

// Google Chat, in one of two ways: by an incoming webhook, which is this file, or as an app with a
// service account (google_chat_app.cpp).
//
// By webhook: one POST a message, one thread a key. The service finds or makes the thread by
// `thread.threadKey`, so nothing has to be remembered between messages; keys belong to the webhook,
// and a new webhook begins new threads. What was sent cannot be changed.
//
// `requestId` is the notification's UUID in every attempt. Google documents for the method that a
// repeat returns the first message instead of making a second; whether webhooks keep to it is not
// documented, so a repeat may, at worst, be shown twice.

namespace tocsin {
namespace {

class GoogleChat final : public Notifier {
 public:
  GoogleChat(WebhookUrl webhook, HttpSink sink, ChatManner manner)
      : webhook_(std::move(webhook)), sink_(std::move(sink)), manner_(std::move(manner)) {
    sink_.secrets = webhook_.secrets;
  }

  // A card that the service does not take gives way to the text, once.
  asio::awaitable<Outcome> send(const Delivery& delivery) const override {
    HttpRequest request = make_request(delivery, manner_);
    HttpResponse response = co_await delivery.http.perform(request);
    if (manner_.cards && response.status == 400) {
      co_await wait_for_quota();
      const SteadyTime deadline = request.deadline + kChatSpacing;
      request = make_request(delivery, without_cards(manner_));
      request.deadline = deadline;
      response = co_await delivery.http.perform(request);
    }
    co_return read_chat_answer(sink_, response, ChatDeed::webhook, delivery.clock.wall());
  }

  Pace pace() const override { return {"chat:" + webhook_.sink, kChatSpacing, true}; }
  std::string sink() const override { return webhook_.sink; }

 private:
  HttpRequest make_request(const Delivery& delivery, const ChatManner& manner) const {
    const Notification& it = delivery.notification;
    const ChatThread thread{{}, chat_thread_key(it.thread_key)};
    return json_request(sink_, delivery, chat_url(webhook_.url, it.uid, !thread.empty()),
                        chat_body(chat_content(delivery, manner), thread));
  }

  WebhookUrl webhook_;
  HttpSink sink_;
  ChatManner manner_;
};

WebhookUrl parse_webhook(Settings& settings, const Secret& secret) {
  constexpr std::string_view kKey = "webhook_url";
  WebhookUrl unknown;
  unknown.sink = "a space";
  if (is_unresolved(secret.reveal())) return unknown;
  if (secret.empty()) {
    settings.error(kKey, "webhook_url is empty");
    return unknown;
  }
  ParsedWebhook parsed = parse_webhook_url(secret.reveal());
  if (!parsed.problem.empty()) {
    settings.error(kKey, "webhook_url " + parsed.problem);
    return unknown;
  }
  if (parsed.webhook.plain_to_others) {
    settings.warn(kKey,
                  "webhook_url is plain http: whoever sees the traffic can write to the space");
  }
  return parsed.webhook;
}

ServiceAccount parse_account(Settings& settings, const Secret& secret) {
  constexpr std::string_view kKey = "service_account";
  if (is_unresolved(secret.reveal())) return {};
  if (secret.empty()) {
    settings.error(kKey, "service_account is empty");
    return {};
  }
  ParsedServiceAccount parsed = parse_service_account(secret.reveal());
  if (parsed.problem.empty()) return parsed.account;
  const bool is_path = secret.reveal().find_first_of("{\n") == std::string::npos;
  settings.error(kKey, "service_account " + parsed.problem +
                           (is_path ? "; of a file: \"${file:/path/to/key.json}\"" : ""));
  return {};
}

// "spaces/AAA"; the id alone will do.
std::string parse_space(Settings& settings, bool wanted) {
  constexpr std::string_view kKey = "space";
  const std::string given = settings.text(kKey);
  if (!wanted) return given;
  if (given.empty()) {
    settings.error(kKey, std::string(settings.has(kKey) ? "space is empty" : "space is missing") +
                             "; `tocsin chat spaces --key FILE` lists what the app can see");
    return {};
  }
  const std::string name = chat_space_name(given);
  if (!name.empty()) return name;
  settings.error(kKey,
                 "space takes the name that the service has for it, such as "
                 "spaces/AAQAtest123, and not the one that people see; `tocsin chat spaces` "
                 "lists them");
  return {};
}

// What belongs to the one way and was given with the other.
void refuse_mixtures(Settings& settings, bool by_webhook, bool as_app) {
  if (by_webhook && as_app) {
    settings.error("service_account",
                   "webhook_url and service_account are two ways to the same place: keep one");
    return;
  }
  if (!by_webhook && !as_app) {
    settings.error(
        "webhook_url is missing (an incoming webhook's URL), or service_account and "
        "space (a Chat app's key file)");
    return;
  }
  for (const std::string_view key : {"space", "api_url"}) {
    if (by_webhook && settings.has(key)) {
      settings.error(key, std::string(key) +
                              " goes with service_account: a webhook's URL says "
                              "where it leads");
    }
  }
}

std::shared_ptr<const Notifier> parse_google_chat(Settings& settings) {
  const bool by_webhook = settings.has("webhook_url");
  const bool as_app = settings.has("service_account");
  refuse_mixtures(settings, by_webhook, as_app);
  const Secret url = settings.secret("webhook_url");
  const Secret key = settings.secret("service_account");
  const std::string space = parse_space(settings, as_app && !by_webhook);
  const std::string api_url = parse_base_url(settings, "api_url", kChatApi);
  ChatManner manner = parse_chat_manner(settings);
  HttpSink sink = parse_http_sink(settings);
  if (as_app) {
    ChatApp app{parse_account(settings, key), api_url, std::move(sink)};
    return make_google_chat_app(std::move(app), space, std::move(manner));
  }
  WebhookUrl webhook = by_webhook ? parse_webhook(settings, url) : WebhookUrl{};
  return std::make_shared<GoogleChat>(std::move(webhook), std::move(sink), std::move(manner));
}

}  // namespace

const NotifierType kGoogleChatNotifier{
    "google_chat", "webhook_url",
    "a Google Chat space, by incoming webhook or as a Chat app: one thread a check, paced to the "
    "space's quota",
    parse_google_chat};

}  // namespace tocsin
