// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/service_account.h"

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <catch2/catch.hpp>

#include "net/token_cache.h"
#include "notify/chat_app.h"
#include "support/chat_token_desk.h"
#include "support/temp_dir.h"

namespace tocsin {
namespace {

// The key in PEM; with a password, encrypted.
std::string pem_of(EVP_PKEY* made, const char* password = nullptr) {
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(made, EVP_PKEY_free);
  const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), BIO_free);
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(),
                                password == nullptr ? nullptr : EVP_aes_128_cbc(), password,
                                password == nullptr ? 0 : 4, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

TEST_CASE("rs256: only a plain RSA key of 2048 bits or more is one", "[notify]") {
  CHECK(Rs256Key::parse(pem_of(EVP_RSA_gen(2048))));
  CHECK_FALSE(Rs256Key::parse(pem_of(EVP_RSA_gen(1024))));
  CHECK_FALSE(Rs256Key::parse(pem_of(EVP_EC_gen("P-256"))));
  // It would ask the terminal for the password, if there is one.
  CHECK_FALSE(Rs256Key::parse(pem_of(EVP_RSA_gen(2048), "word")));
  for (const std::string text :
       {"", "x", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"}) {
    CHECK_FALSE(Rs256Key::parse(text));
  }
}

TEST_CASE("service account: base64 for URLs has neither padding nor other letters", "[notify]") {
  CHECK(base64url("") == "");
  CHECK(base64url("f") == "Zg");
  CHECK(base64url("fo") == "Zm8");
  CHECK(base64url("foobar") == "Zm9vYmFy");
  CHECK(base64url("\xfb\xff\xfe") == "-__-");
  CHECK(base64url(std::string(300, '\xff')) == std::string(400, '_'));
}

TEST_CASE("service account: what the token server asks for is in the form", "[notify]") {
  ChatTokenDesk desk;
  const std::string uri = "https://oauth2.example/token";
  const ParsedServiceAccount parsed = parse_service_account(desk.key_file(uri));
  REQUIRE(parsed.problem.empty());
  const WallTime now = std::chrono::floor<Millis>(std::chrono::system_clock::now());
  const auto ask = [&](std::string_view scope, WallTime at) {
    HttpAsked asked{"POST", "/token", {{"content-type", "application/x-www-form-urlencoded"}}, {}};
    asked.body = token_request_form(parsed.account, scope, at);
    return desk.post(asked, uri).status;
  };
  constexpr std::string_view kBot = "https://www.googleapis.com/auth/chat.bot";
  CHECK(ask(kBot, now) == 200);
  CHECK(ask(kBot, now + std::chrono::minutes{5}) == 200);
  CHECK(ask(kBot, now + std::chrono::minutes{7}) == 400);
  CHECK(ask(kBot, now - std::chrono::minutes{58}) == 200);
  CHECK(ask(kBot, now - std::chrono::minutes{60}) == 400);
  CHECK(ask("https://www.googleapis.com/auth/chat", now) == 400);
  CHECK(desk.refused().back().starts_with("invalid_scope"));
  desk.delete_account();
  CHECK(ask(kBot, now) == 400);
  CHECK(desk.refused().back() == "invalid_grant: Invalid grant: account not found");
}

TEST_CASE("service account: another key file has tokens of its own", "[notify]") {
  ChatTokenDesk desk;
  const auto id = [&] { return parse_service_account(desk.key_file("https://x/")).account.id; };
  const std::string before = id();
  CHECK(id() == before);
  desk.renew_key();
  CHECK(id() != before);
}

TEST_CASE("service account: a token lives until some minutes before its end", "[notify]") {
  const ChatApp app;
  const auto life = [&](const std::string& expires_in) {
    HttpResponse response;
    response.status = 200;
    response.body = R"({"access_token": "ya29.x", "expires_in": )" + expires_in + "}";
    return read_token_answer(app, response, {}, WallTime{}).life;
  };
  using std::chrono::seconds;
  CHECK(life("3600") == seconds{3300});
  CHECK(life("600") == seconds{300});
  CHECK(life("60") == seconds{30});
  CHECK(life("0") == seconds{0});
  CHECK(life("-5") == seconds{0});
  CHECK(life("\"soon\"") == seconds{0});
  CHECK(life("1e300") < std::chrono::hours{12});
}

TEST_CASE("service account: what is no token is not used", "[notify]") {
  const ChatApp app;
  for (const std::string body :
       {"", "[]", "{}", R"({"access_token": 5})", R"({"access_token": ""})",
        R"({"access_token": "a b"})", R"({"access_token": "a\r\nX-Evil: 1"})"}) {
    INFO(body);
    HttpResponse response;
    response.status = 200;
    response.body = body;
    const ChatToken token = read_token_answer(app, response, {}, WallTime{});
    REQUIRE(token.problem);
    CHECK(token.problem->what == Outcome::What::later);
    CHECK(token.problem->reason == "no access token: the token server's answer holds none");
  }
}

TEST_CASE("service account: an assertion that is echoed is not passed on", "[notify]") {
  HttpResponse response;
  response.status = 400;
  const std::string form = "grant_type=urn%3Ax&assertion=eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ0In0.c2ln";
  response.body = R"({"error": "invalid_request", "error_description": "no: eyJpc3MiOiJ0In0"})";
  const auto reason = [&] {
    return read_token_answer(ChatApp{}, response, form, WallTime{}).problem->reason;
  };
  CHECK(reason() == "no access token: 400: (the service's words hold a secret and are left out)");
  response.body = R"({"error": "unsupported_grant_type", "error_description": "grant_type?"})";
  CHECK(reason() == "no access token: 400: unsupported_grant_type: grant_type?");
}

TEST_CASE("service account: kept tokens end when they should", "[notify]") {
  asio::io_context loop;
  TokenCache& tokens = asio::use_service<TokenCache>(loop);
  const SteadyTime now{std::chrono::hours{5}};
  const Millis minute = std::chrono::minutes{1};
  CHECK(tokens.get("a", now).empty());
  tokens.put("a", "t1", now, now + minute);
  tokens.put("b", "t2", now, now + 3 * minute);
  tokens.put("c", "t3", now, now);
  CHECK(tokens.get("a", now) == "t1");
  CHECK(tokens.get("c", now).empty());
  CHECK(tokens.get("a", now + minute).empty());
  CHECK(tokens.get("b", now + minute) == "t2");
  tokens.forget("b");
  CHECK(tokens.get("b", now).empty());
}

}  // namespace tocsin
