// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// The real daemon as a Google Chat app, before a strict stand-in for the REST API that keeps the
// space's quota: two checks, two threads, their first messages kept up to date, across kill -9 and
// a deleted thread.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "e2e/daemon.h"
#include "e2e/targets.h"
#include "support/chat_app_stand_in.h"
#include "support/child.h"

using namespace tocsin;

namespace {

using Seen = ChatAppStandIn::Seen;
constexpr std::chrono::seconds kLong{90};

// The messages about a check, in order, as they are now.
std::vector<ChatMessage> about(const Seen& seen, const std::string& check) {
  std::vector<ChatMessage> out;
  for (const ChatMessage& message : seen.messages) {
    const std::string top = message.text.substr(0, message.text.find('\n'));
    if (top.find(" " + check + " ") != std::string::npos) out.push_back(message);
  }
  return out;
}

bool says(const ChatMessage& message, const std::string& word) {
  const std::string& told = message.earlier.empty() ? message.text : message.earlier.front();
  return told.find(word) < told.find('\n');
}

bool told(const Seen& seen, const std::string& check, const std::string& word) {
  const auto all = about(seen, check);
  return std::any_of(all.begin(), all.end(), [&](const auto& it) { return says(it, word); });
}

bool told_of_both(const ChatAppStandIn& chat, const std::string& word) {
  return chat.wait_until(
      [&](const Seen& seen) { return told(seen, "alpha", word) && told(seen, "beta", word); },
      kLong);
}

// The first message of the check says this in its first line.
bool root_says(const ChatAppStandIn& chat, const std::string& check, const std::string& words) {
  return chat.wait_until(
      [&](const Seen& seen) {
        const auto all = about(seen, check);
        return !all.empty() && all.front().text.find(words) < all.front().text.find('\n');
      },
      kLong);
}

}  // namespace

TEST_CASE("google_chat app: the daemon keeps threads and first messages, across kills and losses",
          "[e2e]") {
  ChatAppStandIn chat;
  Daemon daemon;
  WebTarget alpha;
  WebTarget beta;
  daemon.configure(
      "defaults: {interval: 300ms, timeout: 250ms, retry_interval: 100ms, down_after: 2, "
      "up_after: 2, remind_every: 6s}\nnotifiers:\n  - name: ops\n    google_chat: " +
      chat.settings(", style: card") + "\nchecks:\n  - {name: alpha, tcp: '" + alpha.address() +
      "'}\n  - {name: beta, tcp: '" + beta.address() + "'}\n");
  REQUIRE(daemon.start());
  for (const std::string check : {"alpha", "beta"}) REQUIRE(daemon.wait_state(check, "up"));

  alpha.stop();
  beta.stop();
  REQUIRE(told_of_both(chat, "🔴 DOWN"));
  daemon.kill9();
  REQUIRE(daemon.start());
  REQUIRE(told_of_both(chat, "🔁 REMINDER"));
  CHECK(root_says(chat, "alpha", "— open for "));
  CHECK(root_says(chat, "beta", "— open for "));
  const Seen before = chat.seen();
  const std::string alphas = about(before, "alpha").front().thread;
  const std::string betas = about(before, "beta").front().thread;
  CHECK(alphas != betas);

  daemon.kill9();
  chat.delete_thread(betas);
  alpha.go();
  beta.go();
  REQUIRE(daemon.start());
  REQUIRE(told_of_both(chat, "✅ UP"));
  CHECK(root_says(chat, "alpha", "✅ alpha — over after "));
  CHECK(daemon.terminate() == 0);

  const Seen seen = chat.seen();
  CHECK(seen.invalid() == 0);
  for (const ChatRefusal& refusal : seen.refused) {
    INFO(refusal.reason);
    CHECK(refusal.status != 429);
  }
  CHECK(seen.tokens <= 3);
  CHECK(seen.token_refusals.empty());
  for (const ChatMessage& message : about(seen, "alpha")) CHECK(message.thread == alphas);
  const auto of_beta = about(seen, "beta");
  CHECK(says(of_beta.front(), "🔴 DOWN"));
  CHECK(says(of_beta.back(), "✅ UP"));
  CHECK(of_beta.front().thread == betas);
  CHECK(of_beta.back().thread != betas);
  // No uid was told twice.
  std::vector<std::string> uids;
  for (const ChatMessage& message : seen.messages) uids.push_back(message.request_id);
  std::sort(uids.begin(), uids.end());
  CHECK(std::unique(uids.begin(), uids.end()) == uids.end());
  const std::string log = daemon.log();
  CHECK(log.find("PRIVATE KEY") == std::string::npos);
  CHECK(log.find("ya29.") == std::string::npos);
}

TEST_CASE("google_chat app: tocsin chat, as a shell sees it", "[e2e]") {
  ChatAppStandIn chat;
  chat.set_lists({R"({"name": "spaces/AAQATocsin01", "displayName": "Ops", "spaceType": "SPACE"})"},
                 {R"({"member": {"name": "users/123", "displayName": "Ann", "type": "HUMAN"}})"},
                 10);
  Daemon daemon;  // never started: its directory is what is wanted
  daemon.configure("notifiers:\n  - name: ops\n    google_chat: " + chat.settings() +
                   "\nchecks: [{name: c, tcp: '127.0.0.1:1'}]\n");
  const std::string file = (daemon.dir() / "tocsin.yaml").string();
  const auto tocsin_chat = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {Daemon::binary(), "chat"});
    return run_program(arguments);
  };
  const Ran spaces = tocsin_chat({"spaces", "--config", file});
  CHECK(spaces.status == 0);
  CHECK(spaces.out == "spaces/AAQATocsin01  Ops  space\n");
  CHECK(spaces.err.empty());
  const Ran members = tocsin_chat({"--config", file, "members", "spaces/AAQATocsin01", "ops"});
  CHECK(members.status == 0);
  CHECK(members.out == "users/123  Ann  person\n");
  const Ran unknown = tocsin_chat({"spaces", "opps", "--config", file});
  CHECK(unknown.status == 1);
  CHECK(unknown.out.empty());
  CHECK(unknown.err == "tocsin: no notifier is named \"opps\"; did you mean \"ops\"?\n");
  for (const std::vector<std::string>& wrong :
       {std::vector<std::string>{}, {"spaces", "a", "--key", "b"}, {"members"}, {"rooms"}}) {
    CHECK(tocsin_chat(wrong).status == 64);
  }
}
