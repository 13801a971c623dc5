// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// http: asks for a URL, follows redirects by rules of its own (http_walk.h), and compares the
// answer with what is expected of it (http_expect.h).
//
// A token that is wanted for it is fetched first (http_auth.h). If there is none, the target was
// not looked at: that is `unknown`, since a token server that is down would otherwise make every
// server DOWN that wants its tokens. It has a check of its own if anybody is to be paged for it. A
// remembered token that is answered with a 401 may have been revoked: it is fetched anew, once.
#include <utility>

#include "net/http_client.h"
#include "probe/http_judge.h"
#include "probe/http_settings.h"
#include "probe/http_walk.h"
#include "probe/outcome.h"
#include "probe/prober.h"
#include "probe/types.h"

namespace tocsin {
namespace {

class HttpProber final : public Prober {
 public:
  explicit HttpProber(ParsedHttp parsed)
      : url_(std::move(parsed.url)), settings_(std::move(parsed.settings)) {}
  asio::awaitable<Result> probe(ProbeContext& context) const override;
  const std::string& target() const noexcept { return url_.shown(); }

 private:
  const HttpSettings& settings() const noexcept {
    static const HttpSettings kDefaults;
    return settings_ ? *settings_ : kDefaults;
  }
  HttpRequest request_for(const ProbeContext& context, const HttpCall& call,
                          const Authorization& as) const;
  asio::awaitable<bool> identify(ProbeContext& context, Authorization& as, Result& result) const;

  Text url_;
  std::unique_ptr<const HttpSettings> settings_;
};

HttpRequest HttpProber::request_for(const ProbeContext& context, const HttpCall& call,
                                    const Authorization& as) const {
  const HttpSettings& http = settings();
  HttpRequest request;
  call.fill(request);
  if (!as.header.empty()) request.headers.emplace_back("Authorization", as.header);
  request.deadline = context.deadline;
  request.body_limit = http.body_limit;
  if (http.transport) http.transport->apply_to(request);
  want_for(http.question.wanted(), context.explain, request);
  return request;
}

// False when there is no token to be had: then the result says so.
asio::awaitable<bool> HttpProber::identify(ProbeContext& context, Authorization& as,
                                           Result& result) const {
  AuthorizationWanted wanted{*settings().auth, settings().transport.get()};
  wanted.fresh = as.remembered;
  if (context.explain) wanted.notes = &result.notes;
  as = co_await authorize(context, wanted);
  if (as.trouble.empty()) co_return true;
  result.verdict = Verdict::unknown;
  result.reason = as.trouble;
  co_return false;
}

asio::awaitable<Result> HttpProber::probe(ProbeContext& context) const {
  const HttpSettings& http = settings();
  const HttpQuestion& question = http.question;
  const HttpCall call{question.method, url_, question.headers, question.body};
  SteadyTime begun = std::chrono::steady_clock::now();
  Result result;
  result.verdict = Verdict::up;
  HttpWalk::Rules rules{http.redirects, http.auth != nullptr};
  if (context.explain) rules.notes = &result.notes;
  Authorization as;
  HttpAnswer answer;
  for (bool again = true; again;) {
    if (http.auth && !co_await identify(context, as, result)) co_return result;
    // The time it takes to be given a token is not the target's.
    if (http.auth) begun = std::chrono::steady_clock::now();
    HttpWalk walk(call, request_for(context, call, as), rules);
    answer.response = co_await walk.run(context.http);
    answer.refused = walk.refused();
    again = answer.response.status == 401 && as.remembered;
  }
  result.took = micros_between(begun, std::chrono::steady_clock::now());
  result.address = answer.response.address;
  result.certificate_days = answer.response.certificate_days;
  result.phases = answer.response.phases;
  const bool secretive = rules.secretive || call.sends_secrets();
  judge(question.wanted(), answer, secretive ? Quoting::plain : Quoting::all, result);
  judge_response_time(result, question.wanted().response_time);
  co_return result;
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
