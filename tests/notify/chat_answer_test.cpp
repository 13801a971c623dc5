// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/chat_answer.h"
#include "notify/retry_after.h"

#include <catch2/catch.hpp>

#include "net/http_client.h"
#include "util/text.h"

namespace tocsin {
namespace {

using What = Outcome::What;
constexpr WallTime kNow{std::chrono::seconds{1'445'412'480}};  // Wed, 21 Oct 2015 07:28:00 GMT

HttpSink sink_with(std::vector<std::string> secrets) {
  HttpSink sink;
  sink.secrets = std::move(secrets);
  return sink;
}

HttpResponse answer(int status, const std::string& body = {}) {
  HttpResponse response;
  response.status = status;
  response.sent = true;
  response.body = body;
  return response;
}

HttpResponse error(int status, const std::string& word, const std::string& message,
                   const std::string& details = "[]") {
  return answer(status, R"({"error": {"code": )" + std::to_string(status) + R"(, "message": ")" +
                            message + R"(", "status": ")" + word + R"(", "details": )" + details +
                            "}}");
}

Outcome read(const HttpResponse& response) {
  const HttpSink sink =
      sink_with({"AIzaKey12345", "t0ken_of_the_webhook%3D", "t0ken_of_the_webhook="});
  return read_chat_answer(sink, response, ChatDeed::webhook, kNow);
}

}  // namespace

TEST_CASE("chat answer: the table of status codes", "[notify]") {
  for (const int status : {200, 201, 202, 204}) CHECK(read(answer(status)).what == What::sent);
  for (const int status : {408, 425, 429, 500, 501, 502, 503, 504, 599}) {
    CHECK(read(answer(status)).what == What::later);
  }
  for (const int status : {300, 301, 302, 304, 307, 308, 400, 401, 402, 403, 404,
                           405, 406, 409, 410, 411, 413, 414, 415, 422, 451, 499}) {
    CHECK(read(answer(status)).what == What::rejected);
  }
  CHECK(read(error(409, "ALREADY_EXISTS", "is there")).what == What::sent);
  CHECK(read(error(409, "ABORTED", "conflict")).what == What::later);
  CHECK(read(error(403, "RESOURCE_EXHAUSTED", "quota")).what == What::later);
  const std::string rate = R"([{"@type": "type.googleapis.com/google.rpc.ErrorInfo",
                                "reason": "RATE_LIMIT_EXCEEDED"}])";
  CHECK(read(error(403, "PERMISSION_DENIED", "quota", rate)).what == What::later);
  CHECK(read(error(400, "UNAVAILABLE", "RESOURCE_EXHAUSTED")).what == What::rejected);
}

TEST_CASE("chat answer: names are taken from what was sent back", "[notify]") {
  const Outcome outcome = read(answer(200, R"({"name": "spaces/A/messages/T.M",
      "thread": {"name": "spaces/A/threads/T", "threadKey": "web-01"}, "text": "x"})"));
  CHECK(outcome.message_ref == "spaces/A/messages/T.M");
  CHECK(outcome.thread_ref == "spaces/A/threads/T");
  CHECK(outcome.reason.empty());
  CHECK_FALSE(outcome.in_doubt);
}

TEST_CASE("chat answer: a name leads nowhere but to what it names", "[notify]") {
  CHECK(space_of_name("spaces/A/messages/T.M", "messages") == "spaces/A");
  CHECK(space_of_name("spaces/A-_1/threads/T=", "threads") == "spaces/A-_1");
  for (const std::string name : {"",
                                 "spaces/A",
                                 "spaces/A/",
                                 "spaces/A/messages",
                                 "spaces/A/messages/",
                                 "spaces//messages/M",
                                 "spaces/A/threads/T",
                                 "spaces/A/messages/..",
                                 "spaces/A/messages/.",
                                 "spaces/../messages/M",
                                 "spaces/./messages/M",
                                 "spaces/A/messages/M/x",
                                 "spaces/A/messagesX/M",
                                 "x/A/messages/M",
                                 "/spaces/A/messages/M",
                                 "spaces/A/messages/M?x",
                                 "spaces/A/messages/M#",
                                 "spaces/A/messages/ä",
                                 "spaces/A/messages/%2e%2e",
                                 "spaces/A/messages/M M"}) {
    INFO(name);
    CHECK(space_of_name(name, "messages").empty());
  }
  CHECK(space_of_name("spaces/A/messages/" + std::string(600, 'x'), "messages").empty());
}

