// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "support/chat_stand_in.h"

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>
#include <Poco/URI.h>

#include <catch2/catch.hpp>
#include <future>

namespace tocsin {
namespace {

constexpr Millis kLong{20'000};
const std::string kReply = "&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD";
const std::string kHello = R"({"text": "hello"})";

std::string keyed(const std::string& key, const std::string& text = "hello") {
  return R"({"text": ")" + text + R"(", "thread": {"threadKey": ")" + key + R"("}})";
}

// A space and a clock of its own: requests without sockets.
class Desk {
 public:
  explicit Desk(ChatSpace::Rules rules = {}) : space(rules, ChatSchema::load()) {}

  int post(const std::string& body, const std::string& more = {}, std::size_t token = 0) {
    const auto& rules = space.rules();
    return raw("POST",
               "/v1/spaces/" + rules.space + "/messages?key=" + rules.key +
                   "&token=" + rules.tokens.at(token) + more,
               body);
  }
  int raw(const std::string& method, const std::string& target, const std::string& body) {
    const HttpAsked asked{method, target, {{"content-type", type}}, body, now};
    verdict = space.post(asked);
    now += step;
    return verdict.reply.status;
  }
  std::string reason() const { return verdict.refusal ? verdict.refusal->reason : "none"; }
  const ChatMessage& last() const { return space.messages().back(); }

  ChatSpace space;
  SteadyTime now{std::chrono::hours{1}};
  Millis step{2000};
  std::string type = "application/json; charset=UTF-8";
  ChatSpace::Verdict verdict;
};

struct Answer {
  int status = 0;
  std::string body;
  std::string retry_after;
};

Answer post(const std::string& url, const std::string& body, Millis timeout = kLong) {
  const Poco::URI uri(url);
  Poco::Net::HTTPClientSession session(uri.getHost(), uri.getPort());
  session.setTimeout(Poco::Timespan(timeout.count() * 1000));
  Poco::Net::HTTPRequest request("POST", uri.getPathAndQuery(), "HTTP/1.1");
  request.setContentType("application/json");
  request.setContentLength64(static_cast<Poco::Int64>(body.size()));
  session.sendRequest(request) << body << std::flush;
  Poco::Net::HTTPResponse response;
  Answer answer;
  std::istream& in = session.receiveResponse(response);
  Poco::StreamCopier::copyToString(in, answer.body);
  answer.status = response.getStatus();
  answer.retry_after = response.get("Retry-After", "");
  return answer;
}

}  // namespace

TEST_CASE("chat space: a plain message is taken and answered by its names", "[support]") {
  Desk desk;
  REQUIRE(desk.post(kHello) == 200);
  CHECK(desk.last().text == "hello");
  CHECK(desk.last().name == "spaces/AAQATocsin01/messages/T000001.M000000");
  CHECK(desk.last().thread == "spaces/AAQATocsin01/threads/T000001");
  CHECK(desk.verdict.reply.body.find("\"" + desk.last().name + "\"") != std::string::npos);
  CHECK(desk.verdict.reply.body.find("\"" + desk.last().thread + "\"") != std::string::npos);
  CHECK(desk.verdict.reply.body.find("sender") == std::string::npos);
  CHECK(desk.last().ignored.empty());
  REQUIRE(desk.post(R"({"text": "x", "argumentText": "y"})") == 200);
  CHECK(desk.last().ignored == std::vector<std::string>{"argumentText"});
}

TEST_CASE("chat space: who does not show key and token is refused", "[support]") {
  Desk desk;
  const auto& rules = desk.space.rules();
  const std::string path = "/v1/spaces/" + rules.space + "/messages";
  CHECK(desk.raw("POST", path + "?token=" + rules.tokens[0], kHello) == 403);
  CHECK(desk.raw("POST", path + "?key=wrong&token=" + rules.tokens[0], kHello) == 400);
  CHECK(desk.reason() == "API key not valid. Please pass a valid API key.");
  CHECK(desk.raw("POST", path + "?key=" + rules.key, kHello) == 403);
  CHECK(desk.raw("POST", path + "?key=" + rules.key + "&token=x", kHello) == 403);
  CHECK(desk.raw("POST", path, kHello) == 403);
  CHECK(desk.raw("GET", path + "?key=" + rules.key + "&token=" + rules.tokens[0], "") == 404);
  CHECK(desk.raw("POST", "/v1/spaces/other/messages?key=a&token=b", kHello) == 404);
  CHECK(desk.verdict.refusal->invalid);
  CHECK(desk.space.messages().empty());
}

TEST_CASE("chat space: what the API's description does not allow is a 400", "[support]") {
  Desk desk;
  CHECK(desk.post(kHello, "&reqId=1") == 400);
  CHECK(desk.post(kHello, "&requestId=1&requestId=2") == 400);
  CHECK(desk.post(kHello, "&messageReplyOption=YES") == 400);
  CHECK(desk.post(kHello, "&messageId=alert-1") == 400);
  CHECK(desk.post(R"({"txt": "x"})") == 400);
  CHECK(desk.post(R"({"text": 1})") == 400);
  CHECK(desk.post("{}") == 400);
  CHECK(desk.reason() == "Message cannot be empty.");
  CHECK(desk.post("{\"text\": \"\xc3\x28\"}") == 400);
  CHECK(desk.post(kHello, kReply) == 400);
  CHECK(desk.reason() == "message_reply_option is set, but there is no thread to reply to.");
  CHECK(desk.post(R"({"text": "x", "thread": {"name": "spaces/X/threads/Y"}})", kReply) == 400);
  CHECK(desk.post(R"({"text": "x", "privateMessageViewer": {"name": "users/1"}})") == 403);
  desk.type = "text/plain";
  CHECK(desk.post(kHello) == 400);
  CHECK(desk.space.messages().empty());
}

TEST_CASE("chat space: sizes are kept to the character and the byte", "[support]") {
  Desk desk;
  const auto text = [](const std::string& value) { return R"({"text": ")" + value + R"("})"; };
  CHECK(desk.post(text(std::string(4096, 'x'))) == 200);
  CHECK(desk.post(text(std::string(4097, 'x'))) == 400);
  std::string bells;
  for (int i = 0; i < 2048; ++i) bells += "🔔";
  CHECK(desk.post(text(bells)) == 200);
  CHECK(desk.post(text(bells + "x")) == 400);
  CHECK(desk.post(keyed(std::string(4000, 'k')), kReply) == 200);
  CHECK(desk.post(keyed(std::string(4001, 'k')), kReply) == 400);
  const std::string begin = R"({"text": "x", "fallbackText": ")";
  const std::string whole = begin + std::string(32'000 - begin.size() - 2, 'f');
  CHECK(desk.post(whole + "\"}") == 200);
  CHECK(desk.post(whole + "f\"}") == 400);
  CHECK(desk.reason() == "Message is longer than 32000 bytes.");
}

TEST_CASE("chat space: a key finds its thread again, for its webhook only", "[support]") {
  ChatSpace::Rules rules;
  rules.tokens.emplace_back("another");
  Desk desk(rules);
  desk.post(keyed("web-01"), kReply);
  const std::string thread = desk.last().thread;
  CHECK_FALSE(desk.last().reply);
  desk.post(keyed("web-01"), kReply);
  CHECK(desk.last().thread == thread);
  CHECK(desk.last().reply);
  desk.post(keyed("web-01"), kReply, 1);
  CHECK(desk.last().thread != thread);
  desk.post(keyed("web-02"), kReply);
  CHECK(desk.last().thread != thread);
  desk.post(keyed("web-01"), "&messageReplyOption=REPLY_MESSAGE_OR_FAIL");
  CHECK(desk.last().thread == thread);
  desk.post(R"({"text": "x", "thread": {"name": ")" + thread + R"("}})", kReply);
  CHECK(desk.last().thread == thread);
}

TEST_CASE("chat space: without the reply option every message begins a thread", "[support]") {
  Desk desk;
  desk.post(keyed("web-01"), kReply);
  const std::string thread = desk.last().thread;
  desk.post(keyed("web-01"));
  CHECK(desk.last().thread != thread);
  desk.post(keyed("web-01"), "&messageReplyOption=MESSAGE_REPLY_OPTION_UNSPECIFIED");
  CHECK(desk.last().thread != thread);
  desk.post(keyed("web-01"), kReply);
  CHECK(desk.last().thread == thread);
}

TEST_CASE("chat space: a requestId that comes again returns the first message", "[support]") {
  Desk desk;
  desk.post(keyed("web-01", "first"), kReply + "&requestId=u-1");
  const std::string answer = desk.verdict.reply.body;
  CHECK(desk.post(keyed("web-01", "second"), kReply + "&requestId=u-1") == 200);
  CHECK(desk.verdict.reply.body == answer);
  REQUIRE(desk.space.messages().size() == 1);
  CHECK(desk.last().repeats == 1);

  auto rules = desk.space.rules();
  rules.request_ids = false;
  desk.space.set_rules(rules);
  desk.post(keyed("web-01", "second"), kReply + "&requestId=u-1");
  CHECK(desk.space.messages().size() == 2);
}

TEST_CASE("chat space: a messageId is for one message", "[support]") {
  Desk desk;
  CHECK(desk.post(kHello, "&messageId=client-1") == 200);
  CHECK(desk.post(kHello, "&messageId=client-1") == 409);
}

TEST_CASE("chat space: one write a second, from all webhooks together", "[support]") {
  ChatSpace::Rules rules;
  rules.tokens.emplace_back("another");
  Desk desk(rules);
  desk.step = Millis{900};
  CHECK(desk.post(kHello) == 200);
  CHECK(desk.post(kHello, {}, 1) == 429);
  CHECK_FALSE(desk.verdict.refusal->invalid);
  CHECK(desk.verdict.reply.body.find("RESOURCE_EXHAUSTED") != std::string::npos);
  CHECK(desk.post(kHello, {}, 1) == 200);  // 1.8 s after the first; refusals do not count
  rules.quota = false;
  desk.space.set_rules(rules);
  CHECK(desk.post(kHello) == 200);
}

TEST_CASE("chat stand-in: serves a webhook over a socket", "[support]") {
  ChatStandIn chat;
  const Answer answer = post(chat.webhook_url() + kReply, keyed("web-01"));
  CHECK(answer.status == 200);
  const auto seen = chat.seen();
  REQUIRE(seen.messages.size() == 1);
  CHECK(seen.texts("web-01") == std::vector<std::string>{"hello"});
  CHECK(seen.threads("web-01").size() == 1);
  CHECK(seen.invalid() == 0);
  CHECK(post(chat.webhook_url(), R"({"txt": "x"})").status == 400);
  CHECK(chat.seen().invalid() == 1);
}

TEST_CASE("chat stand-in: scripted errors come once each, and nothing is taken", "[support]") {
  ChatStandIn chat;
  chat.script(ChatStep::error(429, "7"));
  chat.script(ChatStep::error(503));
  const Answer first = post(chat.webhook_url(), kHello);
  CHECK(first.status == 429);
  CHECK(first.retry_after == "7");
  CHECK(first.body.find("RESOURCE_EXHAUSTED") != std::string::npos);
  CHECK(post(chat.webhook_url(), kHello).status == 503);
  CHECK(chat.seen().messages.empty());
  CHECK(chat.seen().invalid() == 0);
  chat.always(ChatStep::error(404));
  CHECK(post(chat.webhook_url(), kHello).status == 404);
  CHECK(post(chat.webhook_url(), kHello).status == 404);
  chat.always({});
  CHECK(post(chat.webhook_url(), kHello).status == 200);
}

TEST_CASE("chat stand-in: a message may be taken without an answer, or not be looked at",
          "[support]") {
  ChatStandIn::Rules rules;
  rules.quota = false;
  ChatStandIn chat(rules);
  chat.script(ChatStep::take_and_close());
  CHECK_THROWS(post(chat.webhook_url() + "&requestId=a", kHello));
  CHECK(chat.seen().messages.size() == 1);
  chat.script(ChatStep::close_unread());
  CHECK_THROWS(post(chat.webhook_url() + "&requestId=b", kHello));
  CHECK(chat.seen().messages.size() == 1);
  chat.script(ChatStep::hang());
  CHECK_THROWS(post(chat.webhook_url() + "&requestId=c", kHello, Millis{100}));
  chat.script(ChatStep::take_and_hang());
  CHECK_THROWS(post(chat.webhook_url() + "&requestId=d", kHello, Millis{100}));
  CHECK(chat.wait_for(2, kLong));
  chat.script(ChatStep::slow(Millis{50}));
  CHECK(post(chat.webhook_url() + "&requestId=a", kHello).status == 200);
  CHECK(chat.seen().messages.front().repeats == 1);
}

TEST_CASE("chat stand-in: goes away and comes back at its port, remembering", "[support]") {
  ChatStandIn::Rules rules;
  rules.quota = false;
  ChatStandIn chat(rules);
  const std::string url = chat.webhook_url();
  post(url + kReply, keyed("web-01"));
  chat.stop();
  CHECK_THROWS(post(url, kHello));
  chat.start();
  CHECK(chat.webhook_url() == url);
  CHECK(post(url + kReply, keyed("web-01")).status == 200);
  CHECK(chat.seen().threads("web-01").size() == 1);
}

TEST_CASE("chat stand-in: a waiter wakes when what it waits for is there", "[support]") {
  ChatStandIn chat;
  CHECK_FALSE(chat.wait_for(1, Millis{1}));
  auto waiter = std::async(std::launch::async, [&] { return chat.wait_for(1, kLong); });
  post(chat.webhook_url(), kHello);
  CHECK(waiter.get());
  const auto two_requests = [](const ChatStandIn::Seen& seen) { return seen.requests == 2; };
  CHECK_FALSE(chat.wait_until(two_requests, Millis{1}));
  chat.script(ChatStep::error(500));
  post(chat.webhook_url(), kHello);
  CHECK(chat.wait_until(two_requests, kLong));
}

}  // namespace tocsin
