// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// The main job, with the real binary: state changes out of real targets, into the stand-in for
// Google Chat, through every kind of trouble in between.
#include <catch2/catch.hpp>
#include <sstream>

#include "e2e/daemon.h"
#include "e2e/targets.h"
#include "support/chat_stand_in.h"
#include "support/nginx.h"

using namespace tocsin;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

constexpr Millis kLong{90'000};

std::string head(const ChatStandIn& chat, const std::string& more = {}) {
  return "defaults: {interval: 300ms, timeout: 250ms, retry_interval: 100ms, down_after: 2, "
         "up_after: 2}\n"
         "notifiers: [{name: ops, google_chat: {webhook_url: '" +
         chat.webhook_url() + "', timeout: 2s" + more + "}}]\nchecks:\n";
}

std::string web(const WebTarget& target) {
  return "  - {name: web, http: '" + target.url() + "'}\n";
}

std::vector<std::string> words(const std::vector<std::string>& texts) {
  std::vector<std::string> out;
  for (const std::string& text : texts) {
    std::istringstream in(text);
    std::string symbol;
    std::string word;
    in >> symbol >> word;
    out.push_back(word);
  }
  return out;
}

// One daemon, one target, one space.
struct Scene {
  ChatStandIn chat;
  WebTarget target;
  Daemon daemon;

  void begin() {
    daemon.configure(head(chat) + web(target));
    REQUIRE(daemon.start());
    REQUIRE(daemon.wait_state("web", "up"));
  }
  std::vector<std::string> told() const { return words(chat.seen().texts("web")); }
};

}  // namespace

TEST_CASE("main job: DOWN and UP of each type of check, in one thread each, after a quiet start",
          "[e2e]") {
  ChatStandIn chat;
  Nginx nginx({.server = "location / { }"});
  nginx.put("health", "all ok\n");
  WebTarget port;
  Daemon daemon;
  ProcessTarget process(daemon.dir());
  process.start();
  daemon.configure(head(chat) + "  - name: shop\n    http: {url: '" + nginx.url("/health") +
                   "', expect: {body_contains: all ok}}\n  - {name: shop/port, tcp: '" +
                   port.address() + "'}\n  - {name: shop/process, process: " + process.name() +
                   "}\n");
  REQUIRE(daemon.start());
  const std::vector<std::string> checks{"shop", "shop/port", "shop/process"};
  for (const auto& check : checks) REQUIRE(daemon.wait_state(check, "up"));
  CHECK(chat.seen().requests == 0);

  nginx.put("health", "all broken\n");
  port.stop();
  process.kill();
  REQUIRE(chat.wait_for(3, kLong));
  nginx.put("health", "all ok\n");
  port.go();
  process.start();
  REQUIRE(chat.wait_for(6, kLong));
  CHECK(daemon.terminate() == 0);

  const auto seen = chat.seen();
  CHECK(seen.invalid() == 0);
  CHECK(seen.messages.size() == 6);
  for (const auto& check : checks) {
    CAPTURE(check);
    CHECK(words(seen.texts(check)) == std::vector<std::string>{"DOWN", "UP"});
    CHECK(seen.threads(check).size() == 1);
  }
  CHECK_THAT(seen.texts("shop").at(0), Contains("body does not contain"));
  CHECK_THAT(seen.texts("shop/port").at(0),
             Contains("connection refused (" + port.address() + ")"));
  CHECK_THAT(seen.texts("shop/process").at(0), Contains("no process matches"));
}

TEST_CASE("main job: a sink that was away is told everything when it is back", "[e2e]") {
  Scene scene;
  scene.begin();
  scene.chat.stop();
  scene.target.answer(503);
  REQUIRE(scene.daemon.wait_state("web", "down"));
  SECTION("with the target still down") {
    scene.chat.start();
    REQUIRE(scene.chat.wait_for(1, kLong));
    scene.target.answer(200);
  }
  SECTION("with the target up again") {
    scene.target.answer(200);
    REQUIRE(scene.daemon.wait_state("web", "up"));
    scene.chat.start();
  }
  // In two messages, or in one with both words, where it was certain that DOWN had not been taken.
  const auto is_over = [](const auto& seen) {
    return !seen.messages.empty() && seen.messages.back().text.find(" UP ") != std::string::npos;
  };
  REQUIRE(scene.chat.wait_until(is_over, kLong));
  const auto texts = scene.chat.seen().texts("web");
  if (texts.size() == 1) {
    CHECK_THAT(texts[0], Contains("UP (was DOWN) web"));
  } else {
    CHECK(scene.told() == std::vector<std::string>{"DOWN", "UP"});
  }
  CHECK(scene.chat.seen().invalid() == 0);
}

