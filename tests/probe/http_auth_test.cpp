// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Who an http check says it is: Basic, Bearer, and tokens by OAuth 2.0's client credentials.
#include <atomic>
#include <catch2/catch.hpp>

#include "net/token_cache.h"
#include "probe/http_fixture.h"
#include "support/fake_clock.h"
#include "support/http_stand_in.h"
#include "support/nginx.h"

namespace tocsin {
namespace {

using std::chrono::seconds;

// A token server and what it guards: the newest token is good, and no other.
class Guarded {
 public:
  std::string url() const { return server_.base_url() + "/"; }
  std::string address() const { return "127.0.0.1:" + std::to_string(server_.port()); }
  std::string oauth2(const std::string& more = "") const {
    return "auth: {oauth2: {token_url: '" + server_.base_url() +
           "/token', client_id: 'moni tor', client_secret: 's3:cr+t'" + more + "}}";
  }
  // Each token ends at once, as far as this side is concerned.
  void revoke() { ++good_; }
  void say(std::optional<HttpReply> reply) {
    const std::scoped_lock lock(mutex_);
    reply_ = std::move(reply);
  }
  int tokens() const { return tokens_; }
  HttpAsked last() {
    const std::scoped_lock lock(mutex_);
    return asked_;
  }

  std::atomic<int> life{3600};

 private:
  HttpReply answer(const HttpAsked& asked) {
    const std::scoped_lock lock(mutex_);
    if (asked.target == "/token") {
      asked_ = asked;
      if (reply_) return *reply_;
      good_ = ++tokens_;
      return {.body = R"({"access_token": "tok-)" + std::to_string(tokens_) +
                      R"(", "token_type": "bearer", "expires_in": )" + std::to_string(life) + "}"};
    }
    const bool good = asked.header("Authorization") == "Bearer tok-" + std::to_string(good_);
    return {.status = good ? 200 : 401, .body = "hello"};
  }

  std::mutex mutex_;
  std::optional<HttpReply> reply_;
  HttpAsked asked_;
  std::atomic<int> tokens_{0};
  std::atomic<int> good_{0};
  HttpStandIn server_{{.head = nullptr, .whole = [this](const HttpAsked& a) { return answer(a); }}};
};

// Looks on one loop, one after the other: they share what is remembered.
struct Loop {
  Result look(const CheckPtr& check) {
    ProbeContext context = tools.context(clock, std::chrono::steady_clock::now() + seconds{10});
    context.explain = true;
    return on_loop(tools.loop(), check->prober->probe(context));
  }

  FakeClock clock;
  ProbeTools tools{[](std::uint32_t) {}};
};

std::string told(const std::string& auth) {
  return problems_of(http("https://127.0.0.1/", "auth: {" + auth + "}"));
}

}  // namespace

TEST_CASE("http: user and password, or a token, go out in one header", "[probe]") {
  const TempDir dir;
  Site site({{"/", http_answer("200 OK", "", "")}});
  const auto sent = [&](const std::string& auth) {
    const Result result = look(site.url("/"), "auth: {" + auth + "}");
    CHECK(result.verdict == Verdict::up);
    CHECK_FALSE(contains(joined(result.notes), "hunter22"));
    CHECK(contains(joined(result.notes), "sent Authorization: ***"));
    return site.asked().back();
  };
  const std::string secret = "'${file:" + dir.write("secret", "hunter22\n").string() + "}'";
  CHECK(contains(sent("username: me, password: " + secret),
                 "Authorization: Basic bWU6aHVudGVyMjI=\r\n"));
  CHECK(contains(sent("username: 'jörg'"), "Authorization: Basic asO2cmc6\r\n"));
  CHECK(contains(sent("token: " + secret), "Authorization: Bearer hunter22\r\n"));
  SECTION("and do not go to another origin") {
    Site other({{"/", http_answer("200 OK", "", "")}});
    site.add("/", redirect("302 Found", other.url("/")));
    CHECK(look(site.url("/"), "auth: {token: abc}").verdict == Verdict::up);
    CHECK_FALSE(contains(other.asked().front(), "Authorization"));
  }
  SECTION("nor is an answer quoted that may echo them") {
    const Answers answers("200 OK", "", "you are hunter22");
    CHECK(look(answers.server.url("/"), "auth: {token: hunter22}, expect: {body_contains: ok}")
              .reason == "body does not contain \"ok\" (" + answers.server.address() + ")");
  }
}

