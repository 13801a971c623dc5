// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>

#include "notify/service_stand_in.h"
#include "util/text.h"

namespace tocsin {
namespace {

using What = Outcome::What;
using Poco::JSON::Object;

constexpr const char* kToken = "syt_dG9jc2lu_abcdefghijkl_0123";
constexpr const char* kRoom = "!AbCdEf:example.org";
constexpr const char* kAlias = "#ops:example.org";
constexpr const char* kApi = "/_matrix/client/v3/";

// One room of a homeserver, by spec.matrix.org's client-server API; about unknown relations, as
// Synapse has it.
class MatrixStandIn {
 public:
  struct Event {
    std::string id;
    std::string transaction;
    Object::Ptr content;

    std::string relation() const {
      return json_field(content->getObject("m.relates_to"), "event_id");
    }
    std::string body() const { return json_field(content, "body"); }
  };

  MatrixStandIn() : service_([this](const HttpAsked& it) { return judge(it); }) {}

  std::string settings(const std::string& more = "") const { return settings_of(kRoom, more); }
  std::string settings_of(const std::string& room, const std::string& more = "") const {
    return "{homeserver: \"" + service_.base_url() + "\", token: " + kToken + ", room: \"" + room +
           "\"" + more + "}";
  }
  std::vector<Event> events() const { return events_; }
  void forget(const std::string& id) { unknown_.insert(id); }
  void redact(const std::string& id) { redacted_.insert(id); }
  ServiceStandIn& service() { return service_; }

  static HttpReply error(int status, const std::string& code, const std::string& message,
                         const std::string& more = "") {
    return {.status = status,
            .body = R"({"errcode":")" + code + R"(","error":")" + message + "\"" + more + "}"};
  }

 private:
  HttpReply judge(const HttpAsked& asked) {
    if (asked.header("Authorization") != "Bearer " + std::string(kToken)) {
      return error(401, "M_UNKNOWN_TOKEN", "Invalid access token passed.");
    }
    std::string path;
    if (!percent_decode(asked.target, path) || !path.starts_with(kApi)) {
      return error(404, "M_UNRECOGNIZED", "Unrecognized request");
    }
    path.erase(0, std::string(kApi).size());
    const std::string room = "rooms/" + std::string(kRoom);
    if (asked.method == "GET" && path == "directory/room/" + std::string(kAlias)) {
      return {.body = R"({"room_id":")" + std::string(kRoom) + R"(","servers":["example.org"]})"};
    }
    if (!path.starts_with(room + "/")) {
      return error(403, "M_FORBIDDEN", "User not in room");
    }
    path.erase(0, room.size());
    if (asked.method == "GET" && path.starts_with("/event/")) return look(path.substr(7));
    if (asked.method != "PUT" || !path.starts_with("/send/m.room.message/")) {
      return error(404, "M_UNRECOGNIZED", "Unrecognized request");
    }
    return send(path.substr(21), asked.body);
  }

  HttpReply look(const std::string& id) const {
    if (!is_there(id)) return error(404, "M_NOT_FOUND", "Event not found.");
    const std::string gone = redacted_.contains(id)
                                 ? R"(,"unsigned":{"redacted_because":{"type":"m.room.redaction"}})"
                                 : "";
    return {.body = R"({"event_id":")" + id + R"(","type":"m.room.message")" + gone + "}"};
  }

  HttpReply send(const std::string& transaction, const std::string& text) {
    if (text.size() > 65'000) return error(413, "M_TOO_LARGE", "event too large");
    const Object::Ptr content = json_in(text);
    std::string problem = content_problem(content);
    const Object::Ptr replaced = content ? content->getObject("m.new_content") : nullptr;
    if (problem.empty() && replaced) problem = content_problem(replaced);
    if (!problem.empty()) return error(400, "M_BAD_JSON", problem);
    for (const Event& it : events_) {
      if (it.transaction == transaction) return {.body = R"({"event_id":")" + it.id + "\"}"};
    }
    const Event event{"$event" + std::to_string(events_.size()), transaction, content};
    if (!event.relation().empty() && !is_there(event.relation())) {
      return error(400, "M_UNKNOWN", "Can't send relation to unknown event");
    }
    events_.push_back(event);
    return {.body = R"({"event_id":")" + event.id + "\"}"};
  }

