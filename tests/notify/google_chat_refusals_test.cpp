// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// What a Chat app is told when it is refused, by the token server or by the API, and what people
// are told then; and each mistake in its settings.
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <catch2/catch.hpp>
#include <sstream>
#include <string>

#include "notify/notify_fixture.h"
#include "support/chat_app_stand_in.h"

namespace tocsin {
namespace {

using What = Outcome::What;

ChatSpace::Rules no_quota() {
  ChatSpace::Rules rules;
  rules.quota = false;
  return rules;
}

struct Bench {
  explicit Bench(const std::string& more = "") : chat(no_quota()) {
    const LoadedNotifier loaded = load_notifier("google_chat", chat.settings(more));
    INFO(loaded.all_problems());
    REQUIRE(loaded.notifier);
    notifier = loaded.notifier;
  }
  Outcome send() { return desk.send(*notifier, a_notification(Kind::down)); }

  ChatAppStandIn chat;
  std::shared_ptr<const Notifier> notifier;
  SendDesk desk;
};

std::string problems(const std::string& settings) {
  std::string found = load_notifier("google_chat", settings).all_problems();
  const auto space = found.find(": ");
  return space == std::string::npos ? found : found.substr(space + 2);
}

std::string quoted(std::string json) {
  for (auto at = json.find('\''); at != std::string::npos; at = json.find('\'', at + 2)) {
    json.insert(at, 1, '\'');
  }
  return "'" + json + "'";
}

// The key file with another value for the field, or, empty, without it.
std::string with(const std::string& json, const std::string& field, const std::string& value) {
  auto file = Poco::JSON::Parser().parse(json).extract<Poco::JSON::Object::Ptr>();
  file->remove(field);
  if (!value.empty()) file->set(field, value);
  std::ostringstream out;
  file->stringify(out);
  return out.str();
}

}  // namespace

TEST_CASE("google_chat app: a token is asked for once in its life", "[notify]") {
  Bench bench;
  for (int i = 0; i < 3; ++i) CHECK(bench.send().what == What::sent);
  CHECK(bench.chat.seen().tokens == 1);
  CHECK(bench.chat.seen().token_refusals.empty());
}

TEST_CASE("google_chat app: a token that does not live is used for what it was asked for",
          "[notify]") {
  Bench bench;
  bench.chat.at_tokens([](ChatTokenDesk& desk) { desk.set_rules({Millis{0}, 30}); });
  CHECK(bench.send().what == What::sent);
  CHECK(bench.send().what == What::sent);
  CHECK(bench.chat.seen().tokens == 1);
  Bench without_life;
  ChatStep step;
  step.reply.body = R"({"access_token": "ya29.unknown"})";
  without_life.chat.script_tokens(step, 2);
  CHECK(without_life.send().what == What::rejected);
}

TEST_CASE("google_chat app: a token that was taken back is renewed within the attempt",
          "[notify]") {
  Bench bench;
  CHECK(bench.send().what == What::sent);
  bench.chat.at_tokens([](ChatTokenDesk& desk) { desk.take_back(); });
  CHECK(bench.send().what == What::sent);
  const auto seen = bench.chat.seen();
  CHECK(seen.tokens == 2);
  CHECK(seen.calls.size() == 3);
  CHECK(seen.messages.size() == 2);
}

TEST_CASE("google_chat app: a second 401 is the last word", "[notify]") {
  Bench bench;
  bench.chat.script(ChatStep::error(401), 2);
  const Outcome outcome = bench.send();
  CHECK(outcome.what == What::rejected);
  CHECK(outcome.reason ==
        "401: UNAUTHENTICATED: as the test's script has it (was the service account, or its key, "
        "deleted or disabled?)");
  CHECK(bench.chat.seen().calls.size() == 2);
}

TEST_CASE("google_chat app: a key that is gone is told, with where to look", "[notify]") {
  Bench bench;
  bench.chat.at_tokens([](ChatTokenDesk& desk) { desk.renew_key(); });
  const Outcome outcome = bench.send();
  CHECK(outcome.what == What::rejected);
  CHECK(outcome.reason ==
        "no access token: 400: invalid_grant: Invalid JWT Signature. (is this machine's clock "
        "right, and is this key of tocsin@stand-in.iam.gserviceaccount.com still there? see IAM > "
        "Service accounts > Keys in the Google Cloud console)");
  CHECK_FALSE(outcome.in_doubt);
  CHECK(bench.chat.seen().calls.empty());
  // The new key, once it is in the configuration.
  const LoadedNotifier renewed = load_notifier("google_chat", bench.chat.settings());
  CHECK(bench.desk.send(*renewed.notifier, a_notification(Kind::down)).what == What::sent);
}

TEST_CASE("google_chat app: a clock that is wrong is told by how much, and tried again",
          "[notify]") {
  Bench bench;
  const auto set_ahead = [&](Millis ahead) {
    bench.chat.at_tokens([&](ChatTokenDesk& desk) { desk.set_rules({ahead, 3599}); });
  };
  set_ahead(std::chrono::hours{3});
  Outcome outcome = bench.send();
  CHECK(outcome.what == What::later);
  CHECK(
      outcome.reason.starts_with("no access token: 400: invalid_grant: Invalid JWT: Token must be "
                                 "a short-lived token"));
  const std::string behind = outcome.reason.substr(outcome.reason.rfind(" ("));
  CHECK(behind.starts_with(" (this machine's clock is "));
  CHECK(behind.ends_with(" behind Google's: set it)"));
  CHECK((behind.find("3 h") != std::string::npos || behind.find("2 h 59") != std::string::npos));
  set_ahead(-std::chrono::hours{100});
  outcome = bench.send();
  CHECK(outcome.what == What::later);
  CHECK(
      outcome.reason.ends_with("(this machine's clock is 12 h or more ahead of Google's: set it)"));
  // Within what is allowed for.
  set_ahead(-std::chrono::minutes{4});
  CHECK(bench.send().what == What::sent);
}

TEST_CASE("google_chat app: without a token server it is later, and surely not sent", "[notify]") {
  Bench bench(", timeout: 1s");
  SECTION("nothing listens") {
    bench.chat.stop();
  }
  SECTION("it hangs") {
    bench.chat.script_tokens(ChatStep::hang());
  }
  SECTION("it is busy") {
    bench.chat.script_tokens(ChatStep::error(503, "7"));
  }
  SECTION("it answers something else") {
    ChatStep step;
    step.reply.body = "<html>sign in</html>";
    bench.chat.script_tokens(step);
  }
  const Outcome outcome = bench.send();
  CHECK(outcome.what == What::later);
  CHECK(outcome.reason.starts_with("no access token: "));
  CHECK_FALSE(outcome.in_doubt);
  CHECK(bench.chat.seen().calls.empty());
}

TEST_CASE("google_chat app: what went wrong in the space is told with what to do", "[notify]") {
  Bench bench;
  ChatSpace::Rules rules = no_quota();
  std::string reason;
  SECTION("the app is no member any more") {
    rules.app_is_member = false;
    reason =
        "403: PERMISSION_DENIED: Permission denied to perform the requested action on the "
        "specified resource. (is the app still a member of the space, and allowed by the "
        "organization? add it again by mentioning it in the space)";
  }
  SECTION("the space was deleted") {
    rules.exists = false;
    reason =
        "404: NOT_FOUND: Requested entity was not found. (does the space still exist, with the app "
        "as a member? `tocsin chat spaces` lists what the app can see)";
  }
  SECTION("the API is not turned on") {
    ChatStep step;
    step.reply.status = 403;
    step.reply.body = R"({"error": {"code": 403, "status": "PERMISSION_DENIED",
        "message": "Google Chat API has not been used in project 1 before or it is disabled.",
        "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo",
                     "reason": "SERVICE_DISABLED", "domain": "googleapis.com"}]}})";
    bench.chat.script(step);
    reason =
        "403: PERMISSION_DENIED SERVICE_DISABLED: Google Chat API has not been used in project 1 "
        "before or it is disabled. (turn on the Google Chat API for the account's project in the "
        "Google Cloud console)";
  }
  bench.chat.set_rules(rules);
  const Outcome outcome = bench.send();
  CHECK(outcome.what == What::rejected);
  CHECK(outcome.reason == reason);
  CHECK(bench.chat.seen().calls.size() == 1);
}