TEST_CASE("http: a token is fetched once and remembered until shortly before its end", "[probe]") {
  Guarded guarded;
  Loop loop;
  const CheckPtr check = make_check(http(guarded.url(), guarded.oauth2()));
  const Result first = loop.look(check);
  CHECK(first.verdict == Verdict::up);
  CHECK(first.reason.empty());
  CHECK(contains(joined(first.notes), "token: asked 127.0.0.1 at " + guarded.address() +
                                          ", was given one for 3600 s\n"));
  CHECK_FALSE(contains(joined(first.notes), "tok-1"));
  const Result second = loop.look(check);
  CHECK(second.verdict == Verdict::up);
  CHECK(contains(joined(second.notes), "token: one that was given earlier\n"));
  CHECK(guarded.tokens() == 1);
  SECTION("by all checks of the same settings") {
    CHECK(loop.look(make_check(http(guarded.url() + "other", guarded.oauth2()))).verdict ==
          Verdict::up);
    CHECK(guarded.tokens() == 1);
    CHECK(loop.look(make_check(http(guarded.url(), guarded.oauth2(", scopes: [x]")))).verdict ==
          Verdict::up);
    CHECK(guarded.tokens() == 2);
  }
  SECTION("and fetched anew before its end") {
    loop.clock.advance(seconds{3569});
    CHECK(loop.look(check).verdict == Verdict::up);
    CHECK(guarded.tokens() == 1);
    loop.clock.advance(seconds{1});
    CHECK(loop.look(check).verdict == Verdict::up);
    CHECK(guarded.tokens() == 2);
  }
  SECTION("and once when it is refused") {
    guarded.revoke();
    CHECK(loop.look(check).verdict == Verdict::up);
    CHECK(guarded.tokens() == 2);
  }
  SECTION("but not again and again") {
    guarded.say(HttpReply{.body = R"({"access_token": "wrong", "expires_in": "60"})"});
    guarded.revoke();
    const Result refused = loop.look(check);
    CHECK(refused.verdict == Verdict::down);
    CHECK(refused.reason == "status 401, 2xx expected (" + guarded.address() + ")");
  }
}

TEST_CASE("http: the token server is asked as RFC 6749 has it", "[probe]") {
  Guarded guarded;
  Loop loop;
  SECTION("with the client in the header, encoded before it is Basic") {
    loop.look(make_check(http(guarded.url(), guarded.oauth2())));
    const HttpAsked asked = guarded.last();
    CHECK(asked.method == "POST");
    CHECK(asked.body == "grant_type=client_credentials");
    CHECK(asked.header("Content-Type") == "application/x-www-form-urlencoded");
    // moni%20tor:s3%3Acr%2Bt
    CHECK(asked.header("Authorization") == "Basic bW9uaSUyMHRvcjpzMyUzQWNyJTJCdA==");
  }
  SECTION("or in the body, with all that is wanted") {
    loop.look(make_check(
        http(guarded.url(), guarded.oauth2(", send_in: body, scopes: [a.read, 'urn:b'], audience: "
                                           "'https://x/', parameters: {resource: 'a b'}"))));
    const HttpAsked asked = guarded.last();
    CHECK(asked.body ==
          "grant_type=client_credentials&client_id=moni%20tor&client_secret=s3%3Acr%2Bt&"
          "scope=a.read%20urn%3Ab&audience=https%3A%2F%2Fx%2F&resource=a%20b");
    CHECK(asked.header("Authorization").empty());
  }
}