  static std::string content_problem(const Object::Ptr& content) {
    std::string problem = problem_with(content, {{"msgtype", 't', true},
                                                 {"body", 't', true},
                                                 {"format", 't'},
                                                 {"formatted_body", 't'},
                                                 {"m.mentions", 'o'},
                                                 {"m.relates_to", 'o'},
                                                 {"m.new_content", 'o'}});
    if (!problem.empty() || !content->has("m.relates_to")) return problem;
    const Object::Ptr relation = content->getObject("m.relates_to");
    return problem_with(relation, {{"rel_type", 't', true},
                                   {"event_id", 't', true},
                                   {"is_falling_back", 'f'},
                                   {"m.in_reply_to", 'o'}});
  }

  bool is_there(const std::string& id) const {
    return !unknown_.contains(id) && std::any_of(events_.begin(), events_.end(),
                                                 [&](const Event& it) { return it.id == id; });
  }

  std::vector<Event> events_;
  std::set<std::string> unknown_;
  std::set<std::string> redacted_;
  ServiceStandIn service_;
};

}  // namespace

TEST_CASE("matrix: two checks keep to two threads, word for word", "[notify]") {
  MatrixStandIn server;
  const auto notifier =
      notifier_of("matrix", server.settings_of(GENERATE(as<std::string>(), kRoom, kAlias)));
  SendDesk desk;
  for (const Outcome& it : tell_two_checks(desk, *notifier)) CHECK(it.what == What::sent);
  const auto events = server.events();
  REQUIRE(events.size() == 6);
  for (const std::size_t first : {0U, 1U}) {
    CHECK(events[first].relation().empty());
    CHECK(events[first + 2].relation() == events[first].id);
    CHECK(events[first + 4].relation() == events[first].id);
  }
  const Object::Ptr last = events[4].content->getObject("m.relates_to");
  CHECK(json_field(last, "rel_type") == "m.thread");
  CHECK(json_field(last, "is_falling_back") == "true");
  CHECK(json_field(last->getObject("m.in_reply_to"), "event_id") == events[2].id);
  CHECK(events[0].body().starts_with("🔴 DOWN web-01 — connection refused (127.0.0.1:8080)\n"));
  CHECK(json_field(events[0].content, "formatted_body")
            .starts_with("<strong>🔴 DOWN web-01 — connection refused (127.0.0.1:8080)</strong>"
                         "<br>target: 127.0.0.1:8080<br>"));
  CHECK(json_field(events[0].content, "msgtype") == "m.text");
}

TEST_CASE("matrix: a repeat carries the same transaction, and is recognised", "[notify]") {
  MatrixStandIn server;
  const auto notifier = notifier_of("matrix", server.settings());
  CHECK(notifier->pace().idempotent);
  SendDesk desk;
  const Notification one = about_check(Kind::down, 1);
  const Outcome first = desk.send(*notifier, one);
  const Outcome again = desk.send(*notifier, one);
  CHECK(again.message_ref == first.message_ref);
  CHECK(server.events().size() == 1);
  CHECK(server.events()[0].transaction == one.uid);
}

TEST_CASE("matrix: an unknown thread is begun anew, once, and remembered", "[notify]") {
  MatrixStandIn server;
  const auto notifier = notifier_of("matrix", server.settings());
  SendDesk desk;
  desk.send(*notifier, about_check(Kind::down, 1));
  server.forget(server.events()[0].id);
  CHECK(desk.send(*notifier, about_check(Kind::reminder, 1)).what == What::sent);
  CHECK(desk.send(*notifier, about_check(Kind::up, 1)).what == What::sent);
  const auto events = server.events();
  REQUIRE(events.size() == 3);
  CHECK(events[1].relation().empty());
  CHECK(events[2].relation() == events[1].id);
  CHECK(server.service().asked().size() == 4);
}

