// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "notify/service_stand_in.h"
#include "notify/sink_text.h"

namespace tocsin {
namespace {

using What = Outcome::What;
using Poco::JSON::Object;

constexpr const char* kToken = "RScctEHSmLGZGywfIhWyRpyofhKO";
constexpr const char* kUser = "rbAXPnMktTFbNpwtJ";

// The chat endpoints of one Rocket.Chat server by developer.rocket.chat. As the real one does, it
// takes a message for a thread that is not there, and shows it nowhere.
class RocketStandIn {
 public:
  struct Post {
    std::string id;
    std::string thread;
    std::string text;
  };

  RocketStandIn() : service_([this](const HttpAsked& it) { return judge(it); }) {}

  std::string settings(const std::string& more = "") const {
    return "{url: \"" + service_.base_url() + "\", user_id: " + kUser + ", token: " + kToken +
           ", channel: \"#ops\"" + more + "}";
  }
  std::vector<Post> posts() const { return posts_; }
  std::vector<Post> visible() const {
    std::vector<Post> out;
    for (const Post& it : posts_) {
      if (it.thread.empty() || is_there(it.thread)) out.push_back(it);
    }
    return out;
  }
  void remove(const std::string& id, bool leaves_a_mark = false) {
    gone_.insert(id);
    if (leaves_a_mark) marked_.insert(id);
  }
  ServiceStandIn& service() { return service_; }

  static HttpReply error(const std::string& what, const std::string& type) {
    return {.status = 400,
            .body = R"({"success":false,"error":")" + what + " [" + type + R"(]","errorType":")" +
                    type + "\"}"};
  }

 private:
  HttpReply judge(const HttpAsked& asked) {
    if (asked.header("X-Auth-Token") != kToken || asked.header("X-User-Id") != kUser) {
      return {.status = 401,
              .body = R"({"status":"error","message":"You must be logged in to do this."})"};
    }
    if (asked.method == "GET" && path_of(asked) == "/api/v1/chat.getMessage") {
      return get(form_field(query_of(asked), "msgId"));
    }
    const Object::Ptr body = json_in(asked.body);
    if (asked.target == "/api/v1/chat.postMessage") return post(body);
    if (asked.target == "/api/v1/chat.update") return update(body);
    return {.status = 404, .body = R"({"success":false,"error":"unknown method"})"};
  }

  HttpReply get(const std::string& id) const {
    if (!exists(id) || (gone_.contains(id) && !marked_.contains(id))) {
      return {.status = 400, .body = R"({"success":false})"};
    }
    const std::string type = marked_.contains(id) ? R"(,"t":"rm")" : "";
    return {.body = R"({"message":{"_id":")" + id + R"(","rid":"ROOMID1")" + type +
                    R"(},"success":true})"};
  }

  HttpReply post(const Object::Ptr& body) {
    const std::string problem =
        problem_with(body, {{"channel", 't'}, {"roomId", 't'}, {"text", 't'}, {"tmid", 't'}});
    if (!problem.empty()) return error("Match error: " + problem, "invalid-params");
    if (json_field(body, "channel") != "#ops" && json_field(body, "roomId") != "ROOMID1") {
      return error("The required \\\"roomId\\\" does not match a room", "error-room-not-found");
    }
    if (units(json_field(body, "text"), TextUnit::utf16) > 5000) {
      return error("Message size exceeds Message_MaxAllowedSize", "error-message-size-exceeded");
    }
    posts_.push_back({"MSG" + std::to_string(posts_.size()), json_field(body, "tmid"),
                      json_field(body, "text")});
    return {.body = R"({"ts":1481748965123,"channel":"ops","message":{"_id":")" + posts_.back().id +
                    R"(","rid":"ROOMID1"},"success":true})"};
  }

  HttpReply update(const Object::Ptr& body) {
    const std::string problem =
        problem_with(body, {{"roomId", 't', true}, {"msgId", 't', true}, {"text", 't', true}});
    if (!problem.empty()) return error("Match error: " + problem, "invalid-params");
    for (Post& it : posts_) {
      if (it.id != json_field(body, "msgId") || gone_.contains(it.id)) continue;
      it.text = json_field(body, "text");
      return {.body = R"({"message":{"_id":")" + it.id + R"("},"success":true})"};
    }
    return {.status = 400,
            .body = R"({"success":false,"error":"No message found with the id of \"x\"."})"};
  }

  bool exists(const std::string& id) const {
    return std::any_of(posts_.begin(), posts_.end(), [&](const Post& it) { return it.id == id; });
  }
  bool is_there(const std::string& id) const { return exists(id) && !gone_.contains(id); }

  std::vector<Post> posts_;
  std::set<std::string> gone_;
  std::set<std::string> marked_;
  ServiceStandIn service_;
};

}  // namespace

