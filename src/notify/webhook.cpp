// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// A webhook of one's own: the facts as JSON, with the headers of Standard Webhooks 1.0 or as a
// CloudEvent 1.0 in structured mode. Both specifications have an id that stays the same when a
// message is repeated, by which a receiver recognises a repeat: it is the notification's uid. The
// thread key is in the data (and is the CloudEvent's subject), so nothing has to be remembered.
//
// A receiver may keep a state per thread, so messages are never folded.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/http_client.h"
#include "notify/body_template.h"
#include "notify/http_sink.h"
#include "notify/notifier.h"
#include "notify/payload.h"
#include "notify/secret_url.h"
#include "notify/sink_json.h"
#include "notify/types.h"
#include "notify/webhook_signature.h"
#include "notify/wording.h"
#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

using Poco::JSON::Object;

constexpr std::size_t kMostHeaders = 50;
constexpr std::size_t kLongestShown = 60;
constexpr int kGone = 410;

using Header = std::pair<std::string, std::string>;

struct WebhookSettings {
  HttpSink sink;
  std::string url;
  std::string method;
  bool is_cloud_event = false;
  BodyTemplate body;  // in the place of both formats
  std::string content_type;
  std::vector<Header> headers;
  std::vector<std::string> keys;  // to sign with
  Wording wording;
};

std::string standard_body(const Delivery& delivery, const Wording& wording) {
  const Message& message = *delivery.notification.message;
  Object out(Poco::JSON_PRESERVE_KEY_ORDER);
  out.set("type", event_type(message.kind));
  out.set("timestamp", rfc3339(message.decided_at));
  out.set("data", payload_of(delivery, wording));
  return json_text(out);
}

std::string cloud_event(const Delivery& delivery, const Wording& wording) {
  const Notification& notification = delivery.notification;
  const Message& message = *notification.message;
  const Object data = payload_of(delivery, wording);
  Object out(Poco::JSON_PRESERVE_KEY_ORDER);
  out.set("specversion", "1.0");
  out.set("id", notification.uid);
  out.set("source", "/tocsin/" + percent_encode(printable(message.instance, 200)));
  out.set("type", event_type(message.kind));
  // Must not be empty where it is there.
  const auto thread = data.getValue<std::string>("thread_key");
  if (!thread.empty()) out.set("subject", thread);
  out.set("time", rfc3339(message.decided_at));
  out.set("datacontenttype", "application/json");
  out.set("data", data);
  return json_text(out);
}

// What the receiver says went wrong: a field of a JSON answer, or a short text.
std::string words_in(const std::string& body) {
  const Object::Ptr object = parse_object(body);
  for (const char* key : {"message", "error", "detail", "title"}) {
    std::string text = text_of(object, key);
    if (!text.empty()) return text;
  }
  if (object) return text_of(object_of(object, "error"), "message");
  const std::string_view text = trim(body);
  return text.starts_with('<') ? std::string() : std::string(text.substr(0, 1000));
}

class Webhook final : public Notifier {
 public:
  explicit Webhook(WebhookSettings settings) : settings_(std::move(settings)) {}

  asio::awaitable<Outcome> send(const Delivery& delivery) const override {
    const HttpRequest request = make_request(delivery);
    const HttpResponse response = co_await delivery.http.perform(request);
    ServiceWords words;
    if (response.status / 100 != 2) words.what = words_in(response.body);
    if (response.status == kGone) {
      words.hint = "the receiver is gone for good: take this notifier out, or give it a new url";
    }
    co_return outcome_of(settings_.sink, response, words, delivery.clock.wall());
  }

  Pace pace() const override {
    return {"webhook:" + host_in(settings_.url), Millis{0}, true, false};
  }
  std::string sink() const override { return host_in(settings_.url); }

 private:
  HttpRequest make_request(const Delivery& delivery) const {
    HttpRequest request = request_to(settings_.sink, delivery, settings_.url);
    request.method = settings_.method;
    request.body = body_of(delivery);
    request.headers.emplace_back("Content-Type", settings_.content_type);
    const std::string& id = delivery.notification.uid;
    const auto now = std::chrono::floor<std::chrono::seconds>(delivery.clock.wall());
    const std::string timestamp = std::to_string(now.time_since_epoch().count());
    request.headers.emplace_back("webhook-id", id);
    request.headers.emplace_back("webhook-timestamp", timestamp);
    if (!settings_.keys.empty()) {
      request.headers.emplace_back("webhook-signature",
                                   webhook_signature(settings_.keys, id, timestamp, request.body));
    }
    for (const Header& header : settings_.headers) request.headers.push_back(header);
    return request;
  }

  std::string body_of(const Delivery& delivery) const {
    const Wording& wording = settings_.wording;
    if (!settings_.body.empty()) {
      return settings_.body.fill(
          {delivery.notification, delivery.clock.wall(), delivery.late, wording.locale});
    }
    return settings_.is_cloud_event ? cloud_event(delivery, wording)
                                    : standard_body(delivery, wording);
  }