TEST_CASE("chat answer: a 2xx is sent, however odd its body", "[notify]") {
  for (const std::string& body :
       {std::string{}, std::string("<html>"), std::string(100'000, '['), std::string("[]"),
        std::string("{\"name\": 5, \"thread\": []}"), std::string("{\"name\": \"spaces/"),
        std::string("{\"name\": null, \"thread\": \"spaces/A/threads/T\"}"),
        std::string("{\"name\": \"spaces/A/messages/\\u001b[31m\"}"),
        std::string("{\"name\": \"../messages/x\", \"thread\": {\"name\": \"spaces/A\"}}"),
        "{\"name\": \"spaces/A/messages/" + std::string(60'000, 'x') + "\"}",
        std::string("\xff\xfe\x00", 3)}) {
    INFO(body.substr(0, 50));
    const Outcome outcome = read(answer(200, body));
    CHECK(outcome.what == What::sent);
    CHECK(outcome.message_ref.empty());
    CHECK(outcome.thread_ref.empty());
  }
}

TEST_CASE("chat answer: both envelopes are understood, and anything else is survived", "[notify]") {
  CHECK(read(error(400, "INVALID_ARGUMENT", "bad field")).reason ==
        "400: INVALID_ARGUMENT: bad field");
  CHECK(read(answer(429, R"({"code": 429, "message": "Too many requests",
                             "status": "RESOURCE_EXHAUSTED"})"))
            .reason == "429: RESOURCE_EXHAUSTED: Too many requests");
  CHECK(read(answer(503)).reason == "503");
  CHECK(read(answer(502, "<html>Bad Gateway</html>")).reason == "502");
  CHECK(read(answer(404)).reason == "404 (do the webhook and its space still exist?)");
  for (const std::string body : {R"({"error": "invalid_grant"})", R"({"error": []})", "[1]",
                                 R"({"error": {"status": 7, "message": {}, "details": {}}})",
                                 R"({"error": {"details": [1, null, [], {"@type": 3}]}})"}) {
    INFO(body);
    CHECK(read(answer(500, body)).reason == "500");
  }
  CHECK(read(answer(500, std::string(200'000, '{'))).reason == "500");
  const std::string key_invalid = R"([{"@type": "type.googleapis.com/google.rpc.ErrorInfo",
      "reason": "API_KEY_INVALID", "domain": "googleapis.com"}])";
  CHECK(read(error(400, "INVALID_ARGUMENT", "API key not valid.", key_invalid)).reason ==
        "400: INVALID_ARGUMENT API_KEY_INVALID: API key not valid.");
}

TEST_CASE("chat answer: a reason is printable and short", "[notify]") {
  const std::string reason =
      read(error(400, "INVALID_ARGUMENT", "a\\u001b[31m\\nb" + std::string(1000, 'x'))).reason;
  CHECK(reason.starts_with("400: INVALID_ARGUMENT: a [31m b"));
  CHECK(reason.size() < 260);
  CHECK(printable(reason, reason.size()) == reason);
  CHECK(read(error(400, "x\\u001b", "y")).reason == "400: y");
}

TEST_CASE("chat answer: the secret is never in a reason, though the service echoes it",
          "[notify]") {
  for (const std::string echo :
       {"no such URL: /v1/spaces/A/messages?key=AIzaKey12345&token=x",
        "token t0ken_of_the_webhook=", "token t0ken_of_the_webhook%3D", "t0ken_of_the_webho"}) {
    const Outcome outcome = read(error(400, "INVALID_ARGUMENT", echo));
    CHECK(outcome.reason == "400: (the service's words hold a secret and are left out)");
  }
  const HttpSink sink = sink_with({"SECRET_WORD_1"});
  const HttpResponse quoted = error(400, "SECRET_WORD_1", "x");
  CHECK(read_chat_answer(sink, quoted, ChatDeed::webhook, kNow).reason ==
        "400: (the service's words hold a secret and are left out)");
}

TEST_CASE("chat answer: a redirect is refused, and does not say where to", "[notify]") {
  HttpResponse response = answer(302);
  response.location = "https://evil.example/?token=t0ken_of_the_webhook%3D";
  CHECK(read(response).reason == "302: redirected elsewhere, which is not followed");
}

TEST_CASE("chat answer: no answer is later, in doubt only if something was sent", "[notify]") {
  HttpResponse response;
  response.error = NetError::refused;
  response.error_text = "connection refused (127.0.0.1:443)";
  Outcome outcome = read(response);
  CHECK(outcome.what == What::later);
  CHECK(outcome.reason == "connection refused (127.0.0.1:443)");
  CHECK_FALSE(outcome.in_doubt);
  for (const NetError kind : {NetError::timeout, NetError::closed, NetError::protocol,
                              NetError::tls, NetError::too_large, NetError::other}) {
    response.error = kind;
    response.sent = true;
    outcome = read(response);
    CHECK(outcome.what == What::later);
    CHECK(outcome.in_doubt);
  }
  response.status = 100;
  CHECK(read(response).in_doubt);
  response.status = 0;
  response.error_text.clear();
  CHECK(read(response).reason == "no answer");
  response.error = NetError::bad_url;
  response.sent = false;
  CHECK(read(response).what == What::rejected);
}

TEST_CASE("chat answer: a status that came counts, though the rest did not", "[notify]") {
  HttpResponse response = answer(200, "{\"name\": \"spa");
  response.error = NetError::closed;
  CHECK(read(response).what == What::sent);
  response.status = 404;
  CHECK(read(response).what == What::rejected);
  response.status = 503;
  CHECK(read(response).what == What::later);
}

TEST_CASE("chat answer: Retry-After and RetryInfo are heeded, once the answer is later",
          "[notify]") {
  HttpResponse response = answer(429);
  CHECK(read(response).retry_after == std::nullopt);
  response.headers = {{"Content-Type", "x"}, {"retry-after", "7"}};
  CHECK(read(response).retry_after == Millis{7000});
  const std::string info = R"([{"@type": "type.googleapis.com/google.rpc.RetryInfo",
                                "retryDelay": "2.5s"}])";
  response = error(503, "UNAVAILABLE", "busy", info);
  CHECK(read(response).retry_after == Millis{2500});
  response.headers = {{"Retry-After", "9"}};
  CHECK(read(response).retry_after == Millis{9000});
  response.headers = {{"Retry-After", "soon"}};
  CHECK(read(response).retry_after == Millis{2500});
  response.status = 400;
  CHECK(read(response).retry_after == std::nullopt);
}

TEST_CASE("chat answer: Retry-After in every form", "[notify]") {
  const auto parse = [](std::string_view value) { return parse_retry_after(value, kNow); };
  CHECK(parse("0") == Millis{0});
  CHECK(parse(" 120 ") == Millis{120'000});
  CHECK(parse("Wed, 21 Oct 2015 07:29:30 GMT") == Millis{90'000});
  CHECK(parse("Wednesday, 21-Oct-15 07:29:30 GMT") == Millis{90'000});
  CHECK(parse("Wed Oct 21 07:29:30 2015") == Millis{90'000});
  CHECK(parse("Wed, 21 Oct 2015 07:00:00 GMT") == Millis{0});
  CHECK(parse("99999999999999999999") == Millis{std::chrono::hours{24}});
  CHECK(parse("Wed, 21 Oct 2099 07:28:00 GMT") == Millis{std::chrono::hours{24}});
  for (const std::string_view none :
       {"", "-1", "soon", "1 minute", "1e9", "nan", "inf", "Wed, 99 Oct 2015 07:29:30 GMT",
        "2015-10-21T07:29:30Z", "Wed, 21 Okt 2015 07:29:30 GMT"}) {
    INFO(none);
    CHECK(parse(none) == std::nullopt);
  }
  CHECK(parse_retry_delay("30s") == Millis{30'000});
  CHECK(parse_retry_delay("0.000000001s") == Millis{0});
  for (const std::string_view none : {"", "s", "30", "-3s", "3 s", "xs", "1e3s"}) {
    CHECK(parse_retry_delay(none) == std::nullopt);
  }
}

}  // namespace tocsin
