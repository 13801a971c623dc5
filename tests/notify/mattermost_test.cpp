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

constexpr const char* kToken = "xbottokenxbottokenxbottoken";
constexpr const char* kChannel = "4xp9fdt77pncbef59f4k1qe83o";

// Posts of one Mattermost server by its API's description (api.mattermost.com, posts).
class MattermostStandIn {
 public:
  struct Post {
    std::string id;
    std::string root;
    std::string message;
  };

  MattermostStandIn() : service_([this](const HttpAsked& it) { return judge(it); }) {}

  std::string settings(const std::string& more = "") const {
    return "{url: \"" + service_.base_url() + "\", token: " + kToken + ", channel_id: " + kChannel +
           more + "}";
  }
  std::vector<Post> posts() const { return posts_; }
  void remove(const std::string& id) { gone_.insert(id); }
  ServiceStandIn& service() { return service_; }

  static HttpReply error(int status, const std::string& id, const std::string& message) {
    return {.status = status,
            .body = R"({"id":")" + id + R"(","message":")" + message +
                    R"(","detailed_error":"","request_id":"x","status_code":)" +
                    std::to_string(status) + "}"};
  }

 private:
  HttpReply judge(const HttpAsked& asked) {
    if (asked.header("Authorization") != "Bearer " + std::string(kToken)) {
      return error(401, "api.context.session_expired.app_error",
                   "Invalid or expired session, please login again.");
    }
    const Object::Ptr body = json_in(asked.body);
    if (asked.method == "POST" && asked.target == "/api/v4/posts") return create(body);
    if (asked.method == "PUT" && asked.target.ends_with("/patch")) {
      return patch(body, asked.target.substr(14, asked.target.size() - 20));
    }
    return error(404, "api.context.404.app_error", "Sorry, we could not find the page.");
  }

  HttpReply create(const Object::Ptr& body) {
    const std::string problem =
        problem_with(body, {{"channel_id", 't', true}, {"message", 't', true}, {"root_id", 't'}});
    if (!problem.empty()) {
      return error(400, "api.context.invalid_body_param.app_error",
                   "Invalid or missing " + problem);
    }
    if (json_field(body, "channel_id") != kChannel) {
      return error(403, "api.context.permissions.app_error",
                   "You do not have the appropriate permissions.");
    }
    const std::string text = json_field(body, "message");
    if (units(text, TextUnit::code_point) > 16'383) {
      return error(400, "model.post.is_valid.message_length.app_error",
                   "Post Message property is longer than the maximum permitted length.");
    }
    const std::string root = json_field(body, "root_id");
    if (!root.empty() && !is_there(root)) {
      return error(400, "api.post.create_post.root_id.app_error", "Invalid RootId parameter.");
    }
    posts_.push_back(
        {"p0000000000000000000" + std::to_string(100'000 + posts_.size()), root, text});
    return {.status = 201,
            .body = R"({"id":")" + posts_.back().id + R"(","root_id":")" + root +
                    R"(","create_at":1700000000000})"};
  }

  HttpReply patch(const Object::Ptr& body, const std::string& id) {
    if (!problem_with(body, {{"message", 't'}}).empty() || !is_there(id)) {
      return error(404, "app.post.get.app_error", "Unable to get the post.");
    }
    for (Post& it : posts_) {
      if (it.id == id) it.message = json_field(body, "message");
    }
    return {.body = R"({"id":")" + id + "\"}"};
  }

  bool is_there(const std::string& id) const {
    return !gone_.contains(id) &&
           std::any_of(posts_.begin(), posts_.end(), [&](const Post& it) { return it.id == id; });
  }

  std::vector<Post> posts_;
  std::set<std::string> gone_;
  ServiceStandIn service_;
};

}  // namespace

TEST_CASE("mattermost: two checks keep to two threads, word for word", "[notify]") {
  MattermostStandIn server;
  const auto notifier = notifier_of("mattermost", server.settings());
  SendDesk desk;
  for (const Outcome& it : tell_two_checks(desk, *notifier)) CHECK(it.what == What::sent);
  const auto posts = server.posts();
  REQUIRE(posts.size() == 6);
  for (const std::size_t first : {0U, 1U}) {
    CHECK(posts[first].root.empty());
    CHECK(posts[first + 2].root == posts[first].id);
    CHECK(posts[first + 4].root == posts[first].id);
  }
  CHECK(posts[0].message.starts_with("🔴 DOWN web-01 — connection refused (127.0.0.1:8080)\n"));
  CHECK(posts[3].message.starts_with("🔁 REMINDER web-02 — still DOWN: connection refused"));
  CHECK(posts[5].message.starts_with("✅ UP web-02 — was DOWN for 31 min: "));
}

TEST_CASE("mattermost: a deleted thread is begun anew, once, and remembered", "[notify]") {
  MattermostStandIn server;
  const auto notifier = notifier_of("mattermost", server.settings());
  SendDesk desk;
  desk.send(*notifier, about_check(Kind::down, 1));
  server.remove(server.posts()[0].id);
  CHECK(desk.send(*notifier, about_check(Kind::reminder, 1)).what == What::sent);
  CHECK(desk.send(*notifier, about_check(Kind::up, 1)).what == What::sent);
  const auto posts = server.posts();
  REQUIRE(posts.size() == 3);
  CHECK(posts[1].root.empty());
  CHECK(posts[2].root == posts[1].id);
  CHECK(server.service().asked().size() == 4);
}

