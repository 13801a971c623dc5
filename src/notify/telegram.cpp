// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "net/http_client.h"
#include "notify/chat_update.h"
#include "notify/http_sink.h"
#include "notify/notifier.h"
#include "notify/retry_after.h"
#include "notify/room_text.h"
#include "notify/sink_json.h"
#include "notify/types.h"
#include "notify/wording.h"

// Telegram, by a bot. Two kinds of thread:
// * topics: true, in a group with topics: createForumTopic once a thread key; its number is
//   remembered. A topic that was deleted is refused ("message thread not found"), and a new one is
//   made once.
// * else: each message answers the first one of its thread. Where that was deleted, Telegram sends
//   the message all the same, without an answer's mark: it begins the thread anew.
//
// Texts have no parse_mode, so nothing in them is markup but what Telegram finds by itself: names
// with @, which are broken up, and addresses, whose previews are turned off.
//
// A group that became a supergroup has another number; the error names it, and it is used and
// remembered with the thread.

namespace tocsin {
namespace {

using Poco::JSON::Object;
using What = Outcome::What;

// core.telegram.org/bots/faq: one message a second a chat, 20 a minute in a group.
constexpr Millis kChatSpacing{1050};
constexpr Millis kGroupSpacing{3050};
// core.telegram.org/bots/api: sendMessage, createForumTopic
constexpr std::size_t kMostText = 4096;
constexpr std::size_t kMostName = 128;

constexpr std::string_view kMarks[] = {"@"};
constexpr RoomMarkup kMarkup{kMostText, TextUnit::utf16, as_it_is, kMarks};

struct TelegramSettings {
  HttpSink http;
  Wording wording;
  std::string token;
  std::string url;
  std::string chat;
  std::int64_t topic_id = 0;  // where all goes; 0: none
  bool topics = false;
  std::string mention;  // "@alice @bob"
};

struct Hint {
  std::string_view words;
  std::string_view hint;
};
constexpr std::array kHints{
    Hint{"Unauthorized", "is the token right? @BotFather shows it"},
    Hint{"chat not found", "is chat_id right, and is the bot in the chat?"},
    Hint{"not a member", "add the bot to the chat"},
    Hint{"bot was kicked", "add the bot to the chat again"},
    Hint{"bot was blocked", "the user has blocked the bot"},
    Hint{"not enough rights", "make the bot an administrator who can manage topics"},
    Hint{"have no rights", "let the bot write in the chat"},
    Hint{"not a forum", "turn topics on in the group, or set topics: false"},
    Hint{"TOPIC_CLOSED", "reopen the topic, or make the bot an administrator"},
    Hint{"message thread not found", "is topic_id right?"},
};

ServiceWords telegram_words(const HttpResponse& response, const Object::Ptr& answer) {
  ServiceWords words;
  words.what = text_of(answer, "description");
  for (const Hint& it : kHints) {
    if (words.what.find(it.words) != std::string::npos) words.hint = it.hint;
  }
  // An unknown token is no path there.
  if (response.status == 404 && words.hint.empty()) words.hint = kHints[0].hint;
  if (const auto wait = number_of(object_of(answer, "parameters"), "retry_after")) {
    words.retry_after = parse_retry_seconds(*wait);
  }
  // The text was that already.
  if (words.what.find("message is not modified") != std::string::npos) words.decided = What::sent;
  return words;
}

bool is_number(const std::string& id) {
  const std::string digits = id.starts_with('-') ? id.substr(1) : id;
  return !digits.empty() && digits.size() <= 16 &&
         digits.find_first_not_of("0123456789") == std::string::npos;
}

// Where a message goes, as far as it is known.
struct Place {
  std::string chat;
  std::string thread;  // the topic, or the message to be answered; empty: to be begun
  bool again = false;  // the last attempt has taught something
};

// Topics that were made, and whose first message was not taken yet: they are not remembered
// elsewhere, and each attempt would make one more. Thread-safe.
class BegunTopics {
 public:
  void put(const std::string& key, const Place& place) {
    const std::lock_guard lock(mutex_);
    if (begun_.size() < kMost) begun_[key] = place;
  }
  void forget(const std::string& key) {
    const std::lock_guard lock(mutex_);
    begun_.erase(key);
  }
  Place get(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    const auto found = begun_.find(key);
    return found == begun_.end() ? Place{} : found->second;
  }

 private:
  static constexpr std::size_t kMost = 1000;
  mutable std::mutex mutex_;
  std::map<std::string, Place> begun_;
};

class Telegram final : public Notifier {
 public:
  explicit Telegram(TelegramSettings settings)
      : settings_(std::move(settings)), begun_(std::make_unique<BegunTopics>()) {}

