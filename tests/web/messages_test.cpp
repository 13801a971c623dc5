// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// POST /api/v1/messages: who may, what is taken, what is refused and how that is said.
#include <catch2/catch.hpp>

#include "util/text.h"
#include "web/client.h"
#include "web/fakes.h"
#include "web/handlers.h"
#include "web/site.h"

using namespace tocsin;
using Catch::Matchers::Contains;
using Fate = PostAnswer::Fate;
using HeaderList = std::vector<std::pair<std::string, std::string>>;

namespace {

struct PostSite : FakeSite {
  PostSite() {
    guard.admin_token = Secret("admin-token-0123456789");
    PostAnswer answer;
    answer.fate = Fate::durable;
    answer.notifications = {{12, "uid-12", "ops"}};
    control.set_answer(answer);
  }
  Response post(const std::string& body, HeaderList more = {}) {
    Request request = made_request("/api/v1/messages", "POST");
    request.headers.emplace_back("authorization", "Bearer admin-token-0123456789");
    request.headers.emplace_back("content-type", "application/json");
    request.headers.emplace_back("content-length", std::to_string(body.size()));
    request.headers.insert(request.headers.end(), more.begin(), more.end());
    request.body = body;
    return ask(std::move(request));
  }
  PostedMessage taken(const std::string& body, HeaderList more = {}) {
    const Response response = post(body, std::move(more));
    INFO(response.body);
    REQUIRE(response.status == 202);
    return control.posted().back();
  }
  // The error's text; nothing has reached the core.
  std::string refused(const std::string& body, HeaderList more = {}) {
    const std::size_t before = control.posted().size();
    const Response response = post(body, std::move(more));
    CHECK(response.status == 400);
    CHECK(control.posted().size() == before);
    const auto at = response.body.find("\"detail\":\"");
    return at == std::string::npos ? response.body : response.body.substr(at + 10);
  }
};

}  // namespace

TEST_CASE("messages: all that can be said is taken as it is said", "[web]") {
  PostSite site;
  const PostedMessage posted = site.taken(
      R"({"to": ["ops", "boss"], "thread": "deploys", "text": "v42 is out", "details": "by ci\n)"
      R"(12 changes", "link": "https://ci.example/42?a=b", "id": "deploy 42"})");
  CHECK(posted.to == std::vector<std::string>{"ops", "boss"});
  CHECK(posted.message.thread == "deploys");
  CHECK(posted.message.text == "v42 is out");
  CHECK(posted.message.details == "by ci\n12 changes");
  CHECK(posted.message.link == "https://ci.example/42?a=b");
  CHECK(posted.id == "deploy 42");
}

TEST_CASE("messages: the text alone is enough; a null is a key that is not there", "[web]") {
  PostSite site;
  for (const char* body :
       {R"({"text": "x"})", R"({"text": "x", "to": null, "thread": null, "id": null})"}) {
    const PostedMessage posted = site.taken(body);
    CHECK(posted.to.empty());
    CHECK(posted.message.thread == "tocsin/messages");
    CHECK(posted.message.text == "x");
    CHECK(posted.message.details.empty());
    CHECK(posted.message.link.empty());
    CHECK(posted.id.empty());
  }
  CHECK(site.taken(R"({"text": "x", "to": "ops"})").to == std::vector<std::string>{"ops"});
}

TEST_CASE("messages: further lines of the text go before the details", "[web]") {
  PostSite site;
  const OwnMessage message =
      site.taken(R"({"text": " \n a \r\nb\tc\n", "details": "\nd\n\n"})").message;
  CHECK(message.text == "a");
  CHECK(message.details == "b c\nd");
}

TEST_CASE("messages: what is taken is printable, whatever was sent", "[web]") {
  PostSite site;
  const OwnMessage message =
      site.taken(
              "{\"text\": \"a\\u0000\\u001b[31m\\u202eb\", \"thread\": \"t\\n\\tu\","
              " \"details\": \"\\u0007x\"}")
          .message;
  for (const std::string* text : {&message.text, &message.thread, &message.details}) {
    CHECK(is_valid_utf8(*text));
    CHECK(printable_lines(*text, 1000) == *text);
  }
  CHECK(message.thread == "t u");
  CHECK(message.text.find('\0') == std::string::npos);
}