TEST_CASE("mattermost: the incident's first post is kept up to date", "[notify]") {
  MattermostStandIn server;
  const auto notifier = notifier_of("mattermost", server.settings());
  SendDesk desk;
  desk.send(*notifier, about_check(Kind::down, 1));
  desk.send(*notifier, about_check(Kind::up, 1));
  CHECK(desk.update(*notifier, about_check(Kind::up, 1)).what == What::sent);
  CHECK(server.posts()[0].message.starts_with("✅ web-01 — over after 31 min: was DOWN"));
  CHECK(server.posts().size() == 2);
  server.remove(server.posts()[0].id);
  CHECK(desk.update(*notifier, about_check(Kind::up, 1)).what == What::rejected);
}

TEST_CASE("mattermost: hostile text calls nobody and is no link", "[notify]") {
  MattermostStandIn server;
  const auto notifier = notifier_of("mattermost", server.settings());
  SendDesk desk;
  for (const Kind kind : kKinds) {
    for (const std::string& text :
         {hostile_text() + "@all @channel @here @alice [bank](https://evil.example) ~~~ ```",
          std::string(1 << 18, '@') + "all"}) {
      CHECK(desk.send(*notifier, a_notification(hostile_message(kind, text), text), true).what ==
            What::sent);
    }
  }
  CHECK(server.posts().size() == 2 * std::size(kKinds));
  for (const MattermostStandIn::Post& it : server.posts()) {
    for (const char* const mark : {"@a", "@c", "@h", "](", "``", "~~"}) {
      INFO(mark);
      CHECK(it.message.find(mark) == std::string::npos);
    }
  }
}

TEST_CASE("mattermost: only what is DOWN calls people", "[notify]") {
  MattermostStandIn server;
  const auto notifier =
      notifier_of("mattermost", server.settings(", mention: [channel, \"@alice.b\"]"));
  SendDesk desk;
  for (const Kind kind : {Kind::down, Kind::reminder, Kind::up}) {
    desk.send(*notifier, a_notification(kind));
  }
  const auto posts = server.posts();
  REQUIRE(posts.size() == 3);
  CHECK(posts[0].message.find(" @channel @alice.b\n") != std::string::npos);
  CHECK(posts[1].message.find('@') == std::string::npos);
  CHECK(posts[2].message.find('@') == std::string::npos);
}

TEST_CASE("mattermost: each of its errors says what to do", "[notify]") {
  const auto reason = [](HttpReply reply, What what) {
    MattermostStandIn server;
    server.service().script(reply);
    SendDesk desk;
    const Outcome outcome =
        desk.send(*notifier_of("mattermost", server.settings()), a_notification(Kind::down));
    CHECK(outcome.what == what);
    return outcome.reason;
  };
  CHECK(reason(MattermostStandIn::error(401, "api.context.session_expired.app_error",
                                        "Invalid or expired session, please login again."),
               What::rejected) ==
        "401: Invalid or expired session, please login again. (is the token right, and is the bot "
        "account enabled?)");
  CHECK(reason(MattermostStandIn::error(403, "api.context.permissions.app_error",
                                        "You do not have the appropriate permissions."),
               What::rejected) ==
        "403: You do not have the appropriate permissions. (add the bot to the channel)");
  CHECK(reason(MattermostStandIn::error(400, "api.post.create_post.can_not_post_to_deleted.error",
                                        "Can not post to deleted channel."),
               What::rejected) ==
        "400: Can not post to deleted channel. (the channel is archived)");
  CHECK(reason({.status = 429, .body = "limit exceeded", .headers = {{"Retry-After", "1"}}},
               What::later) == "429");
}

TEST_CASE("mattermost: a webhook has neither threads nor updates", "[notify]") {
  std::vector<std::string> bodies;
  ServiceStandIn service([&](const HttpAsked& asked) {
    if (asked.target != "/hooks/xxx-generatedkey-xxx") {
      return MattermostStandIn::error(400, "web.incoming_webhook.invalid.app_error",
                                      "Invalid webhook.");
    }
    bodies.push_back(asked.body);
    return HttpReply{.body = "ok"};
  });
  const std::string url = service.base_url() + "/hooks/xxx-generatedkey-xxx";
  const auto notifier = notifier_of("mattermost", "\"" + url + "\"");
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
  CHECK(json_field(json_in(bodies[0]), "text").starts_with("🔴 DOWN web-01 — "));
  const auto gone = notifier_of("mattermost", "\"" + url + "y\"");
  CHECK(desk.send(*gone, a_notification(Kind::down)).reason ==
        "400: Invalid webhook. (the webhook was removed)");
}

TEST_CASE("mattermost: each mistake is reported at its place", "[notify]") {
  const std::string whole =
      "{url: \"https://c.example\", token: t1, channel_id: " + std::string(kChannel) + ", ";
  CHECK(problems_of("mattermost", "{}") ==
        "error: url is missing: the server's address, such as https://chat.example.com\n"
        "error: token is missing\n"
        "error: channel_id is missing: in Mattermost, View Info shows it\n");
  CHECK(problems_of("mattermost", "{url: \"https://c.example\", token: t1, channel_id: ops}") ==
        "error: channel_id has 26 letters and digits: in Mattermost, View Info shows it\n");
  CHECK(problems_of("mattermost", "{webhook_url: \"https://c.example/hooks/x\", token: t1}") ==
        "error: webhook_url and token are two ways to Mattermost: leave one out\n");
  CHECK(problems_of("mattermost", whole + "mention: [\"a b\"]}") ==
        "error: mention takes user names, groups, or all, channel, here\n");
  CHECK(notifier_of("mattermost", whole + "timeout: 2s}")->sink() ==
        std::string(kChannel) + " at c.example");
}

}  // namespace tocsin