  asio::awaitable<Outcome> send(const Delivery& delivery) const override {
    Place place = place_of(delivery);
    Outcome outcome = co_await attempt(delivery, place);
    // A chat that moved, and then a topic that is not there: each is learned once.
    for (int i = 0; i < 2 && place.again; ++i) outcome = co_await attempt(delivery, place);
    co_return outcome;
  }

  bool updates() const override { return true; }

  asio::awaitable<Outcome> update(const Delivery& delivery) const override {
    const RefPair root = split_ref(ref_bound_to(destination(), delivery.root_ref));
    Outcome outcome;
    outcome.what = What::sent;
    if (!is_number(root.second)) co_return outcome;
    Object body = for_chat(root.first);
    body.set("message_id", std::stoll(root.second));
    body.set("text", room_text(words_of_update(delivery, settings_.wording), "", kMarkup));
    body.set("link_preview_options", no_preview());
    const HttpRequest request = call(delivery, "editMessageText", body);
    const HttpResponse response = co_await delivery.http.perform(request);
    outcome = outcome_for(delivery, response);
    co_return outcome;
  }

  Pace pace() const override {
    const bool group = settings_.chat.starts_with('-') || settings_.chat.starts_with('@');
    return {"telegram:" + settings_.chat, group ? kGroupSpacing : kChatSpacing, false};
  }
  std::string sink() const override { return "chat " + settings_.chat; }

 private:
  std::string destination() const {
    const std::string where = host_in(settings_.url) + " " + settings_.chat;
    return where + (settings_.topics ? " topics" : " " + std::to_string(settings_.topic_id));
  }

  Place place_of(const Delivery& delivery) const {
    const RefPair known = split_ref(ref_bound_to(destination(), delivery.thread_ref));
    if (is_number(known.second)) return {known.first, known.second, false};
    const Place begun = begun_->get(delivery.notification.thread_key);
    return begun.thread.empty() ? Place{settings_.chat, "", false} : begun;
  }

  // `place` stays alive in send(); it is filled in with what is learned.
  asio::awaitable<Outcome> attempt(const Delivery& delivery, Place& place) const {
    place.again = false;
    if (settings_.topics && place.thread.empty()) {
      const HttpRequest make = make_topic(delivery, place.chat);
      const HttpResponse made = co_await delivery.http.perform(make);
      const Object::Ptr answer = parse_object(made.body);
      place.thread = id_text(number_of(object_of(answer, "result"), "message_thread_id"));
      if (place.thread.empty()) {
        learn(made, place);
        co_return not_made(delivery, made);
      }
      begun_->put(delivery.notification.thread_key, place);
    }
    const HttpRequest request = post(delivery, place);
    const HttpResponse response = co_await delivery.http.perform(request);
    learn(response, place);
    if (place.again) begun_->forget(delivery.notification.thread_key);
    Outcome outcome = outcome_for(delivery, response);
    if (outcome.what == What::sent) {
      begun_->forget(delivery.notification.thread_key);
      fill(outcome, parse_object(response.body), place);
    }
    co_return outcome;
  }

  void learn(const HttpResponse& response, Place& place) const {
    const Object::Ptr answer = parse_object(response.body);
    const std::string moved =
        id_text(number_of(object_of(answer, "parameters"), "migrate_to_chat_id"));
    const bool no_topic =
        settings_.topics && !place.thread.empty() &&
        text_of(answer, "description").find("thread not found") != std::string::npos;
    if (response.status != 400 || (moved.empty() && !no_topic)) return;
    place.again = true;
    place.thread.clear();
    if (!moved.empty()) place.chat = moved;
  }

  Outcome outcome_for(const Delivery& delivery, const HttpResponse& response) const {
    const ServiceWords words = telegram_words(response, parse_object(response.body));
    return outcome_of(settings_.http, response, words, delivery.clock.wall());
  }

  Outcome not_made(const Delivery& delivery, const HttpResponse& response) const {
    Outcome outcome = outcome_for(delivery, response);
    if (outcome.what == What::sent) {
      outcome.what = What::later;
      outcome.reason = "the answer about a new topic could not be read";
    }
    outcome.in_doubt = false;  // nothing was told yet
    return outcome;
  }

  HttpRequest call(const Delivery& delivery, const std::string& method, const Object& body) const {
    return json_request(settings_.http, delivery,
                        settings_.url + "/bot" + settings_.token + "/" + method, json_text(body));
  }

