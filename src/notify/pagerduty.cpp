// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>

#include <memory>
#include <string>

#include "notify/http_sink.h"
#include "notify/notifier.h"
#include "notify/sink_alert.h"
#include "notify/sink_json.h"
#include "notify/sink_text.h"
#include "notify/types.h"
#include "notify/wording.h"
#include "util/duration.h"
#include "util/text.h"

// PagerDuty's Events API v2 (developer.pagerduty.com/docs/events-api-v2-overview). An alert is
// named by its `dedup_key`, so nothing has to be remembered: a trigger with the key of an open
// alert is one more event of it, acknowledge and resolve find it, and a repeat changes nothing.
//
// INFO and TEST are change events, which page nobody and stand in the service's recent changes.
// What Tocsin tells about itself is a trigger that nobody but a person resolves: no later message
// takes it back.

namespace tocsin {
namespace {

// Limits by PD-CEF's field reference and the API's; those of texts are counted in bytes here.
constexpr std::size_t kRoutingKeyLength = 32;
constexpr std::size_t kLongestDedupKey = 255;
constexpr std::size_t kLongestSummary = 1024;
constexpr std::size_t kLongestField = 255;
constexpr std::size_t kLongestLink = 2000;
constexpr std::size_t kLongestDetails = 16 * 1024;  // an event may have 512 KB in all

struct PagerDutySettings {
  HttpSink http;
  std::string routing_key;
  std::string api_url;
  std::string down;  // severities
  std::string degraded;
  std::string unknown;
  std::string daemon;
  std::string client;  // empty: "Tocsin on INSTANCE"
  std::string client_url;
  Wording wording;
};

bool is_change(Kind kind) noexcept {
  return kind == Kind::info || kind == Kind::test;
}

std::string action_of(Kind kind) {
  switch (alert_move(kind)) {
    case AlertMove::acknowledge: return "acknowledge";
    case AlertMove::close: return "resolve";
    case AlertMove::raise:
    case AlertMove::tell: break;
  }
  return "trigger";
}

std::string shown(const std::string& text) {
  return printable(text, kLongestField);
}

void put(Poco::JSON::Object& into, const std::string& key, const std::string& value) {
  if (!value.empty()) into.set(key, value);
}

Poco::JSON::Object details_of(const Message& message, const Words& words) {
  Poco::JSON::Object details;
  put(details, "details", text_below(words, FittedText(kLongestDetails, TextUnit::byte)));
  put(details, "check", shown(message.check));
  put(details, "state", std::string(to_string(message.to)));
  if (message.incident != 0) details.set("incident", message.incident);
  for (const auto& [key, value] : message.labels) put(details, "label " + shown(key), shown(value));
  return details;
}

class PagerDuty final : public Notifier {
 public:
  explicit PagerDuty(PagerDutySettings settings) : settings_(std::move(settings)) {}

  asio::awaitable<Outcome> send(const Delivery& delivery) const override {
    const bool change = is_change(delivery.notification.message->kind);
    const HttpRequest request =
        json_request(settings_.http, delivery,
                     settings_.api_url + (change ? "/v2/change/enqueue" : "/v2/enqueue"),
                     json_text(change ? change_of(delivery) : event_of(delivery)));
    const HttpResponse response = co_await delivery.http.perform(request);
    Outcome outcome =
        outcome_of(settings_.http, response, words_in(response), delivery.clock.wall());
    if (outcome.what == Outcome::What::sent && !change) {
      outcome.thread_ref = dedup_key(delivery.notification);
    }
    co_return outcome;
  }

  Pace pace() const override {
    Pace pace;
    pace.key = "pagerduty:" + host_in(settings_.api_url) + ":" +
               sha256_hex(settings_.routing_key).substr(0, 16);
    pace.idempotent = true;
    pace.foldable = false;
    return pace;
  }
  std::string sink() const override { return "PagerDuty (" + host_in(settings_.api_url) + ")"; }

 private:
  static std::string dedup_key(const Notification& notification) {
    return fitted_key(alert_key(notification), kLongestDedupKey);
  }

  std::string severity_of(const Message& message) const {
    if (alert_move(message.kind) == AlertMove::tell) return settings_.daemon;
    switch (alert_state(message)) {
      case State::degraded: return settings_.degraded;
      case State::unknown: return settings_.unknown;
      default: return settings_.down;
    }
  }

