// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>

#include "notify/service_stand_in.h"
#include "notify/sink_text.h"
#include "support/http_stand_in.h"

namespace tocsin {
namespace {

using What = Outcome::What;
using Poco::JSON::Object;

constexpr const char* kToken = "xoxb-123456789-abcdefghijk";
constexpr const char* kChannel = "C0123456789";

// Slack's chat.* methods for one channel and one app, by docs.slack.dev/reference/methods.
class SlackStandIn {
 public:
  struct Post {
    std::string ts;
    std::string thread;  // empty: in the channel itself
    std::string text;
    bool broadcast = false;
  };

  explicit SlackStandIn(bool refuses_gone = true)
      : refuses_gone_(refuses_gone), service_([this](const HttpAsked& it) { return judge(it); }) {}

  std::string settings(const std::string& more = "") const {
    return "{token: " + std::string(kToken) + ", channel: " + kChannel + ", api_url: \"" +
           service_.base_url() + "/api\"" + more + "}";
  }
  std::vector<Post> posts() const { return posts_; }
  std::vector<Post> in(const std::string& thread) const {
    std::vector<Post> out;
    for (const Post& it : posts_) {
      if (it.ts == thread || it.thread == thread) out.push_back(it);
    }
    return out;
  }
  void remove(const std::string& ts) { gone_.insert(ts); }
  ServiceStandIn& service() { return service_; }

 private:
  static HttpReply error(const std::string& word) {
    return {.body = R"({"ok":false,"error":")" + word + "\"}"};
  }

  HttpReply judge(const HttpAsked& asked) {
    if (asked.method != "POST") return error("invalid_post_type");
    if (asked.header("Authorization") != "Bearer " + std::string(kToken)) {
      return error("invalid_auth");
    }
    if (asked.header("Content-Type") != "application/json; charset=utf-8") {
      return error("invalid_post_type");
    }
    const Object::Ptr body = json_in(asked.body);
    if (path_of(asked) == "/api/chat.postMessage") return post(body);
    if (path_of(asked) == "/api/chat.update") return update(body);
    return error("unknown_method");
  }

  HttpReply post(const Object::Ptr& body) {
    const std::string problem = problem_with(body, {{"channel", 't', true},
                                                    {"text", 't'},
                                                    {"thread_ts", 't'},
                                                    {"reply_broadcast", 'f'},
                                                    {"unfurl_links", 'f'},
                                                    {"unfurl_media", 'f'}});
    if (!problem.empty()) return error("invalid_arguments");
    if (json_field(body, "channel") != kChannel) return error("channel_not_found");
    const std::string text = json_field(body, "text");
    if (text.empty()) return error("no_text");
    if (units(text, TextUnit::utf16) > 40'000) return error("msg_too_long");
    std::string thread = json_field(body, "thread_ts");
    if (!thread.empty() && !is_there(thread)) {
      if (refuses_gone_) return error("message_not_found");
      thread.clear();
    }
    posts_.push_back({"1700000000." + std::to_string(100'000 + posts_.size()), thread, text,
                      json_field(body, "reply_broadcast") == "true"});
    return taken(posts_.back());
  }

  HttpReply update(const Object::Ptr& body) {
    const std::string problem =
        problem_with(body, {{"channel", 't', true}, {"ts", 't', true}, {"text", 't'}});
    if (!problem.empty()) return error("invalid_arguments");
    if (json_field(body, "channel") != kChannel) return error("channel_not_found");
    if (units(json_field(body, "text"), TextUnit::utf16) > 4000) return error("msg_too_long");
    for (Post& it : posts_) {
      if (it.ts != json_field(body, "ts") || gone_.contains(it.ts)) continue;
      it.text = json_field(body, "text");
      return taken(it);
    }
    return error("message_not_found");
  }

  bool is_there(const std::string& ts) const {
    return !gone_.contains(ts) &&
           std::any_of(posts_.begin(), posts_.end(), [&](const Post& it) { return it.ts == ts; });
  }

  static HttpReply taken(const Post& it) {
    const std::string thread = it.thread.empty() ? "" : R"(,"thread_ts":")" + it.thread + "\"";
    return {.body = R"({"ok":true,"channel":")" + std::string(kChannel) + R"(","ts":")" + it.ts +
                    R"(","message":{"type":"message","ts":")" + it.ts + "\"" + thread + "}}"};
  }

  bool refuses_gone_;
  std::vector<Post> posts_;
  std::set<std::string> gone_;
  ServiceStandIn service_;
};

Outcome answered(const std::string& error, int status = 200) {
  SlackStandIn slack;
  const auto notifier = notifier_of("slack", slack.settings());
  slack.service().script({.status = status, .body = R"({"ok":false,"error":")" + error + "\"}"});
  SendDesk desk;
  return desk.send(*notifier, a_notification(Kind::down));
}

}  // namespace