TEST_CASE("matrix: a new incident does not go into a thread whose first event was redacted",
          "[notify]") {
  MatrixStandIn server;
  const auto notifier = notifier_of("matrix", server.settings());
  SendDesk desk;
  desk.send(*notifier, about_check(Kind::down, 1));
  desk.send(*notifier, about_check(Kind::up, 1));
  server.redact(server.events()[0].id);
  CHECK(desk.send(*notifier, about_check(Kind::down, 1)).what == What::sent);
  CHECK(desk.send(*notifier, about_check(Kind::up, 1)).what == What::sent);
  const auto events = server.events();
  REQUIRE(events.size() == 4);
  CHECK(events[2].relation().empty());
  CHECK(events[3].relation() == events[2].id);
}

TEST_CASE("matrix: the incident's first event is replaced as it moves", "[notify]") {
  MatrixStandIn server;
  const auto notifier = notifier_of("matrix", server.settings(", mention: [room]"));
  SendDesk desk;
  desk.send(*notifier, about_check(Kind::down, 1));
  desk.send(*notifier, about_check(Kind::up, 1));
  const Notification up = about_check(Kind::up, 1);
  CHECK(desk.update(*notifier, up).what == What::sent);
  const auto events = server.events();
  REQUIRE(events.size() == 3);
  CHECK(events[2].transaction == up.uid + "-update");
  CHECK(events[2].relation() == events[0].id);
  CHECK(json_field(events[2].content->getObject("m.relates_to"), "rel_type") == "m.replace");
  const Object::Ptr now = events[2].content->getObject("m.new_content");
  CHECK(json_field(now, "body").starts_with("✅ web-01 — over after 31 min: was DOWN"));
  CHECK(events[2].body() == "* " + json_field(now, "body"));
  CHECK(now->getObject("m.mentions")->size() == 0);
  server.forget(events[0].id);
  CHECK(desk.update(*notifier, about_check(Kind::up, 1)).what == What::rejected);
}

TEST_CASE("matrix: hostile text is neither markup nor a mention, and fits an event", "[notify]") {
  MatrixStandIn server;
  const auto notifier = notifier_of("matrix", server.settings());
  SendDesk desk;
  int incident = 100;
  for (const Kind kind : kKinds) {
    for (const std::string& text :
         {hostile_text() + "@room @alice:example.org <b>x</b> <a href=\"https://evil.example\">",
          std::string(1 << 18, '"'), std::string(1 << 18, '<')}) {
      Message message = hostile_message(kind, text);
      message.incident = ++incident;
      const Notification one = a_notification(message, text);
      CHECK(desk.send(*notifier, one, true).what == What::sent);
      CHECK(desk.update(*notifier, one).what == What::sent);
    }
  }
  CHECK(server.events().size() == 6 * std::size(kKinds));
  for (const MatrixStandIn::Event& it : server.events()) {
    std::string html = json_field(it.content, "formatted_body");
    for (const std::string tag : {"<strong>", "</strong>", "<br>"}) {
      for (auto at = html.find(tag); at != std::string::npos; at = html.find(tag)) {
        html.erase(at, tag.size());
      }
    }
    CHECK(html.find_first_of("<>\"") == std::string::npos);
    CHECK(it.body().find("@room") == std::string::npos);
    CHECK(it.content->getObject("m.mentions")->size() == 0);
  }
}

