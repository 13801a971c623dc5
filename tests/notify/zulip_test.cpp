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

// "bot@example.org:k3y-of_the_b0t-0123456789" in Base64.
constexpr const char* kBasic = "Basic Ym90QGV4YW1wbGUub3JnOmszeS1vZl90aGVfYjB0LTAxMjM0NTY3ODk=";

// Messages of one Zulip organization by zulip.com/api/send-message and update-message.
class ZulipStandIn {
 public:
  struct Post {
    std::string id;
    std::string topic;
    std::string content;
  };

  ZulipStandIn() : service_([this](const HttpAsked& it) { return judge(it); }) {}

  std::string settings(const std::string& more = "", const std::string& channel = "ops") const {
    return "{url: \"" + service_.base_url() +
           "\", email: bot@example.org, api_key: k3y-of_the_b0t-0123456789, channel: \"" + channel +
           "\"" + more + "}";
  }
  std::vector<Post> posts() const { return posts_; }
  ServiceStandIn& service() { return service_; }

  static HttpReply error(int status, const std::string& code, const std::string& message,
                         const std::string& more = "") {
    return {.status = status,
            .body = R"({"result":"error","code":")" + code + R"(","msg":")" + message + "\"" +
                    more + "}"};
  }

 private:
  HttpReply judge(const HttpAsked& asked) {
    if (asked.header("Authorization") != kBasic) {
      return error(401, "UNAUTHORIZED", "Invalid API key");
    }
    if (asked.header("Content-Type") != "application/x-www-form-urlencoded") {
      return error(400, "REQUEST_VARIABLE_MISSING", "Missing 'type' argument");
    }
    if (asked.method == "POST" && asked.target == "/api/v1/messages") return send(asked.body);
    if (asked.method == "PATCH" && asked.target.starts_with("/api/v1/messages/")) {
      return edit(asked.target.substr(17), asked.body);
    }
    return error(404, "BAD_REQUEST", "Not found");
  }

  HttpReply send(const std::string& form) {
    for (const std::string& name : form_names(form)) {
      if (!std::set<std::string>{"type", "to", "topic", "content"}.contains(name)) {
        return error(400, "BAD_REQUEST", "unknown " + name);
      }
    }
    for (const char* const name : {"type", "to", "topic", "content"}) {
      if (form_field(form, name).empty()) {
        return error(400, "REQUEST_VARIABLE_MISSING", "Missing argument");
      }
    }
    if (form_field(form, "type") != "stream") return error(400, "BAD_REQUEST", "Invalid type");
    if (form_field(form, "to") != "ops") {
      return error(400, "STREAM_DOES_NOT_EXIST", "Channel 'x' does not exist", R"(,"stream":"x")");
    }
    // The real one cuts; what is cut would not be the same topic any more.
    if (units(form_field(form, "topic"), TextUnit::code_point) > 60) {
      return error(400, "BAD_REQUEST", "the topic is too long");
    }
    if (units(form_field(form, "content"), TextUnit::code_point) > 10'000) {
      return error(400, "BAD_REQUEST", "the content is too long");
    }
    posts_.push_back({std::to_string(42 + posts_.size()), form_field(form, "topic"),
                      form_field(form, "content")});
    return {.body = R"({"result":"success","msg":"","id":)" + posts_.back().id + "}"};
  }

  HttpReply edit(const std::string& id, const std::string& form) {
    for (Post& it : posts_) {
      if (it.id != id) continue;
      it.content = form_field(form, "content");
      return {.body = R"({"result":"success","msg":""})"};
    }
    return error(400, "BAD_REQUEST", "Invalid message(s)");
  }

  std::vector<Post> posts_;
  ServiceStandIn service_;
};

}  // namespace

TEST_CASE("zulip: two checks have two topics, word for word", "[notify]") {
  ZulipStandIn zulip;
  const auto notifier = notifier_of("zulip", zulip.settings());
  SendDesk desk;
  for (const Outcome& it : tell_two_checks(desk, *notifier)) CHECK(it.what == What::sent);
  const auto posts = zulip.posts();
  REQUIRE(posts.size() == 6);
  for (std::size_t i = 0; i < 6; ++i) CHECK(posts[i].topic == (i % 2 == 0 ? "web-01" : "web-02"));
  CHECK(posts[0].content.starts_with("🔴 DOWN web-01 — connection refused (127.0.0.1:8080)\n"));
  CHECK(posts[3].content.starts_with("🔁 REMINDER web-02 — still DOWN: connection refused"));
  CHECK(posts[5].content.starts_with("✅ UP web-02 — was DOWN for 31 min: "));
}

TEST_CASE("zulip: a topic is the key itself up to 60 characters, else its beginning and a hash",
          "[notify]") {
  ZulipStandIn zulip;
  const auto notifier = notifier_of("zulip", zulip.settings());
  SendDesk desk;
  const std::string edge(60, 'k');
  const auto topic_of = [&](const std::string& key) {
    CHECK(desk.send(*notifier, a_notification(a_message(Kind::down), key)).what == What::sent);
    return zulip.posts().back().topic;
  };
  CHECK(topic_of(edge) == edge);
  CHECK(topic_of(edge + "k") != topic_of(edge + "kk"));
  CHECK(topic_of(edge + "k") == topic_of(edge + "k"));
  CHECK(topic_of(edge + "k").starts_with(std::string(41, 'k') + "… #"));
  CHECK(units(topic_of(std::string(100, 'x') + "漢🔔"), TextUnit::code_point) <= 60);
  CHECK(topic_of("a\nb") != topic_of("a b"));
  CHECK(topic_of("") == "tocsin");
}

