// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <Poco/JSON/Array.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>

#include "notify/service_stand_in.h"
#include "notify/sink_text.h"

namespace tocsin {
namespace {

using What = Outcome::What;
using Poco::JSON::Object;

constexpr const char* kHook = "/api/webhooks/1029384756/abc-DEF_token-of-the-webhook";

// Webhooks of Discord by docs.discord.com/developers/resources/webhook: one of a forum channel, or
// of a text channel.
class DiscordStandIn {
 public:
  struct Post {
    std::string id;
    std::string channel;  // the thread, or the text channel
    std::string content;
    Object::Ptr body;
  };

  explicit DiscordStandIn(bool forum)
      : forum_(forum), service_([this](const HttpAsked& it) { return judge(it); }) {}

  std::string url() const { return service_.base_url() + kHook; }
  std::string settings(const std::string& more = "") const {
    return "{webhook_url: \"" + url() + "\", forum: " + (forum_ ? "true" : "false") + more + "}";
  }
  std::vector<Post> posts() const { return posts_; }
  std::vector<std::string> names() const { return names_; }
  void remove_thread(const std::string& id) { threads_.erase(id); }
  void remove_message(const std::string& id) {
    std::erase_if(posts_, [&](const Post& it) { return it.id == id; });
  }
  ServiceStandIn& service() { return service_; }

  static constexpr const char* kTextChannel = "222000";
  static constexpr const char* kTextThread = "333000";

  static HttpReply error(int status, int code, const std::string& message) {
    return {.status = status,
            .body = R"({"message":")" + message + R"(","code":)" + std::to_string(code) + "}"};
  }

 private:
  HttpReply judge(const HttpAsked& asked) {
    const std::string path = path_of(asked);
    if (!path.starts_with(kHook)) return error(401, 50027, "Invalid Webhook Token");
    const Object::Ptr body = json_in(asked.body);
    const std::string problem = problem_with(body, {{"content", 't', true},
                                                    {"allowed_mentions", 'o', true},
                                                    {"flags", 'n'},
                                                    {"thread_name", 't'}});
    if (!problem.empty()) return error(400, 50035, "Invalid Form Body: " + problem);
    if (units(json_field(body, "content"), TextUnit::utf16) > 2000) {
      return error(400, 50035, "Invalid Form Body");
    }
    if (asked.method == "PATCH") return edit(asked, body, path);
    if (asked.method != "POST" || path != kHook) return error(405, 0, "405: Method Not Allowed");
    return post(asked, body);
  }