TEST_CASE("main job: an incident over before its sink would listen is one message with both words",
          "[e2e]") {
  Scene scene;
  scene.begin();
  scene.chat.always(ChatStep::error(503));  // which says that nothing was taken
  scene.target.answer(503);
  REQUIRE(
      eventually([&] { return scene.daemon.log().find("event=put_off") != std::string::npos; }));
  scene.target.answer(200);
  REQUIRE(scene.daemon.wait_state("web", "up"));
  scene.chat.always({});
  REQUIRE(scene.chat.wait_for(1, kLong));
  const std::string text = scene.chat.seen().texts("web").at(0);
  CHECK_THAT(text.substr(0, text.find('\n')), Contains("UP (was DOWN)") && Contains("web"));
  // The next incident is a new story in the same thread.
  scene.target.answer(503);
  REQUIRE(scene.chat.wait_for(2, kLong));
  CHECK(scene.chat.seen().threads("web").size() == 1);
}

TEST_CASE("main job: answers 429 and 503 put a message off, and it arrives once", "[e2e]") {
  Scene scene;
  scene.begin();
  scene.chat.script(ChatStep::error(429, "1"));
  scene.chat.script(ChatStep::error(503));
  scene.target.answer(503);
  REQUIRE(scene.chat.wait_for(1, kLong));
  scene.target.answer(200);
  REQUIRE(scene.chat.wait_for(2, kLong));
  CHECK(scene.told() == std::vector<std::string>{"DOWN", "UP"});
}

TEST_CASE("main job: a message that was taken and never answered is not doubled", "[e2e]") {
  Scene scene;
  scene.begin();
  SECTION("the sink closes") {
    scene.chat.script(ChatStep::take_and_close());
  }
  SECTION("the sink hangs") {
    scene.chat.script(ChatStep::take_and_hang());
  }
  scene.target.answer(503);
  REQUIRE(scene.chat.wait_until([](const auto& seen) { return seen.requests >= 2; }, kLong));
  scene.target.answer(200);
  REQUIRE(scene.chat.wait_for(2, kLong));
  CHECK(scene.told() == std::vector<std::string>{"DOWN", "UP"});
  CHECK(scene.chat.seen().messages.at(0).repeats == 1);
}

TEST_CASE("main job: where the sink ignores requestId, a lost answer costs one repeat and no more",
          "[e2e]") {
  Scene scene;
  ChatStandIn::Rules rules;
  rules.request_ids = false;
  scene.chat.set_rules(rules);
  scene.begin();
  scene.chat.script(ChatStep::take_and_close());
  scene.target.answer(503);
  REQUIRE(scene.chat.wait_for(2, kLong));
  scene.target.answer(200);
  REQUIRE(scene.chat.wait_for(3, kLong));
  CHECK(scene.told() == std::vector<std::string>{"DOWN", "DOWN", "UP"});
}

TEST_CASE(
    "main job: killed in mid-delivery, the target back before the restart: both still arrive, once",
    "[e2e]") {
  Scene scene;
  scene.begin();
  SECTION("the sink had not taken it") {
    scene.chat.always(ChatStep::hang());
  }
  SECTION("the sink had taken it") {
    scene.chat.always(ChatStep::take_and_hang());
  }
  scene.target.answer(503);
  REQUIRE(scene.chat.wait_until([](const auto& seen) { return seen.requests >= 1; }, kLong));
  scene.daemon.kill9();
  scene.target.answer(200);
  scene.chat.always({});
  REQUIRE(scene.daemon.start());
  REQUIRE(
      scene.chat.wait_until([](const auto& seen) { return seen.texts("web").size() >= 2; }, kLong));
  CHECK(scene.daemon.terminate() == 0);
  CHECK(scene.told() == std::vector<std::string>{"DOWN", "UP"});
  CHECK(scene.chat.seen().threads("web").size() == 1);
}

TEST_CASE(
    "main job: delivered, killed, restarted with the target still down: nothing is told again",
    "[e2e]") {
  Scene scene;
  scene.begin();
  scene.target.answer(503);
  REQUIRE(scene.chat.wait_for(1, kLong));
  // Until the delivery itself is remembered, a repeat would be sent, and recognised by the sink.
  REQUIRE(eventually([&] {
    return scene.daemon.get("/api/v1/notifications").find("\"sent\"") != std::string::npos;
  }));
  scene.daemon.kill9();
  REQUIRE(scene.daemon.start());
  CHECK(scene.daemon.state_of("web") == "down");
  // Some ten looks later …
  REQUIRE(eventually([&] { return scene.daemon.probes_of("web") >= 10; }));
  CHECK(scene.chat.seen().requests == 1);
  scene.target.answer(200);
  REQUIRE(scene.chat.wait_for(2, kLong));
  CHECK(scene.told() == std::vector<std::string>{"DOWN", "UP"});
}

