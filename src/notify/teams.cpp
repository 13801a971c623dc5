// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>

#include <algorithm>
#include <memory>
#include <string>

#include "notify/http_sink.h"
#include "notify/notifier.h"
#include "notify/secret_url.h"
#include "notify/sink_alert.h"
#include "notify/sink_json.h"
#include "notify/sink_text.h"
#include "notify/types.h"
#include "notify/wording.h"
#include "util/text.h"

// Microsoft Teams, by a workflow with the trigger "When a Teams webhook request is received": an
// Adaptive Card (adaptivecards.io, version 1.2). From outside a workflow has no threads, and its
// 202 names no message. The thread key goes with each message as `threadKey`, for flows of one's
// own that keep a list of keys and reply.
//
// Texts are TextRuns of a RichTextBlock, which know no Markdown: what a target sent can be neither
// a link nor a mention. A mention would need `msteams.entities`, which is never sent.

namespace tocsin {
namespace {

// learn.microsoft.com, "Create Incoming Webhooks": 28 KB a message, four requests a second.
constexpr std::size_t kLongestJson = 28 * 1000;
constexpr std::size_t kLongestText = 20 * 1000;
constexpr std::size_t kLongestTitle = 2000;
constexpr std::size_t kLongestKey = 512;
constexpr std::size_t kLongestLink = 2000;
constexpr Millis kSpacing{300};

struct TeamsSettings {
  HttpSink http;
  std::string webhook_url;
  Wording wording;
};

std::string color_of(const Message& message) {
  switch (alert_move(message.kind)) {
    case AlertMove::close: return message.kind == Kind::unwatched ? "default" : "good";
    case AlertMove::acknowledge: return "accent";
    case AlertMove::raise: break;
    case AlertMove::tell: return message.kind == Kind::daemon ? "warning" : "default";
  }
  return alert_state(message) == State::down ? "attention" : "warning";
}

// A date's macro, {{DATE(…)}}, is read even where Markdown is not.
std::string without_macros(std::string text) {
  for (auto at = text.find("{{"); at != std::string::npos; at = text.find("{{", at + 2)) {
    text.insert(at + 1, " ");
  }
  return text;
}

Poco::JSON::Object text_block(const std::string& text, bool is_title, const std::string& color) {
  Poco::JSON::Object run;
  run.set("type", "TextRun");
  run.set("text", without_macros(text));
  if (is_title) {
    run.set("weight", "bolder");
    run.set("size", "medium");
    run.set("color", color);
  }
  Poco::JSON::Array inlines;
  inlines.add(run);
  Poco::JSON::Object block;
  block.set("type", "RichTextBlock");
  block.set("inlines", inlines);
  return block;
}

// {"error": {"code": "WorkflowNotFound", "message": "…"}}; the retired connectors answer text, and
// 200 for what they could not deliver.
ServiceWords words_in(const HttpResponse& response) {
  ServiceWords words;
  const auto error = object_of(parse_object(response.body), "error");
  const std::string code = text_of(error, "code");
  const std::string message = text_of(error, "message");
  words.what = code + (code.empty() || message.empty() ? "" : ": ") + message;
  constexpr std::string_view kFailed = "Webhook message delivery failed";
  if (response.status == 200 && response.body.starts_with(kFailed)) {
    const bool throttled = response.body.find("429") != std::string::npos;
    words.what = response.body;
    words.decided = throttled ? Outcome::What::later : Outcome::What::rejected;
  }
  switch (response.status) {
    case 400: words.hint = "does the workflow post the card of the request's attachments?"; break;
    case 401:
    case 403: words.hint = "copy the workflow's URL anew: its signature is not valid"; break;
    case 404:
    case 410:
      words.hint = "is the workflow there and turned on? Incoming Webhook connectors are retired";
      break;
    default: break;
  }
  return words;
}

class Teams final : public Notifier {
 public:
  explicit Teams(TeamsSettings settings) : settings_(std::move(settings)) {}

  asio::awaitable<Outcome> send(const Delivery& delivery) const override {
    const HttpRequest request =
        json_request(settings_.http, delivery, settings_.webhook_url, body(delivery));
    const HttpResponse response = co_await delivery.http.perform(request);
    co_return outcome_of(settings_.http, response, words_in(response), delivery.clock.wall());
  }

