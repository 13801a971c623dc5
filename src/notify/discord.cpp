// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "net/http_client.h"
#include "notify/chat_update.h"
#include "notify/http_sink.h"
#include "notify/notifier.h"
#include "notify/retry_after.h"
#include "notify/room_text.h"
#include "notify/secret_url.h"
#include "notify/sink_json.h"
#include "notify/types.h"
#include "notify/wording.h"
#include "util/text.h"

// Discord, by webhook. What it can do depends on the webhook's channel:
// * a forum channel: `thread_name` begins a thread (a post), whose id is the answer's channel_id
//   and is remembered; later messages go there by ?thread_id=, which also takes it out of the
//   archive. One thread a thread key.
// * a text channel: a webhook can begin no thread there, nor answer a message. All messages go to
//   the channel, or to the one thread that `thread_id` names.
//
// ?wait=true makes Discord answer with the message, and with an error if it was not kept.
// allowed_mentions lets nobody be called but who is configured, whatever the text says.

namespace tocsin {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;
using What = Outcome::What;

// Discord documents no fixed limit: its 429 tells how long to wait. A webhook meets one at about
// five messages in two seconds, and at 30 a minute if that goes on.
constexpr Millis kSpacing{1000};
// docs.discord.com/developers/resources/webhook
constexpr std::size_t kMostText = 2000;
constexpr std::size_t kMostName = 100;
constexpr int kSuppressEmbeds = 1 << 2;

// What would hide an address or the lines below, or look like a mention.
constexpr std::string_view kMarks[] = {"](", "]:",  "``", "||",   "<@",        "<#",    "<t:",
                                       "<:", "<a:", "</", "<id:", "@everyone", "@here", ">>"};
constexpr RoomMarkup kMarkup{kMostText, TextUnit::utf16, as_it_is, kMarks};

// docs.discord.com/developers/topics/opcodes-and-status-codes
constexpr int kUnknownChannel = 10003;
constexpr int kThreadLocked = 160005;

struct Mention {
  std::string text;  // "<@1> <@&2> @here"
  std::vector<std::string> users;
  std::vector<std::string> roles;
  bool everyone = false;
};

struct DiscordSettings {
  HttpSink http;
  Wording wording;
  std::string url;
  std::string id;  // the webhook's; no secret
  bool forum = false;
  std::string thread_id;
  Mention mention;
};

struct Hint {
  int code;
  std::string_view hint;
};
constexpr std::array kHints{
    Hint{kUnknownChannel, "the channel or thread was deleted"},
    Hint{10015, "the webhook was deleted: make a new one"},
    Hint{50027, "is the whole URL as Discord shows it?"},
    Hint{kThreadLocked, "the thread is locked"},
    Hint{220001, "it is a forum channel: set forum: true"},
    Hint{220003, "it is no forum channel: set forum: false"},
    Hint{40067, "the forum asks for a tag: let posts without tags be made"},
};

int code_of(const Object::Ptr& answer) {
  const double code = number_of(answer, "code").value_or(0);
  return code > 0 && code < 1e9 ? static_cast<int>(code) : 0;
}

ServiceWords discord_words(const Object::Ptr& answer) {
  ServiceWords words;
  words.what = text_of(answer, "message");
  const int code = code_of(answer);
  if (code != 0) words.what += (words.what.empty() ? "code " : ", code ") + std::to_string(code);
  for (const Hint& it : kHints) {
    if (it.code == code) words.hint = it.hint;
  }
  if (const auto seconds = number_of(answer, "retry_after")) {
    words.retry_after = parse_retry_seconds(*seconds);
  }
  return words;
}

bool is_snowflake(const std::string& id) {
  return !id.empty() && id.size() <= 20 && id.find_first_not_of("0123456789") == std::string::npos;
}

class Discord final : public Notifier {
 public:
  explicit Discord(DiscordSettings settings) : settings_(std::move(settings)) {}

  asio::awaitable<Outcome> send(const Delivery& delivery) const override {
    const std::string thread = thread_of(delivery);
    const HttpRequest request = post(delivery, thread);
    const HttpResponse response = co_await delivery.http.perform(request);
    if (settings_.forum && !thread.empty() && is_gone(response)) {
      const HttpRequest anew = post(delivery, "");
      const HttpResponse again = co_await delivery.http.perform(anew);
      co_return judge(delivery, again);
    }
    co_return judge(delivery, response);
  }

  bool updates() const override { return true; }

  asio::awaitable<Outcome> update(const Delivery& delivery) const override {
    const RefPair root = split_ref(ref_bound_to(settings_.id, delivery.root_ref));
    Outcome outcome;
    outcome.what = What::sent;
    if (!is_snowflake(root.first) || !is_snowflake(root.second)) co_return outcome;
    Object body;
    body.set("content", room_text(words_of_update(delivery, settings_.wording), "", kMarkup));
    body.set("allowed_mentions", mentions(false));
    const bool in_thread = settings_.forum || !settings_.thread_id.empty();
    const std::string query = in_thread ? "?thread_id=" + root.first : std::string();
    const std::string path = "/messages/" + root.second + query;
    HttpRequest request =
        json_request(settings_.http, delivery, settings_.url + path, json_text(body));
    request.method = "PATCH";
    const HttpResponse response = co_await delivery.http.perform(request);
    outcome = outcome_of(settings_.http, response, discord_words(parse_object(response.body)),
                         delivery.clock.wall());
    co_return outcome;
  }