TEST_CASE("main job: a refused message is a dead letter that can be seen", "[e2e]") {
  Scene scene;
  scene.begin();
  scene.chat.script(ChatStep::error(404));
  scene.target.answer(503);
  REQUIRE(eventually([&] {
    return scene.daemon.get("/api/v1/notifications?status=dead").find("\"dead\"") !=
           std::string::npos;
  }));
  CHECK_THAT(scene.daemon.log(), Contains("level=error"));
  CHECK_THAT(scene.daemon.log(), !Contains("tocsin-stand-in_token"));
  // The page's and the metrics' picture is at most half a second old.
  CHECK(eventually([&] {
    return scene.daemon.get("/metrics").find("dead_letters_total{notifier=\"ops\"} 1") !=
           std::string::npos;
  }));
  scene.target.answer(200);
  REQUIRE(scene.chat.wait_for(1, kLong));
  CHECK(scene.told() == std::vector<std::string>{"UP"});
}

TEST_CASE("main job: what a hostile target says can neither ping a room nor forge a link",
          "[e2e]") {
  ChatStandIn chat;
  Nginx nginx(
      {.server =
           "location / { add_header X-State '<users/all> <https://evil.example|click>' always; }"});
  nginx.put("page", "fine");
  Daemon daemon;
  daemon.configure(head(chat) + "  - name: web\n    http: {url: '" + nginx.url("/page") +
                   "', expect: {header: {X-State: fine}}}\n");
  REQUIRE(daemon.start());
  REQUIRE(chat.wait_for(1, kLong));
  const std::string text = chat.seen().messages.at(0).text;
  CHECK_THAT(text, Contains("users/all") && !Contains("<users/all>") && !Contains("<https://"));
  CHECK(chat.seen().invalid() == 0);
}

TEST_CASE("main job: thread: incident begins a new thread for each incident, mention rings",
          "[e2e]") {
  ChatStandIn chat;
  WebTarget target;
  Daemon daemon;
  daemon.configure(head(chat, ", mention: all") + "  - {name: web, thread: incident, http: '" +
                   target.url() + "'}\n");
  REQUIRE(daemon.start());
  REQUIRE(daemon.wait_state("web", "up"));
  for (std::size_t round = 0; round < 2; ++round) {
    target.answer(503);
    REQUIRE(chat.wait_for(2 * round + 1, kLong));
    target.answer(200);
    REQUIRE(chat.wait_for(2 * round + 2, kLong));
  }
  const auto messages = chat.seen().messages;
  CHECK(messages[0].thread == messages[1].thread);
  CHECK(messages[1].thread != messages[2].thread);
  CHECK(messages[2].thread == messages[3].thread);
  CHECK_THAT(messages[0].text, Contains("<users/all>"));
  CHECK_THAT(messages[1].text, !Contains("<users/all>"));
}

TEST_CASE("main job: no secret in anything that the daemon wrote", "[e2e]") {
  Scene scene;
  scene.daemon.configure("log: {level: trace}\n" + head(scene.chat) +
                         "  - {name: web, http: 'http://user:sesame@" + scene.target.address() +
                         "/'}\n");
  REQUIRE(scene.daemon.start());
  REQUIRE(scene.daemon.wait_state("web", "up"));
  scene.chat.script(ChatStep::error(400));
  scene.chat.script(ChatStep::close_unread());
  scene.target.answer(503);
  REQUIRE(scene.chat.wait_until([](const auto& seen) { return seen.requests >= 1; }, kLong));
  scene.target.answer(200);
  REQUIRE(scene.chat.wait_for(1, kLong));
  const std::string everything = scene.daemon.log() + scene.daemon.out() + scene.daemon.get("/") +
                                 scene.daemon.get("/metrics") + scene.daemon.get("/api/v1/checks") +
                                 scene.daemon.get("/api/v1/notifications") +
                                 scene.daemon.get("/api/v1/incidents") +
                                 scene.chat.seen().messages.at(0).text;
  CHECK(everything.find("sesame") == std::string::npos);
  CHECK(everything.find("stand-in_token") == std::string::npos);
  CHECK(everything.find("TocsinStandInKey") == std::string::npos);
}
