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
#include "notify/sink_json.h"
#include "notify/sink_text.h"
#include "notify/types.h"
#include "notify/wording.h"
#include "util/text.h"

// Opsgenie's Alert API v2 (docs.opsgenie.com/docs/alert-api), which Jira Service Management serves
// as its integration events. The alert is named by its `alias`: creating it while it is open counts
// up and changes nothing else, so a repeat does no harm. Where an incident goes on in another
// state, the open alert gets the new priority and a note besides.
//
// Every answer is 202: the request was taken and is worked on later. Whether the integration's
// rules let it become an alert is known to Opsgenie's log alone.
//
// INFO and TEST are opened and closed at once: nobody else would close them.

namespace tocsin {
namespace {

// Limits by docs.opsgenie.com/docs/alerts-and-alert-fields and the Alert API's page, in characters.
constexpr std::size_t kLongestMessage = 130;
constexpr std::size_t kLongestAlias = 512;
constexpr std::size_t kLongestDescription = 15'000;
constexpr std::size_t kLongestNote = 25'000;
constexpr std::size_t kLongestDetails = 8'000;  // all of them, keys and values
constexpr std::size_t kLongestEntity = 512;
constexpr std::size_t kLongestSource = 100;
constexpr std::size_t kLongestTag = 50;
constexpr std::size_t kMostTags = 20;
constexpr std::size_t kMostResponders = 50;
constexpr std::size_t kLongestDetail = 250;

struct Responder {
  std::string type;
  std::string name;
};

struct OpsgenieSettings {
  HttpSink http;
  std::string api_key;
  std::string api_url;
  std::string down;  // priorities
  std::string degraded;
  std::string unknown;
  std::string daemon;
  std::string info;
  std::vector<Responder> responders;
  std::vector<std::string> tags;
  Wording wording;
};

std::string fitted(std::string_view text, std::size_t most) {
  FittedText out(most, TextUnit::utf16, without_angles);
  out.add(text);
  return out.text();
}

Poco::JSON::Object details_of(const Message& message) {
  Poco::JSON::Object details;
  std::size_t left = kLongestDetails;
  const auto add = [&](const std::string& key, const std::string& text) {
    const std::string value = fitted(printable(text, kLongestDetail), kLongestDetail);
    if (value.empty() || key.size() + value.size() > left) return;
    left -= key.size() + value.size();
    details.set(key, value);
  };
  add("check", message.check);
  add("state", std::string(to_string(message.to)));
  if (message.incident != 0) add("incident", std::to_string(message.incident));
  for (const auto& [key, value] : message.labels) {
    add("label " + fitted(printable(key, kLongestDetail), kLongestDetail), value);
  }
  return details;
}

Poco::JSON::Array array_of(const std::vector<std::string>& texts) {
  Poco::JSON::Array out;
  for (const std::string& text : texts) out.add(text);
  return out;
}

Poco::JSON::Array array_of(const std::vector<Responder>& responders) {
  Poco::JSON::Array out;
  for (const Responder& responder : responders) {
    Poco::JSON::Object one;
    one.set("type", responder.type);
    one.set(responder.type == "user" ? "username" : "name", responder.name);
    out.add(one);
  }
  return out;
}

// {"message": "…", "errors": {"field": "…"}, "took": 0.1, "requestId": "…"}
ServiceWords words_in(const HttpResponse& response) {
  ServiceWords words;
  const auto answer = parse_object(response.body);
  words.what = text_of(answer, "message");
  const auto errors = object_of(answer, "errors");
  for (const std::string& field : errors ? errors->getNames() : std::vector<std::string>{}) {
    const std::string text = text_of(errors, field);
    if (!text.empty()) words.what += "; " + field + ": " + text;
  }
  switch (response.status) {
    case 401: words.hint = "is the integration enabled, and does api_url fit its region?"; break;
    case 403: words.hint = "the integration needs the right to create and update alerts"; break;
    case 402: words.hint = "the account's plan does not allow it"; break;
    case 422:
      if (words.what.find("Key format") != std::string::npos) {
        words.hint = "api_key is the key of an API integration";
      }
      break;
    default: break;
  }
  return words;
}

class Opsgenie final : public Notifier {
 public:
  explicit Opsgenie(OpsgenieSettings settings) : settings_(std::move(settings)) {}

