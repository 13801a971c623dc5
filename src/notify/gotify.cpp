// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <Poco/JSON/Object.h>

#include <memory>
#include <string>

#include "notify/http_sink.h"
#include "notify/notifier.h"
#include "notify/sink_alert.h"
#include "notify/sink_json.h"
#include "notify/sink_text.h"
#include "notify/sink_urgency.h"
#include "notify/types.h"
#include "notify/wording.h"

// Gotify, by POST /message with an application's token (gotify.net/api-docs). It has no threads:
// the title says which check it is about. The text is shown as it is: `client::display` says
// text/plain, whatever the client's default.

namespace tocsin {
namespace {

// Gotify has no limits of its own; phones do.
constexpr std::size_t kLongestTitle = 500;
constexpr std::size_t kLongestMessage = 8 * 1024;
constexpr std::size_t kLongestLink = 2000;

struct GotifySettings {
  HttpSink http;
  std::string url;
  std::string token;
  Urgency urgency;
  Wording wording;
};

// {"error": "Unauthorized", "errorCode": 401, "errorDescription": "…"}
ServiceWords words_in(const HttpResponse& response) {
  ServiceWords words;
  const auto answer = parse_object(response.body);
  words.what = text_of(answer, "errorDescription");
  if (words.what.empty()) words.what = text_of(answer, "error");
  if (response.status == 401 || response.status == 403) {
    words.hint = "token is an application's (it begins with A), not a client's";
  } else if (response.status == 404) {
    words.hint = "url is the server's root, as a browser opens it";
  }
  return words;
}

Poco::JSON::Object extras_of(const Words& words) {
  Poco::JSON::Object display;
  display.set("contentType", "text/plain");
  Poco::JSON::Object extras;
  extras.set("client::display", display);
  if (words.link.empty() || words.link.size() > kLongestLink) return extras;
  Poco::JSON::Object click;
  click.set("url", words.link);
  Poco::JSON::Object notification;
  notification.set("click", click);
  extras.set("client::notification", notification);
  return extras;
}

class Gotify final : public Notifier {
 public:
  explicit Gotify(GotifySettings settings) : settings_(std::move(settings)) {}

  asio::awaitable<Outcome> send(const Delivery& delivery) const override {
    HttpRequest request =
        json_request(settings_.http, delivery, settings_.url + "/message", body(delivery));
    request.headers.emplace_back("X-Gotify-Key", settings_.token);
    const HttpResponse response = co_await delivery.http.perform(request);
    co_return outcome_of(settings_.http, response, words_in(response), delivery.clock.wall());
  }

  Pace pace() const override {
    Pace pace;
    pace.key = "gotify:" + host_in(settings_.url);
    return pace;
  }
  std::string sink() const override { return "Gotify (" + host_in(settings_.url) + ")"; }

 private:
  std::string body(const Delivery& delivery) const {
    const Words words = words_of(delivery, settings_.wording);
    Poco::JSON::Object out;
    const std::string title = fitted_text(words.title, kLongestTitle, TextUnit::byte);
    out.set("title", title);
    FittedText text(kLongestMessage, TextUnit::byte);
    if (title != words.title) text.add(words.title);
    const std::string below = text_below(words, std::move(text));
    out.set("message", below.empty() ? title : below);
    out.set("priority", settings_.urgency.of(*delivery.notification.message));
    out.set("extras", extras_of(words));
    return json_text(out);
  }

  GotifySettings settings_;
};

std::shared_ptr<const Notifier> parse_gotify(Settings& settings) {
  GotifySettings gotify;
  gotify.http = parse_http_sink(settings);
  gotify.url = parse_base_url(settings, "url", "");
  if (!settings.has("url")) settings.error("url", "url is missing: the server's address");
  gotify.token = required_secret(settings, "token", gotify.http);
  const Urgency usual{.down = 8,
                      .degraded = 5,
                      .unknown = 5,
                      .up = 4,
                      .reminder = 6,
                      .acknowledged = 2,
                      .info = 4,
                      .daemon = 6};
  gotify.urgency = parse_urgency(settings, usual, {0, 10});
  gotify.wording = parse_wording(settings);
  return std::make_shared<Gotify>(std::move(gotify));
}

}  // namespace

const NotifierType kGotifyNotifier{
    "gotify", "", "a Gotify server: no threads there, so the check's name comes first",
    parse_gotify};

}  // namespace tocsin
