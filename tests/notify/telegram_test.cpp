// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
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

constexpr const char* kToken = "123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc";

// The Bot API (core.telegram.org/bots/api) for one bot and one group.
class TelegramStandIn {
 public:
  struct Post {
    std::string id;
    std::string topic;
    std::string answers;  // the message that it is an answer to
    std::string text;
  };

  explicit TelegramStandIn(bool forum)
      : forum_(forum), service_([this](const HttpAsked& it) { return judge(it); }) {}

  std::string settings(const std::string& more = "") const {
    return "{token: \"" + std::string(kToken) +
           "\", chat_id: \"-100555\", topics: " + (forum_ ? "true" : "false") + ", api_url: \"" +
           service_.base_url() + "\"" + more + "}";
  }
  std::vector<Post> posts() const { return posts_; }
  std::vector<std::string> topics() const { return names_; }
  void remove(const std::string& id) { gone_.insert(id); }
  void move_to(const std::string& chat) { chat_ = chat; }
  ServiceStandIn& service() { return service_; }

  static HttpReply error(int code, const std::string& description, const std::string& more = "") {
    return {.status = code,
            .body = R"({"ok":false,"error_code":)" + std::to_string(code) + R"(,"description":")" +
                    description + "\"" + more + "}"};
  }

 private:
  HttpReply judge(const HttpAsked& asked) {
    const std::string base = "/bot" + std::string(kToken) + "/";
    if (!asked.target.starts_with(base)) return error(401, "Unauthorized");
    if (asked.method != "POST") return error(404, "Not Found");
    const Object::Ptr body = json_in(asked.body);
    if (!body || !body->has("chat_id") || body->get("chat_id").isString()) {
      return error(400, "Bad Request: chat not found");
    }
    if (json_field(body, "chat_id") == "-100555" && chat_ != "-100555") {
      return error(400, "Bad Request: group chat was upgraded to a supergroup chat",
                   R"(,"parameters":{"migrate_to_chat_id":)" + chat_ + "}");
    }
    if (json_field(body, "chat_id") != chat_) return error(400, "Bad Request: chat not found");
    const std::string method = asked.target.substr(base.size());
    if (method == "createForumTopic") return create(body);
    if (method == "sendMessage") return send(body);
    if (method == "editMessageText") return edit(body);
    return error(404, "Not Found");
  }

  HttpReply create(const Object::Ptr& body) {
    const std::string problem =
        problem_with(body, {{"chat_id", 'n', true}, {"name", 't', true}, {"icon_color", 'n'}});
    if (!problem.empty()) return error(400, "Bad Request: " + problem);
    if (!forum_) return error(400, "Bad Request: the chat is not a forum");
    const std::string name = json_field(body, "name");
    if (name.empty() || units(name, TextUnit::utf16) > 128) {
      return error(400, "Bad Request: TOPIC_TITLE_EMPTY");
    }
    names_.push_back(name);
    return {.body = R"({"ok":true,"result":{"message_thread_id":)" +
                    std::to_string(10 + names_.size()) + R"(,"name":"x","icon_color":7322096}})"};
  }

  HttpReply send(const Object::Ptr& body) {
    const std::string problem = problem_with(body, {{"chat_id", 'n', true},
                                                    {"text", 't', true},
                                                    {"message_thread_id", 'n'},
                                                    {"reply_parameters", 'o'},
                                                    {"link_preview_options", 'o'}});
    if (!problem.empty()) return error(400, "Bad Request: " + problem);
    const std::string text = json_field(body, "text");
    if (text.empty() || units(text, TextUnit::utf16) > 4096) {
      return error(400, "Bad Request: message is too long");
    }
    Post post{std::to_string(1000 + posts_.size()), json_field(body, "message_thread_id"), "",
              text};
    if (!post.topic.empty() && gone_.contains(post.topic)) {
      return error(400, "Bad Request: message thread not found");
    }
    const Object::Ptr reply = body->getObject("reply_parameters");
    if (reply && !is_there(json_field(reply, "message_id"))) {
      if (json_field(reply, "allow_sending_without_reply") != "true") {
        return error(400, "Bad Request: message to be replied not found");
      }
    } else if (reply) {
      post.answers = json_field(reply, "message_id");
    }
    posts_.push_back(post);
    return taken(post);
  }

  HttpReply edit(const Object::Ptr& body) {
    const std::string problem = problem_with(body, {{"chat_id", 'n', true},
                                                    {"message_id", 'n', true},
                                                    {"text", 't', true},
                                                    {"link_preview_options", 'o'}});
    if (!problem.empty()) return error(400, "Bad Request: " + problem);
    for (Post& it : posts_) {
      if (it.id != json_field(body, "message_id") || gone_.contains(it.id)) continue;
      if (it.text == json_field(body, "text")) {
        return error(400, "Bad Request: message is not modified: specified new message content");
      }
      it.text = json_field(body, "text");
      return taken(it);
    }
    return error(400, "Bad Request: message to edit not found");
  }

  static HttpReply taken(const Post& it) {
    const std::string answers =
        it.answers.empty() ? "" : R"(,"reply_to_message":{"message_id":)" + it.answers + "}";
    return {.body = R"({"ok":true,"result":{"message_id":)" + it.id + answers + "}}"};
  }

  bool is_there(const std::string& id) const {
    return !gone_.contains(id) &&
           std::any_of(posts_.begin(), posts_.end(), [&](const Post& it) { return it.id == id; });
  }

  bool forum_;
  std::string chat_ = "-100555";
  std::vector<Post> posts_;
  std::vector<std::string> names_;
  std::set<std::string> gone_;
  ServiceStandIn service_;
};

}  // namespace

