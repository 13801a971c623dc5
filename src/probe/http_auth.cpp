// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// A token is remembered by all that it was asked with, the secret included, so that checks with the
// same settings share one, and a changed secret is a new one. It is given up a while before its
// end: it must last for the look that it is used in.
#include "probe/http_auth.h"

#include <Poco/Base64Encoder.h>

#include <algorithm>
#include <array>
#include <asio/execution/context.hpp>
#include <asio/query.hpp>
#include <asio/this_coro.hpp>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include "net/errno_text.h"
#include "net/http_target.h"
#include "net/token_cache.h"
#include "probe/header_text.h"
#include "probe/json_pick.h"
#include "util/text.h"

namespace tocsin {
namespace {

using std::chrono::seconds;

// RFC 6749, section 5.1: a server should say how long a token lasts, and need not.
constexpr seconds kUnsaidLife{300};
constexpr seconds kLongestLife{24 * 60 * 60};
constexpr seconds kMostSpare{30};
constexpr std::size_t kTokenAnswer = 64 * 1024;
constexpr std::size_t kLongestShown = 80;

std::string base64(const std::string& bytes) {
  std::ostringstream out;
  Poco::Base64Encoder encoder(out);
  encoder.rdbuf()->setLineLength(0);
  encoder << bytes;
  encoder.close();
  return out.str();
}

// --- parsing

Secret basic(Settings& auth) {
  const std::string username = auth.text("username");
  const Secret password = auth.secret("password");
  const bool given = auth.has("username") || auth.has("password");
  if (given && username.empty()) auth.error("username", "'username' is missing");
  if (username.find(':') != std::string::npos) {
    auth.error("username", "a user's name has no colon (RFC 7617)");
  }
  if (!is_header_value(username)) auth.error("username", "a user's name has no control character");
  if (!is_header_value(password.reveal())) {
    auth.error("password", "it holds a control character: a line break at the end of its file?");
  }
  return given ? Secret("Basic " + base64(username + ":" + password.reveal())) : Secret();
}

Secret bearer(Settings& auth) {
  const Secret token = auth.secret("token");
  const std::string& value = token.reveal();
  if (!is_header_value(value) || value.find(' ') != std::string::npos) {
    auth.error("token", "it holds a space or a control character: a line break in its file?");
  }
  return auth.has("token") ? Secret("Bearer " + value) : Secret();
}

bool is_scope(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7F && c != '"' && c != '\\';  // RFC 6749, section 3.3
  });
}

std::string key_of(const HttpAuth::Client& client) {
  std::string key;
  const auto add = [&key](const std::string& part) {
    key += std::to_string(part.size()) + ':' + part;
  };
  for (const std::string* part : {&client.token_url.value(), &client.id, &client.secret.reveal(),
                                  &client.scopes, &client.audience}) {
    add(*part);
  }
  for (const auto& [name, value] : client.parameters) {
    add(name);
    add(value.value());
  }
  return key;
}

std::unique_ptr<const HttpAuth::Client> client_of(Settings& oauth2, bool given) {
  HttpAuth::Client client;
  client.token_url = oauth2.url("token_url");
  client.id = oauth2.text("client_id");
  client.secret = oauth2.secret("client_secret");
  for (const std::string& scope : oauth2.list("scopes")) {
    if (!is_scope(scope)) {
      oauth2.error("scopes", "not a scope: \"" + printable(scope, kLongestShown) + "\"");
    }
    client.scopes += (client.scopes.empty() ? "" : " ") + scope;
  }
  client.audience = oauth2.text("audience");
  client.parameters = oauth2.map("parameters");
  client.in_body = oauth2.choice("send_in", {"header", "body"}, "header") == "body";
  for (const auto& [name, value] : client.parameters) {
    if (name != "grant_type" && name != "client_id" && name != "client_secret") continue;
    oauth2.error("parameters", name + " is not to be set here");
  }
  if (!given) return nullptr;
  for (const char* key : {"token_url", "client_id", "client_secret"}) {
    if (!oauth2.has(key)) oauth2.error("'" + std::string(key) + "' is missing");
  }
  client.key = key_of(client);
  return std::make_unique<const HttpAuth::Client>(std::move(client));
}

// --- asking

void add_parameter(std::string& body, std::string_view name, const std::string& value) {
  if (!body.empty()) body += '&';
  body += percent_encode(name) + '=' + percent_encode(value);
}

// How a token's life was told: a number, or a text that holds one.
seconds life_of(const JsonValue& told) {
  double life = told.number;
  if (told.kind == JsonValue::Kind::text) life = std::strtod(told.text.c_str(), nullptr);
  if (told.kind == JsonValue::Kind::missing || !(life > 0)) return kUnsaidLife;
  return seconds{
      static_cast<seconds::rep>(std::min(life, static_cast<double>(kLongestLife.count())))};
}

// What a token server said, read.
struct Grant {
  std::string token;
  seconds life{};
  std::string trouble;
};

std::string refusal(const HttpResponse& response, const JsonValue& error) {
  std::string text = "it answered " + std::to_string(response.status);
  // RFC 6749, section 5.2: a word such as invalid_client.
  if (error.kind == JsonValue::Kind::text && is_scope(error.text)) {
    text += ", " + printable(error.text, kLongestShown);
  }
  return text;
}

