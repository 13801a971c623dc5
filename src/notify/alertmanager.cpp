// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "notify/alertmanager_alert.h"
#include "notify/http_sink.h"
#include "notify/notifier.h"
#include "notify/sink_alert.h"
#include "notify/sink_auth.h"
#include "notify/sink_json.h"
#include "notify/sink_text.h"
#include "notify/types.h"
#include "util/text.h"

// Prometheus' Alertmanager by its API v2 (prometheus.io/docs/alerting/latest/alerts_api). It keeps
// alerts in memory alone and lets each end at its endsAt; so what is open is posted again every
// `resend_every`, with an end that lies `expires_after` ahead, and once more at the start. If
// Tocsin is away for longer than that, Alertmanager calls the alert resolved.
//
// Several URLs are the peers of a cluster. Peers do not pass alerts on to each other, so each alert
// goes to all of them at the same time, as Prometheus does it. It is told when at least one took
// it; the others get it with the next round.

namespace tocsin {
namespace {

constexpr std::size_t kMostUrls = 16;
constexpr std::string_view kPath = "/api/v2/alerts";

struct AlertmanagerSettings {
  HttpSink http;
  std::vector<std::string> urls;
  std::string authorization;  // empty: none
  Millis resend_every{};
  AlertmanagerLook look;
};

// The same request to all peers, and what each answered.
struct Round {
  explicit Round(const asio::any_io_executor& executor) : done(executor) {}
  std::vector<HttpRequest> requests;
  std::vector<HttpResponse> responses;
  std::size_t left = 0;
  asio::steady_timer done;
};

asio::awaitable<void> ask_peer(std::shared_ptr<Round> round, HttpClient& http, std::size_t i) {
  round->responses[i] = co_await http.perform(round->requests[i]);
  if (--round->left == 0) round->done.cancel();
}

asio::awaitable<void> ask_all(std::shared_ptr<Round> round, HttpClient& http) {
  const auto executor = co_await asio::this_coro::executor;
  round->responses.resize(round->requests.size());
  round->left = round->requests.size();
  round->done.expires_at(asio::steady_timer::time_point::max());
  for (std::size_t i = 0; i < round->requests.size(); ++i) {
    asio::co_spawn(executor, ask_peer(round, http, i), asio::detached);
  }
  std::error_code ended;
  while (round->left > 0) {
    co_await round->done.async_wait(asio::redirect_error(asio::use_awaitable, ended));
  }
}

// An error is a JSON text, or what the API's own checks say: {"code": 602, "message": "…"}.
ServiceWords words_in(const HttpResponse& response) {
  ServiceWords words;
  words.what = text_of(parse_object(response.body), "message");
  const std::string_view body = trim(response.body);
  if (words.what.empty() && body.size() > 2 && body.front() == '"' && body.back() == '"') {
    words.what = body.substr(1, body.size() - 2);
  }
  if (response.status == 401 || response.status == 403) {
    words.hint = "user and password, or token, are those of its web.config.file or of the proxy";
  } else if (response.status == 404) {
    words.hint =
        "urls end where Alertmanager's own pages begin; versions before 0.16 lack this API";
  }
  return words;
}

class Alertmanager final : public Notifier {
 public:
  explicit Alertmanager(AlertmanagerSettings settings) : settings_(std::move(settings)) {}

  asio::awaitable<Outcome> send(const Delivery& delivery) const override {
    Poco::JSON::Array alerts;
    alerts.add(alert_now(settings_.look, delivery));
    if (const auto before = alert_before(settings_.look, delivery)) alerts.add(*before);
    co_return co_await post(std::move(alerts), delivery);
  }

  Millis renew_every() const override { return settings_.resend_every; }
  asio::awaitable<Outcome> renew(const Delivery& delivery) const override {
    Poco::JSON::Array alerts;
    alerts.add(alert_now(settings_.look, delivery));
    co_return co_await post(std::move(alerts), delivery);
  }