TEST_CASE("messages: each mistake has its message", "[web]") {
  PostSite site;
  CHECK_THAT(site.refused(""), Contains("the body is not JSON"));
  CHECK_THAT(site.refused("v42"), Contains("the body is not JSON"));
  CHECK_THAT(site.refused("{\"text\": \"\xff\xe2\x80\"}"), Contains("the body is not JSON"));
  CHECK_THAT(site.refused("{\"text\": \"x\"} {"), Contains("the body is not JSON"));
  CHECK_THAT(site.refused(std::string(1000, '[')), Contains("the body is not JSON"));
  CHECK_THAT(site.refused("[]"), Contains("the body must be a JSON object"));
  CHECK_THAT(site.refused("{}"), Contains(R"(\"text\" is missing)"));
  CHECK_THAT(site.refused(R"({"text": " \n"})"), Contains(R"(\"text\" is missing)"));
  CHECK_THAT(site.refused(R"({"text": 42})"), Contains(R"(\"text\" must be a text)"));
  CHECK_THAT(site.refused(R"({"text": "x", "thred": "y"})"),
             Contains(R"(unknown key \"thred\"; did you mean \"thread\"?)"));
  CHECK_THAT(site.refused(R"({"text": "x", "zzzzzz": "y"})"),
             Contains("known are to, thread, text, details, link and id"));
  CHECK_THAT(site.refused(R"({"text": "x", "text": "y"})"),
             Contains(R"(the key \"text\" is given twice)"));
  for (const char* to : {"{}", "1", "[1]", "[\"ops\", {}]", "[[\"ops\"]]", "true"}) {
    CAPTURE(to);
    CHECK_THAT(site.refused(std::string(R"({"text": "x", "to": )") + to + "}"),
               Contains("must be a notifier's name, or a list of names"));
  }
  CHECK_THAT(site.refused(R"({"text": "x", "to": []})"), Contains("names nobody"));
  CHECK_THAT(site.refused(R"({"text": "x", "thread": " "})"), Contains("is blank"));
  CHECK_THAT(site.refused(R"({"text": "x", "thread": ["a"]})"), Contains("must be a text"));
  for (const char* link :
       {"wiki", "ftp://x/", "javascript:alert(1)", "https://", "https:///x", "https://a b/",
        "https://a/\\\"onclick", "https://ex\xc3\xa4mple/", "HTTPS://x/"}) {
    CAPTURE(link);
    CHECK_THAT(site.refused(std::string(R"({"text": "x", "link": ")") + link + "\"}"),
               Contains("absolute http or https URL"));
  }
  CHECK_THAT(site.refused(R"({"text": "x", "link": "https://user:pass@x/"})"),
             Contains("no user or password") && !Contains("pass@"));
  CHECK(site.taken(R"({"text": "x", "link": "https://x/@a"})").message.link == "https://x/@a");
}

TEST_CASE("messages: what is too long is refused, at the byte", "[web]") {
  PostSite site;
  const auto body = [](const std::string& key, std::size_t size) {
    return R"({"text": "x", ")" + key + "\": \"" + std::string(size, 'a') + "\"}";
  };
  struct Row {
    const char* key;
    std::size_t most;
  };
  for (const Row& row : {Row{"thread", OwnMessage::kMostThread},
                         Row{"details", OwnMessage::kMostDetails}, Row{"id", 200}}) {
    CAPTURE(row.key);
    site.taken(body(row.key, row.most));
    CHECK_THAT(site.refused(body(row.key, row.most + 1)), Contains("bytes at the most"));
  }
  const auto text = [](std::size_t size) {
    return "{\"text\": \"" + std::string(size, 'a') + "\"}";
  };
  CHECK(site.taken(text(OwnMessage::kMostText)).message.text.size() == OwnMessage::kMostText);
  CHECK_THAT(site.refused(text(OwnMessage::kMostText + 1)), Contains("belongs in"));
  std::string names = "\"a\"";
  for (std::size_t i = 0; i < PostedMessage::kMostTo; ++i) names += ",\"a\"";
  CHECK_THAT(site.refused(R"({"text": "x", "to": [)" + names + "]}"), Contains("at the most"));
}

TEST_CASE("messages: an id may come as Idempotency-Key, in quotes or without", "[web]") {
  PostSite site;
  const std::string body = R"({"text": "x"})";
  CHECK(site.taken(body, {{"idempotency-key", "k-1"}}).id == "k-1");
  CHECK(site.taken(body, {{"idempotency-key", "\"k-1\""}}).id == "k-1");
  CHECK(site.taken(R"({"text": "x", "id": "k-1"})", {{"idempotency-key", "k-1"}}).id == "k-1");
  CHECK_THAT(site.refused(R"({"text": "x", "id": "k-2"})", {{"idempotency-key", "k-1"}}),
             Contains("differ"));
  CHECK_THAT(site.refused(body, {{"idempotency-key", "a"}, {"idempotency-key", "b"}}),
             Contains("exactly one Idempotency-Key"));
  CHECK_THAT(site.refused(body, {{"idempotency-key", " "}}), Contains("exactly one"));
  CHECK_THAT(site.refused(body, {{"idempotency-key", std::string(201, 'a')}}), Contains("200"));
}

TEST_CASE("messages: the answer says what became of it", "[web]") {
  PostSite site;
  const std::string body = R"({"text": "x", "id": "k"})";
  CHECK(site.post(body).body ==
        R"({"repeated":false,"durable":true,"notifications":[{"id":12,"uid":"uid-12",)"
        "\"notifier\":\"ops\"}]}\n");
  PostAnswer answer;
  answer.fate = Fate::memory;
  site.control.set_answer(answer);
  CHECK(site.post(body).status == 202);
  CHECK_THAT(site.post(body).body, Contains("\"durable\":false"));
  answer.fate = Fate::durable;
  answer.repeated = true;
  site.control.set_answer(answer);
  CHECK(site.post(body).status == 200);
  CHECK_THAT(site.post(body).body, Contains("\"repeated\":true"));
  struct Row {
    Fate fate;
    int status;
    const char* says;
  };
  for (const Row& row :
       {Row{Fate::refused, 400, "no such one"}, Row{Fate::id_taken, 422, "take a new one"},
        Row{Fate::too_many, 429, "too many"}, Row{Fate::late, 503, "too busy"}}) {
    answer.fate = row.fate;
    answer.mistake = "no such one";
    site.control.set_answer(answer);
    const Response response = site.post(body);
    CHECK(response.status == row.status);
    CHECK(response.content_type == "application/problem+json");
    CHECK_THAT(response.body, Contains(row.says));
    CHECK(header_of(response, "Retry-After").empty() == (row.status < 429));
  }
}

TEST_CASE("messages: who may not steer, or comes from another page, tells nothing", "[web]") {
  PostSite site;
  const std::string body = R"({"text": "x"})";
  const auto status = [&](const HeaderList& headers, Peer peer = {}) {
    Request request = made_request("/api/v1/messages", "POST");
    request.headers = headers;
    request.headers.emplace_back("content-length", std::to_string(body.size()));
    request.body = body;
    request.peer = std::move(peer);
    return site.ask(std::move(request)).status;
  };
  const std::pair<std::string, std::string> host{"host", "127.0.0.1:8480"};
  const std::pair<std::string, std::string> json{"content-type", "application/json"};
  const std::pair<std::string, std::string> token{"authorization", "Bearer admin-token-0123456789"};
  CHECK(status({host, json}) == 401);
  CHECK(status({host, json, {"authorization", "Bearer wrong"}}) == 401);
  CHECK(status({{"host", "evil.example"}, json, token}) == 421);
  CHECK(status({host, json, token, {"origin", "https://evil.example"}}) == 403);
  CHECK(status({host, token, {"content-type", "text/plain"}}) == 415);
  CHECK(status({host, json}, {.over_unix_socket = true, .may_steer = false}) == 401);
  CHECK(site.control.posted().empty());
  CHECK(status({host, json, token}) == 202);
  CHECK(status({host, json}, {.over_unix_socket = true, .may_steer = true}) == 202);
  site.guard.admin_token = Secret();
  CHECK(status({host, json}) == 403);
  CHECK(site.get("/api/v1/messages").status == 405);
  CHECK(site.control.posted().size() == 2);
}

TEST_CASE("messages: a query means nothing and is refused", "[web]") {
  PostSite site;
  Request request = made_request("/api/v1/messages?text=x", "POST");
  request.headers.emplace_back("authorization", "Bearer admin-token-0123456789");
  request.headers.emplace_back("content-type", "application/json");
  request.headers.emplace_back("content-length", "13");
  request.body = R"({"text": "x"})";
  CHECK(site.ask(std::move(request)).status == 400);
}

TEST_CASE("messages: over a real socket a body arrives whole", "[web]") {
  ServedSite site;
  PostAnswer answer;
  answer.fate = Fate::durable;
  site.control.set_answer(answer);
  const std::string body = R"({"text": "v42", "details": ")" + std::string(4000, 'x') + "\"}";
  const std::string host = site.address.substr(std::string("http://").size());
  Client client(site.address);
  client.send("POST /api/v1/messages HTTP/1.1\r\nHost: " + host +
              "\r\nAuthorization: Bearer admin-token\r\nContent-Type: application/json\r\n"
              "Content-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body.substr(0, 100));
  client.send(body.substr(100));
  CHECK(parse_reply(client.read_all().value_or("")).status == 202);
  REQUIRE(site.control.posted().size() == 1);
  CHECK(site.control.posted().front().message.details.size() == 4000);
}