  static Object for_chat(const std::string& chat) {
    Object body;
    if (is_number(chat)) {
      body.set("chat_id", std::stoll(chat));
    } else {
      body.set("chat_id", chat);
    }
    return body;
  }

  static Object no_preview() {
    Object options;
    options.set("is_disabled", true);
    return options;
  }

  HttpRequest make_topic(const Delivery& delivery, const std::string& chat) const {
    Object body = for_chat(chat);
    body.set("name", room_name(delivery.notification.thread_key, kMostName));
    return call(delivery, "createForumTopic", body);
  }

  HttpRequest post(const Delivery& delivery, const Place& place) const {
    const bool calls = calls_people(*delivery.notification.message);
    Object body = for_chat(place.chat);
    body.set("text", room_text(words_of(delivery, settings_.wording),
                               calls ? settings_.mention : std::string(), kMarkup));
    body.set("link_preview_options", no_preview());
    if (settings_.topics) {
      body.set("message_thread_id", std::stoll(place.thread));
    } else {
      if (settings_.topic_id != 0) body.set("message_thread_id", settings_.topic_id);
      if (!place.thread.empty()) body.set("reply_parameters", answering(place.thread));
    }
    return call(delivery, "sendMessage", body);
  }

  static Object answering(const std::string& message) {
    Object reply;
    reply.set("message_id", std::stoll(message));
    reply.set("allow_sending_without_reply", true);
    return reply;
  }

  void fill(Outcome& outcome, const Object::Ptr& answer, const Place& place) const {
    const Object::Ptr message = object_of(answer, "result");
    const std::string id = id_text(number_of(message, "message_id"));
    if (id.empty()) return;
    const bool answers = object_of(message, "reply_to_message") && !place.thread.empty();
    const std::string thread = settings_.topics || answers ? place.thread : id;
    outcome.message_ref = bound_ref(destination(), place.chat + "/" + id);
    outcome.thread_ref = bound_ref(destination(), place.chat + "/" + thread);
  }

  TelegramSettings settings_;
  std::unique_ptr<BegunTopics> begun_;
};

bool is_user_name(const std::string& name) {
  return name.size() >= 4 && is_plain_ref(name, "_", 32);
}

// "123456:AAE…"; a token goes into the path of every request.
bool is_token(const std::string& token) {
  const RefPair parts = split_ref(token, ':');
  return is_number(parts.first) && is_plain_ref(parts.second, "-_", 100);
}

void parse_chat(Settings& settings, TelegramSettings& out) {
  out.chat = settings.text("chat_id");
  const bool named = out.chat.starts_with('@') && is_user_name(out.chat.substr(1));
  if (!named && !is_number(out.chat)) {
    const std::string want = "a chat's number, such as -1001234567890, or @channelname";
    settings.error("chat_id",
                   out.chat.empty() ? "chat_id is missing: " + want : "chat_id is " + want);
  }
  out.topics = settings.flag("topics", false);
  out.topic_id = settings.integer("topic_id", 0, {0, 4'000'000'000'000});
  if (out.topics && out.topic_id != 0) {
    settings.error("topic_id",
                   "with topics: true each check has a topic of its own: leave one out");
  }
}

std::string parse_mention(Settings& settings) {
  std::string mention;
  for (const std::string& entry : parse_people(settings, "mention")) {
    const std::string name = entry.starts_with('@') ? entry.substr(1) : entry;
    if (!is_user_name(name)) {
      settings.error("mention", "mention takes Telegram's user names, such as \"@alice\"");
      continue;
    }
    mention += (mention.empty() ? "@" : " @") + name;
  }
  return mention;
}

std::shared_ptr<const Notifier> parse_telegram(Settings& settings) {
  TelegramSettings out;
  out.http = parse_http_sink(settings);
  out.wording = parse_wording(settings);
  out.token = required_secret(settings, "token", out.http);
  if (!out.token.empty() && out.token != "unresolved" && !is_token(out.token)) {
    settings.error("token", "token is not of the shape that @BotFather gives: 123456:AAE…");
  }
  parse_chat(settings, out);
  out.mention = parse_mention(settings);
  out.url = parse_base_url(settings, "api_url", "https://api.telegram.org");
  return std::make_shared<Telegram>(std::move(out));
}

}  // namespace

const NotifierType kTelegramNotifier{
    "telegram", "",
    "a Telegram chat, by a bot: one topic a check in groups that have topics, else answers to its "
    "first message; an incident's first message is kept up to date",
    parse_telegram};

}  // namespace tocsin
