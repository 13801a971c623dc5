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
#include "notify/room_text.h"
#include "notify/secret_url.h"
#include "notify/sink_json.h"
#include "notify/types.h"
#include "notify/wording.h"

// Slack, in two ways. With a bot's token: chat.postMessage; the first message's `ts` names the
// thread and is remembered, with the channel's id that the answer gives (chat.update takes no
// names). With a webhook's URL: no threads and no updates, since its answer is the word "ok".
//
// Errors of the Web API come with status 200 and `ok: false`. A thread whose first message was
// deleted is either refused, or the reply lands in the channel itself, where its answer names no
// thread_ts: both begin a new thread.
//
// No field is documented to make a repeat recognisable, so a message whose answer was lost may be
// shown twice.

namespace tocsin {
namespace {

using Poco::JSON::Object;
using What = Outcome::What;

// docs.slack.dev/apis/web-api/rate-limits: one message a second a channel.
constexpr Millis kSpacing{1050};
// docs.slack.dev/reference/methods/chat.postMessage: longer than 4,000 characters is not shown
// well, and chat.update refuses it.
constexpr std::size_t kMostText = 4000;

struct SlackSettings {
  HttpSink http;
  Wording wording;
  std::string token;
  std::string webhook_url;  // one of the two
  std::string api_url;
  std::string channel;
  std::string mention;  // "<@U1> <!here>"
  bool broadcast = false;
};

std::string_view slack_escape(std::string_view point) {
  if (point == "&") return "&amp;";
  if (point == "<") return "&lt;";
  if (point == ">") return "&gt;";
  return point;
}

constexpr RoomMarkup kMarkup{kMostText, TextUnit::utf16, slack_escape, {}};

struct Hint {
  std::string_view error;
  std::string_view hint;
};
constexpr std::array kHints{
    Hint{"account_inactive", "the app or its user was removed: install it anew"},
    Hint{"action_prohibited", "an administrator does not let webhooks write there"},
    Hint{"channel_is_archived", "the channel is archived"},
    Hint{"channel_not_found",
         "is it the channel's id, such as C0123456789, and is the app in it if it is private?"},
    Hint{"invalid_auth", "is the token right? it begins with xoxb-"},
    Hint{"invalid_token", "is the whole URL as Slack shows it?"},
    Hint{"is_archived", "the channel is archived"},
    Hint{"missing_scope", "the app needs the scope chat:write; then install it anew"},
    Hint{"no_service", "the webhook was removed"},
    Hint{"not_authed", "is the token right? it begins with xoxb-"},
    Hint{"not_in_channel", "invite the app to the channel: /invite @app"},
    Hint{"restricted_action", "the workspace does not let the app write there"},
    Hint{"token_expired", "install the app anew, without token rotation"},
    Hint{"token_revoked", "the token was taken back: install the app anew"},
};

bool is_passing(const std::string& error) noexcept {
  return is_one_of(error, {"ratelimited", "rate_limited", "internal_error", "fatal_error",
                           "service_unavailable", "request_timeout", "team_added_to_org"});
}

bool is_thread_gone(const std::string& error) noexcept {
  return is_one_of(error, {"message_not_found", "thread_not_found", "cannot_reply_to_message",
                           "restricted_action_thread_locked"});
}

ServiceWords slack_words(const HttpResponse& response, const Object::Ptr& answer) {
  ServiceWords words;
  words.what = answer ? text_of(answer, "error") : std::string();
  // Webhooks answer with a word alone.
  if (!answer && response.status >= 300 && response.body.size() < 100) words.what = response.body;
  for (const Hint& it : kHints) {
    if (it.error == words.what) words.hint = it.hint;
  }
  const bool refused = flag_of(answer, "ok") == false;
  if (refused && response.status < 300) {
    words.decided = is_passing(words.what) ? What::later : What::rejected;
  }
  return words;
}

bool is_time_stamp(const std::string& ts) {
  return ts.size() <= 40 && ts.find_first_not_of("0123456789.") == std::string::npos &&
         is_plain_ref(ts, ".");
}

class Slack final : public Notifier {
 public:
  explicit Slack(SlackSettings settings) : settings_(std::move(settings)) {}