TEST_CASE("slack: two checks keep to two threads, word for word", "[notify]") {
  SlackStandIn slack;
  const auto notifier = notifier_of("slack", slack.settings());
  SendDesk desk;
  for (const Outcome& it : tell_two_checks(desk, *notifier)) CHECK(it.what == What::sent);
  const auto posts = slack.posts();
  REQUIRE(posts.size() == 6);
  CHECK(posts[0].thread.empty());
  CHECK(posts[1].thread.empty());
  for (const int first : {0, 1}) {
    const auto thread = slack.in(posts[static_cast<std::size_t>(first)].ts);
    REQUIRE(thread.size() == 3);
    const std::string name = "web-0" + std::to_string(first + 1);
    CHECK(thread[0].text.starts_with("🔴 DOWN " + name +
                                     " — connection refused (127.0.0.1:8080)\n"
                                     "target: 127.0.0.1:8080\n"));
    CHECK(thread[1].text.starts_with("🔁 REMINDER " + name + " — still DOWN: connection refused"));
    CHECK(thread[2].text.starts_with("✅ UP " + name + " — was DOWN for 31 min: "));
  }
}

TEST_CASE("slack: every kind, as hostile as can be, is taken and calls nobody", "[notify]") {
  SlackStandIn slack;
  const auto notifier = notifier_of("slack", slack.settings());
  SendDesk desk;
  for (const Kind kind : kKinds) {
    for (const std::string& text : {hostile_text() + "<!channel> <@U1> <!subteam^S1> &lt;!here&gt;",
                                    "<!everyone>" + std::string(1 << 20, '&')}) {
      INFO(to_string(kind));
      CHECK(desk.send(*notifier, a_notification(hostile_message(kind, text), text), true).what ==
            What::sent);
    }
  }
  CHECK(slack.posts().size() == 2 * std::size(kKinds));
  for (const SlackStandIn::Post& it : slack.posts()) {
    CHECK(it.text.find_first_of("<>") == std::string::npos);
    CHECK(units(it.text, TextUnit::utf16) <= 4000);
  }
}

TEST_CASE("slack: a thread whose first message is gone is begun anew, once, and remembered",
          "[notify]") {
  const bool refuses = GENERATE(true, false);
  SlackStandIn slack(refuses);
  const auto notifier = notifier_of("slack", slack.settings());
  SendDesk desk;
  desk.send(*notifier, about_check(Kind::down, 1));
  slack.remove(slack.posts()[0].ts);
  CHECK(desk.send(*notifier, about_check(Kind::reminder, 1)).what == What::sent);
  CHECK(desk.send(*notifier, about_check(Kind::up, 1)).what == What::sent);
  const auto posts = slack.posts();
  REQUIRE(posts.size() == 3);
  CHECK(posts[1].thread.empty());
  CHECK(posts[2].thread == posts[1].ts);
  CHECK(slack.service().asked().size() == (refuses ? 4U : 3U));
}