  Pace pace() const override {
    Pace pace;
    pace.key = "teams:" + sha256_hex(settings_.webhook_url).substr(0, 16);
    pace.spacing = kSpacing;
    return pace;
  }
  std::string sink() const override { return "Teams (" + host_in(settings_.webhook_url) + ")"; }

 private:
  // JSON takes room too, for escapes and for each line: the text is cut until all of it fits.
  std::string body(const Delivery& delivery) const {
    const Words words = words_of(delivery, settings_.wording);
    std::size_t most = kLongestText;
    std::string out = json_text(message_of(delivery, words, most));
    while (out.size() > kLongestJson && most > 0) {
      most -= most / 8 + 1;
      out = json_text(message_of(delivery, words, most));
    }
    return out;
  }

  static Poco::JSON::Object card_of(const Message& message, const Words& words, std::size_t most) {
    const std::string title = fitted_text(words.title, kLongestTitle, TextUnit::byte);
    Poco::JSON::Array blocks;
    blocks.add(text_block(title, true, color_of(message)));
    const std::string below = text_below(words, FittedText(most, TextUnit::byte));
    for (std::size_t begin = 0; begin < below.size();) {
      const std::size_t end = std::min(below.find('\n', begin), below.size());
      blocks.add(text_block(below.substr(begin, end - begin), false, ""));
      begin = end + 1;
    }
    Poco::JSON::Object card;
    card.set("$schema", "http://adaptivecards.io/schemas/adaptive-card.json");
    card.set("type", "AdaptiveCard");
    card.set("version", "1.2");
    card.set("fallbackText", without_macros(title));
    card.set("body", blocks);
    Poco::JSON::Object wide;
    wide.set("width", "Full");
    card.set("msteams", wide);
    if (words.link.empty() || words.link.size() > kLongestLink) return card;
    Poco::JSON::Object open;
    open.set("type", "Action.OpenUrl");
    open.set("title", "Runbook");
    open.set("url", words.link);
    Poco::JSON::Array actions;
    actions.add(open);
    card.set("actions", actions);
    return card;
  }

  static Poco::JSON::Object message_of(const Delivery& delivery, const Words& words,
                                       std::size_t most) {
    Poco::JSON::Object attachment;
    attachment.set("contentType", "application/vnd.microsoft.card.adaptive");
    attachment.set("contentUrl", Poco::Dynamic::Var());
    attachment.set("content", card_of(*delivery.notification.message, words, most));
    Poco::JSON::Array attachments;
    attachments.add(attachment);
    Poco::JSON::Object out;
    out.set("type", "message");
    out.set("attachments", attachments);
    out.set("threadKey", fitted_key(delivery.notification.thread_key, kLongestKey));
    return out;
  }

  TeamsSettings settings_;
};

// Words that each such URL has, and the service's own words too.
bool is_common(const std::string& part) {
  constexpr std::size_t kShortestId = 16;
  return part.size() < kShortestId || part.find("triggers") != std::string::npos;
}

bool is_retired(const std::string& host) {
  return host.ends_with("webhook.office.com") || host == "outlook.office.com" ||
         host == "outlook.office365.com";
}

std::shared_ptr<const Notifier> parse_teams(Settings& settings) {
  TeamsSettings teams;
  teams.http = parse_http_sink(settings);
  teams.webhook_url =
      parse_secret_url(settings, "webhook_url",
                       "https://…/workflows/…/triggers/manual/paths/invoke?…&sig=…", teams.http);
  std::erase_if(teams.http.secrets, is_common);
  if (is_retired(to_lower(host_in(teams.webhook_url)))) {
    settings.warn("webhook_url",
                  "this is an Incoming Webhook connector, which Microsoft retires: make a workflow "
                  "with the trigger \"When a Teams webhook request is received\"");
  }
  teams.wording = parse_wording(settings);
  return std::make_shared<Teams>(std::move(teams));
}

}  // namespace

const NotifierType kTeamsNotifier{
    "teams", "webhook_url",
    "a Microsoft Teams channel or chat by a workflow: no threads from outside, so the check's name "
    "comes first; the thread key goes with it for flows that reply",
    parse_teams};

}  // namespace tocsin