  Poco::JSON::Object payload_of(const Message& message, const Words& words) const {
    Poco::JSON::Object payload;
    payload.set("summary", fitted_text(words.title, kLongestSummary, TextUnit::byte));
    const std::string source = shown(message.check.empty() ? message.instance : message.check);
    payload.set("source", source.empty() ? "tocsin" : source);
    if (message.decided_at > WallTime{}) payload.set("timestamp", rfc3339(message.decided_at));
    payload.set("custom_details", details_of(message, words));
    return payload;
  }

  Poco::JSON::Object change_of(const Delivery& delivery) const {
    const Words words = words_of(delivery, settings_.wording);
    Poco::JSON::Object change;
    change.set("routing_key", settings_.routing_key);
    change.set("payload", payload_of(*delivery.notification.message, words));
    add_links(change, words);
    return change;
  }

  Poco::JSON::Object event_of(const Delivery& delivery) const {
    const Message& message = *delivery.notification.message;
    const Words words = words_of(delivery, settings_.wording);
    Poco::JSON::Object payload = payload_of(message, words);
    payload.set("severity", severity_of(message));
    put(payload, "component", shown(message.target));
    put(payload, "group", shown(delivery.notification.thread_key));
    put(payload, "class", shown(message.type));
    Poco::JSON::Object event;
    event.set("routing_key", settings_.routing_key);
    event.set("event_action", action_of(message.kind));
    event.set("dedup_key", dedup_key(delivery.notification));
    event.set("payload", payload);
    event.set("client",
              settings_.client.empty() ? "Tocsin on " + shown(message.instance) : settings_.client);
    put(event, "client_url", settings_.client_url);
    add_links(event, words);
    return event;
  }

  static void add_links(Poco::JSON::Object& into, const Words& words) {
    if (words.link.empty() || words.link.size() > kLongestLink) return;
    Poco::JSON::Object link;
    link.set("href", words.link);
    link.set("text", "runbook");
    Poco::JSON::Array links;
    links.add(link);
    into.set("links", links);
  }

  // {"status": "invalid event", "message": "Event object is invalid", "errors": ["…"]}
  static ServiceWords words_in(const HttpResponse& response) {
    ServiceWords words;
    const auto answer = parse_object(response.body);
    words.what = text_of(answer, "message");
    const auto errors = answer ? answer->getArray("errors") : nullptr;
    for (std::size_t i = 0; errors && i < errors->size(); ++i) {
      const Poco::Dynamic::Var error = errors->get(static_cast<unsigned>(i));
      if (error.isString()) words.what += (i == 0 ? ": " : ", ") + error.extract<std::string>();
    }
    if (response.status == 400 && words.what.find("routing_key") != std::string::npos) {
      words.hint = "routing_key is the integration key of an Events API v2 integration";
    } else if (response.status == 403 || response.status == 404) {
      words.hint = "does api_url fit the account's region?";
    }
    return words;
  }

  PagerDutySettings settings_;
};

std::string parse_routing_key(Settings& settings, HttpSink& http) {
  constexpr std::string_view kKey = "routing_key";
  const std::string key = required_secret(settings, kKey, http);
  if (http.secrets.empty() || key.size() == kRoutingKeyLength) return key;
  settings.error(kKey, "routing_key has " + std::to_string(key.size()) +
                           " characters; the integration key of an Events API v2 integration has "
                           "32");
  return key;
}

void parse_severity(Settings& settings, PagerDutySettings& into) {
  const std::vector<std::string_view> words{"critical", "error", "warning", "info"};
  const auto severity = settings.section("severity");
  into.down = severity->choice("down", words, "critical");
  into.degraded = severity->choice("degraded", words, "warning");
  into.unknown = severity->choice("unknown", words, "error");
  into.daemon = severity->choice("daemon", words, "warning");
}

std::shared_ptr<const Notifier> parse_pagerduty(Settings& settings) {
  PagerDutySettings pager;
  pager.http = parse_http_sink(settings);
  pager.routing_key = parse_routing_key(settings, pager.http);
  pager.api_url = parse_base_url(settings, "api_url", "https://events.pagerduty.com");
  parse_severity(settings, pager);
  pager.client = shown(settings.text("client"));
  const Text client_url = settings.url("client_url");
  if (client_url.hides_something()) {
    settings.error("client_url", "client_url is shown to people: it may hold no secret");
  }
  pager.client_url = client_url.value();
  pager.wording = parse_wording(settings);
  return std::make_shared<PagerDuty>(std::move(pager));
}

}  // namespace

const NotifierType kPagerdutyNotifier{
    "pagerduty", "routing_key",
    "PagerDuty by its Events API v2: one alert per thread key (`dedup_key`), acknowledged and "
    "resolved as its incident is",
    parse_pagerduty};

}  // namespace tocsin
