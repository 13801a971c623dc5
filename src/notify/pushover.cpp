// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <algorithm>
#include <charconv>
#include <memory>
#include <string>
#include <vector>

#include "notify/http_sink.h"
#include "notify/notifier.h"
#include "notify/sink_alert.h"
#include "notify/sink_json.h"
#include "notify/sink_text.h"
#include "notify/sink_urgency.h"
#include "notify/types.h"
#include "notify/wording.h"
#include "util/text.h"

// Pushover's message API (pushover.net/api). It has no threads: the title says which check it is
// about. An emergency rings again and again until somebody acknowledges it on a phone; so that it
// stops when its check is up, or acknowledged here, each carries a tag of its check, and that tag
// is cancelled first (pushover.net/api/receipts). A tag needs no memory: what is lost with the
// state is cancelled all the same.

namespace tocsin {
namespace {

// By pushover.net/api#limits, in characters.
constexpr std::size_t kLongestMessage = 1024;
constexpr std::size_t kLongestTitle = 250;
constexpr std::size_t kLongestUrl = 512;
constexpr std::size_t kKeyLength = 30;
constexpr std::size_t kLongestTag = 64;

constexpr int kLowest = -2;
constexpr int kEmergency = 2;
// A quota that is used up for longer than this is as good as a refusal: the fallback is told.
constexpr Millis kLongestQuotaWait = std::chrono::hours{1};

struct PushoverSettings {
  HttpSink http;
  std::string api_url;
  std::string token;
  std::string user;
  std::string device;  // empty: all of the user's
  std::string sound;   // empty: the user's
  Urgency urgency;
  Millis retry{};
  Millis expire{};
  Wording wording;
};

void add_field(std::string& form, std::string_view name, std::string_view value) {
  form += (form.empty() ? "" : "&") + std::string(name) + "=" + percent_encode(value);
}

std::string seconds_text(Millis time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count());
}

// The quota is used up, and for how long; nothing if that is not it.
std::optional<Millis> quota_wait(const HttpResponse& response, WallTime now) {
  if (response.status != 429 || header(response, "X-Limit-App-Remaining") != "0") return {};
  const std::string_view reset = header(response, "X-Limit-App-Reset");
  std::int64_t at = 0;
  const auto [end, error] = std::from_chars(reset.data(), reset.data() + reset.size(), at);
  if (error != std::errc{} || end != reset.data() + reset.size()) return {};
  constexpr std::int64_t kFar = 1'000'000'000'000;
  const WallTime then{std::chrono::seconds{std::clamp<std::int64_t>(at, 0, kFar)}};
  return std::max(Millis{then - now}, Millis{0});
}

// {"user": "invalid", "errors": ["user identifier is invalid"], "status": 0, "request": "…"}
ServiceWords words_in(const HttpResponse& response, WallTime now) {
  ServiceWords words;
  const auto answer = parse_object(response.body);
  const auto errors = answer ? answer->getArray("errors") : nullptr;
  for (std::size_t i = 0; errors && i < errors->size(); ++i) {
    const Poco::Dynamic::Var error = errors->get(static_cast<unsigned>(i));
    if (error.isString()) words.what += (i == 0 ? "" : ", ") + error.extract<std::string>();
  }
  if (words.what.find("token") != std::string::npos) {
    words.hint = "token is the API token of an application";
  } else if (words.what.find("user") != std::string::npos) {
    words.hint = "user is a user's or a group's key, and device one of its devices";
  }
  if (const auto wait = quota_wait(response, now)) {
    words.hint = "the application's messages of this month are used up";
    words.retry_after = wait;
    if (*wait > kLongestQuotaWait) words.decided = Outcome::What::rejected;
  }
  // Some proxies answer 200 for it.
  if (response.status == 200 && number_of(answer, "status") == 0.0) {
    words.decided = Outcome::What::rejected;
  }
  return words;
}

class Pushover final : public Notifier {
 public:
  explicit Pushover(PushoverSettings settings) : settings_(std::move(settings)) {}

  asio::awaitable<Outcome> send(const Delivery& delivery) const override {
    if (silences(*delivery.notification.message)) {
      const Outcome cancelled = co_await cancel(delivery);
      if (cancelled.what == Outcome::What::later) co_return cancelled;
    }
    const std::string url = settings_.api_url + "/1/messages.json";
    co_return co_await ask(url, form_of(delivery), delivery);
  }

  Pace pace() const override {
    Pace pace;
    pace.key = "pushover:" + sha256_hex(settings_.token).substr(0, 16);
    pace.foldable = !has_emergencies();
    return pace;
  }
  std::string sink() const override { return "Pushover (" + host_in(settings_.api_url) + ")"; }

 private:
  bool has_emergencies() const noexcept { return settings_.urgency.loudest() == kEmergency; }