TEST_CASE("slack: the incident's first message is kept up to date, in place", "[notify]") {
  SlackStandIn slack;
  const auto notifier = notifier_of("slack", slack.settings());
  CHECK(notifier->updates());
  SendDesk desk;
  desk.send(*notifier, about_check(Kind::down, 1));
  desk.send(*notifier, about_check(Kind::acknowledged, 1));
  CHECK(desk.update(*notifier, about_check(Kind::acknowledged, 1)).what == What::sent);
  CHECK(slack.posts()[0].text.starts_with("👀 web-01 — acknowledged"));
  desk.send(*notifier, about_check(Kind::up, 1));
  CHECK(desk.update(*notifier, about_check(Kind::up, 1)).what == What::sent);
  CHECK(slack.posts()[0].text.starts_with("✅ web-01 — over after 31 min: was DOWN"));
  CHECK(slack.posts().size() == 3);
  slack.remove(slack.posts()[0].ts);
  const Outcome gone = desk.update(*notifier, about_check(Kind::up, 1));
  CHECK(gone.what == What::rejected);
  CHECK(gone.reason == "200: message_not_found");
}

TEST_CASE("slack: a notifier that was pointed to another channel begins new threads", "[notify]") {
  SlackStandIn slack;
  SendDesk desk;
  desk.send(*notifier_of("slack", slack.settings()), about_check(Kind::down, 1));
  slack.service().script({.body = R"({"ok":true,"channel":"C999","ts":"1.2"})"});
  std::string other = slack.settings();
  other.replace(other.find(kChannel), 11, "C999");
  desk.send(*notifier_of("slack", other), about_check(Kind::reminder, 1));
  CHECK_FALSE(json_in(slack.service().asked()[1].body)->has("thread_ts"));
}

TEST_CASE("slack: what an answer names is sent again only if it is a name", "[notify]") {
  SlackStandIn slack;
  const auto notifier = notifier_of("slack", slack.settings());
  SendDesk desk;
  for (const char* const body :
       {R"({"ok":true,"channel":"C1/../x","ts":"1.2"})",
        R"({"ok":true,"channel":"C1","ts":"../1"})", R"({"ok":true,"channel":["C1"],"ts":12})"}) {
    slack.service().script({.body = body});
    const Outcome outcome = desk.send(*notifier, a_notification(Kind::down));
    CHECK(outcome.what == What::sent);
    CHECK(outcome.thread_ref.empty());
    CHECK(outcome.message_ref.empty());
  }
}

TEST_CASE("slack: each of its errors is later or rejected, and says what to do", "[notify]") {
  for (const char* const word : {"ratelimited", "internal_error", "service_unavailable"}) {
    CHECK(answered(word).what == What::later);
  }
  CHECK(answered("internal_error").in_doubt);
  CHECK_FALSE(answered("ratelimited").in_doubt);
  const std::map<std::string, std::string> table{
      {"not_in_channel", " (invite the app to the channel: /invite @app)"},
      {"channel_not_found",
       " (is it the channel's id, such as C0123456789, and is the app in it if it is private?)"},
      {"invalid_auth", " (is the token right? it begins with xoxb-)"},
      {"account_inactive", " (the app or its user was removed: install it anew)"},
      {"token_revoked", " (the token was taken back: install the app anew)"},
      {"missing_scope", " (the app needs the scope chat:write; then install it anew)"},
      {"is_archived", " (the channel is archived)"},
      {"msg_too_long", ""},
      {"something_new", ""}};
  for (const auto& [word, hint] : table) {
    const Outcome outcome = answered(word);
    CHECK(outcome.what == What::rejected);
    CHECK(outcome.reason == "200: " + word + hint);
  }
  const Outcome busy = answered("ratelimited", 429);
  CHECK(busy.what == What::later);
  CHECK(busy.reason == "429: ratelimited");
}

TEST_CASE("slack: only what is DOWN calls people, and is shown in the channel too", "[notify]") {
  SlackStandIn slack;
  const auto notifier =
      notifier_of("slack", slack.settings(", mention: [here, U0AB, S0CD], reply_broadcast: true"));
  SendDesk desk;
  for (const Kind kind : kKinds) {
    Message message = a_message(kind);
    if (kind == Kind::digest) message.to = State::up;
    desk.send(*notifier, a_notification(message));
  }
  desk.send(*notifier, a_notification(Kind::down));
  const auto posts = slack.posts();
  REQUIRE(posts.size() == std::size(kKinds) + 1);
  for (std::size_t i = 0; i < posts.size(); ++i) {
    const bool down = i == 0 || i + 1 == posts.size();
    const std::string top = posts[i].text.substr(0, posts[i].text.find('\n'));
    CHECK(top.ends_with(" <!here> <@U0AB> <!subteam^S0CD>") == down);
    CHECK(posts[i].broadcast == (i + 1 == posts.size()));
  }
}