TEST_CASE("telegram: two checks have two topics, word for word", "[notify]") {
  TelegramStandIn telegram(true);
  const auto notifier = notifier_of("telegram", telegram.settings());
  SendDesk desk;
  for (const Outcome& it : tell_two_checks(desk, *notifier)) CHECK(it.what == What::sent);
  CHECK(telegram.topics() == std::vector<std::string>{"web-01", "web-02"});
  const auto posts = telegram.posts();
  REQUIRE(posts.size() == 6);
  for (std::size_t i = 0; i < 6; ++i) CHECK(posts[i].topic == (i % 2 == 0 ? "11" : "12"));
  CHECK(posts[0].text.starts_with("🔴 DOWN web-01 — connection refused (127.0.0.1:8080)\n"));
  CHECK(posts[3].text.starts_with("🔁 REMINDER web-02 — still DOWN: connection refused"));
  CHECK(posts[5].text.starts_with("✅ UP web-02 — was DOWN for 31 min: "));
}

TEST_CASE("telegram: without topics each message answers its thread's first one", "[notify]") {
  TelegramStandIn telegram(false);
  const auto notifier = notifier_of("telegram", telegram.settings(", topic_id: 5"));
  SendDesk desk;
  for (const Outcome& it : tell_two_checks(desk, *notifier)) CHECK(it.what == What::sent);
  const auto posts = telegram.posts();
  REQUIRE(posts.size() == 6);
  for (const std::size_t first : {0U, 1U}) {
    CHECK(posts[first].answers.empty());
    CHECK(posts[first + 2].answers == posts[first].id);
    CHECK(posts[first + 4].answers == posts[first].id);
    CHECK(posts[first].topic == "5");
  }
}

TEST_CASE("telegram: a deleted topic is made anew, once, and remembered", "[notify]") {
  TelegramStandIn telegram(true);
  const auto notifier = notifier_of("telegram", telegram.settings());
  SendDesk desk;
  desk.send(*notifier, about_check(Kind::down, 1));
  telegram.remove("11");
  CHECK(desk.send(*notifier, about_check(Kind::reminder, 1)).what == What::sent);
  CHECK(desk.send(*notifier, about_check(Kind::up, 1)).what == What::sent);
  const auto posts = telegram.posts();
  REQUIRE(posts.size() == 3);
  CHECK(posts[1].topic == "12");
  CHECK(posts[2].topic == "12");
  CHECK(telegram.topics().size() == 2);
}