  // What rings for this check has to stop: the next message is an end, or less than an emergency.
  bool silences(const Message& message) const noexcept {
    if (!has_emergencies()) return false;
    const AlertMove move = alert_move(message.kind);
    if (move == AlertMove::close || move == AlertMove::acknowledge) return true;
    return changed_while_open(message) && settings_.urgency.of(message) < kEmergency;
  }

  static std::string tag_of(const Notification& notification) {
    return plain_key(alert_key(notification), "-_", kLongestTag);
  }

  asio::awaitable<Outcome> cancel(const Delivery& delivery) const {
    std::string form;
    add_field(form, "token", settings_.token);
    const std::string url =
        settings_.api_url + "/1/receipts/cancel_by_tag/" + tag_of(delivery.notification) + ".json";
    co_return co_await ask(url, std::move(form), delivery);
  }

  std::string form_of(const Delivery& delivery) const {
    const Message& message = *delivery.notification.message;
    const Words words = words_of(delivery, settings_.wording);
    const std::string title = fitted_text(words.title, kLongestTitle, TextUnit::code_point);
    FittedText text(kLongestMessage, TextUnit::code_point);
    if (title != words.title) text.add(words.title);
    const std::string below = text_below(words, std::move(text));
    const int priority = settings_.urgency.of(message);
    std::string form;
    add_field(form, "token", settings_.token);
    add_field(form, "user", settings_.user);
    add_field(form, "title", title);
    add_field(form, "message", below.empty() ? title : below);
    add_field(form, "priority", std::to_string(priority));
    if (priority == kEmergency) {
      add_field(form, "retry", seconds_text(settings_.retry));
      add_field(form, "expire", seconds_text(settings_.expire));
      add_field(form, "tags", tag_of(delivery.notification));
    }
    if (message.decided_at > WallTime{}) {
      add_field(form, "timestamp", seconds_text(message.decided_at.time_since_epoch()));
    }
    if (!words.link.empty() && units(words.link, TextUnit::code_point) <= kLongestUrl) {
      add_field(form, "url", words.link);
      add_field(form, "url_title", "Runbook");
    }
    if (!settings_.device.empty()) add_field(form, "device", settings_.device);
    if (!settings_.sound.empty()) add_field(form, "sound", settings_.sound);
    return form;
  }

  asio::awaitable<Outcome> ask(std::string url, std::string form, const Delivery& delivery) const {
    HttpRequest request = request_to(settings_.http, delivery, std::move(url));
    request.method = "POST";
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    request.body = std::move(form);
    const HttpResponse response = co_await delivery.http.perform(request);
    const WallTime now = delivery.clock.wall();
    Outcome outcome = outcome_of(settings_.http, response, words_in(response, now), now);
    if (outcome.what == Outcome::What::sent) {
      const std::string receipt = text_of(parse_object(response.body), "receipt");
      if (is_plain_ref(receipt, "", kLongestTag)) outcome.message_ref = receipt;
    }
    co_return outcome;
  }

  PushoverSettings settings_;
};

std::string parse_pushover_key(Settings& settings, std::string_view key, HttpSink& http) {
  const std::size_t known = http.secrets.size();
  std::string value = required_secret(settings, key, http);
  const bool given = http.secrets.size() > known;
  if (given && !(value.size() == kKeyLength && is_plain_ref(value, ""))) {
    settings.error(key, std::string(key) + " has 30 letters and digits");
  }
  return value;
}

std::shared_ptr<const Notifier> parse_pushover(Settings& settings) {
  PushoverSettings it;
  it.http = parse_http_sink(settings);
  it.api_url = parse_base_url(settings, "api_url", "https://api.pushover.net");
  it.token = parse_pushover_key(settings, "token", it.http);
  it.user = parse_pushover_key(settings, "user", it.http);
  it.device = settings.text("device");
  it.sound = settings.text("sound");
  const Urgency usual{.down = kEmergency,
                      .degraded = 1,
                      .unknown = 1,
                      .up = 0,
                      .reminder = 1,
                      .acknowledged = -1,
                      .info = 0,
                      .daemon = 1};
  it.urgency =
      parse_urgency(settings, usual, {"lowest", "low", "normal", "high", "emergency"}, kLowest);
  it.retry = settings.duration("retry", std::chrono::minutes{1},
                               {std::chrono::seconds{30}, std::chrono::hours{3}});
  it.expire = settings.duration("expire", std::chrono::hours{1},
                                {std::chrono::seconds{30}, std::chrono::hours{3}});
  it.wording = parse_wording(settings);
  return std::make_shared<Pushover>(std::move(it));
}

}  // namespace

const NotifierType kPushoverNotifier{
    "pushover", "",
    "Pushover: DOWN rings until somebody acknowledges it, or the check is up (no threads; the "
    "check's name comes first)",
    parse_pushover};

}  // namespace tocsin
