// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/http_walk.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "net/http_target.h"
#include "probe/http_settings.h"
#include "probe/http_transport.h"
#include "probe/outcome.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kLongestNote = 200;

bool is_redirect(const HttpResponse& response) noexcept {
  const int status = response.status;
  const bool leads_on =
      status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  return leads_on && response.error == NetError::none;
}

// The method changes as browsers and RFC 9110 have it: 303 asks for a GET, and so does a 301 or 302
// that answers a POST.
void change_method(HttpRequest& request, int status) {
  const bool to_get = (status == 303 && request.method != "HEAD") ||
                      ((status == 301 || status == 302) && request.method == "POST");
  if (!to_get) return;
  request.method = "GET";
  request.body.clear();
  std::erase_if(request.headers,
                [](const auto& header) { return to_lower(header.first).starts_with("content-"); });
}

const Text* find_header(const HttpCall& call, const std::string& name) {
  const auto found = std::find_if(call.headers.begin(), call.headers.end(),
                                  [&](const auto& header) { return header.first == name; });
  return found == call.headers.end() ? nullptr : &found->second;
}

}  // namespace

bool HttpCall::sends_secrets() const {
  return url.hides_something() || body.hides_something() ||
         std::any_of(headers.begin(), headers.end(), [](const auto& header) {
           return header.second.hides_something() || carries_credentials(header.first);
         });
}

void HttpCall::fill(HttpRequest& request) const {
  request.method = method;
  request.url = url.value();
  for (const auto& [name, value] : headers) request.headers.emplace_back(name, value.value());
  request.body = body.value();
}

asio::awaitable<HttpResponse> HttpWalk::run(HttpClient& http) {
  Phases phases;
  HttpResponse response;
  for (bool again = true; again;) {
    if (rules_.notes != nullptr) note_request();
    response = co_await http.perform(request_);
    add_phases(phases, response.phases);
    if (rules_.notes != nullptr) note_answer(response);
    again = rules_.redirects > 0 && is_redirect(response);
    if (again) refused_ = follow(response);
    again = again && refused_.empty();
  }
  response.phases = phases;
  co_return response;
}

// Makes the next hop's request. Returns why there is none; empty if there is.
std::string HttpWalk::follow(const HttpResponse& response) {
  if (response.location.empty()) {
    return "redirect (" + std::to_string(response.status) + ") without a location";
  }
  const auto target = http_target(response.location);
  if (!target) return "redirect to what is not an http or https URL";
  const std::size_t hops = seen_.size() + 1;
  if (hops > static_cast<std::size_t>(rules_.redirects)) {
    return "more than " + std::to_string(rules_.redirects) +
           (rules_.redirects == 1 ? " redirect" : " redirects");
  }
  seen_.push_back(request_.method + " " + request_.url);
  const bool same = same_origin(request_.url, response.location);
  change_method(request_, response.status);
  if (!same && !left_origin_) {
    left_origin_ = true;
    const std::string refused = leave_origin();
    if (!refused.empty()) return refused;
  }
  request_.url =
      same && !left_origin_ ? with_user_of(request_.url, response.location) : response.location;
  const std::string next = request_.method + " " + request_.url;
  if (std::find(seen_.begin(), seen_.end(), next) != seen_.end()) {
    return "redirect loop after " + std::to_string(hops) + (hops == 1 ? " hop" : " hops");
  }
  return {};
}

// Takes what is not meant for another origin out of the request. Returns why that cannot be done.
std::string HttpWalk::leave_origin() {
  if (!request_.body.empty() && call_.body.hides_something()) {
    return "redirect to another host, which is not to get the secrets in the body";
  }
  forget_own_origin(request_);
  std::erase_if(request_.headers, [this](const auto& header) {
    const Text* const configured = find_header(call_, header.first);
    const bool secret = configured != nullptr && configured->hides_something();
    return secret || carries_credentials(header.first) || to_lower(header.first) == "host";
  });
  return {};
}

// The URL of a hop for people. The first one is shown as configured; what a redirect says may
// repeat a secret of it, so then only its origin is shown, and never its query.
std::string HttpWalk::shown_url(const std::string& url) const {
  if (url == call_.url.value()) return call_.url.shown();
  const auto target = http_target(url);
  if (!target) return "a malformed URL";
  const std::string host =
      target->literal && target->literal->is_v6() ? '[' + target->host + ']' : target->host;
  std::string out = (target->https ? "https://" : "http://") + host;
  out += ":" + std::to_string(target->port);
  if (!is_shown()) return out;
  const auto path = url.find('/', url.find("://") + 3);
  if (path == std::string::npos) return out;
  const auto end = std::min(url.find_first_of("?#", path), url.size());
  return out + printable(url.substr(path, end - path), kLongestNote);
}

void HttpWalk::note_request() const {
  auto& notes = *rules_.notes;
  notes.push_back("request: " + request_.method + " " + shown_url(request_.url));
  for (const auto& [name, value] : request_.headers) {
    const Text* const configured = find_header(call_, name);
    const bool known = configured != nullptr && !carries_credentials(name);
    const std::string shown = known ? printable(configured->shown(), kLongestNote) : "***";
    notes.push_back("sent " + name + ": " + shown);
  }
  if (!request_.body.empty()) notes.push_back("sent body: " + quote(call_.body.shown()));
}

void HttpWalk::note_answer(const HttpResponse& response) const {
  static constexpr std::array<std::string_view, 8> kInteresting{
      "Content-Type", "Content-Encoding", "Content-Length", "Server", "Date",
      "Via",          "Retry-After",      "Cache-Control"};
  auto& notes = *rules_.notes;
  if (response.error != NetError::none) {
    notes.push_back("failed: " + response.error_text);
    return;
  }
  notes.push_back("answer: " + printable(response.status_line, kLongestNote) + " from " +
                  response.address);
  if (!response.tls_version.empty()) notes.push_back("TLS: " + response.tls_version);
  for (const std::string_view name : kInteresting) {
    const std::string_view value = header(response, name);
    if (value.empty()) continue;
    notes.push_back(std::string(name) + ": " + printable(value, kLongestNote));
  }
  if (!response.location.empty()) notes.push_back("Location: " + shown_url(response.location));
  std::string body = "body: " + std::to_string(response.body_size) + " bytes";
  if (response.body_cut) body += ", cut at body_limit";
  if (is_shown() && !response.body.empty()) body += ", begins " + quote(response.body);
  notes.push_back(std::move(body));
  notes.push_back("took: " + show(response.phases));
  if (response.certificate_days) {
    notes.push_back("certificate: ends in " + std::to_string(*response.certificate_days) + " days");
  }
}

void add_phases(Phases& sum, const Phases& part) noexcept {
  for (const Phase phase : kPhases) {
    if (const auto time = part.get(phase)) sum.add(phase, *time);
  }
}

std::string show(const Phases& phases) {
  std::string out;
  for (const Phase phase : kPhases) {
    const auto time = phases.get(phase);
    if (!time) continue;
    const double ms = static_cast<double>(time->count()) / 1000.0;
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), ms < 100 ? "%.3g ms" : "%.0f ms", ms);
    std::string name(to_string(phase));
    std::replace(name.begin(), name.end(), '_', ' ');
    out += (out.empty() ? "" : ", ") + name + " " + text.data();
  }
  return out;
}

}  // namespace tocsin
