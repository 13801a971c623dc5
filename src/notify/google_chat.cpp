// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "net/http_client.h"
#include "notify/chat_answer.h"
#include "notify/chat_message.h"
#include "notify/notifier.h"
#include "notify/types.h"
#include "notify/webhook_url.h"

// Google Chat by incoming webhook: one POST a message, one thread a key. The service finds or makes
// the thread by `thread.threadKey`, so nothing has to be remembered between messages; keys belong
// to the webhook, and a new webhook begins new threads.
//
// `requestId` is the notification's UUID in every attempt. Google documents for the method that a
// repeat returns the first message instead of making a second; whether webhooks keep to it is not
// documented, so a repeat may, at worst, be shown twice.

namespace tocsin {
namespace {

// Google refuses more than one write a second a space, from all its apps together.
constexpr Millis kSpacing{1050};
// An answer repeats what it was sent, each `<` of it perhaps in six characters.
constexpr std::size_t kLongestAnswer = 256 * 1024;
constexpr std::size_t kMostMentions = 20;

struct ChatSettings {
  WebhookUrl webhook;
  std::string mention;  // "<users/1> <users/2>"
  Millis timeout{};
  std::string ca_file;
  Text proxy;
};

// A reply in an old thread rings nobody by itself, so what is DOWN calls by name. A digest that
// holds something that is DOWN (`to` is the worst of what is now) does too: it stands for them.
bool calls(const Message& message) noexcept {
  return message.kind == Kind::down || (message.kind == Kind::digest && message.to == State::down);
}

class GoogleChat final : public Notifier {
 public:
  explicit GoogleChat(ChatSettings settings) : settings_(std::move(settings)) {}

  asio::awaitable<Outcome> send(const Delivery& delivery) const override {
    const HttpRequest request = make_request(delivery);
    const HttpResponse response = co_await delivery.http.perform(request);
    co_return read_chat_answer(response, settings_.webhook.secrets, delivery.clock.wall());
  }

  Pace pace() const override { return {"chat:" + settings_.webhook.sink, kSpacing, true}; }
  std::string sink() const override { return settings_.webhook.sink; }

 private:
  HttpRequest make_request(const Delivery& delivery) const {
    const Notification& notification = delivery.notification;
    const Message& message = *notification.message;
    const std::string mention = calls(message) ? settings_.mention : std::string{};
    const std::string key = chat_thread_key(notification.thread_key);
    HttpRequest request;
    request.method = "POST";
    request.url = chat_url(settings_.webhook.url, notification.uid, !key.empty());
    request.headers.emplace_back("Content-Type", "application/json; charset=UTF-8");
    request.body =
        chat_body(chat_text(notification, mention, delivery.clock.wall(), delivery.late), key);
    request.deadline = delivery.clock.steady() + settings_.timeout;
    request.body_limit = kLongestAnswer;
    request.fresh_connection = false;
    request.want_headers = true;  // Retry-After
    request.ca_file = settings_.ca_file;
    request.proxy = settings_.proxy.value();
    return request;
  }

  ChatSettings settings_;
};

// A reference left as it stands: the configuration is only being looked at (--no-secrets).
bool is_unresolved(const Secret& secret) noexcept {
  constexpr std::string_view kReferences[] = {"${credential:", "${env:", "${file:"};
  return std::any_of(std::begin(kReferences), std::end(kReferences), [&](std::string_view begin) {
    return secret.reveal().find(begin) != std::string::npos;
  });
}

WebhookUrl parse_webhook(Settings& settings) {
  constexpr std::string_view kKey = "webhook_url";
  const Secret secret = settings.secret(kKey);
  WebhookUrl unknown;
  unknown.sink = "a space";
  if (is_unresolved(secret)) return unknown;
  if (secret.empty()) {
    settings.error(kKey, settings.has(kKey) ? "webhook_url is empty" : "webhook_url is missing");
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

std::shared_ptr<const Notifier> parse_google_chat(Settings& settings) {
  ChatSettings chat;
  chat.webhook = parse_webhook(settings);
  chat.mention = parse_mention(settings);
  chat.timeout = settings.duration("timeout", std::chrono::seconds{10},
                                   {std::chrono::seconds{1}, std::chrono::minutes{1}});
  chat.ca_file = settings.text("ca_file");
  if (!chat.ca_file.empty() && access(chat.ca_file.c_str(), R_OK) != 0) {
    settings.warn("ca_file", "the file cannot be read now");
  }
  chat.proxy = settings.url("proxy", {"http", "https", "socks5", "socks5h"});
  return std::make_shared<GoogleChat>(std::move(chat));
}

}  // namespace

const NotifierType kGoogleChatNotifier{
    "google_chat", "webhook_url",
    "a Google Chat space, by incoming webhook: one thread a check, paced to the space's quota",
    parse_google_chat};

}  // namespace tocsin
