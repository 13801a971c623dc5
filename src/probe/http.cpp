// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// http: asks for a URL, follows redirects by rules of its own (http_walk.h), and compares the
// answer with what is expected of it (http_expect.h).
#include <utility>
#include <vector>

#include "probe/http_judge.h"
#include "probe/http_look.h"
#include "probe/http_settings.h"
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
  HttpRequest request_for(const ProbeContext& context) const;

  Text url_;
  std::unique_ptr<const HttpSettings> settings_;
};

HttpRequest HttpProber::request_for(const ProbeContext& context) const {
  const HttpSettings& http = settings();
  HttpRequest request;
  request.deadline = context.deadline;
  request.body_limit = http.body_limit;
  if (http.transport) http.transport->apply_to(request);
  want_for(http.question.wanted(), context.explain, request);
  return request;
}

asio::awaitable<Result> HttpProber::probe(ProbeContext& context) const {
  const HttpSettings& http = settings();
  const HttpQuestion& question = http.question;
  const HttpCall call{question.method, url_, question.headers, question.body};
  std::vector<std::string> notes;
  HttpLook look{call, request_for(context), http.auth.get(), http.transport.get(), {}};
  look.rules.redirects = http.redirects;
  look.rules.secretive = http.auth != nullptr;
  if (context.explain) look.rules.notes = &notes;
  const HttpAnswer answer = co_await look_at(context, std::move(look));
  const bool secretive = http.auth != nullptr || call.sends_secrets();
  Result result = judge(question.wanted(), answer, secretive ? Quoting::plain : Quoting::all);
  result.notes = std::move(notes);
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
