// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>

#include <memory>
#include <string>
#include <vector>

#include "notify/http_sink.h"
#include "notify/notifier.h"
#include "notify/sink_alert.h"
#include "notify/sink_auth.h"
#include "notify/sink_json.h"
#include "notify/sink_text.h"
#include "notify/sink_urgency.h"
#include "notify/types.h"
#include "notify/wording.h"

// ntfy, by JSON to the server's root (docs.ntfy.sh/publish/#publish-as-json). A check's messages
// have one `sequence_id`, so that phones show its latest in the place of the one before; servers
// before 2.16 do not know it and show each. Messages are plain text: Markdown is never switched on.

namespace tocsin {
namespace {

// By docs.ntfy.sh/publish/#limitations: of a longer message the server makes an attachment. The
// whole JSON may have twice that (server.go, transformBodyJSON).
constexpr std::size_t kLongestMessage = 4096;
constexpr std::size_t kLongestJson = 2 * kLongestMessage;
constexpr std::size_t kLongestTitle = 500;
constexpr std::size_t kLongestLink = 1000;
constexpr std::size_t kLongestTopic = 64;  // and of a sequence_id
constexpr std::size_t kMostTags = 20;
// ntfy.sh gives a visitor 60 requests at once, and then one every five seconds.
constexpr Millis kPublicSpacing{1000};

struct NtfySettings {
  HttpSink http;
  std::string url;
  Text topic;
  std::string authorization;  // empty: none
  Urgency urgency;
  std::vector<std::string> tags;
  Wording wording;
};

// {"code": 40301, "http": 403, "error": "forbidden", "link": "…"}
ServiceWords words_in(const HttpResponse& response) {
  ServiceWords words;
  words.what = text_of(parse_object(response.body), "error");
  switch (response.status) {
    case 401:
    case 403:
      words.hint = "token, or user and password, must have the right to write to the topic";
      break;
    case 404:
    case 405: words.hint = "url is the server's root, without the topic"; break;
    default: break;
  }
  return words;
}

Poco::JSON::Array view_action(const std::string& link) {
  Poco::JSON::Object view;
  view.set("action", "view");
  view.set("label", "Runbook");
  view.set("url", link);
  Poco::JSON::Array actions;
  actions.add(view);
  return actions;
}

class Ntfy final : public Notifier {
 public:
  explicit Ntfy(NtfySettings settings) : settings_(std::move(settings)) {}

  asio::awaitable<Outcome> send(const Delivery& delivery) const override {
    HttpRequest request =
        json_request(settings_.http, delivery, settings_.url + "/", body(delivery));
    if (!settings_.authorization.empty()) {
      request.headers.emplace_back("Authorization", settings_.authorization);
    }
    const HttpResponse response = co_await delivery.http.perform(request);
    Outcome outcome =
        outcome_of(settings_.http, response, words_in(response), delivery.clock.wall());
    if (outcome.what == Outcome::What::sent) {
      outcome.thread_ref = sequence_id(delivery.notification);
      const std::string id = text_of(parse_object(response.body), "id");
      if (is_plain_ref(id, "-_", 64)) outcome.message_ref = id;
    }
    co_return outcome;
  }

  Pace pace() const override {
    const std::string host = host_in(settings_.url);
    Pace pace;
    pace.key = "ntfy:" + host;
    if (host == "ntfy.sh") pace.spacing = kPublicSpacing;
    return pace;
  }
  std::string sink() const override {
    return "ntfy " + host_in(settings_.url) + "/" + settings_.topic.shown();
  }

 private:
  static std::string sequence_id(const Notification& notification) {
    const std::string key = alert_key(notification);
    return key.empty() ? std::string() : plain_key(key, "-_", kLongestTopic);
  }

  // JSON's escapes take room too: the message is cut until all of it fits.
  std::string body(const Delivery& delivery) const {
    const Words words = words_of(delivery, settings_.wording);
    std::size_t most = kLongestMessage;
    std::string out = json_text(message_of(delivery, words, most));
    while (out.size() > kLongestJson && most > 0) {
      most -= most / 8 + 1;
      out = json_text(message_of(delivery, words, most));
    }
    return out;
  }

  Poco::JSON::Object message_of(const Delivery& delivery, const Words& words,
                                std::size_t most) const {
    Poco::JSON::Object out;
    out.set("topic", settings_.topic.value());
    const std::string title = fitted_text(words.title, kLongestTitle, TextUnit::byte);
    out.set("title", title);
    FittedText text(most, TextUnit::byte);
    if (title != words.title) text.add(words.title);
    const std::string below = text_below(words, std::move(text));
    out.set("message", below.empty() ? title : below);
    out.set("priority", settings_.urgency.of(*delivery.notification.message));
    if (!settings_.tags.empty()) {
      Poco::JSON::Array tags;
      for (const std::string& tag : settings_.tags) tags.add(tag);
      out.set("tags", tags);
    }
    if (!words.link.empty() && words.link.size() <= kLongestLink) {
      out.set("click", words.link);
      out.set("actions", view_action(words.link));
    }
    const std::string sequence = sequence_id(delivery.notification);
    if (!sequence.empty()) out.set("sequence_id", sequence);
    return out;
  }

  NtfySettings settings_;
};

Text parse_topic(Settings& settings, HttpSink& http) {
  constexpr std::string_view kKey = "topic";
  const Text topic = settings.text_with_secrets(kKey);
  if (is_unresolved(topic.value())) return topic;
  if (topic.empty()) {
    settings.error(kKey, settings.has(kKey) ? "topic is empty" : "topic is missing");
  } else if (!is_plain_ref(topic.value(), "-_", kLongestTopic)) {
    settings.error(kKey, "a topic has 1 to 64 letters, digits, - and _");
  } else if (topic.hides_something()) {
    http.secrets.push_back(topic.value());
  }
  return topic;
}

std::vector<std::string> parse_tags(Settings& settings) {
  std::vector<std::string> tags = settings.list("tags");
  if (tags.size() > kMostTags) settings.error("tags", "more than 20 tags");
  for (const std::string& tag : tags) {
    if (tag.empty() || tag.size() > 50 || tag.find(',') != std::string::npos) {
      settings.error("tags", "a tag has 1 to 50 characters and no comma");
    }
  }
  return tags;
}

std::shared_ptr<const Notifier> parse_ntfy(Settings& settings) {
  NtfySettings ntfy;
  ntfy.http = parse_http_sink(settings);
  ntfy.url = parse_base_url(settings, "url", "https://ntfy.sh");
  ntfy.topic = parse_topic(settings, ntfy.http);
  ntfy.authorization = parse_authorization(settings, ntfy.http);
  const Urgency usual{.down = 5,
                      .degraded = 4,
                      .unknown = 4,
                      .up = 3,
                      .reminder = 4,
                      .acknowledged = 2,
                      .info = 3,
                      .daemon = 4};
  ntfy.urgency = parse_urgency(settings, usual, {1, 5});
  ntfy.tags = parse_tags(settings);
  ntfy.wording = parse_wording(settings);
  return std::make_shared<Ntfy>(std::move(ntfy));
}

}  // namespace

const NotifierType kNtfyNotifier{
    "ntfy", "topic",
    "an ntfy topic, of ntfy.sh or of a server of one's own: a check's latest message replaces the "
    "one before (`sequence_id`)",
    parse_ntfy};

}  // namespace tocsin