TEST_CASE("http: without a token the target was not looked at", "[probe]") {
  Guarded guarded;
  Loop loop;
  const CheckPtr check = make_check(http(guarded.url(), guarded.oauth2()));
  const auto reason = [&](HttpReply reply) {
    guarded.say(std::move(reply));
    const Result result = loop.look(check);
    CHECK(result.verdict == Verdict::unknown);
    CHECK_FALSE(contains(joined(result.notes), "request: "));
    CHECK_FALSE(contains(joined(result.notes) + result.reason, "s3:cr+t"));
    return result.reason;
  };
  const auto no = [&](const std::string& why) {
    return "no token from 127.0.0.1: " + why + " (" + guarded.address() + ")";
  };
  CHECK(reason({.status = 503, .body = "down"}) == no("it answered 503"));
  CHECK(reason({.status = 400, .body = R"({"error": "invalid_client"})"}) ==
        no("it answered 400, invalid_client"));
  CHECK(reason({.status = 400, .body = R"({"error": "s3 \u0007 x"})"}) == no("it answered 400"));
  CHECK(reason({.status = 302, .body = "{}"}) == no("it answered 302"));
  CHECK(reason({.body = "<html>"}) == no("its answer is not JSON"));
  CHECK(reason({.body = "{}"}) == no("its answer has no access_token"));
  CHECK(reason({.body = R"({"access_token": 17})"}) == no("its answer has no access_token"));
  CHECK(reason({.body = R"({"access_token": "a\r\nX-Evil: 1"})"}) ==
        no("its access_token cannot be sent in a header"));
  CHECK(reason({.body = R"({"access_token": ")" + std::string(20'000, 'x') + "\"}"}) ==
        no("its access_token cannot be sent in a header"));
  CHECK(reason({.body = R"({"access_token": "a", "token_type": "mac"})"}) ==
        no("its token is of the type mac, Bearer expected"));
  CHECK(reason({.way = HttpReply::Way::close}) == no("connection closed before an answer"));
  SECTION("nor when there is nobody to ask") {
    const std::string gone = "127.0.0.1:" + std::to_string(free_port());
    const Result result = look(guarded.url(), "auth: {oauth2: {token_url: 'http://" + gone +
                                                  "/', client_id: a, client_secret: b}}");
    CHECK(result.verdict == Verdict::unknown);
    CHECK(result.reason == "no token from 127.0.0.1: connection refused (" + gone + ")");
  }
  SECTION("and one that lasts as long as it likes is taken anew in time") {
    for (const char* life : {"0", "-5", "null", "\"x\"", "1e300", "[]"}) {
      CAPTURE(life);
      guarded.say(
          HttpReply{.body = std::string(R"({"access_token": "x", "expires_in": )") + life + "}"});
      CHECK(loop.look(check).verdict == Verdict::down);  // a 401: it is a token, but a wrong one
      loop.clock.advance(std::chrono::hours{25});
    }
  }
}

TEST_CASE("token cache: what has ended is not given, nor kept", "[probe]") {
  asio::io_context loop;
  auto& cache = asio::use_service<TokenCache>(loop);
  const SteadyTime now{};
  cache.put("a", "one", now, now + seconds{10});
  CHECK(cache.get("a", now + seconds{9}) == "one");
  CHECK(cache.get("a", now + seconds{10}).empty());
  CHECK(cache.get("b", now).empty());
  cache.put("b", "two", now + seconds{11}, now + seconds{20});
  CHECK(cache.get("a", now).empty());  // thrown out
  cache.put("b", "three", now + seconds{11}, now + seconds{20});
  CHECK(cache.get("b", now + seconds{12}) == "three");
  cache.forget("b");
  CHECK(cache.get("b", now + seconds{12}).empty());
  cache.put("c", "late", now + seconds{30}, now + seconds{30});
  CHECK(cache.get("c", now).empty());
}

TEST_CASE("http: each mistake in auth is told", "[probe]") {
  const std::string one = "give exactly one of 'username' and 'password', 'token', 'oauth2'";
  CHECK(contains(told(""), one));
  CHECK(contains(told("username: a, token: b"), one));
  CHECK(contains(told("password: b"), "error: 'username' is missing"));
  CHECK(contains(told("username: 'a:b'"), "a user's name has no colon"));
  CHECK(contains(told("username: \"a\\nb\""), "a user's name has no control character"));
  CHECK(contains(told("username: a, password: \"x\\ny\""), "it holds a control character"));
  CHECK(contains(told("token: 'a b'"), "it holds a space or a control character"));
  CHECK(contains(told("tokn: a"), "did you mean \"token\"?"));
  CHECK(contains(told("oauth2: {client_id: a, client_secret: b}"), "'token_url' is missing"));
  CHECK(contains(told("oauth2: {token_url: 'https://a/', client_secret: b}"),
                 "'client_id' is missing"));
  CHECK(contains(told("oauth2: {token_url: 'https://a/', client_id: b}"),
                 "'client_secret' is missing"));
  const std::string fine = "token_url: 'https://a/', client_id: a, client_secret: b";
  CHECK(told("oauth2: {" + fine + "}").empty());
  CHECK(contains(told("oauth2: {" + fine + ", scopes: ['a b']}"), "not a scope: \"a b\""));
  CHECK(contains(told("oauth2: {" + fine + ", send_in: url}"), "error: "));
  CHECK(contains(told("oauth2: {" + fine + ", parameters: {grant_type: x}}"),
                 "grant_type is not to be set here"));
  CHECK(contains(told("oauth2: {" + fine + "}, token: x"), one));
  CHECK(contains(problems_of(http("https://u:p@127.0.0.1/", "auth: {token: a}")),
                 "the URL has a user already"));
  CHECK(contains(
      problems_of(http("https://127.0.0.1/", "auth: {token: a}, headers: {authorization: b}")),
      "authorization is not to be set: it is set by 'auth'"));
}

}  // namespace tocsin