TEST_CASE("slack: a webhook has neither threads nor updates", "[notify]") {
  std::vector<std::string> bodies;
  ServiceStandIn service([&](const HttpAsked& asked) {
    if (path_of(asked) != "/services/T00000000/B00000000/XXXXXXXXXXXXXXXX") {
      return HttpReply{.status = 404, .body = "no_service"};
    }
    bodies.push_back(asked.body);
    return HttpReply{.body = "ok"};
  });
  const std::string url = service.base_url() + "/services/T00000000/B00000000/XXXXXXXXXXXXXXXX";
  const auto notifier = notifier_of("slack", "\"" + url + "\"");
  CHECK_FALSE(notifier->updates());
  SendDesk desk;
  for (const Outcome& it : tell_two_checks(desk, *notifier)) {
    CHECK(it.what == What::sent);
    CHECK(it.thread_ref.empty());
  }
  REQUIRE(bodies.size() == 6);
  for (const std::string& body : bodies) {
    CHECK(problem_with(json_in(body),
                       {{"text", 't', true}, {"unfurl_links", 'f'}, {"unfurl_media", 'f'}})
              .empty());
  }
  CHECK(json_field(json_in(bodies[0]), "text").starts_with("🔴 DOWN web-01 — "));
  const auto gone = notifier_of("slack", "{webhook_url: \"" + url + "y\"}");
  const Outcome outcome = desk.send(*gone, a_notification(Kind::down));
  CHECK(outcome.what == What::rejected);
  CHECK(outcome.reason == "404: no_service (the webhook was removed)");
}

TEST_CASE("slack: each mistake is reported at its place", "[notify]") {
  const std::string token = "{token: xoxb-1, channel: C1, ";
  CHECK(problems_of("slack", "{channel: C1}") == "error: token is missing\n");
  CHECK(problems_of("slack", "{token: xoxb-1}") ==
        "error: channel is missing: its id, such as C0123456789, or #name\n");
  CHECK(problems_of("slack", "{token: xoxb-1, channel: \"a b\"}") ==
        "error: channel is an id, such as C0123456789, or #name\n");
  CHECK(problems_of("slack", "{token: xoxb-1, webhook_url: \"https://h.example/secret-path\"}") ==
        "error: token and webhook_url are two ways to Slack: give one of them\n");
  CHECK(problems_of("slack", "{webhook_url: \"https://h.example/x\", channel: C1}") ==
        "error: a webhook has a channel of its own: leave channel out\n");
  CHECK(problems_of("slack", "{webhook_url: \"https://h.example/x\", reply_broadcast: true}") ==
        "error: a webhook has no threads: reply_broadcast needs a token\n");
  CHECK(problems_of("slack", "{webhook_url: \"ftp://h.example/x\"}") ==
        "error: webhook_url does not begin with https://; copy the whole URL that the service "
        "shows: https://hooks.slack.com/services/…\n");
  CHECK(problems_of("slack", token + "mention: [alice]}") ==
        "error: mention takes a user's id, such as U0123456789, a group's, such as S0123456789, "
        "or here, channel, everyone\n");
  CHECK(problems_of("slack", token + "chanel: x}") ==
        "error: unknown key \"chanel\"; did you mean \"channel\"?\n");
  CHECK(problems_of("slack", token + "api_url: \"http://10.1.1.1/api\"}") ==
        "warning: api_url is plain http: whoever sees the traffic can read the credentials\n");
  CHECK(notifier_of("slack", token + "timeout: 5s}")->sink() == "C1");
  CHECK(notifier_of("slack", token + "timeout: 5s}")->pace().spacing >= Millis{1000});
}

}  // namespace tocsin
