// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <Poco/Base64Encoder.h>

#include <array>
#include <memory>
#include <sstream>
#include <string>

#include "net/http_client.h"
#include "notify/chat_update.h"
#include "notify/http_sink.h"
#include "notify/notifier.h"
#include "notify/retry_after.h"
#include "notify/room_text.h"
#include "notify/sink_json.h"
#include "notify/types.h"
#include "notify/wording.h"
#include "util/text.h"

// Zulip: a thread key is a topic of the channel, so nothing has to be remembered: Zulip finds or
// makes it by its name. Topics are short (60 characters, whatever the server's own limit): a longer
// key is its beginning and a hash. Zulip does not tell capitals apart in topics.
//
// Zulip's Markdown has no escape, so what calls people or hides an address is broken up by a
// zero-width space. Nothing is documented that makes a repeat recognisable.

namespace tocsin {
namespace {

using Poco::JSON::Object;
using What = Outcome::What;

// zulip.com/api/rest-error-handling: 200 requests a minute a user.
constexpr Millis kSpacing{300};
// zulip.com/api/send-message: beyond, the server cuts.
constexpr std::size_t kMostText = 10'000;
constexpr std::size_t kMostTopic = 60;
constexpr std::size_t kHashDigits = 16;

constexpr std::string_view kMarks[] = {"@*", "@_", "#*", "](", "]:", "``", "~~~", "$$", "<time:"};
constexpr RoomMarkup kMarkup{kMostText, TextUnit::utf16, as_it_is, kMarks};

struct ZulipSettings {
  HttpSink http;
  Wording wording;
  std::string url;
  std::string email;
  std::string authorization;
  std::string channel;
  std::string mention;  // "@**all** @*ops*"
};

struct Hint {
  std::string_view code;
  std::string_view hint;
};
constexpr std::array kHints{
    Hint{"STREAM_DOES_NOT_EXIST", "is the channel's name right?"},
    Hint{"UNAUTHORIZED", "are email and api_key the bot's?"},
    Hint{"INVALID_API_KEY", "are email and api_key the bot's?"},
    Hint{"USER_DEACTIVATED", "the bot was deactivated"},
    Hint{"REALM_DEACTIVATED", "the organization was deactivated"},
    Hint{"STREAM_WILDCARD_MENTION_NOT_ALLOWED", "the bot may not mention all: leave it out"},
};

ServiceWords zulip_words(const Object::Ptr& answer) {
  ServiceWords words;
  const std::string code = text_of(answer, "code");
  words.what = text_of(answer, "msg");
  if (!code.empty()) words.what = code + (words.what.empty() ? "" : ": ") + words.what;
  for (const Hint& it : kHints) {
    if (it.code == code) words.hint = it.hint;
  }
  if (words.what.find("Not authorized") != std::string::npos) {
    words.hint = "subscribe the bot to the channel, or let it write there";
  }
  if (const auto wait = number_of(answer, "retry-after")) {
    words.retry_after = parse_retry_seconds(*wait);
  }
  return words;
}

// "web-01"; of a long key its beginning and a hash of all of it.
std::string topic_for(const std::string& key) {
  const std::string name = printable(key, 4 * key.size() + 8);
  if (name.empty()) return "tocsin";
  if (name == key && units(name, TextUnit::utf16) <= kMostTopic) return name;
  const std::string hash = " #" + sha256_hex(key).substr(0, kHashDigits);
  return room_name(name, kMostTopic - hash.size()) + hash;
}

std::string form(const std::string& name, const std::string& value) {
  return name + "=" + percent_encode(value);
}

std::string basic_authorization(const std::string& user, const std::string& password) {
  std::ostringstream out;
  Poco::Base64Encoder encoder(out);
  encoder.rdbuf()->setLineLength(0);
  encoder << user << ":" << password;
  encoder.close();
  return out.str();
}

class Zulip final : public Notifier {
 public:
  explicit Zulip(ZulipSettings settings) : settings_(std::move(settings)) {}

