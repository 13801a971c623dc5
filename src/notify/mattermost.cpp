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

// Mattermost, in two ways. With a bot's token: POST /api/v4/posts; the first post's id is the
// thread's `root_id` and is remembered. With an incoming webhook's URL: no threads and no updates,
// since its answer is the word "ok".
//
// Mattermost's Markdown has no escape that leaves addresses alone, so what calls people or hides an
// address is broken up by a zero-width space.

namespace tocsin {
namespace {

using Poco::JSON::Object;
using What = Outcome::What;

// docs.mattermost.com: RateLimitSettings.PerSec is 10 where it is turned on.
constexpr Millis kSpacing{200};
// docs.mattermost.com: posts have at most 16,383 characters.
constexpr std::size_t kMostText = 16'383;

// "@" calls people, "~" names channels, "](" and "]:" hide addresses, "``" and "~~~" begin blocks.
constexpr std::string_view kMarks[] = {"@", "](", "]:", "``", "~~"};
constexpr RoomMarkup kMarkup{kMostText, TextUnit::utf16, as_it_is, kMarks};

struct MattermostSettings {
  HttpSink http;
  Wording wording;
  std::string url;
  std::string token;
  std::string channel_id;
  std::string webhook_url;  // instead of those three
  std::string mention;      // "@channel @alice"
};

struct Hint {
  std::string_view id;
  std::string_view hint;
};
// The server's own names for errors, as in its i18n/en.json.
constexpr std::array kHints{
    Hint{"api.context.session_expired.app_error",
         "is the token right, and is the bot account enabled?"},
    Hint{"api.context.invalid_token.error", "is the token right, and is the bot account enabled?"},
    Hint{"api.context.permissions.app_error", "add the bot to the channel"},
    Hint{"api.post.create_post.can_not_post_to_deleted.error", "the channel is archived"},
    Hint{"store.sql_channel.get.existing.app_error", "is the channel's id right?"},
    Hint{"api.context.invalid_body_param.app_error", "is the channel's id right?"},
    Hint{"web.incoming_webhook.invalid.app_error", "the webhook was removed"},
    Hint{"api.webhook.incoming.disabled.app_error", "incoming webhooks are turned off"},
};

ServiceWords mattermost_words(const HttpResponse& response, const Object::Ptr& answer) {
  ServiceWords words;
  words.what = text_of(answer, "message");
  if (words.what.empty()) words.what = text_of(answer, "id");
  for (const Hint& it : kHints) {
    if (it.id == text_of(answer, "id")) words.hint = it.hint;
  }
  if (words.hint.empty() && response.status == 401) {
    words.hint = "is the token right, and is the bot account enabled?";
  }
  if (words.hint.empty() && response.status == 403) words.hint = "add the bot to the channel";
  return words;
}

bool is_root_gone(const HttpResponse& response) {
  if (response.status != 400 && response.status != 404) return false;
  return is_one_of(
      text_of(parse_object(response.body), "id"),
      {"api.post.create_post.root_id.app_error", "api.post.create_post.channel_root_id.app_error"});
}

bool is_id(const std::string& id) {
  return id.size() == 26 && is_plain_ref(id, "");
}

class Mattermost final : public Notifier {
 public:
  explicit Mattermost(MattermostSettings settings) : settings_(std::move(settings)) {}

  asio::awaitable<Outcome> send(const Delivery& delivery) const override {
    if (!settings_.webhook_url.empty()) {
      const HttpRequest hook = to_webhook(delivery);
      const HttpResponse response = co_await delivery.http.perform(hook);
      co_return outcome_of(settings_.http, response,
                           mattermost_words(response, parse_object(response.body)),
                           delivery.clock.wall());
    }
    const std::string root = id_in(delivery.thread_ref);
    const HttpRequest request = post(delivery, root);
    const HttpResponse response = co_await delivery.http.perform(request);
    if (!root.empty() && is_root_gone(response)) {
      const HttpRequest anew = post(delivery, "");
      const HttpResponse again = co_await delivery.http.perform(anew);
      co_return judge(delivery, again, "");
    }
    co_return judge(delivery, response, root);
  }

  bool updates() const override { return settings_.webhook_url.empty(); }

  asio::awaitable<Outcome> update(const Delivery& delivery) const override {
    const std::string id = id_in(delivery.root_ref);
    Outcome outcome;
    outcome.what = What::sent;
    if (id.empty()) co_return outcome;
    Object body;
    body.set("message", room_text(words_of_update(delivery, settings_.wording), "", kMarkup));
    HttpRequest request = call(delivery, "/api/v4/posts/" + id + "/patch", body);
    request.method = "PUT";
    const HttpResponse response = co_await delivery.http.perform(request);
    outcome =
        outcome_of(settings_.http, response,
                   mattermost_words(response, parse_object(response.body)), delivery.clock.wall());
    co_return outcome;
  }

