// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/chat_app.h"

#include <Poco/JSON/Object.h>

#include <algorithm>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "net/token_cache.h"
#include "notify/chat_message.h"
#include "notify/retry_after.h"
#include "notify/sink_json.h"
#include "util/duration.h"
#include "util/text.h"

// A call is: take the kept token or ask for one, call, and if that is answered 401, forget the
// token and do both once more. A token that was taken back, or a key that was renewed, costs one
// exchange and no message; a second 401 is the service's last word.
//
// The service refuses an assertion whose times are not its own ("invalid_grant"), with words that
// few people would read as "your clock is wrong". Its answer's Date says how wrong, so we do; and
// since clocks are set right in time, such a refusal is tried again, where any other is not.

namespace tocsin {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::string_view kScope = "https://www.googleapis.com/auth/chat.bot";
constexpr Millis kRenewEarly = minutes{5};
constexpr Millis kLongestLife = hours{12};
constexpr Millis kClockOff = minutes{1};
constexpr std::size_t kLongestToken = 8192;

bool is_token(std::string_view token) noexcept {
  return !token.empty() && token.size() <= kLongestToken &&
         std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

// How far this machine's clock is ahead of the one that wrote the Date; at most twelve hours either
// way, since parse_retry_after() tells what lies within a day.
std::optional<Millis> ahead_of(std::string_view date, WallTime now) {
  if (date.find(':') == std::string_view::npos) return std::nullopt;
  const std::optional<Millis> left = parse_retry_after(date, now - hours{12});
  return left ? std::optional<Millis>(Millis{hours{12}} - *left) : std::nullopt;
}

std::string clock_hint(Millis ahead) {
  const Millis by = ahead < Millis{0} ? -ahead : ahead;
  const std::string amount = by >= hours{12} ? "12 h or more" : human_duration(by);
  return "this machine's clock is " + amount + (ahead > Millis{0} ? " ahead of" : " behind") +
         " Google's: set it";
}

std::string grant_hint(const ChatApp& app, const std::string& error) {
  if (error == "invalid_grant") {
    return "is this machine's clock right, and is this key of " + app.account.email +
           " still there? see IAM > Service accounts > Keys in the Google Cloud console";
  }
  if (error == "invalid_client" || error == "unauthorized_client") {
    return "was the service account " + app.account.email + " deleted or disabled?";
  }
  return {};
}

ServiceWords words_of_refusal(const ChatApp& app, const HttpResponse& response, WallTime now) {
  const Poco::JSON::Object::Ptr body = parse_object(response.body);
  const std::string error = text_of(body, "error");
  const std::string description = text_of(body, "error_description");
  ServiceWords words;
  words.what = error + (error.empty() || description.empty() ? "" : ": ") + description;
  words.hint = grant_hint(app, error);
  const std::optional<Millis> ahead = ahead_of(header(response, "Date"), now);
  if (error == "invalid_grant" && ahead && (*ahead > kClockOff || *ahead < -kClockOff)) {
    words.hint = clock_hint(*ahead);
    words.decided = Outcome::What::later;
  }
  return words;
}

Outcome without_token(Outcome outcome) {
  outcome.reason = "no access token: " + outcome.reason;
  outcome.in_doubt = false;  // nothing went to the space
  return outcome;
}

ChatToken later(const std::string& why) {
  ChatToken out;
  out.problem.emplace();
  out.problem->reason = why;
  out.problem = without_token(std::move(*out.problem));
  return out;
}

// What is left of it after renewing early; half of one that hardly lives.
Millis usable(double expires_in) {
  const double bounded = std::clamp(expires_in, 0.0, 1e6);
  const Millis life = std::min(Millis{static_cast<std::int64_t>(bounded * 1000)}, kLongestLife);
  return std::max(life - kRenewEarly, life / 2);
}

asio::awaitable<ChatToken> ask_for_token(const ChatApp& app, ChatTools tools, SteadyTime deadline) {
  HttpRequest request;
  try {
    request.body = token_request_form(app.account, kScope, tools.clock.wall());
  } catch (const std::runtime_error& error) {
    co_return later(error.what());
  }
  request.method = "POST";
  request.url = app.account.token_uri;
  request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  request.deadline = deadline;
  request.body_limit = 64 * 1024;
  request.want_headers = true;  // Date, Retry-After
  request.ca_file = app.sink.ca_file;
  request.proxy = app.sink.proxy.value();
  const HttpResponse response = co_await tools.http.perform(request);
  co_return read_token_answer(app, response, request.body, tools.clock.wall());
}

HttpRequest request_of(const ChatApp& app, const ChatCall& call, const std::string& token) {
  HttpRequest request;
  request.method = call.method;
  request.url = app.api_url + call.path;
  request.headers.emplace_back("Authorization", "Bearer " + token);
  if (!call.body.empty()) {
    request.headers.emplace_back("Content-Type", "application/json; charset=UTF-8");
    request.body = call.body;
  }
  request.body_limit = 1 << 20;
  request.fresh_connection = false;
  request.want_headers = true;  // Retry-After
  request.ca_file = app.sink.ca_file;
  request.proxy = app.sink.proxy.value();
  return request;
}

}  // namespace

ChatToken read_token_answer(const ChatApp& app, const HttpResponse& response,
                            const std::string& form, WallTime now) {
  if (response.status < 200 || response.status >= 300) {
    const ServiceWords words = words_of_refusal(app, response, now);
    HttpSink sink = app.sink;
    sink.secrets.insert(sink.secrets.end(), app.account.secrets.begin(), app.account.secrets.end());
    // Good for an hour to whoever reads it.
    const std::size_t assertion = form.rfind('=');
    if (assertion != std::string::npos) sink.secrets.push_back(form.substr(assertion + 1));
    ChatToken out;
    out.problem = without_token(outcome_of(sink, response, words, now));
    return out;
  }
  const Poco::JSON::Object::Ptr body = parse_object(response.body);
  ChatToken out;
  out.token = text_of(body, "access_token");
  if (!is_token(out.token)) return later("the token server's answer holds none");
  out.life = usable(number_of(body, "expires_in").value_or(0));
  return out;
}

asio::awaitable<void> wait_for_quota() {
  asio::steady_timer timer(co_await asio::this_coro::executor, kChatSpacing);
  co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<ChatReply> call_chat(const ChatApp& app, ChatTools tools, ChatCall call,
                                     SteadyTime deadline) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  TokenCache& tokens = asio::use_service<TokenCache>(executor.context());
  ChatReply reply;
  for (int round = 0; round < 2; ++round) {
    std::string token = tokens.get(app.account.id, tools.clock.steady());
    if (token.empty()) {
      ChatToken asked = co_await ask_for_token(app, tools, deadline);
      reply.no_token = std::move(asked.problem);
      if (reply.no_token) co_return reply;
      const SteadyTime now = tools.clock.steady();
      token = std::move(asked.token);
      tokens.put(app.account.id, token, now, now + asked.life);
    }
    HttpRequest request = request_of(app, call, token);
    request.deadline = deadline;
    reply.response = co_await tools.http.perform(request);
    reply.sink = app.sink;
    reply.sink.secrets.push_back(std::move(token));
    if (reply.response.status != 401) co_return reply;
    tokens.forget(app.account.id);
  }
  co_return reply;
}

}  // namespace tocsin