TEST_CASE("rocketchat: two checks keep to two threads, word for word", "[notify]") {
  RocketStandIn server;
  const auto notifier = notifier_of("rocketchat", server.settings());
  SendDesk desk;
  for (const Outcome& it : tell_two_checks(desk, *notifier)) CHECK(it.what == What::sent);
  const auto posts = server.posts();
  REQUIRE(posts.size() == 6);
  for (const std::size_t first : {0U, 1U}) {
    CHECK(posts[first].thread.empty());
    CHECK(posts[first + 2].thread == posts[first].id);
    CHECK(posts[first + 4].thread == posts[first].id);
  }
  CHECK(posts[0].text.starts_with("🔴 DOWN web-01 — connection refused (127.0.0.1:8080)\n"));
  CHECK(posts[3].text.starts_with("🔁 REMINDER web-02 — still DOWN: connection refused"));
  CHECK(posts[5].text.starts_with("✅ UP web-02 — was DOWN for 31 min: "));
}

TEST_CASE("rocketchat: nothing is told where nobody sees it: a deleted thread is begun anew, once",
          "[notify]") {
  RocketStandIn server;
  const auto notifier = notifier_of("rocketchat", server.settings());
  SendDesk desk;
  desk.send(*notifier, about_check(Kind::down, 1));
  server.remove(server.posts()[0].id, GENERATE(false, true));
  CHECK(desk.send(*notifier, about_check(Kind::reminder, 1)).what == What::sent);
  CHECK(desk.send(*notifier, about_check(Kind::up, 1)).what == What::sent);
  const auto posts = server.visible();
  REQUIRE(posts.size() == 3);
  CHECK(posts[1].thread.empty());
  CHECK(posts[2].thread == posts[1].id);
}

TEST_CASE("rocketchat: a look at the thread that fails is later, and nothing was told",
          "[notify]") {
  RocketStandIn server;
  const auto notifier = notifier_of("rocketchat", server.settings(", timeout: 1s"));
  SendDesk desk;
  desk.send(*notifier, about_check(Kind::down, 1));
  server.service().script({.status = 502});
  server.service().script({.way = HttpReply::Way::hang});
  for (int i = 0; i < 2; ++i) {
    const Outcome outcome = desk.send(*notifier, about_check(Kind::up, 1));
    CHECK(outcome.what == What::later);
    CHECK_FALSE(outcome.in_doubt);
  }
  CHECK(server.posts().size() == 1);
}

TEST_CASE("rocketchat: where nobody says whether a thread is there, a new one is begun",
          "[notify]") {
  RocketStandIn server;
  const auto notifier = notifier_of("rocketchat", server.settings());
  SendDesk desk;
  desk.send(*notifier, about_check(Kind::down, 1));
  server.service().script({.status = 404, .body = "<html>"});
  CHECK(desk.send(*notifier, about_check(Kind::up, 1)).what == What::sent);
  REQUIRE(server.posts().size() == 2);
  CHECK(server.posts()[1].thread.empty());
}

TEST_CASE("rocketchat: the incident's first message is kept up to date", "[notify]") {
  RocketStandIn server;
  const auto notifier = notifier_of("rocketchat", server.settings());
  SendDesk desk;
  desk.send(*notifier, about_check(Kind::down, 1));
  desk.send(*notifier, about_check(Kind::up, 1));
  CHECK(desk.update(*notifier, about_check(Kind::up, 1)).what == What::sent);
  CHECK(server.posts()[0].text.starts_with("✅ web-01 — over after 31 min: was DOWN"));
  server.remove(server.posts()[0].id);
  CHECK(desk.update(*notifier, about_check(Kind::up, 1)).what == What::rejected);
}

TEST_CASE("rocketchat: hostile text calls nobody and is no link", "[notify]") {
  RocketStandIn server;
  const auto notifier = notifier_of("rocketchat", server.settings());
  SendDesk desk;
  for (const Kind kind : kKinds) {
    for (const std::string& text :
         {hostile_text() + "@all @here @alice ![x](https://evil.example/x.png) ||x|| ```",
          std::string(1 << 18, '@') + "all"}) {
      CHECK(desk.send(*notifier, a_notification(hostile_message(kind, text), text), true).what ==
            What::sent);
    }
  }
  CHECK(server.posts().size() == 2 * std::size(kKinds));
  for (const RocketStandIn::Post& it : server.posts()) {
    for (const char* const mark : {"@a", "@h", "](", "``", "||"}) {
      INFO(mark);
      CHECK(it.text.find(mark) == std::string::npos);
    }
  }
}