  HttpReply post(const HttpAsked& asked, const Object::Ptr& body) {
    if (form_field(query_of(asked), "wait") != "true") return {.status = 204, .body = ""};
    std::string channel = form_field(query_of(asked), "thread_id");
    const std::string name = json_field(body, "thread_name");
    if (!channel.empty() && !name.empty()) return error(400, 220002, "either or");
    if (!name.empty() && !forum_) return error(400, 220003, "Webhooks can only create threads");
    if (channel.empty() && name.empty() && forum_) {
      return error(400, 220001, "Webhooks posted to forum channels must have a thread_name");
    }
    if (!name.empty()) {
      if (units(name, TextUnit::utf16) > 100) return error(400, 50035, "Invalid Form Body");
      channel = std::to_string(444'000 + names_.size());
      names_.push_back(name);
      threads_.insert(channel);
    } else if (channel.empty()) {
      channel = kTextChannel;
    } else if (!threads_.contains(channel) && channel != kTextThread) {
      return error(404, 10003, "Unknown Channel");
    }
    posts_.push_back(
        {std::to_string(900'000 + posts_.size()), channel, json_field(body, "content"), body});
    return message(posts_.back());
  }

  HttpReply edit(const HttpAsked& asked, const Object::Ptr& body, const std::string& path) {
    const std::string id = path.substr(path.rfind('/') + 1);
    const std::string thread = form_field(query_of(asked), "thread_id");
    for (Post& it : posts_) {
      if (it.id != id || it.channel != (thread.empty() ? kTextChannel : thread)) continue;
      it.content = json_field(body, "content");
      return message(it);
    }
    return error(404, 10008, "Unknown Message");
  }

  static HttpReply message(const Post& it) {
    return {.body = R"({"id":")" + it.id + R"(","channel_id":")" + it.channel + R"(","type":0})"};
  }

  bool forum_;
  std::vector<Post> posts_;
  std::vector<std::string> names_;
  std::set<std::string> threads_;
  ServiceStandIn service_;
};

std::size_t allowed(const DiscordStandIn::Post& post, const std::string& list) {
  return post.body->getObject("allowed_mentions")->getArray(list)->size();
}

}  // namespace

TEST_CASE("discord: in a forum two checks have two threads, word for word", "[notify]") {
  DiscordStandIn discord(true);
  const auto notifier = notifier_of("discord", discord.settings());
  SendDesk desk;
  for (const Outcome& it : tell_two_checks(desk, *notifier)) CHECK(it.what == What::sent);
  const auto posts = discord.posts();
  REQUIRE(posts.size() == 6);
  CHECK(discord.names() == std::vector<std::string>{"web-01", "web-02"});
  for (const std::size_t first : {0U, 1U}) {
    for (const std::size_t later : {2U, 4U}) {
      CHECK(posts[first + later].channel == posts[first].channel);
    }
  }
  CHECK(posts[0].channel != posts[1].channel);
  CHECK(posts[0].content.starts_with("🔴 DOWN web-01 — connection refused (127.0.0.1:8080)\n"));
  CHECK(posts[2].content.starts_with("🔁 REMINDER web-01 — still DOWN: connection refused"));
  CHECK(posts[4].content.starts_with("✅ UP web-01 — was DOWN for 31 min: "));
  CHECK(posts[0].body->getValue<int>("flags") == 4);
}

TEST_CASE("discord: in a text channel all goes to the channel, or to one thread", "[notify]") {
  DiscordStandIn discord(false);
  const bool one_thread = GENERATE(false, true);
  const auto notifier =
      notifier_of("discord", discord.settings(one_thread ? ", thread_id: \"333000\"" : ""));
  SendDesk desk;
  for (const Outcome& it : tell_two_checks(desk, *notifier)) {
    CHECK(it.what == What::sent);
    CHECK(it.thread_ref.empty());
  }
  const char* const where = one_thread ? DiscordStandIn::kTextThread : DiscordStandIn::kTextChannel;
  CHECK(discord.posts().size() == 6);
  for (const DiscordStandIn::Post& it : discord.posts()) CHECK(it.channel == where);
  desk.update(*notifier, about_check(Kind::up, 1));
  CHECK(discord.posts()[0].content.starts_with("✅ web-01 — over after 31 min: was DOWN"));
}

TEST_CASE("discord: a deleted or locked thread is begun anew, once, and remembered", "[notify]") {
  DiscordStandIn discord(true);
  const auto notifier = notifier_of("discord", discord.settings());
  SendDesk desk;
  desk.send(*notifier, about_check(Kind::down, 1));
  if (GENERATE(true, false)) {
    discord.remove_thread(discord.posts()[0].channel);
  } else {
    discord.service().script(DiscordStandIn::error(400, 160005, "Thread is locked"));
  }
  CHECK(desk.send(*notifier, about_check(Kind::reminder, 1)).what == What::sent);
  CHECK(desk.send(*notifier, about_check(Kind::up, 1)).what == What::sent);
  const auto posts = discord.posts();
  REQUIRE(posts.size() == 3);
  CHECK(posts[1].channel != posts[0].channel);
  CHECK(posts[2].channel == posts[1].channel);
  CHECK(discord.service().asked().size() == 4);
}

TEST_CASE("discord: the incident's first message is kept up to date in its thread", "[notify]") {
  DiscordStandIn discord(true);
  const auto notifier = notifier_of("discord", discord.settings(", mention: [everyone]"));
  CHECK(notifier->updates());
  SendDesk desk;
  desk.send(*notifier, about_check(Kind::down, 1));
  desk.send(*notifier, about_check(Kind::up, 1));
  CHECK(desk.update(*notifier, about_check(Kind::up, 1)).what == What::sent);
  CHECK(discord.posts()[0].content.starts_with("✅ web-01 — over after 31 min: was DOWN"));
  const auto asked = discord.service().asked().back();
  CHECK(asked.method == "PATCH");
  CHECK(json_in(asked.body)->getObject("allowed_mentions")->getArray("parse")->empty());
  discord.remove_message(discord.posts()[0].id);
  const Outcome gone = desk.update(*notifier, about_check(Kind::up, 1));
  CHECK(gone.what == What::rejected);
  CHECK(gone.reason == "404: Unknown Message, code 10008");
}

TEST_CASE("discord: hostile text is neither markup nor a mention, at any length", "[notify]") {
  DiscordStandIn discord(true);
  const auto notifier = notifier_of("discord", discord.settings());
  SendDesk desk;
  for (const Kind kind : kKinds) {
    for (const std::string& text :
         {hostile_text() + "@everyone @here <@1> <@&2> <#3> [bank](https://evil.example) ||x|| "
                           "<t:1> </a:1> >>> ```",
          std::string(1 << 18, '@') + "everyone"}) {
      const Notification one = a_notification(hostile_message(kind, text), text);
      CHECK(desk.send(*notifier, one, true).what == What::sent);
    }
  }
  CHECK(discord.posts().size() == 2 * std::size(kKinds));
  for (const DiscordStandIn::Post& it : discord.posts()) {
    for (const char* const mark :
         {"@everyone", "@here", "<@", "<#", "](", "||", "``", ">>", "<t:"}) {
      INFO(mark);
      CHECK(it.content.find(mark) == std::string::npos);
    }
    for (const char* const list : {"parse", "users", "roles"}) CHECK(allowed(it, list) == 0);
  }
}

TEST_CASE("discord: only what is DOWN calls, and only who is configured", "[notify]") {
  DiscordStandIn discord(true);
  const auto notifier = notifier_of(
      "discord", discord.settings(", mention: [here, \"11112222\", \"role:33334444\"]"));
  SendDesk desk;
  for (const Kind kind : kKinds) {
    Message message = a_message(kind);
    if (kind == Kind::digest) message.to = State::up;
    desk.send(*notifier, a_notification(message));
  }
  const auto posts = discord.posts();
  REQUIRE(posts.size() == std::size(kKinds));
  for (std::size_t i = 0; i < posts.size(); ++i) {
    const bool down = kKinds[i] == Kind::down;
    const std::string top = posts[i].content.substr(0, posts[i].content.find('\n'));
    CHECK(top.ends_with(" @here <@11112222> <@&33334444>") == down);
    CHECK(allowed(posts[i], "parse") == (down ? 1 : 0));
    CHECK(allowed(posts[i], "users") == (down ? 1 : 0));
    CHECK(allowed(posts[i], "roles") == (down ? 1 : 0));
  }
}

TEST_CASE("discord: each of its errors says what to do", "[notify]") {
  const auto reason = [](int status, int code, const std::string& message) {
    DiscordStandIn discord(true);
    discord.service().script(DiscordStandIn::error(status, code, message));
    SendDesk desk;
    const Outcome outcome =
        desk.send(*notifier_of("discord", discord.settings()), a_notification(Kind::down));
    CHECK(outcome.what == What::rejected);
    return outcome.reason;
  };
  CHECK(reason(404, 10015, "Unknown Webhook") ==
        "404: Unknown Webhook, code 10015 (the webhook was deleted: make a new one)");
  CHECK(reason(401, 50027, "Invalid Webhook Token") ==
        "401: Invalid Webhook Token, code 50027 (is the whole URL as Discord shows it?)");
  CHECK(reason(404, 10003, "Unknown Channel") ==
        "404: Unknown Channel, code 10003 (the channel or thread was deleted)");
  DiscordStandIn forum(true);
  std::string wrong = forum.settings();
  wrong.replace(wrong.find("forum: true"), 11, "forum: false");
  SendDesk desk;
  CHECK(desk.send(*notifier_of("discord", wrong), a_notification(Kind::down))
            .reason.ends_with("(it is a forum channel: set forum: true)"));
  DiscordStandIn text(false);
  wrong = text.settings();
  wrong.replace(wrong.find("forum: false"), 12, "forum: true");
  CHECK(desk.send(*notifier_of("discord", wrong), a_notification(Kind::down))
            .reason.ends_with("(it is no forum channel: set forum: false)"));
}

TEST_CASE("discord: a rate limit is waited for as its body says, in fractions", "[notify]") {
  DiscordStandIn discord(true);
  discord.service().script(
      {.status = 429,
       .body = R"({"message":"You are being rate limited.","retry_after":0.65,"global":false})"});
  SendDesk desk;
  const Outcome outcome =
      desk.send(*notifier_of("discord", discord.settings()), a_notification(Kind::down));
  CHECK(outcome.what == What::later);
  CHECK(outcome.retry_after == Millis{650});
  CHECK(outcome.reason == "429: You are being rate limited.");
}

TEST_CASE("discord: what an answer names is sent again only if it is a number", "[notify]") {
  DiscordStandIn discord(true);
  const auto notifier = notifier_of("discord", discord.settings());
  SendDesk desk;
  for (const char* const body : {R"({"id":"1/../2","channel_id":"3"})", R"({"id":1})",
                                 R"({"id":"1","channel_id":"3&wait=false"})"}) {
    discord.service().script({.body = body});
    const Outcome outcome = desk.send(*notifier, a_notification(Kind::down));
    CHECK(outcome.what == What::sent);
    CHECK((outcome.thread_ref + outcome.message_ref).empty());
  }
}

TEST_CASE("discord: each mistake is reported at its place", "[notify]") {
  const std::string url = "{webhook_url: \"https://discord.com/api/webhooks/1/tokentoken\", ";
  CHECK(problems_of("discord", "{webhook_url: \"https://discord.com/api/tokentoken\"}") ==
        "error: webhook_url is not of the shape https://discord.com/api/webhooks/NUMBER/TOKEN; "
        "copy it from the channel's settings > Integrations > Webhooks\n");
  CHECK(problems_of("discord", "{forum: true}") ==
        "error: webhook_url is missing; copy the whole "
        "URL that the service shows: "
        "https://discord.com/api/webhooks/NUMBER/TOKEN\n");
  CHECK(problems_of("discord", url + "mention: [alice]}") ==
        "error: mention takes a user's number, role:NUMBER, here or everyone\n");
  CHECK(problems_of("discord", url + "thread_id: x}") ==
        "error: thread_id is a thread's number: in Discord, Copy Thread ID\n");
  CHECK(problems_of("discord", url + "forum: true, thread_id: \"1\"}") ==
        "error: in a forum each check has a thread of its own: leave out forum or thread_id\n");
  CHECK(notifier_of("discord", url + "forum: true}")->sink() == "forum, webhook 1");
  CHECK(notifier_of("discord", url + "timeout: 2s}")->pace().key == "discord:1");
}

}  // namespace tocsin
