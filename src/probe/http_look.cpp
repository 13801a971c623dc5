// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// A token that is wanted is fetched first. If there is none, the target was not looked at: that is
// `unknown`, since a token server that is down would otherwise make every server DOWN that wants
// its tokens. (Whoever is to be paged for the token server gives it a check of its own.) A
// remembered token that is answered with a 401 may have been revoked: it is fetched anew, once.
#include "probe/http_look.h"

#include <utility>

namespace tocsin {
namespace {

SteadyTime now() noexcept {
  return std::chrono::steady_clock::now();
}

asio::awaitable<HttpAnswer> look_as(ProbeContext& context, const HttpLook& look,
                                    const Authorization& as) {
  HttpRequest request = look.request;
  look.call.fill(request);
  request.headers.emplace_back("Authorization", as.header);
  const SteadyTime begun = now();
  HttpAnswer answer;
  HttpWalk walk(look.call, std::move(request), look.rules);
  answer.response = co_await walk.run(context.http);
  answer.refused = walk.refused();
  answer.took = micros_between(begun, now());
  co_return answer;
}

asio::awaitable<HttpAnswer> look_authorized(ProbeContext& context, const HttpLook& look) {
  AuthorizationWanted wanted{*look.auth, look.transport, false, look.rules.notes};
  HttpAnswer answer;
  for (bool again = true; again;) {
    const Authorization as = co_await authorize(context, wanted);
    answer.no_token = as.trouble;
    if (!as.trouble.empty()) break;
    answer = co_await look_as(context, look, as);
    again = answer.response.status == 401 && as.remembered;
    wanted.fresh = true;
  }
  co_return answer;
}

}  // namespace

asio::awaitable<HttpAnswer> look_at(ProbeContext& context, HttpLook look) {
  if (look.auth != nullptr) co_return co_await look_authorized(context, look);
  const SteadyTime begun = now();
  look.call.fill(look.request);
  HttpAnswer answer;
  HttpWalk walk(look.call, std::move(look.request), look.rules);
  answer.response = co_await walk.run(context.http);
  answer.refused = walk.refused();
  answer.took = micros_between(begun, now());
  co_return answer;
}

}  // namespace tocsin