TEST_CASE("google_chat app: busy, hanging and broken services are tried again", "[notify]") {
  Bench bench(", timeout: 1s");
  CHECK(bench.send().what == What::sent);
  bench.chat.script(ChatStep::error(429, "7"));
  Outcome outcome = bench.send();
  CHECK(outcome.what == What::later);
  CHECK(outcome.retry_after == Millis{7000});
  bench.chat.script(ChatStep::error(503));
  CHECK(bench.send().what == What::later);
  bench.chat.script(ChatStep::hang());
  outcome = bench.send();
  CHECK(outcome.what == What::later);
  CHECK(outcome.in_doubt);
}

TEST_CASE("google_chat app: neither key nor token is in a reason, though they are echoed",
          "[notify]") {
  Bench bench;
  const std::string key = bench.chat.key_file();
  const std::string piece = key.substr(key.find("\\n") + 2, 40);
  ChatStep step = ChatStep::error(400, {}, "you said " + piece);
  bench.chat.script_tokens(step);
  CHECK(bench.send().reason.find(piece.substr(0, 8)) == std::string::npos);
  ChatStep token;
  token.reply.body = R"({"access_token": "ya29.very-secret-token", "expires_in": 3599})";
  bench.chat.script_tokens(token);
  bench.chat.script(ChatStep::error(403, {}, "bad ya29.very-secret-token"));
  const Outcome outcome = bench.send();
  CHECK(outcome.what == What::rejected);
  CHECK(outcome.reason.starts_with("403: (the service's words hold a secret and are left out)"));
}