  Pace pace() const override {
    Pace pace;
    pace.key = "alertmanager:" + hosts();
    pace.idempotent = true;
    pace.foldable = false;
    return pace;
  }
  std::string sink() const override { return "Alertmanager (" + hosts() + ")"; }

 private:
  std::string hosts() const {
    std::string out;
    for (const std::string& url : settings_.urls) out += (out.empty() ? "" : ", ") + host_in(url);
    return out;
  }

  asio::awaitable<Outcome> post(Poco::JSON::Array alerts, const Delivery& delivery) const {
    std::ostringstream body;
    alerts.stringify(body);
    const auto round = std::make_shared<Round>(co_await asio::this_coro::executor);
    for (const std::string& url : settings_.urls) {
      HttpRequest request =
          json_request(settings_.http, delivery, url + std::string(kPath), body.str());
      if (!settings_.authorization.empty()) {
        request.headers.emplace_back("Authorization", settings_.authorization);
      }
      round->requests.push_back(std::move(request));
    }
    co_await ask_all(round, delivery.http);
    Outcome outcome = outcome_of_all(round->responses, delivery.clock.wall());
    if (outcome.what == Outcome::What::sent) {
      outcome.thread_ref = alert_fingerprint(settings_.look, delivery.notification);
      outcome.message_ref = outcome.thread_ref;
    }
    co_return outcome;
  }

  // The best of all: sent, else later, else rejected.
  Outcome outcome_of_all(const std::vector<HttpResponse>& responses, WallTime now) const {
    Outcome best;
    bool in_doubt = false;
    for (std::size_t i = 0; i < responses.size(); ++i) {
      const HttpResponse& response = responses[i];
      Outcome one = outcome_of(settings_.http, response, words_in(response), now);
      in_doubt = in_doubt || one.in_doubt;
      if (responses.size() > 1 && !one.reason.empty()) {
        one.reason = host_in(settings_.urls[i]) + ": " + one.reason;
      }
      if (i == 0 || one.what < best.what) best = std::move(one);
    }
    best.in_doubt = in_doubt && best.what == Outcome::What::later;
    return best;
  }

  AlertmanagerSettings settings_;
};

std::vector<std::string> parse_urls(Settings& settings) {
  constexpr std::string_view kKey = "urls";
  std::vector<std::string> urls;
  for (const std::string& url : settings.list(kKey)) {
    std::string checked = checked_base_url(settings, kKey, url);
    if (checked.ends_with(kPath)) checked.resize(checked.size() - kPath.size());
    const bool again = std::find(urls.begin(), urls.end(), checked) != urls.end();
    if (again) settings.error(kKey, "urls names the same one twice");
    urls.push_back(std::move(checked));
  }
  if (urls.empty()) settings.error(kKey, "urls is missing: http://127.0.0.1:9093, or all peers");
  if (urls.size() > kMostUrls) settings.error(kKey, "more than 16 urls");
  return urls;
}

std::shared_ptr<const Notifier> parse_alertmanager(Settings& settings) {
  AlertmanagerSettings it;
  it.http = parse_http_sink(settings);
  it.urls = parse_urls(settings);
  it.authorization = parse_authorization(settings, it.http);
  it.resend_every = settings.duration("resend_every", std::chrono::minutes{1},
                                      {std::chrono::seconds{1}, std::chrono::hours{1}});
  it.look = parse_alertmanager_look(settings);
  if (it.look.expires_after < 2 * it.resend_every) {
    settings.error("expires_after",
                   "expires_after is at least twice resend_every: one lost round "
                   "must not end an alert");
  }
  return std::make_shared<Alertmanager>(std::move(it));
}

}  // namespace

const NotifierType kAlertmanagerNotifier{
    "alertmanager", "urls",
    "Prometheus' Alertmanager, or all peers of a cluster: one alert per check and thread key, kept "
    "firing and ended as its incident is",
    parse_alertmanager};

}  // namespace tocsin