  Pace pace() const override { return {"discord:" + settings_.id, kSpacing, false}; }
  std::string sink() const override {
    return (settings_.forum ? "forum, webhook " : "webhook ") + settings_.id;
  }

 private:
  std::string thread_of(const Delivery& delivery) const {
    if (!settings_.forum) return settings_.thread_id;
    const std::string thread = ref_bound_to(settings_.id, delivery.thread_ref);
    return is_snowflake(thread) ? thread : std::string();
  }

  static bool is_gone(const HttpResponse& response) {
    const int code = code_of(parse_object(response.body));
    return response.status >= 400 && (code == kUnknownChannel || code == kThreadLocked);
  }

  Object mentions(bool call) const {
    Array parse;
    Array users;
    Array roles;
    if (call) {
      if (settings_.mention.everyone) parse.add("everyone");
      for (const std::string& id : settings_.mention.users) users.add(id);
      for (const std::string& id : settings_.mention.roles) roles.add(id);
    }
    Object allowed;
    allowed.set("parse", parse);
    allowed.set("users", users);
    allowed.set("roles", roles);
    return allowed;
  }

  HttpRequest post(const Delivery& delivery, const std::string& thread) const {
    const Notification& notification = delivery.notification;
    const bool call = calls_people(*notification.message);
    const std::string mention = call ? settings_.mention.text : std::string();
    Object body;
    body.set("content", room_text(words_of(delivery, settings_.wording), mention, kMarkup));
    body.set("allowed_mentions", mentions(call));
    // A link that a target sent shall not be looked at for a picture.
    body.set("flags", kSuppressEmbeds);
    std::string url = settings_.url + "?wait=true";
    if (!thread.empty()) {
      url += "&thread_id=" + thread;
    } else if (settings_.forum) {
      body.set("thread_name", room_name(notification.thread_key, kMostName));
    }
    return json_request(settings_.http, delivery, url, json_text(body));
  }

  Outcome judge(const Delivery& delivery, const HttpResponse& response) const {
    const Object::Ptr answer = parse_object(response.body);
    Outcome outcome =
        outcome_of(settings_.http, response, discord_words(answer), delivery.clock.wall());
    const std::string message = text_of(answer, "id");
    const std::string channel = text_of(answer, "channel_id");
    if (outcome.what != What::sent || !is_snowflake(message) || !is_snowflake(channel)) {
      return outcome;
    }
    outcome.message_ref = bound_ref(settings_.id, channel + "/" + message);
    if (settings_.forum) outcome.thread_ref = bound_ref(settings_.id, channel);
    return outcome;
  }

  DiscordSettings settings_;
};

// The number in …/webhooks/NUMBER/TOKEN; empty if the URL is of another shape.
std::string webhook_id(const std::string& url) {
  constexpr std::string_view kBefore = "/webhooks/";
  const auto at = url.find(kBefore);
  if (at == std::string::npos) return {};
  const RefPair parts = split_ref(std::string_view(url).substr(at + kBefore.size()));
  return is_plain_ref(parts.second, "-_") && is_snowflake(parts.first) ? parts.first
                                                                       : std::string();
}

void parse_url(Settings& settings, DiscordSettings& discord) {
  constexpr const char* kExample = "https://discord.com/api/webhooks/NUMBER/TOKEN";
  discord.url = parse_secret_url(settings, "webhook_url", kExample, discord.http);
  if (discord.url.empty() || discord.url == "https://unresolved.invalid/") return;
  discord.id = webhook_id(discord.url);
  if (discord.id.empty()) {
    settings.error("webhook_url",
                   "webhook_url is not of the shape " + std::string(kExample) +
                       "; copy it from the channel's settings > Integrations > Webhooks");
  }
}

Mention parse_mention(Settings& settings) {
  Mention mention;
  for (const std::string& who : parse_people(settings, "mention")) {
    const bool role = who.starts_with("role:");
    const std::string id = role ? who.substr(5) : who;
    const bool all = who == "everyone" || who == "here";
    if (!all && !is_snowflake(id)) {
      settings.error("mention", "mention takes a user's number, role:NUMBER, here or everyone");
      continue;
    }
    mention.text += mention.text.empty() ? "" : " ";
    if (all) {
      mention.everyone = true;
      mention.text += "@" + who;
    } else {
      (role ? mention.roles : mention.users).push_back(id);
      mention.text += (role ? "<@&" : "<@") + id + ">";
    }
  }
  return mention;
}

std::shared_ptr<const Notifier> parse_discord(Settings& settings) {
  DiscordSettings discord;
  discord.http = parse_http_sink(settings);
  discord.wording = parse_wording(settings);
  parse_url(settings, discord);
  discord.forum = settings.flag("forum", false);
  discord.thread_id = settings.text("thread_id");
  if (!discord.thread_id.empty() && !is_snowflake(discord.thread_id)) {
    settings.error("thread_id", "thread_id is a thread's number: in Discord, Copy Thread ID");
  }
  if (!discord.thread_id.empty() && discord.forum) {
    settings.error("thread_id",
                   "in a forum each check has a thread of its own: leave out forum or thread_id");
  }
  discord.mention = parse_mention(settings);
  return std::make_shared<Discord>(std::move(discord));
}

}  // namespace

const NotifierType kDiscordNotifier{
    "discord", "webhook_url",
    "a Discord channel, by webhook: in a forum one thread a check, in a text channel no threads; "
    "an incident's first message is kept up to date",
    parse_discord};

}  // namespace tocsin