TEST_CASE("matrix: only what is DOWN calls, and only who is configured", "[notify]") {
  MatrixStandIn server;
  const auto notifier = notifier_of(
      "matrix", server.settings(", mention: [room, \"@alice:example.org\"], msgtype: notice"));
  SendDesk desk;
  for (const Kind kind : {Kind::down, Kind::reminder, Kind::up}) {
    desk.send(*notifier, a_notification(kind));
  }
  const auto events = server.events();
  REQUIRE(events.size() == 3);
  const Object::Ptr called = events[0].content->getObject("m.mentions");
  CHECK(called->getValue<bool>("room"));
  CHECK(called->getArray("user_ids")->getElement<std::string>(0) == "@alice:example.org");
  CHECK(events[0].body().find(" @alice:example.org @room\n") != std::string::npos);
  CHECK(json_field(events[0].content, "formatted_body")
            .find("</strong> <a href=\"https://matrix.to/#/%40alice%3Aexample.org\">"
                  "@alice:example.org</a> @room<br>") != std::string::npos);
  CHECK(json_field(events[0].content, "msgtype") == "m.notice");
  for (const std::size_t i : {1U, 2U}) {
    CHECK(events[i].content->getObject("m.mentions")->size() == 0);
    CHECK(events[i].body().find('@') == std::string::npos);
  }
}

TEST_CASE("matrix: each of its errors says what to do", "[notify]") {
  const auto outcome = [](const HttpReply& reply) {
    MatrixStandIn server;
    server.service().script(reply);
    SendDesk desk;
    return desk.send(*notifier_of("matrix", server.settings()), a_notification(Kind::down));
  };
  const Outcome forbidden = outcome(MatrixStandIn::error(403, "M_FORBIDDEN", "not in room"));
  CHECK(forbidden.what == What::rejected);
  CHECK(forbidden.reason ==
        "403: M_FORBIDDEN: not in room (is the user in the room, and may it write there? invite "
        "it, and join)");
  CHECK(outcome(MatrixStandIn::error(401, "M_UNKNOWN_TOKEN", "no")).reason ==
        "401: M_UNKNOWN_TOKEN: no (the token is not valid any more: log the user in anew)");
  const Outcome busy = outcome(MatrixStandIn::error(429, "M_LIMIT_EXCEEDED", "Too Many Requests",
                                                    R"(,"retry_after_ms":2345)"));
  CHECK(busy.what == What::later);
  CHECK(busy.retry_after == Millis{2345});
  MatrixStandIn server;
  SendDesk desk;
  const auto lost = notifier_of("matrix", server.settings_of("#gone:example.org"));
  server.service().script(MatrixStandIn::error(404, "M_NOT_FOUND", "Room alias not found"));
  const Outcome outcome_lost = desk.send(*lost, a_notification(Kind::down));
  CHECK(outcome_lost.what == What::rejected);
  CHECK(outcome_lost.reason ==
        "404: M_NOT_FOUND: Room alias not found (is there such a room on that server?)");
  server.service().script({.body = R"({"room_id":"!../../x y"})"});
  CHECK(desk.send(*lost, a_notification(Kind::down)).what == What::later);
}

TEST_CASE("matrix: each mistake is reported at its place", "[notify]") {
  const std::string whole = "{homeserver: \"https://m.example\", token: t1, ";
  CHECK(problems_of("matrix", "{}") ==
        "error: homeserver is missing: its address, such as https://matrix.example.org\n"
        "error: token is missing\n"
        "error: room is missing: the room's id, such as \"!abc:example.org\", or its alias\n");
  CHECK(problems_of("matrix", whole + "room: ops}") ==
        "error: room is the room's id, such as \"!abc:example.org\", or its alias\n");
  CHECK(problems_of("matrix", whole + "room: \"!a:b\", mention: [alice]}") ==
        "error: mention takes ids such as \"@alice:example.org\", or room\n");
  CHECK(problems_of("matrix", whole + "room: \"!a:b\", msgtype: loud}").starts_with("error: "));
  CHECK(notifier_of("matrix", whole + "room: \"!a:b\"}")->sink() == "!a:b at m.example");
}

}  // namespace tocsin