  asio::awaitable<Outcome> send(const Delivery& delivery) const override {
    const Message& message = *delivery.notification.message;
    const Words words = words_of(delivery, settings_.wording);
    switch (alert_move(message.kind)) {
      case AlertMove::acknowledge: co_return co_await act("acknowledge", words, delivery);
      case AlertMove::close: co_return co_await act("close", words, delivery);
      case AlertMove::raise:
      case AlertMove::tell: break;
    }
    const Outcome created = co_await create(words, delivery);
    if (created.what != Outcome::What::sent) co_return created;
    Outcome after = created;
    if (message.kind == Kind::info || message.kind == Kind::test) {
      after = co_await act("close", words, delivery);
    } else if (changed_while_open(message)) {
      after = co_await tell_change(words, delivery);
    }
    co_return after.what == Outcome::What::later ? after : created;
  }

  Pace pace() const override {
    Pace pace;
    pace.key = "opsgenie:" + host_in(settings_.api_url) + ":" +
               sha256_hex(settings_.api_key).substr(0, 16);
    pace.idempotent = true;
    pace.foldable = false;
    return pace;
  }
  std::string sink() const override { return "Opsgenie (" + host_in(settings_.api_url) + ")"; }

 private:
  static std::string alias_of(const Delivery& delivery) {
    return plain_key(alert_key(delivery.notification), "-_", kLongestAlias);
  }

  std::string priority_of(const Message& message) const {
    if (message.kind == Kind::info || message.kind == Kind::test) return settings_.info;
    if (alert_move(message.kind) == AlertMove::tell) return settings_.daemon;
    switch (alert_state(message)) {
      case State::degraded: return settings_.degraded;
      case State::unknown: return settings_.unknown;
      default: return settings_.down;
    }
  }

  static std::string source_of(const Message& message) {
    return fitted("Tocsin on " + printable(message.instance, kLongestSource), kLongestSource);
  }

  asio::awaitable<Outcome> create(const Words& words, const Delivery& delivery) const {
    const Message& message = *delivery.notification.message;
    Poco::JSON::Object alert;
    alert.set("message", fitted(words.title, kLongestMessage));
    alert.set("alias", alias_of(delivery));
    FittedText text(kLongestDescription, TextUnit::utf16, without_angles);
    text.add(words.title);
    alert.set("description", text_below(words, std::move(text)));
    alert.set("details", details_of(message));
    const std::string entity = fitted(printable(message.target, kLongestEntity), kLongestEntity);
    if (!entity.empty()) alert.set("entity", entity);
    alert.set("priority", priority_of(message));
    alert.set("source", source_of(message));
    if (!settings_.responders.empty()) alert.set("responders", array_of(settings_.responders));
    if (!settings_.tags.empty()) alert.set("tags", array_of(settings_.tags));
    HttpRequest request =
        json_request(settings_.http, delivery, settings_.api_url + "/v2/alerts", json_text(alert));
    co_return co_await ask(std::move(request), delivery);
  }

  // acknowledge, close, notes: a note with the whole text goes with each.
  asio::awaitable<Outcome> act(std::string action, const Words& words,
                               const Delivery& delivery) const {
    Poco::JSON::Object body;
    FittedText text(kLongestNote, TextUnit::utf16, without_angles);
    text.add(words.title);
    body.set("note", text_below(words, std::move(text)));
    body.set("source", source_of(*delivery.notification.message));
    HttpRequest request =
        json_request(settings_.http, delivery, url_of(action, delivery), json_text(body));
    co_return co_await ask(std::move(request), delivery);
  }