  Pace pace() const override {
    const std::string where = settings_.webhook_url.empty()
                                  ? destination()
                                  : "webhook:" + sha256_hex(settings_.webhook_url).substr(0, 12);
    return {"mattermost:" + where, kSpacing, false};
  }
  std::string sink() const override {
    return settings_.webhook_url.empty() ? settings_.channel_id + " at " + host_in(settings_.url)
                                         : "webhook at " + host_in(settings_.webhook_url);
  }

 private:
  std::string destination() const { return host_in(settings_.url) + " " + settings_.channel_id; }

  std::string id_in(const std::string& ref) const {
    const std::string id = ref_bound_to(destination(), ref);
    return is_id(id) ? id : std::string();
  }

  std::string text(const Delivery& delivery) const {
    const bool calls = calls_people(*delivery.notification.message);
    return room_text(words_of(delivery, settings_.wording), calls ? settings_.mention : "",
                     kMarkup);
  }

  HttpRequest call(const Delivery& delivery, const std::string& path, const Object& body) const {
    HttpRequest request =
        json_request(settings_.http, delivery, settings_.url + path, json_text(body));
    add_bearer(request, settings_.token);
    return request;
  }

  HttpRequest post(const Delivery& delivery, const std::string& root) const {
    Object body;
    body.set("channel_id", settings_.channel_id);
    body.set("message", text(delivery));
    if (!root.empty()) body.set("root_id", root);
    return call(delivery, "/api/v4/posts", body);
  }

  HttpRequest to_webhook(const Delivery& delivery) const {
    Object body;
    body.set("text", text(delivery));
    return json_request(settings_.http, delivery, settings_.webhook_url, json_text(body));
  }

  Outcome judge(const Delivery& delivery, const HttpResponse& response,
                const std::string& root) const {
    const Object::Ptr answer = parse_object(response.body);
    Outcome outcome = outcome_of(settings_.http, response, mattermost_words(response, answer),
                                 delivery.clock.wall());
    const std::string id = text_of(answer, "id");
    if (outcome.what != What::sent || !is_id(id)) return outcome;
    outcome.message_ref = bound_ref(destination(), id);
    outcome.thread_ref = bound_ref(destination(), root.empty() ? id : root);
    return outcome;
  }

  MattermostSettings settings_;
};

void parse_bot(Settings& settings, MattermostSettings& out) {
  out.url = parse_base_url(settings, "url", "");
  if (out.url.empty() && !settings.has("url")) {
    settings.error("url", "url is missing: the server's address, such as https://chat.example.com");
  }
  out.token = required_secret(settings, "token", out.http);
  out.channel_id = settings.text("channel_id");
  if (!is_id(out.channel_id)) {
    settings.error("channel_id", out.channel_id.empty()
                                     ? "channel_id is missing: in Mattermost, View Info shows it"
                                     : "channel_id has 26 letters and digits: in Mattermost, View "
                                       "Info shows it");
  }
}

// A webhook names server and channel itself.
void parse_webhook(Settings& settings, MattermostSettings& out) {
  for (const std::string key : {"url", "token", "channel_id"}) {
    if (settings.has(key)) {
      settings.error(key, "webhook_url and " + key + " are two ways to Mattermost: leave one out");
    }
  }
  settings.url("url");
  settings.secret("token");
  settings.text("channel_id");
  out.webhook_url =
      parse_secret_url(settings, "webhook_url", "https://chat.example.com/hooks/…", out.http);
}

std::shared_ptr<const Notifier> parse_mattermost(Settings& settings) {
  MattermostSettings out;
  out.http = parse_http_sink(settings);
  out.wording = parse_wording(settings);
  if (settings.has("webhook_url")) {
    parse_webhook(settings, out);
  } else {
    settings.secret("webhook_url");
    parse_bot(settings, out);
  }
  out.mention = parse_at_names(settings, "user names, groups, or all, channel, here");
  return std::make_shared<Mattermost>(std::move(out));
}

}  // namespace

const NotifierType kMattermostNotifier{
    "mattermost", "webhook_url",
    "a Mattermost channel: with a bot's token one thread a check, its first message kept up to "
    "date; by webhook without threads",
    parse_mattermost};

}  // namespace tocsin