  asio::awaitable<Outcome> send(const Delivery& delivery) const override {
    const RefPair thread = parts_of(delivery.thread_ref);
    const HttpRequest request = post(delivery, thread.second);
    const HttpResponse response = co_await delivery.http.perform(request);
    const Object::Ptr answer = parse_object(response.body);
    if (!thread.second.empty() && is_refused(answer) && is_thread_gone(text_of(answer, "error"))) {
      const HttpRequest anew = post(delivery, "");
      const HttpResponse again = co_await delivery.http.perform(anew);
      co_return judge(delivery, again, "");
    }
    co_return judge(delivery, response, thread.second);
  }

  bool updates() const override { return !settings_.token.empty(); }

  asio::awaitable<Outcome> update(const Delivery& delivery) const override {
    const RefPair root = parts_of(delivery.root_ref);
    Outcome outcome;
    outcome.what = What::sent;
    if (root.second.empty()) co_return outcome;
    Object body;
    body.set("channel", root.first);
    body.set("ts", root.second);
    body.set("text", room_text(words_of_update(delivery, settings_.wording), "", kMarkup));
    const HttpRequest request = call(delivery, "chat.update", body);
    const HttpResponse response = co_await delivery.http.perform(request);
    outcome = outcome_of(settings_.http, response,
                         slack_words(response, parse_object(response.body)), delivery.clock.wall());
    co_return outcome;
  }

  Pace pace() const override {
    const std::string where = settings_.token.empty()
                                  ? "webhook:" + sha256_hex(settings_.webhook_url).substr(0, 12)
                                  : destination();
    return {"slack:" + where, kSpacing, false};
  }
  std::string sink() const override {
    return settings_.token.empty() ? "webhook at " + host_in(settings_.webhook_url)
                                   : settings_.channel;
  }

 private:
  std::string destination() const { return host_in(settings_.api_url) + " " + settings_.channel; }

  static bool is_refused(const Object::Ptr& answer) { return flag_of(answer, "ok") == false; }

  // Channel and time stamp.
  RefPair parts_of(const std::string& ref) const {
    const RefPair parts = split_ref(ref_bound_to(destination(), ref));
    const bool fine = is_plain_ref(parts.first, "", 40) && is_time_stamp(parts.second);
    return fine ? parts : RefPair{};
  }

  HttpRequest call(const Delivery& delivery, const std::string& method, const Object& body) const {
    HttpRequest request =
        json_request(settings_.http, delivery, settings_.api_url + "/" + method, json_text(body));
    add_bearer(request, settings_.token);
    return request;
  }

  HttpRequest post(const Delivery& delivery, const std::string& thread) const {
    const Message& message = *delivery.notification.message;
    const std::string mention = calls_people(message) ? settings_.mention : std::string();
    Object body;
    body.set("text", room_text(words_of(delivery, settings_.wording), mention, kMarkup));
    // A link that a target sent shall not be looked at for a picture.
    body.set("unfurl_links", false);
    body.set("unfurl_media", false);
    if (settings_.token.empty()) {
      return json_request(settings_.http, delivery, settings_.webhook_url, json_text(body));
    }
    body.set("channel", settings_.channel);
    if (!thread.empty()) {
      body.set("thread_ts", thread);
      if (settings_.broadcast && message.kind == Kind::down) body.set("reply_broadcast", true);
    }
    return call(delivery, "chat.postMessage", body);
  }

  Outcome judge(const Delivery& delivery, const HttpResponse& response,
                const std::string& thread) const {
    const Object::Ptr answer = parse_object(response.body);
    const ServiceWords words = slack_words(response, answer);
    Outcome outcome = outcome_of(settings_.http, response, words, delivery.clock.wall());
    // "It's possible some aspect of the operation succeeded before the error was raised."
    if (words.decided == What::later && !words.what.starts_with("rate")) outcome.in_doubt = true;
    if (outcome.what == What::sent && !settings_.token.empty()) fill(outcome, answer, thread);
    return outcome;
  }