  // Jira Service Management takes notes and no priorities here.
  asio::awaitable<Outcome> tell_change(const Words& words, const Delivery& delivery) const {
    if (settings_.api_url.find("/jsm/") == std::string::npos) {
      Poco::JSON::Object body;
      body.set("priority", priority_of(*delivery.notification.message));
      HttpRequest request =
          json_request(settings_.http, delivery, url_of("priority", delivery), json_text(body));
      request.method = "PUT";
      const Outcome outcome = co_await ask(std::move(request), delivery);
      if (outcome.what == Outcome::What::later) co_return outcome;
    }
    co_return co_await act("notes", words, delivery);
  }

  std::string url_of(const std::string& action, const Delivery& delivery) const {
    return settings_.api_url + "/v2/alerts/" + alias_of(delivery) + "/" + action +
           "?identifierType=alias";
  }

  asio::awaitable<Outcome> ask(HttpRequest request, const Delivery& delivery) const {
    request.headers.emplace_back("Authorization", "GenieKey " + settings_.api_key);
    const HttpResponse response = co_await delivery.http.perform(request);
    Outcome outcome =
        outcome_of(settings_.http, response, words_in(response), delivery.clock.wall());
    if (outcome.what == Outcome::What::sent) {
      outcome.thread_ref = alias_of(delivery);
      const std::string id = text_of(parse_object(response.body), "requestId");
      if (is_plain_ref(id, "-", 64)) outcome.message_ref = id;
    }
    co_return outcome;
  }

  OpsgenieSettings settings_;
};

std::vector<Responder> parse_responders(Settings& settings) {
  std::vector<Responder> out;
  for (const auto& entry : settings.sections("responders")) {
    std::vector<Responder> named;
    for (const std::string type : {"team", "user", "schedule", "escalation"}) {
      const std::string name = entry->text(type);
      if (!name.empty()) named.push_back({type, name});
    }
    if (named.size() == 1) {
      out.push_back(named.front());
    } else {
      entry->error("a responder is one of team, user (their e-mail), schedule, escalation");
    }
  }
  if (out.size() > kMostResponders) settings.error("responders", "more than 50 responders");
  return out;
}

std::vector<std::string> parse_tags(Settings& settings) {
  std::vector<std::string> tags = settings.list("tags");
  if (tags.size() > kMostTags) settings.error("tags", "more than 20 tags");
  for (const std::string& tag : tags) {
    if (tag.empty() || units(tag, TextUnit::utf16) > kLongestTag) {
      settings.error("tags", "a tag has 1 to 50 characters");
    }
  }
  return tags;
}

void parse_priorities(Settings& settings, OpsgenieSettings& into) {
  const std::vector<std::string_view> words{"P1", "P2", "P3", "P4", "P5"};
  const auto priority = settings.section("priority");
  into.down = priority->choice("down", words, "P1");
  into.degraded = priority->choice("degraded", words, "P3");
  into.unknown = priority->choice("unknown", words, "P2");
  into.daemon = priority->choice("daemon", words, "P3");
  into.info = priority->choice("info", words, "P5");
}

std::shared_ptr<const Notifier> parse_opsgenie(Settings& settings) {
  OpsgenieSettings pager;
  pager.http = parse_http_sink(settings);
  pager.api_key = required_secret(settings, "api_key", pager.http);
  pager.api_url = parse_base_url(settings, "api_url", "https://api.opsgenie.com");
  if (pager.api_url.ends_with("/v2") || pager.api_url.ends_with("/alerts")) {
    settings.error("api_url", "api_url ends before /v2/alerts");
  }
  parse_priorities(settings, pager);
  pager.responders = parse_responders(settings);
  pager.tags = parse_tags(settings);
  pager.wording = parse_wording(settings);
  return std::make_shared<Opsgenie>(std::move(pager));
}

}  // namespace

const NotifierType kOpsgenieNotifier{
    "opsgenie", "api_key",
    "Opsgenie or Jira Service Management: one alert per thread key (`alias`), acknowledged and "
    "closed as its incident is",
    parse_opsgenie};

}  // namespace tocsin