TEST_CASE("telegram: a deleted first message: the next one begins the thread anew", "[notify]") {
  TelegramStandIn telegram(false);
  const auto notifier = notifier_of("telegram", telegram.settings());
  SendDesk desk;
  desk.send(*notifier, about_check(Kind::down, 1));
  telegram.remove(telegram.posts()[0].id);
  CHECK(desk.send(*notifier, about_check(Kind::reminder, 1)).what == What::sent);
  CHECK(desk.send(*notifier, about_check(Kind::up, 1)).what == What::sent);
  const auto posts = telegram.posts();
  REQUIRE(posts.size() == 3);
  CHECK(posts[1].answers.empty());
  CHECK(posts[2].answers == posts[1].id);
}

TEST_CASE("telegram: attempts that fail behind a new topic do not make more topics", "[notify]") {
  TelegramStandIn telegram(true);
  const auto notifier = notifier_of("telegram", telegram.settings());
  SendDesk desk;
  const Notification one = about_check(Kind::down, 1);
  for (int i = 0; i < 3; ++i) {
    if (i == 0) {
      telegram.service().script(
          {.body = R"({"ok":true,"result":{"message_thread_id":77,"name":"web-01"}})"});
    }
    telegram.service().script(
        TelegramStandIn::error(429, "Too Many Requests", R"(,"parameters":{"retry_after":9})"));
    const Outcome outcome = desk.send(*notifier, one);
    CHECK(outcome.what == What::later);
    CHECK(outcome.retry_after == Millis{9000});
  }
  CHECK(desk.send(*notifier, one).what == What::sent);
  CHECK(telegram.topics().empty());
  CHECK(telegram.posts()[0].topic == "77");
}

TEST_CASE("telegram: a group that became a supergroup is followed, and remembered", "[notify]") {
  TelegramStandIn telegram(GENERATE(true, false));
  const auto notifier = notifier_of("telegram", telegram.settings());
  SendDesk desk;
  telegram.move_to("-100777");
  CHECK(desk.send(*notifier, about_check(Kind::down, 1)).what == What::sent);
  const std::size_t before = telegram.service().asked().size();
  CHECK(desk.send(*notifier, about_check(Kind::up, 1)).what == What::sent);
  CHECK(telegram.service().asked().size() == before + 1);
  CHECK(desk.update(*notifier, about_check(Kind::up, 1)).what == What::sent);
  CHECK(telegram.posts().size() == 2);
}

TEST_CASE("telegram: the incident's first message is kept up to date", "[notify]") {
  TelegramStandIn telegram(false);
  const auto notifier = notifier_of("telegram", telegram.settings());
  SendDesk desk;
  desk.send(*notifier, about_check(Kind::down, 1));
  desk.send(*notifier, about_check(Kind::up, 1));
  CHECK(desk.update(*notifier, about_check(Kind::up, 1)).what == What::sent);
  CHECK(telegram.posts()[0].text.starts_with("✅ web-01 — over after 31 min: was DOWN"));
  CHECK(desk.update(*notifier, about_check(Kind::up, 1)).what == What::sent);
  telegram.remove(telegram.posts()[0].id);
  const Outcome gone = desk.update(*notifier, about_check(Kind::up, 1));
  CHECK(gone.what == What::rejected);
  CHECK(gone.reason == "400: Bad Request: message to edit not found");
}

TEST_CASE("telegram: hostile text calls nobody and shows no preview", "[notify]") {
  TelegramStandIn telegram(true);
  const auto notifier = notifier_of("telegram", telegram.settings());
  SendDesk desk;
  for (const Kind kind : kKinds) {
    for (const std::string& text : {hostile_text() + "@alice_b <a href=\"tg://user?id=1\">x</a>",
                                    std::string(1 << 18, '@')}) {
      CHECK(desk.send(*notifier, a_notification(hostile_message(kind, text), text), true).what ==
            What::sent);
    }
  }
  CHECK(telegram.posts().size() == 2 * std::size(kKinds));
  for (const TelegramStandIn::Post& it : telegram.posts()) {
    CHECK(it.text.find("@a") == std::string::npos);
    CHECK(it.text.find("@@") == std::string::npos);
  }
  for (const SinkExchange& it : telegram.service().asked()) {
    if (!it.target.ends_with("/sendMessage")) continue;
    const Object::Ptr body = json_in(it.body);
    CHECK_FALSE(body->has("parse_mode"));
    CHECK(json_field(body->getObject("link_preview_options"), "is_disabled") == "true");
  }
}