  WebhookSettings settings_;
};

// --- settings
// ------------------------------------------------------------------------------------

// RFC 9110, section 5.6.2.
bool is_token(std::string_view name) noexcept {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view value) noexcept {
  return std::none_of(value.begin(), value.end(), [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f';
  });
}

bool is_ours(const std::string& name) {
  constexpr std::string_view kOurs[] = {
      "connection",        "content-length", "content-type",      "host",
      "transfer-encoding", "webhook-id",     "webhook-signature", "webhook-timestamp"};
  return std::find(std::begin(kOurs), std::end(kOurs), name) != std::end(kOurs);
}

// Header values that let somebody in, by the header's name.
bool is_credential(const std::string& name) {
  constexpr std::string_view kWords[] = {"auth", "cookie", "key", "password", "secret", "token"};
  return std::any_of(std::begin(kWords), std::end(kWords),
                     [&](std::string_view word) { return name.find(word) != std::string::npos; });
}

void parse_headers(Settings& settings, WebhookSettings& webhook) {
  const auto all = settings.map("headers");
  if (all.size() > kMostHeaders) settings.error("headers", "more than 50 headers");
  for (const auto& [name, value] : all) {
    const std::string lower = to_lower(name);
    if (!is_token(name)) {
      settings.error("headers", "not a header's name: \"" + printable(name, kLongestShown) + "\"");
    } else if (is_ours(lower)) {
      settings.error("headers", name + " is not to be set: it follows from the message");
    } else if (!is_field_value(value.value())) {
      settings.error("headers", name + ": a header's value has no line break or control character");
    }
    if (value.hides_something() || is_credential(lower)) {
      webhook.sink.secrets.push_back(value.value());
    }
    webhook.headers.emplace_back(name, value.value());
  }
}

// One, or several with white space between them while the receiver changes from one to the other.
void parse_secret(Settings& settings, WebhookSettings& webhook) {
  const Secret secret = settings.secret("secret");
  if (is_unresolved(secret.reveal())) return;
  std::string_view rest = secret.reveal();
  while (!trim(rest).empty()) {
    rest = trim(rest);
    const std::string_view one = rest.substr(0, rest.find_first_of(" \t\r\n"));
    rest.remove_prefix(one.size());
    auto key = parse_webhook_secret(one);
    if (!key) {
      return settings.error("secret",
                            "secret is not whsec_ and 24 to 64 bytes in base64; make one by: echo "
                            "\"whsec_$(openssl rand -base64 32)\"");
    }
    webhook.sink.secrets.emplace_back(one);
    webhook.keys.push_back(*std::move(key));
  }
  if (webhook.keys.empty() && settings.has("secret")) settings.error("secret", "secret is empty");
}

void parse_body(Settings& settings, WebhookSettings& webhook) {
  constexpr std::string_view kForm = "application/x-www-form-urlencoded";
  webhook.is_cloud_event =
      settings.choice("format", {"cloudevents", "json"}, "json") == "cloudevents";
  const std::string body = settings.text("body");
  const std::string type = settings.choice(
      "content_type", {"application/json", kForm, "text/plain"}, "application/json");
  webhook.content_type = type == "text/plain" ? "text/plain; charset=utf-8" : type;
  if (webhook.is_cloud_event) webhook.content_type = "application/cloudevents+json";
  if (body.empty()) {
    if (settings.has("content_type")) settings.error("content_type", "content_type goes with body");
    return;
  }
  if (settings.has("format")) settings.error("body", "body is in the place of format: one of them");
  auto escape = BodyTemplate::Escape::json;
  if (type == kForm) escape = BodyTemplate::Escape::form;
  if (type == "text/plain") escape = BodyTemplate::Escape::none;
  ParsedBody parsed = BodyTemplate::parse(body, escape);
  for (std::string& mistake : parsed.mistakes) settings.error("body", std::move(mistake));
  webhook.body = std::move(parsed.value);
}

std::shared_ptr<const Notifier> parse_webhook(Settings& settings) {
  WebhookSettings webhook;
  HttpSink urls;  // its secrets are those of the URL
  webhook.url = parse_secret_url(settings, "url", "https://hooks.example.net/tocsin", urls);
  webhook.method = settings.choice("method", {"POST", "PUT"}, "POST");
  parse_body(settings, webhook);
  parse_secret(settings, webhook);
  parse_headers(settings, webhook);
  std::vector<std::string> secrets = std::move(webhook.sink.secrets);
  secrets.insert(secrets.end(), urls.secrets.begin(), urls.secrets.end());
  webhook.sink = parse_http_sink(settings);
  webhook.sink.secrets.insert(webhook.sink.secrets.end(), secrets.begin(), secrets.end());
  webhook.wording = parse_wording(settings);
  return std::make_shared<Webhook>(std::move(webhook));
}

}  // namespace

const NotifierType kWebhookNotifier{
    "webhook", "url",
    "a program of one's own by HTTP: JSON, signed by Standard Webhooks, or CloudEvents",
    parse_webhook};

}  // namespace tocsin
