// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <array>
#include <charconv>
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

// Rocket.Chat, in two ways. With a user's token: chat.postMessage; the first message's id is the
// thread's `tmid` and is remembered. With an incoming webhook's URL: no threads and no updates,
// since it does not tell the message's id.
//
// A message for a thread whose first message was deleted is taken, and shown nowhere. So before a
// message goes into a thread that is known, chat.getMessage asks whether it is still there.

namespace tocsin {
namespace {

using Poco::JSON::Object;
using What = Outcome::What;

// developer.rocket.chat: by default 10 calls a minute a method, unless the user has the right
// api-bypass-rate-limit, as the role bot does; and five messages a second.
constexpr Millis kSpacing{1050};
// Message_MaxAllowedSize, unless an administrator has changed it.
constexpr std::size_t kMostText = 5000;

// "@" calls people, "](" hides addresses and shows pictures, "``" begins blocks.
constexpr std::string_view kMarks[] = {"@", "](", "``", "||"};
constexpr RoomMarkup kMarkup{kMostText, TextUnit::utf16, as_it_is, kMarks};

struct RocketSettings {
  HttpSink http;
  Wording wording;
  std::string url;
  std::string user_id;
  std::string token;
  std::string channel;
  std::string webhook_url;  // instead of those four
  std::string mention;      // "@here @alice"
};

struct Hint {
  std::string_view error;
  std::string_view hint;
};
constexpr std::array kHints{
    Hint{"error-room-not-found", "is the channel right, and is the user in it?"},
    Hint{"error-invalid-room", "is the channel right, and is the user in it?"},
    Hint{"error-invalid-channel", "is the channel right, and is the user in it?"},
    Hint{"error-not-allowed", "may the user write there, and are threads turned on?"},
    Hint{"room_is_archived", "the channel is archived"},
    Hint{"error-room-archived", "the channel is archived"},
    Hint{"You_have_been_muted", "the user is muted in the channel"},
    Hint{"error-message-size-exceeded", "an administrator allows only shorter messages"},
    Hint{"error-too-many-requests", "give the user the role bot: it may call more often"},
    Hint{"error-action-not-allowed", "may the user edit its messages, and for so long?"},
};

// "You must wait 43 seconds before trying this endpoint again."
std::optional<Millis> wait_in(std::string_view error) {
  constexpr std::string_view kBefore = "must wait ";
  const auto at = error.find(kBefore);
  if (at == std::string_view::npos) return std::nullopt;
  error.remove_prefix(at + kBefore.size());
  unsigned seconds = 0;
  const auto [end, bad] = std::from_chars(error.data(), error.data() + error.size(), seconds);
  if (bad != std::errc{} || end == error.data()) return std::nullopt;
  return parse_retry_seconds(seconds);
}

ServiceWords rocket_words(const HttpResponse& response, const Object::Ptr& answer) {
  ServiceWords words;
  words.what = text_of(answer, "error");
  // Without a valid token it is another shape.
  if (words.what.empty()) words.what = text_of(answer, "message");
  const std::string type = text_of(answer, "errorType");
  for (const Hint& it : kHints) {
    if (it.error == type || words.what.find(it.error) != std::string::npos) words.hint = it.hint;
  }
  if (response.status == 401) words.hint = "are user_id and token right?";
  words.retry_after = wait_in(words.what);
  if (flag_of(answer, "success") == false && response.status < 300) words.decided = What::rejected;
  return words;
}

class RocketChat final : public Notifier {
 public:
  explicit RocketChat(RocketSettings settings) : settings_(std::move(settings)) {}

  asio::awaitable<Outcome> send(const Delivery& delivery) const override {
    std::string thread = id_in(delivery.thread_ref);
    if (!thread.empty()) {
      const HttpRequest look = get_message(delivery, thread);
      const HttpResponse found = co_await delivery.http.perform(look);
      Outcome outcome = outcome_for(delivery, found);
      if (outcome.what == What::later) {
        outcome.in_doubt = false;  // nothing was told yet
        co_return outcome;
      }
      // Not told that it is there: a new thread is seen in any case.
      if (outcome.what == What::rejected || is_removed(found)) thread.clear();
    }
    const HttpRequest request = post(delivery, thread);
    const HttpResponse response = co_await delivery.http.perform(request);
    Outcome outcome = outcome_for(delivery, response);
    if (outcome.what == What::sent && settings_.webhook_url.empty()) {
      fill(outcome, parse_object(response.body), thread);
    }
    co_return outcome;
  }

  bool updates() const override { return settings_.webhook_url.empty(); }

  asio::awaitable<Outcome> update(const Delivery& delivery) const override {
    const RefPair root = split_ref(ref_bound_to(destination(), delivery.root_ref));
    Outcome outcome;
    outcome.what = What::sent;
    if (!is_plain_ref(root.first, "-_", 100) || !is_plain_ref(root.second, "-_", 100)) {
      co_return outcome;
    }
    Object body;
    body.set("roomId", root.first);
    body.set("msgId", root.second);
    body.set("text", room_text(words_of_update(delivery, settings_.wording), "", kMarkup));
    const HttpRequest request = call(delivery, "chat.update", body);
    const HttpResponse response = co_await delivery.http.perform(request);
    outcome = outcome_for(delivery, response);
    co_return outcome;
  }