TEST_CASE("zulip: the incident's first message is kept up to date", "[notify]") {
  ZulipStandIn zulip;
  const auto notifier = notifier_of("zulip", zulip.settings());
  SendDesk desk;
  desk.send(*notifier, about_check(Kind::down, 1));
  desk.send(*notifier, about_check(Kind::up, 1));
  CHECK(desk.update(*notifier, about_check(Kind::up, 1)).what == What::sent);
  CHECK(zulip.posts()[0].content.starts_with("✅ web-01 — over after 31 min: was DOWN"));
  zulip.service().script(ZulipStandIn::error(400, "BAD_REQUEST",
                                             "The time limit for editing this message has passed"));
  const Outcome late = desk.update(*notifier, about_check(Kind::up, 1));
  CHECK(late.what == What::rejected);
}

TEST_CASE("zulip: hostile text calls nobody, is no link and begins no block", "[notify]") {
  ZulipStandIn zulip;
  const auto notifier = notifier_of("zulip", zulip.settings());
  SendDesk desk;
  for (const Kind kind : kKinds) {
    for (const std::string& text :
         {hostile_text() +
              "@**all** @_**Alice** @*ops* #**ops** [bank](https://evil.example) $$x$$ "
              "~~~ ``` &=+%00",
          std::string(1 << 18, '@') + "**all**"}) {
      CHECK(desk.send(*notifier, a_notification(hostile_message(kind, text), text), true).what ==
            What::sent);
    }
  }
  CHECK(zulip.posts().size() == 2 * std::size(kKinds));
  for (const ZulipStandIn::Post& it : zulip.posts()) {
    for (const char* const mark : {"@*", "@_", "#*", "](", "``", "~~~", "$$"}) {
      INFO(mark);
      CHECK(it.content.find(mark) == std::string::npos);
    }
  }
}

TEST_CASE("zulip: only what is DOWN calls people", "[notify]") {
  ZulipStandIn zulip;
  const auto notifier =
      notifier_of("zulip", zulip.settings(", mention: [all, Alice B, \"group:on call\"]"));
  SendDesk desk;
  for (const Kind kind : {Kind::down, Kind::reminder, Kind::up}) {
    desk.send(*notifier, a_notification(kind));
  }
  const auto posts = zulip.posts();
  REQUIRE(posts.size() == 3);
  CHECK(posts[0].content.find(" @**all** @**Alice B** @*on call*\n") != std::string::npos);
  CHECK(posts[1].content.find('@') == std::string::npos);
}

TEST_CASE("zulip: each of its errors says what to do", "[notify]") {
  ZulipStandIn zulip;
  SendDesk desk;
  const Outcome lost =
      desk.send(*notifier_of("zulip", zulip.settings("", "no-such")), a_notification(Kind::down));
  CHECK(lost.what == What::rejected);
  CHECK(lost.reason ==
        "400: STREAM_DOES_NOT_EXIST: Channel 'x' does not exist (is the channel's name right?)");
  std::string wrong = zulip.settings();
  wrong.replace(wrong.find("k3y"), 3, "key");
  CHECK(desk.send(*notifier_of("zulip", wrong), a_notification(Kind::down)).reason ==
        "401: UNAUTHORIZED: Invalid API key (are email and api_key the bot's?)");
  const auto notifier = notifier_of("zulip", zulip.settings());
  zulip.service().script(ZulipStandIn::error(429, "RATE_LIMIT_HIT", "API usage exceeded rate limit",
                                             R"(,"retry-after":28.706)"));
  const Outcome busy = desk.send(*notifier, a_notification(Kind::down));
  CHECK(busy.what == What::later);
  CHECK(busy.retry_after == Millis{28'706});
  zulip.service().script(
      ZulipStandIn::error(400, "BAD_REQUEST", "Not authorized to send to channel 'ops'"));
  CHECK(desk.send(*notifier, a_notification(Kind::down))
            .reason.ends_with("(subscribe the bot to the channel, or let it write there)"));
}

TEST_CASE("zulip: each mistake is reported at its place", "[notify]") {
  const std::string whole = "{url: \"https://z.example\", email: b@z.example, api_key: k1, ";
  CHECK(problems_of("zulip", "{}") ==
        "error: url is missing: the organization's, such as https://example.zulipchat.com\n"
        "error: email is missing: the bot's\n"
        "error: api_key is missing\n"
        "error: channel is missing: its name\n");
  CHECK(problems_of("zulip", "{url: \"https://z.example\", email: bot, api_key: k1, channel: o}") ==
        "error: email is the bot's address, name@host\n");
  CHECK(problems_of("zulip", whole + "channel: ops, mention: [\"a*\"]}") ==
        "error: mention takes full names, group:NAME, or all\n");
  CHECK(notifier_of("zulip", whole + "channel: ops}")->sink() == "#ops at z.example");
}

}  // namespace tocsin