Grant read_grant(const HttpResponse& response) {
  Grant grant;
  static const std::vector<JsonPath> kPaths{
      {{"access_token"}}, {{"token_type"}}, {{"expires_in"}}, {{"error"}}};
  std::vector<JsonValue> values(kPaths.size());
  bool is_json = true;
  try {
    values = pick_json(response.body, kPaths);
  } catch (const std::runtime_error&) {
    is_json = false;
  }
  const JsonValue& token = values[0];
  const JsonValue& type = values[1];
  if (response.status / 100 != 2) {
    grant.trouble = refusal(response, values[3]);
  } else if (!is_json || response.body_cut) {
    grant.trouble = "its answer is not JSON";
  } else if (token.kind != JsonValue::Kind::text || token.text.empty()) {
    grant.trouble = "its answer has no access_token";
  } else if (token.text.size() >= kLongestJsonText || !is_header_value(token.text)) {
    grant.trouble = "its access_token cannot be sent in a header";
  } else if (type.kind == JsonValue::Kind::text && to_lower(type.text) != "bearer") {
    grant.trouble =
        "its token is of the type " + printable(type.text, kLongestShown) + ", Bearer expected";
  } else {
    grant.token = token.text;
    grant.life = life_of(values[2]);
  }
  return grant;
}

HttpRequest token_request(const HttpAuth::Client& client, const HttpTransport* transport) {
  HttpRequest request;
  if (transport != nullptr) transport->apply_to(request);
  forget_own_origin(request);
  request.method = "POST";
  request.url = client.token_url.value();
  request.body_limit = kTokenAnswer;
  request.headers = {{"Accept", "application/json"},
                     {"Content-Type", "application/x-www-form-urlencoded"}};
  add_parameter(request.body, "grant_type", "client_credentials");
  if (client.in_body) {
    add_parameter(request.body, "client_id", client.id);
    add_parameter(request.body, "client_secret", client.secret.reveal());
  } else {
    // RFC 6749, section 2.3.1: encoded as a form's values before they are Basic.
    const std::string pair =
        percent_encode(client.id) + ':' + percent_encode(client.secret.reveal());
    request.headers.emplace_back("Authorization", "Basic " + base64(pair));
  }
  if (!client.scopes.empty()) add_parameter(request.body, "scope", client.scopes);
  if (!client.audience.empty()) add_parameter(request.body, "audience", client.audience);
  for (const auto& [name, value] : client.parameters) {
    add_parameter(request.body, name, value.value());
  }
  return request;
}

Grant grant_of(const HttpResponse& response) {
  Grant grant;
  if (response.error != NetError::none) {
    grant.trouble = response.error_text;
    return grant;
  }
  grant = read_grant(response);
  if (!grant.trouble.empty()) grant.trouble = with_address(grant.trouble, response.address);
  return grant;
}

void note_grant(std::vector<std::string>& notes, const std::string& server,
                const HttpResponse& response, const Grant& grant) {
  std::string note = "token: asked " + server;
  if (!response.address.empty()) note += " at " + response.address;
  note += grant.trouble.empty() ? ", was given one for " + std::to_string(grant.life.count()) + " s"
                                : ", " + grant.trouble;
  notes.push_back(std::move(note));
}

}  // namespace

std::unique_ptr<const HttpAuth> parse_http_auth(Settings& settings) {
  const auto auth = settings.section("auth");
  HttpAuth out;
  Secret user = basic(*auth);
  Secret token = bearer(*auth);
  const auto oauth2 = auth->section("oauth2");
  out.client = client_of(*oauth2, auth->has("oauth2"));
  if (!settings.has("auth")) return nullptr;
  const int ways = int{!user.empty()} + int{!token.empty()} + int{out.client != nullptr};
  if (ways != 1) {
    settings.error("auth", "give exactly one of 'username' and 'password', 'token', 'oauth2'");
  }
  out.header = token.empty() ? std::move(user) : std::move(token);
  return std::make_unique<const HttpAuth>(std::move(out));
}

asio::awaitable<Authorization> authorize(ProbeContext& context, const AuthorizationWanted& wanted) {
  Authorization out;
  if (!wanted.auth.client) {
    out.header = wanted.auth.header.reveal();
    co_return out;
  }
  const HttpAuth::Client& client = *wanted.auth.client;
  const auto executor = co_await asio::this_coro::executor;
  auto& cache = asio::use_service<TokenCache>(asio::query(executor, asio::execution::context));
  if (wanted.fresh) cache.forget(client.key);
  const std::string known = cache.get(client.key, context.clock.steady());
  if (!known.empty()) {
    if (wanted.notes != nullptr) wanted.notes->push_back("token: one that was given earlier");
    out.header = "Bearer " + known;
    out.remembered = true;
    co_return out;
  }
  HttpRequest request = token_request(client, wanted.transport);
  request.deadline = context.deadline;
  const HttpResponse response = co_await context.http.perform(request);
  const Grant grant = grant_of(response);
  const auto server = http_target(request.url);
  const std::string name = server ? printable(server->host, kLongestShown) : "the token server";
  if (wanted.notes != nullptr) note_grant(*wanted.notes, name, response, grant);
  if (!grant.trouble.empty()) {
    out.trouble = "no token from " + name + ": " + grant.trouble;
    co_return out;
  }
  const SteadyTime now = context.clock.steady();
  const seconds spare = std::min(kMostSpare, grant.life / 10);
  out.header = "Bearer " + grant.token;
  cache.put(client.key, grant.token, now, now + grant.life - spare);
  co_return out;
}

}  // namespace tocsin