TEST_CASE("rocketchat: each of its errors says what to do", "[notify]") {
  const auto outcome_of_reply = [](HttpReply reply) {
    RocketStandIn server;
    server.service().script(reply);
    SendDesk desk;
    return desk.send(*notifier_of("rocketchat", server.settings()), a_notification(Kind::down));
  };
  const Outcome room =
      outcome_of_reply(RocketStandIn::error("No such room", "error-room-not-found"));
  CHECK(room.what == What::rejected);
  CHECK(room.reason ==
        "400: No such room [error-room-not-found] (is the channel right, and is the user in it?)");
  const Outcome login = outcome_of_reply(
      {.status = 401,
       .body = R"({"status":"error","message":"You must be logged in to do this."})"});
  CHECK(login.reason == "401: You must be logged in to do this. (are user_id and token right?)");
  const Outcome busy = outcome_of_reply(
      {.status = 429,
       .body =
           R"({"success":false,"error":"Error, too many requests. Please slow down. You must )"
           R"(wait 43 seconds before trying this endpoint again. [error-too-many-requests]"})"});
  CHECK(busy.what == What::later);
  CHECK(busy.retry_after == Millis{43'000});
  CHECK(busy.reason.ends_with("(give the user the role bot: it may call more often)"));
  const Outcome odd = outcome_of_reply({.body = R"({"success":false,"error":"no"})"});
  CHECK(odd.what == What::rejected);
}

TEST_CASE("rocketchat: a webhook has neither threads nor updates", "[notify]") {
  std::vector<std::string> bodies;
  ServiceStandIn service([&](const HttpAsked& asked) {
    if (asked.target != "/hooks/64f1/abcdefghijklmnop") {
      return HttpReply{.status = 400,
                       .body = R"({"success":false,"error":"Invalid integration id )"
                               R"(or token provided."})"};
    }
    bodies.push_back(asked.body);
    return HttpReply{.body = R"({"success":true})"};
  });
  const std::string url = service.base_url() + "/hooks/64f1/abcdefghijklmnop";
  const auto notifier = notifier_of("rocketchat", "{webhook_url: \"" + url + "\", mention: here}");
  CHECK_FALSE(notifier->updates());
  SendDesk desk;
  for (const Outcome& it : tell_two_checks(desk, *notifier)) {
    CHECK(it.what == What::sent);
    CHECK(it.thread_ref.empty());
  }
  REQUIRE(bodies.size() == 6);
  for (const std::string& body : bodies) {
    CHECK(problem_with(json_in(body), {{"text", 't', true}}).empty());
  }
  CHECK(json_field(json_in(bodies[0]), "text").find(" @here\n") != std::string::npos);
  CHECK(json_field(json_in(bodies[4]), "text").find(" @here") == std::string::npos);
  const auto gone = notifier_of("rocketchat", "\"" + url + "y\"");
  CHECK(desk.send(*gone, a_notification(Kind::down)).reason ==
        "400: Invalid integration id or token provided.");
}

TEST_CASE("rocketchat: each mistake is reported at its place", "[notify]") {
  const std::string whole = "{url: \"https://c.example\", user_id: u1, token: t1, ";
  CHECK(problems_of("rocketchat", "{}") ==
        "error: url is missing: the server's address, such as https://chat.example.com\n"
        "error: user_id is missing: it is shown beside the token\n"
        "error: token is missing\n"
        "error: channel is missing: #name, @user, or a room's id\n");
  CHECK(problems_of("rocketchat", whole + "channel: \"a b\"}") ==
        "error: channel is #name, @user, or a room's id\n");
  CHECK(
      problems_of("rocketchat", "{webhook_url: \"https://c.example/hooks/x\", channel: \"#a\"}") ==
      "error: webhook_url and channel are two ways to Rocket.Chat: leave one out\n");
  CHECK(problems_of("rocketchat", whole + "channel: \"#ops\", mention: [\"a b\"]}") ==
        "error: mention takes user names, or all, here\n");
  CHECK(notifier_of("rocketchat", whole + "channel: \"#ops\"}")->sink() == "#ops at c.example");
}

}  // namespace tocsin