  Pace pace() const override {
    const std::string where = settings_.webhook_url.empty()
                                  ? destination()
                                  : "webhook:" + sha256_hex(settings_.webhook_url).substr(0, 12);
    return {"rocketchat:" + where, kSpacing, false};
  }
  std::string sink() const override {
    return settings_.webhook_url.empty() ? settings_.channel + " at " + host_in(settings_.url)
                                         : "webhook at " + host_in(settings_.webhook_url);
  }

 private:
  std::string destination() const { return host_in(settings_.url) + " " + settings_.channel; }

  // The message's id; a reference has the room's before it.
  std::string id_in(const std::string& ref) const {
    const std::string id = split_ref(ref_bound_to(destination(), ref)).second;
    return is_plain_ref(id, "-_", 100) ? id : std::string();
  }

  Outcome outcome_for(const Delivery& delivery, const HttpResponse& response) const {
    const ServiceWords words = rocket_words(response, parse_object(response.body));
    return outcome_of(settings_.http, response, words, delivery.clock.wall());
  }

  void sign(HttpRequest& request) const {
    request.headers.emplace_back("X-Auth-Token", settings_.token);
    request.headers.emplace_back("X-User-Id", settings_.user_id);
  }

  HttpRequest call(const Delivery& delivery, const std::string& method, const Object& body) const {
    HttpRequest request = json_request(settings_.http, delivery,
                                       settings_.url + "/api/v1/" + method, json_text(body));
    sign(request);
    return request;
  }

  HttpRequest get_message(const Delivery& delivery, const std::string& id) const {
    HttpRequest request =
        request_to(settings_.http, delivery, settings_.url + "/api/v1/chat.getMessage?msgId=" + id);
    sign(request);
    return request;
  }

  // Shown as removed.
  static bool is_removed(const HttpResponse& response) {
    return text_of(object_of(parse_object(response.body), "message"), "t") == "rm";
  }

  HttpRequest post(const Delivery& delivery, const std::string& thread) const {
    const bool calls = calls_people(*delivery.notification.message);
    Object body;
    body.set("text", room_text(words_of(delivery, settings_.wording),
                               calls ? settings_.mention : std::string(), kMarkup));
    if (!settings_.webhook_url.empty()) {
      return json_request(settings_.http, delivery, settings_.webhook_url, json_text(body));
    }
    const char first = settings_.channel[0];
    body.set(first == '#' || first == '@' ? "channel" : "roomId", settings_.channel);
    if (!thread.empty()) body.set("tmid", thread);
    return call(delivery, "chat.postMessage", body);
  }

  void fill(Outcome& outcome, const Object::Ptr& answer, const std::string& thread) const {
    const Object::Ptr message = object_of(answer, "message");
    const std::string id = text_of(message, "_id");
    const std::string room = text_of(message, "rid");
    if (!is_plain_ref(id, "-_", 100) || !is_plain_ref(room, "-_", 100)) return;
    outcome.message_ref = bound_ref(destination(), room + "/" + id);
    outcome.thread_ref = bound_ref(destination(), room + "/" + (thread.empty() ? id : thread));
  }

  RocketSettings settings_;
};

void parse_user(Settings& settings, RocketSettings& out) {
  out.url = parse_base_url(settings, "url", "");
  if (out.url.empty() && !settings.has("url")) {
    settings.error("url", "url is missing: the server's address, such as https://chat.example.com");
  }
  out.user_id = settings.text("user_id");
  if (!is_plain_ref(out.user_id, "-_.", 100)) {
    settings.error("user_id", out.user_id.empty()
                                  ? "user_id is missing: it is shown beside the token"
                                  : "user_id is no user's id: it is shown beside the token");
  }
  out.token = required_secret(settings, "token", out.http);
  out.channel = settings.text("channel");
  const bool has_prefix = out.channel.starts_with('#') || out.channel.starts_with('@');
  const std::string name = has_prefix ? out.channel.substr(1) : out.channel;
  if (!is_plain_ref(name, "-_.", 100)) {
    settings.error("channel", out.channel.empty()
                                  ? "channel is missing: #name, @user, or a room's id"
                                  : "channel is #name, @user, or a room's id");
  }
}

// A webhook names server and channel itself.
void parse_webhook(Settings& settings, RocketSettings& out) {
  for (const std::string key : {"url", "user_id", "token", "channel"}) {
    if (settings.has(key)) {
      settings.error(key, "webhook_url and " + key + " are two ways to Rocket.Chat: leave one out");
    }
  }
  settings.url("url");
  settings.text("user_id");
  settings.secret("token");
  settings.text("channel");
  out.webhook_url =
      parse_secret_url(settings, "webhook_url", "https://chat.example.com/hooks/…", out.http);
}

std::shared_ptr<const Notifier> parse_rocketchat(Settings& settings) {
  RocketSettings out;
  out.http = parse_http_sink(settings);
  out.wording = parse_wording(settings);
  if (settings.has("webhook_url")) {
    parse_webhook(settings, out);
  } else {
    settings.secret("webhook_url");
    parse_user(settings, out);
  }
  out.mention = parse_at_names(settings, "user names, or all, here");
  return std::make_shared<RocketChat>(std::move(out));
}

}  // namespace

const NotifierType kRocketchatNotifier{
    "rocketchat", "webhook_url",
    "a Rocket.Chat channel: with a user's token one thread a check, its first message kept up to "
    "date; by webhook without threads",
    parse_rocketchat};

}  // namespace tocsin
