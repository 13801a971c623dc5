// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// http: asks for a URL, follows redirects by rules of its own, and compares the answer with what is
// expected of it.
//
// A redirect is followed hop by hop: each hop's name is resolved anew, only http and https are
// gone to, and once a hop leads to another origin nothing that carries credentials goes along (nor
// later, should it lead back). The deadline is for all hops together.
#include <algorithm>
#include <optional>
#include <utility>

#include "net/errno_text.h"
#include "net/http_client.h"
#include "net/http_target.h"
#include "net/resolver.h"
#include "probe/http_settings.h"
#include "probe/outcome.h"
#include "probe/prober.h"
#include "probe/types.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kLongestNote = 200;

class HttpProber final : public Prober {
 public:
  explicit HttpProber(ParsedHttp parsed)
      : url_(std::move(parsed.url)), settings_(std::move(parsed.settings)) {}
  asio::awaitable<Result> probe(ProbeContext& context) const override;
  const std::string& target() const noexcept { return url_.shown(); }

 private:
  // What goes from hop to hop.
  struct Walk {
    HttpRequest request;
    std::vector<std::string> seen;  // "METHOD URL" of the hops
    bool left_origin = false;
  };

  const HttpSettings& settings() const noexcept {
    static const HttpSettings kDefaults;
    return settings_ ? *settings_ : kDefaults;
  }
  const HttpExpect& expect() const noexcept {
    static const HttpExpect kDefaults;
    return settings().expect ? *settings().expect : kDefaults;
  }

  bool sends_secrets() const;
  HttpRequest first_request(const ProbeContext& context) const;
  std::string follow(Walk& walk, const HttpResponse& response) const;
  std::string leave_origin(HttpRequest& request) const;
  void judge(Result& result, const HttpResponse& response) const;
  std::string shown_url(const std::string& url) const;
  void note_request(Result& result, const Walk& walk) const;
  void note_answer(Result& result, const HttpResponse& response) const;

  Text url_;
  std::unique_ptr<const HttpSettings> settings_;
};

SteadyTime now() noexcept {
  return std::chrono::steady_clock::now();
}

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

void add_phases(Phases& sum, const Phases& part) noexcept {
  for (const Phase phase : kPhases) {
    if (const auto time = part.get(phase)) sum.add(phase, *time);
  }
}

bool HttpProber::sends_secrets() const {
  const auto& headers = settings().headers;
  return url_.hides_something() || settings().body.hides_something() ||
         std::any_of(headers.begin(), headers.end(), [](const auto& header) {
           return header.second.hides_something() || carries_credentials(header.first);
         });
}

HttpRequest HttpProber::first_request(const ProbeContext& context) const {
  const HttpSettings& http = settings();
  HttpRequest request;
  request.method = http.method;
  request.url = url_.value();
  for (const auto& [name, value] : http.headers) request.headers.emplace_back(name, value.value());
  request.body = http.body.value();
  request.deadline = context.deadline;
  request.body_limit = http.body_limit;
  request.verify = http.verify;
  request.ca_file = http.ca_file;
  request.want_certificate = expect().certificate_days >= 0 || context.explain;
  request.want_headers = !expect().headers.empty() || context.explain;
  request.want_body = expect().needs_body() || context.explain;
  return request;
}

asio::awaitable<Result> HttpProber::probe(ProbeContext& context) const {
  const SteadyTime begun = now();
  Result result;
  result.verdict = Verdict::up;
  Walk walk{first_request(context), {}, false};
  std::string refused;
  HttpResponse response;
  for (bool again = true; again;) {
    if (context.explain) note_request(result, walk);
    response = co_await context.http.perform(walk.request);
    add_phases(result.phases, response.phases);
    if (context.explain) note_answer(result, response);
    again = settings().redirects > 0 && is_redirect(response);
    if (again) refused = follow(walk, response);
    again = again && refused.empty();
  }
  result.took = micros_between(begun, now());
  result.address = response.address;
  result.certificate_days = response.certificate_days;
  if (refused.empty()) {
    judge(result, response);
  } else {
    set_down(result, with_address(refused, response.address));
  }
  co_return result;
}

// Makes the next hop's request. Returns why there is none; empty if there is.
std::string HttpProber::follow(Walk& walk, const HttpResponse& response) const {
  if (response.location.empty()) {
    return "redirect (" + std::to_string(response.status) + ") without a location";
  }
  const auto target = http_target(response.location);
  if (!target) return "redirect to what is not an http or https URL";
  const std::size_t hops = walk.seen.size() + 1;
  if (hops > static_cast<std::size_t>(settings().redirects)) {
    return "more than " + std::to_string(settings().redirects) + " redirects";
  }
  HttpRequest& request = walk.request;
  walk.seen.push_back(request.method + " " + request.url);
  const bool same = same_origin(request.url, response.location);
  change_method(request, response.status);
  if (!same && !walk.left_origin) {
    walk.left_origin = true;
    const std::string refused = leave_origin(request);
    if (!refused.empty()) return refused;
  }
  request.url =
      same && !walk.left_origin ? with_user_of(request.url, response.location) : response.location;
  const std::string next = request.method + " " + request.url;
  if (std::find(walk.seen.begin(), walk.seen.end(), next) != walk.seen.end()) {
    return "redirect loop after " + std::to_string(hops) + (hops == 1 ? " hop" : " hops");
  }
  return {};
}