TEST_CASE("telegram: each of its errors says what to do, and never the token", "[notify]") {
  const auto reason = [](int code, const std::string& description) {
    TelegramStandIn telegram(false);
    telegram.service().script(TelegramStandIn::error(code, description));
    SendDesk desk;
    const Outcome outcome =
        desk.send(*notifier_of("telegram", telegram.settings()), a_notification(Kind::down));
    CHECK(outcome.what == What::rejected);
    return outcome.reason;
  };
  CHECK(reason(401, "Unauthorized") ==
        "401: Unauthorized (is the token right? @BotFather shows it)");
  CHECK(reason(404, "Not Found") == "404: Not Found (is the token right? @BotFather shows it)");
  CHECK(reason(400, "Bad Request: chat not found") ==
        "400: Bad Request: chat not found (is chat_id right, and is the bot in the chat?)");
  CHECK(reason(403, "Forbidden: bot was kicked from the group chat") ==
        "403: Forbidden: bot was kicked from the group chat (add the bot to the chat again)");
  CHECK(reason(403, "Forbidden: bot was blocked by the user") ==
        "403: Forbidden: bot was blocked by the user (the user has blocked the bot)");
  CHECK(reason(400, std::string("no such path /bot") + kToken).find("AAEhBO") == std::string::npos);
  TelegramStandIn plain(false);
  std::string wrong = plain.settings();
  wrong.replace(wrong.find("topics: false"), 13, "topics: true");
  SendDesk desk;
  CHECK(desk.send(*notifier_of("telegram", wrong), a_notification(Kind::down)).reason ==
        "400: Bad Request: the chat is not a forum (turn topics on in the group, or set topics: "
        "false)");
}

TEST_CASE("telegram: only what is DOWN calls people; its pace is the chat's", "[notify]") {
  TelegramStandIn telegram(false);
  const auto notifier =
      notifier_of("telegram", telegram.settings(", mention: [\"@alice\", bob_1]"));
  SendDesk desk;
  for (const Kind kind : {Kind::down, Kind::reminder, Kind::up}) {
    desk.send(*notifier, a_notification(kind));
  }
  const auto posts = telegram.posts();
  REQUIRE(posts.size() == 3);
  CHECK(posts[0].text.find(" @alice @bob_1\n") != std::string::npos);
  CHECK(posts[1].text.find('@') == std::string::npos);
  CHECK(notifier->pace().spacing >= Millis{3000});
  CHECK(notifier_of("telegram", "{token: \"1:A\", chat_id: \"77\"}")->pace().spacing >=
        Millis{1000});
}

TEST_CASE("telegram: each mistake is reported at its place", "[notify]") {
  const std::string whole = "{token: \"123:AAE\", chat_id: \"-100\", ";
  CHECK(problems_of("telegram", "{}") ==
        "error: token is missing\n"
        "error: chat_id is missing: a chat's number, such as -1001234567890, or @channelname\n");
  CHECK(problems_of("telegram", "{token: \"123/x:AAE\", chat_id: ops}") ==
        "error: token is not of the shape that @BotFather gives: 123456:AAE…\n"
        "error: chat_id is a chat's number, such as -1001234567890, or @channelname\n");
  CHECK(problems_of("telegram", whole + "topics: true, topic_id: 5}") ==
        "error: with topics: true each check has a topic of its own: leave one out\n");
  CHECK(problems_of("telegram", whole + "mention: [\"a b\"]}") ==
        "error: mention takes Telegram's user names, such as \"@alice\"\n");
  CHECK(notifier_of("telegram", whole + "topics: true}")->sink() == "chat -100");
}

}  // namespace tocsin