  asio::awaitable<Outcome> send(const Delivery& delivery) const override {
    const Notification& notification = delivery.notification;
    const bool calls = calls_people(*notification.message);
    const std::string text = room_text(words_of(delivery, settings_.wording),
                                       calls ? settings_.mention : std::string(), kMarkup);
    // "stream" is what servers of every age know a channel by.
    const HttpRequest request =
        call(delivery, "POST", "/api/v1/messages",
             "type=stream&" + form("to", settings_.channel) + "&" +
                 form("topic", topic_for(notification.thread_key)) + "&" + form("content", text));
    const HttpResponse response = co_await delivery.http.perform(request);
    const Object::Ptr answer = parse_object(response.body);
    Outcome outcome =
        outcome_of(settings_.http, response, zulip_words(answer), delivery.clock.wall());
    if (outcome.what == What::sent) {
      outcome.message_ref = bound_ref(destination(), id_text(number_of(answer, "id")));
    }
    co_return outcome;
  }

  bool updates() const override { return true; }

  asio::awaitable<Outcome> update(const Delivery& delivery) const override {
    const std::string id = ref_bound_to(destination(), delivery.root_ref);
    Outcome outcome;
    outcome.what = What::sent;
    if (id.empty() || id.find_first_not_of("0123456789") != std::string::npos) co_return outcome;
    const std::string text = room_text(words_of_update(delivery, settings_.wording), "", kMarkup);
    const HttpRequest request =
        call(delivery, "PATCH", "/api/v1/messages/" + id, form("content", text));
    const HttpResponse response = co_await delivery.http.perform(request);
    outcome = outcome_of(settings_.http, response, zulip_words(parse_object(response.body)),
                         delivery.clock.wall());
    co_return outcome;
  }

  Pace pace() const override {
    return {"zulip:" + host_in(settings_.url) + " " + settings_.email, kSpacing, false};
  }
  std::string sink() const override {
    return "#" + settings_.channel + " at " + host_in(settings_.url);
  }

 private:
  std::string destination() const { return host_in(settings_.url) + " " + settings_.channel; }

  HttpRequest call(const Delivery& delivery, const std::string& method, const std::string& path,
                   const std::string& body) const {
    HttpRequest request = request_to(settings_.http, delivery, settings_.url + path);
    request.method = method;
    request.headers.emplace_back("Authorization", "Basic " + settings_.authorization);
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    request.body = body;
    return request;
  }

  ZulipSettings settings_;
};

bool is_name(const std::string& name) {
  return !name.empty() && name.size() <= 200 && is_valid_utf8(name) &&
         name.find_first_of("*@`\n") == std::string::npos;
}

std::string parse_mention(Settings& settings) {
  std::string mention;
  for (const std::string& who : parse_people(settings, "mention")) {
    const bool group = who.starts_with("group:");
    const std::string name = group ? who.substr(6) : who;
    if (!is_name(name)) {
      settings.error("mention", "mention takes full names, group:NAME, or all");
      continue;
    }
    mention += mention.empty() ? "" : " ";
    mention += group ? "@*" + name + "*" : "@**" + name + "**";
  }
  return mention;
}

void parse_account(Settings& settings, ZulipSettings& out) {
  out.email = settings.text("email");
  const bool plain = out.email.find_first_of(" :\r\n") == std::string::npos;
  if (!plain || out.email.find('@') == std::string::npos) {
    settings.error("email", out.email.empty() ? "email is missing: the bot's"
                                              : "email is the bot's address, name@host");
  }
  const std::string key = required_secret(settings, "api_key", out.http);
  out.authorization = basic_authorization(out.email, key);
  out.http.secrets.push_back(out.authorization);
}

std::shared_ptr<const Notifier> parse_zulip(Settings& settings) {
  ZulipSettings out;
  out.http = parse_http_sink(settings);
  out.wording = parse_wording(settings);
  out.url = parse_base_url(settings, "url", "");
  if (out.url.empty() && !settings.has("url")) {
    settings.error("url",
                   "url is missing: the organization's, such as https://example.zulipchat.com");
  }
  parse_account(settings, out);
  out.channel = settings.text("channel");
  if (out.channel.empty()) settings.error("channel", "channel is missing: its name");
  out.mention = parse_mention(settings);
  return std::make_shared<Zulip>(std::move(out));
}

}  // namespace

const NotifierType kZulipNotifier{
    "zulip", "", "a Zulip channel: one topic a check, an incident's first message kept up to date",
    parse_zulip};

}  // namespace tocsin