// Takes what is not meant for another origin out of the request. Returns why that cannot be done.
std::string HttpProber::leave_origin(HttpRequest& request) const {
  if (!request.body.empty() && settings().body.hides_something()) {
    return "redirect to another host, which is not to get the secrets in the body";
  }
  std::erase_if(request.headers, [this](const auto& header) {
    const auto configured =
        std::find_if(settings().headers.begin(), settings().headers.end(),
                     [&](const auto& candidate) { return candidate.first == header.first; });
    const bool secret =
        configured != settings().headers.end() && configured->second.hides_something();
    return secret || carries_credentials(header.first) || to_lower(header.first) == "host";
  });
  return {};
}

void HttpProber::judge(Result& result, const HttpResponse& response) const {
  if (response.error != NetError::none) {
    return set_failure(result, response.error, response.error_text);
  }
  std::string reason = unmet(expect(), response, !sends_secrets());
  if (!reason.empty()) return set_down(result, std::move(reason));
  if (expect().certificate_days >= 0 && !response.certificate_days) {
    result.verdict = Verdict::degraded;
    result.reason = with_address("no certificate: the answer came over plain HTTP", result.address);
  }
  judge_certificate(result, expect().certificate_days);
  judge_response_time(result, expect().response_time);
}

// The URL of a hop for people. The first one is shown as configured; what a redirect says may
// repeat a secret of it, so then only its origin is shown, and never its query.
std::string HttpProber::shown_url(const std::string& url) const {
  if (url == url_.value()) return url_.shown();
  const auto target = http_target(url);
  if (!target) return "a malformed URL";
  const std::string host =
      target->literal && target->literal->is_v6() ? '[' + target->host + ']' : target->host;
  std::string out = (target->https ? "https://" : "http://") + host;
  out += ":" + std::to_string(target->port);
  if (sends_secrets()) return out;
  const auto path = url.find('/', url.find("://") + 3);
  if (path == std::string::npos) return out;
  const auto end = std::min(url.find_first_of("?#", path), url.size());
  return out + printable(url.substr(path, end - path), kLongestNote);
}

void HttpProber::note_request(Result& result, const Walk& walk) const {
  result.notes.push_back("request: " + walk.request.method + " " + shown_url(walk.request.url));
  for (const auto& [name, value] : walk.request.headers) {
    const auto configured =
        std::find_if(settings().headers.begin(), settings().headers.end(),
                     [&, &key = name](const auto& candidate) { return candidate.first == key; });
    const bool known = configured != settings().headers.end() && !carries_credentials(name);
    const std::string shown = known ? printable(configured->second.shown(), kLongestNote) : "***";
    result.notes.push_back("sent " + name + ": " + shown);
  }
  if (!walk.request.body.empty()) {
    result.notes.push_back("sent body: " + quote(settings().body.shown()));
  }
}

void HttpProber::note_answer(Result& result, const HttpResponse& response) const {
  static constexpr std::string_view kInteresting[] = {
      "Content-Type", "Content-Length", "Server", "Date", "Via", "Retry-After", "Cache-Control"};
  if (response.error != NetError::none) {
    result.notes.push_back("failed: " + response.error_text);
    return;
  }
  result.notes.push_back("answer: " + printable(response.status_line, kLongestNote) + " from " +
                         response.address);
  for (const std::string_view name : kInteresting) {
    const std::string_view value = header(response, name);
    if (value.empty()) continue;
    result.notes.push_back(std::string(name) + ": " + printable(value, kLongestNote));
  }
  if (!response.location.empty()) {
    result.notes.push_back("Location: " + shown_url(response.location));
  }
  std::string body = "body: " + std::to_string(response.body_size) + " bytes";
  if (response.body_cut) body += ", cut at body_limit";
  if (!sends_secrets() && !response.body.empty()) body += ", begins " + quote(response.body);
  result.notes.push_back(std::move(body));
  if (response.certificate_days) {
    result.notes.push_back("certificate: ends in " + std::to_string(*response.certificate_days) +
                           " days");
  }
}

ParsedCheck parse(Settings& settings, Millis timeout) {
  auto prober = std::make_shared<const HttpProber>(parse_http(settings, timeout));
  std::string target = prober->target();
  return {std::move(prober), std::move(target)};
}

}  // namespace

const CheckType kHttpCheck{
    .name = "http",
    .short_key = "url",
    .summary = "asks for a URL; judges status, headers, body, JSON, time and certificate",
    .parse = parse,
};

}  // namespace tocsin