  void fill(Outcome& outcome, const Object::Ptr& answer, const std::string& asked) const {
    const std::string channel = text_of(answer, "channel");
    const std::string ts = text_of(answer, "ts");
    if (!is_plain_ref(channel, "", 40) || !is_time_stamp(ts)) return;
    const Object::Ptr message = object_of(answer, "message");
    const bool beside = message && text_of(message, "thread_ts").empty();
    const std::string thread = asked.empty() || beside ? ts : asked;
    outcome.message_ref = bound_ref(destination(), channel + "/" + ts);
    outcome.thread_ref = bound_ref(destination(), channel + "/" + thread);
  }

  SlackSettings settings_;
};

std::string mention_of(const std::string& who) {
  if (is_one_of(who, {"here", "channel", "everyone"})) return "<!" + who + ">";
  if (!is_plain_ref(who, "", 40)) return {};
  if (who[0] == 'U' || who[0] == 'W') return "<@" + who + ">";
  return who[0] == 'S' ? "<!subteam^" + who + ">" : std::string();
}

std::string parse_mention(Settings& settings) {
  std::string mention;
  for (const std::string& who : parse_people(settings, "mention")) {
    const std::string one = mention_of(who);
    if (one.empty()) {
      settings.error("mention",
                     "mention takes a user's id, such as U0123456789, a group's, such as "
                     "S0123456789, or here, channel, everyone");
      continue;
    }
    mention += (mention.empty() ? "" : " ") + one;
  }
  return mention;
}

bool is_channel(const std::string& channel) {
  const std::string name = channel.starts_with('#') ? channel.substr(1) : channel;
  return !name.empty() && name.size() <= 100 &&
         name.find_first_of(" \t\"<>&/") == std::string::npos;
}

void parse_channel(Settings& settings, SlackSettings& slack, bool by_webhook) {
  slack.channel = settings.text("channel");
  if (by_webhook) {
    if (!slack.channel.empty()) {
      settings.error("channel", "a webhook has a channel of its own: leave channel out");
    }
    return;
  }
  if (!is_channel(slack.channel)) {
    settings.error("channel", slack.channel.empty()
                                  ? "channel is missing: its id, such as C0123456789, or #name"
                                  : "channel is an id, such as C0123456789, or #name");
  }
}

std::shared_ptr<const Notifier> parse_slack(Settings& settings) {
  SlackSettings slack;
  slack.http = parse_http_sink(settings);
  slack.wording = parse_wording(settings);
  const bool by_webhook = settings.has("webhook_url");
  if (by_webhook && settings.has("token")) {
    settings.error("token", "token and webhook_url are two ways to Slack: give one of them");
  }
  if (by_webhook) {
    settings.secret("token");
    slack.webhook_url =
        parse_secret_url(settings, "webhook_url", "https://hooks.slack.com/services/…", slack.http);
  } else {
    settings.secret("webhook_url");
    slack.token = required_secret(settings, "token", slack.http);
  }
  parse_channel(settings, slack, by_webhook);
  slack.mention = parse_mention(settings);
  slack.broadcast = settings.flag("reply_broadcast", false);
  if (by_webhook && slack.broadcast) {
    settings.error("reply_broadcast", "a webhook has no threads: reply_broadcast needs a token");
  }
  slack.api_url = parse_base_url(settings, "api_url", "https://slack.com/api");
  return std::make_shared<Slack>(std::move(slack));
}

}  // namespace

const NotifierType kSlackNotifier{
    "slack", "webhook_url",
    "a Slack channel: with a bot's token one thread a check, its first message kept up to date; "
    "by webhook without threads",
    parse_slack};

}  // namespace tocsin
