// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <catch2/catch.hpp>
#include <mutex>
#include <string>

#include "notify/notify_fixture.h"
#include "notify/webhook_signature.h"
#include "support/child.h"
#include "support/http_stand_in.h"

namespace tocsin {
namespace {

using What = Outcome::What;
using Poco::JSON::Object;

// The example of standardwebhooks.com's libraries.
const std::string kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

// A receiver that answers alike and keeps what it got.
class Receiver {
 public:
  std::string url() const { return http_.base_url() + "/hook"; }
  void reply(HttpReply reply) {
    const std::lock_guard lock(mutex_);
    reply_ = std::move(reply);
  }
  std::vector<HttpAsked> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  HttpReply keep(const HttpAsked& asked) {
    const std::lock_guard lock(mutex_);
    asked_.push_back(asked);
    return reply_;
  }
  mutable std::mutex mutex_;
  std::vector<HttpAsked> asked_;
  HttpReply reply_;
  HttpStandIn http_{{{}, [this](const HttpAsked& asked) { return keep(asked); }}};
};

std::shared_ptr<const Notifier> hook(const Receiver& receiver, const std::string& more = "") {
  const LoadedNotifier loaded =
      load_notifier("webhook", "{url: \"" + receiver.url() + "\"" + more + "}");
  INFO(loaded.all_problems());
  REQUIRE(loaded.notifier);
  return loaded.notifier;
}

Object::Ptr json(const std::string& text) {
  return Poco::JSON::Parser().parse(text).extract<Object::Ptr>();
}

// Another's HMAC: Python's.
std::string python_signature(const std::string& secret, const HttpAsked& asked) {
  const std::string program =
      "import base64,hashlib,hmac,sys\n"
      "key=base64.b64decode(sys.argv[1].removeprefix('whsec_'))\n"
      "text='.'.join(sys.argv[2:]).encode()\n"
      "print('v1,'+base64.b64encode(hmac.new(key,text,hashlib.sha256).digest()).decode(),end='')";
  return run_program({"/usr/bin/python3", "-c", program, secret,
                      std::string(asked.header("webhook-id")),
                      std::string(asked.header("webhook-timestamp")), asked.body})
      .out;
}

std::string problem(const std::string& more) {
  const std::string all =
      load_notifier("webhook", "{url: \"https://x.example/secret_path\", " + more + "}")
          .all_problems();
  const auto at = all.find(": ");
  return at == std::string::npos ? all : all.substr(at + 2);
}

}  // namespace

TEST_CASE("webhook: the signature is as the specification's example has it", "[notify]") {
  const auto key = parse_webhook_secret(kSecret);
  REQUIRE(key);
  CHECK(webhook_signature({*key}, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
                          "{\"test\": 2432232314}") ==
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  CHECK_FALSE(parse_webhook_secret("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
  CHECK_FALSE(parse_webhook_secret("whsec_c2hvcnQ="));
  CHECK_FALSE(parse_webhook_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!"));
  CHECK_FALSE(parse_webhook_secret("whsec_" + std::string(88, 'A')));
}

TEST_CASE("webhook: what is sent has the specification's headers, and a signature for each secret",
          "[notify]") {
  Receiver receiver;
  const std::string old = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
  const auto notifier = hook(receiver, ", secret: \"" + kSecret + "  " + old +
                                           "\", headers: {X-Team: shop, Authorization: b}");
  const Notification one = a_notification(Kind::down);
  CHECK(SendDesk().send(*notifier, one).what == What::sent);
  const HttpAsked asked = receiver.asked().front();
  CHECK(asked.method == "POST");
  CHECK(asked.header("Content-Type") == "application/json");
  CHECK(asked.header("X-Team") == "shop");
  CHECK(asked.header("Authorization") == "b");
  CHECK(asked.header("webhook-id") == one.uid);
  CHECK(asked.header("webhook-signature") ==
        python_signature(kSecret, asked) + " " + python_signature(old, asked));
}

TEST_CASE("webhook: the data says all there is", "[notify]") {
  Receiver receiver;
  Notification one = a_notification(Kind::down);
  one.uid = "11111111-2222-4333-8444-555555555555";
  SendDesk().send(*hook(receiver), one, true);
  const std::string title = "🔴 DOWN web-01 — connection refused (127.0.0.1:8080)";
  const std::string body = receiver.asked().front().body;
  CHECK(body.starts_with(
      "{\"type\":\"tocsin.down\",\"timestamp\":\"2026-01-02T03:04:05.000Z\",\"data\":"
      "{\"id\":\"11111111-2222-4333-8444-555555555555\",\"kind\":\"down\","
      "\"thread_key\":\"web-01\",\"notifier\":\"it\",\"instance\":\"mon-1\","
      "\"created_at\":\"2026-01-02T03:04:05.000Z\",\"late\":true,\"durable\":true,"
      "\"title\":\"" +
      title + "\",\"text\":\"target: 127.0.0.1:8080\\nsince "));
  CHECK(body.ends_with(
      "\",\"link\":\"https://wiki.example.net/shop\","
      "\"check\":{\"name\":\"web-01\",\"type\":\"tcp\",\"target\":\"127.0.0.1:8080\","
      "\"description\":\"the web shop\",\"runbook\":\"https://wiki.example.net/shop\","
      "\"labels\":{\"team\":\"shop\",\"tier\":\"front\"}},"
      "\"from\":\"up\",\"to\":\"down\",\"reason\":\"connection refused (127.0.0.1:8080)\","
      "\"details\":\"\",\"note\":\"\",\"decided_at\":\"2026-01-02T03:04:05.000Z\","
      "\"since\":\"2026-01-02T03:03:50.000Z\",\"failed_probes\":3,\"incident\":42,"
      "\"worst\":null,\"worst_reason\":\"\"}}"));
}

TEST_CASE("webhook: a CloudEvent has what CloudEvents 1.0 asks for", "[notify]") {
  Receiver receiver;
  const auto notifier = hook(receiver, ", format: cloudevents, method: PUT");
  const Notification one = a_notification(Kind::up);
  CHECK(SendDesk().send(*notifier, one).what == What::sent);
  const HttpAsked asked = receiver.asked().front();
  CHECK(asked.method == "PUT");
  CHECK(asked.header("Content-Type") == "application/cloudevents+json");
  CHECK(asked.header("webhook-signature").empty());
  const Object::Ptr event = json(asked.body);
  CHECK(event->getValue<std::string>("specversion") == "1.0");
  CHECK(event->getValue<std::string>("id") == one.uid);
  CHECK(event->getValue<std::string>("source") == "/tocsin/mon-1");
  CHECK(event->getValue<std::string>("type") == "tocsin.up");
  CHECK(event->getValue<std::string>("subject") == "web-01");
  CHECK(event->getValue<std::string>("time") == "2026-01-02T03:04:05.000Z");
  CHECK(event->getObject("data")->getValue<std::string>("worst") == "down");
  SendDesk().send(*notifier, a_notification(a_message(Kind::daemon), ""));
  const Object::Ptr daemon = json(receiver.asked().back().body);
  CHECK_FALSE(daemon->has("subject"));
  CHECK(daemon->getObject("data")->isNull("check"));
}

TEST_CASE("webhook: a body of one's own is filled in, and escaped by its type", "[notify]") {
  Receiver receiver;
  const Notification one = a_notification(hostile_message(Kind::down, hostile_text()));
  const auto body_for = [&](const std::string& more) {
    CHECK(SendDesk().send(*hook(receiver, ", " + more), one).what == What::sent);
    return receiver.asked().back().body;
  };
  const std::string shaped = body_for(
      "body: '{\"a\": {\"b\": [\"{title}\", \"{labels.nope}\", 1]}, \"t\": "
      "\"{body}\\n{thread}\"}'");
  const Object::Ptr inner = json(shaped)->getObject("a");
  const std::string title = inner->getArray("b")->getElement<std::string>(0);
  CHECK(title.starts_with("🔴 DOWN web-01 — <users/all>"));
  CHECK(title.find("\"}],\\u0000{") != std::string::npos);
  CHECK(inner->getArray("b")->getElement<std::string>(1).empty());
  CHECK(json(shaped)->getValue<std::string>("t").ends_with("\nweb-01"));
  CHECK(receiver.asked().back().header("Content-Type") == "application/json");
  CHECK(body_for("body: 'to={thread}&text={target}', content_type: "
                 "application/x-www-form-urlencoded")
            .starts_with("to=web-01&text=%3Cusers%2Fall%3E%20%3Chttps"));
  CHECK(body_for("body: '{name} {', content_type: text/plain") == "web-01 {");
  CHECK(problem("body: '{\"a\": {title}}x'").starts_with("error: the body is not JSON: write"));
  CHECK(problem("body: '{\"a\": \"{titl}\"}'") ==
        "error: unknown placeholder {titl}; did you mean {title}?\n");
  CHECK(problem("body: '{}', format: json") ==
        "error: body is in the place of format: one of them\n");
  CHECK(problem("content_type: text/plain") == "error: content_type goes with body\n");
}

TEST_CASE("webhook: each kind, as hostile as can be, is JSON of a bounded size", "[notify]") {
  Receiver receiver;
  const auto notifier = hook(receiver);
  SendDesk desk;
  for (const Kind kind : kKinds) {
    Message message = hostile_message(kind, hostile_text() + std::string(1 << 20, '"'));
    message.details = message.note = hostile_text() + std::string(1 << 20, '\n');
    CHECK(desk.send(*notifier, a_notification(message, hostile_text())).what == What::sent);
    const std::string body = receiver.asked().back().body;
    CHECK(body.size() < 100'000);
    CHECK(body.find('\x1b') == std::string::npos);
    CHECK(json(body)->getObject("data")->getValue<std::string>("kind") == to_string(kind));
  }
}

TEST_CASE("webhook: a note goes along in its lines, and at the head of the text", "[notify]") {
  Receiver receiver;
  Message message = a_message(Kind::flapping);
  message.note = "not acknowledged\x1b for 10 min\nwith it unreachable: a, b";
  CHECK(SendDesk().send(*hook(receiver), a_notification(message)).what == What::sent);
  const auto data = json(receiver.asked().back().body)->getObject("data");
  const std::string note = "not acknowledged for 10 min\nwith it unreachable: a, b";
  CHECK(data->getValue<std::string>("kind") == "flapping");
  CHECK(data->getValue<std::string>("note") == note);
  CHECK(data->getValue<std::string>("text").starts_with(note + "\ntarget: "));
  message.note = std::string(1 << 20, 'x');
  SendDesk().send(*hook(receiver), a_notification(message));
  const auto big = json(receiver.asked().back().body)->getObject("data");
  CHECK(big->getValue<std::string>("note").size() <= 4000);
}

TEST_CASE("webhook: the receiver's words are told, and what 410 means", "[notify]") {
  Receiver receiver;
  const auto reason = [&](int status, const std::string& body) {
    receiver.reply({.status = status, .body = body});
    return SendDesk().send(*hook(receiver), a_notification(Kind::down)).reason;
  };
  CHECK(reason(410, "{}") ==
        "410 (the receiver is gone for good: take this notifier out, or give it a new url)");
  CHECK(reason(400, R"({"error": {"message": "no such room"}})") == "400: no such room");
  CHECK(reason(422, R"({"message": "bad field"})") == "422: bad field");
  CHECK(reason(500, "out of\nmemory") == "500: out of memory");
  CHECK(reason(502, "<html>nginx</html>") == "502");
}

TEST_CASE("webhook: it is never folded, and repeats are recognised by their id", "[notify]") {
  const Receiver receiver;
  const Pace pace = hook(receiver)->pace();
  CHECK(pace.idempotent);
  CHECK_FALSE(pace.foldable);
  CHECK(pace.key.find("/hook") == std::string::npos);
}

TEST_CASE("webhook: each mistake is reported, without the secret", "[notify]") {
  CHECK(problem("method: GET").starts_with("error: "));
  const std::string how =
      "error: secret is not whsec_ and 24 to 64 bytes in base64; make one by: echo "
      "\"whsec_$(openssl "
      "rand -base64 32)\"\n";
  CHECK(problem("secret: hunter2hunter2") == how);
  CHECK(problem("secret: \"" + kSecret + " nope\"") == how);
  CHECK(problem("secret: \"\"") == "error: secret is empty\n");
  CHECK(problem("headers: {\"a b\": c}") == "error: not a header's name: \"a b\"\n");
  CHECK(problem("headers: {Webhook-Id: c}") ==
        "error: Webhook-Id is not to be set: it follows from the message\n");
  CHECK(problem("headers: {X: \"a\\r\\nY: b\"}") ==
        "error: X: a header's value has no line break or control character\n");
  CHECK(load_notifier("webhook", "{}").all_problems().find("url is missing") != std::string::npos);
}

}  // namespace tocsin