TEST_CASE("google_chat app: each mistake in the settings is told, without the secret", "[notify]") {
  const ChatAppStandIn chat;
  const std::string key = chat.key_file();
  const std::string rest = ", space: spaces/AAA}";
  const std::string whole =
      "; give the whole JSON key file, as the Google Cloud console made it for the service account";
  const auto of_key = [&](const std::string& json) {
    return problems("{service_account: " + quoted(json) + rest);
  };
  CHECK(of_key(key).empty());
  CHECK(of_key("") == "error: service_account is empty\n");
  CHECK(of_key("/etc/key.json") == "error: service_account is no JSON object" + whole +
                                       "; of a file: \"${file:/path/to/key.json}\"\n");
  CHECK(of_key("{}") == "error: service_account has no type \"service_account\"" + whole + "\n");
  CHECK(of_key(R"({"installed": {"client_id": "x"}})") ==
        "error: service_account is the file of an OAuth client, not of a service account" + whole +
            "\n");
  for (const std::string field : {"client_email", "private_key", "token_uri"}) {
    CHECK(of_key(with(key, field, "")) == "error: service_account has no " + field + whole + "\n");
  }
  for (const std::string pem : {"-----BEGIN NOTHING-----", "hello"}) {
    CHECK(of_key(with(key, "private_key", pem)) ==
          "error: service_account has a private_key that is no RSA key in PEM (2048 bits or more, "
          "not encrypted)" +
              whole + "\n");
  }
  for (const std::string uri : {"http://oauth2.example/token", "ftp://x/", "https://", "x",
                                "https://me@evil.example/token", "http://127.0.0.1@evil/token"}) {
    INFO(uri);
    CHECK(of_key(with(key, "token_uri", uri)) ==
          "error: service_account has a token_uri that is no https URL\n");
  }
  CHECK(of_key(with(key, "client_email", "nobody")) ==
        "error: service_account has a client_email that is no address" + whole + "\n");

  const std::string fine = "{service_account: " + quoted(key);
  CHECK(problems(fine + "}") ==
        "error: space is missing; `tocsin chat spaces --key FILE` lists what the app can see\n");
  CHECK(problems(fine + ", space: Ops room}") ==
        "error: space takes the name that the service has for it, such as spaces/AAQAtest123, and "
        "not the one that people see; `tocsin chat spaces` lists them\n");
  CHECK(problems(fine + ", space: AAQA-1_b}").empty());
  CHECK(problems(fine + ", space: AAA, style: cards}").starts_with("error: "));
  const std::string url = "webhook_url: \"" + chat.webhook_url() + "\"";
  CHECK(problems(fine + ", space: AAA, " + url + "}") ==
        "error: webhook_url and service_account are two ways to the same place: keep one\n");
  CHECK(problems("{" + url + ", space: AAA}") ==
        "error: space goes with service_account: a webhook's URL says where it leads\n");
  CHECK(problems("{" + url + ", api_url: \"https://x.example\"}") ==
        "error: api_url goes with service_account: a webhook's URL says where it leads\n");
  CHECK(problems("{" + url + ", style: card}").empty());
}

}  // namespace tocsin
