// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "net/http_client.h"
#include "notify/chat_update.h"
#include "notify/http_sink.h"
#include "notify/notifier.h"
#include "notify/room_text.h"
#include "notify/sink_json.h"
#include "notify/types.h"
#include "notify/wording.h"
#include "util/text.h"

// Matrix, by the client-server API: PUT …/send/m.room.message/{txnId}. The transaction id is the
// notification's uid, and the homeserver answers a repeat with the first event, so a message is
// shown once. Threads are relations to a first event (m.thread), whose id is remembered with that
// of the latest one: clients that know no threads show an answer to that.
//
// A first event that the server does not know is refused, and the thread begun anew. One that was
// redacted is still taken as a thread, under an empty headline; so before a new incident goes into
// a known thread, that event is looked at.
//
// m.mentions is always there: without it, servers would look for names in the text.

namespace tocsin {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;
using What = Outcome::What;

// spec.matrix.org leaves limits to servers; M_LIMIT_EXCEEDED tells them.
constexpr Millis kSpacing{1000};
// An event has at most 65,536 bytes; an edit holds each text twice, and quotes take two bytes.
constexpr std::size_t kMostBody = 8'000;
constexpr std::size_t kMostHtml = 10'000;
constexpr std::size_t kMostTitle = 3'000;

constexpr std::string_view kMarks[] = {"@room"};
constexpr RoomMarkup kPlain{kMostBody, TextUnit::byte, as_it_is, kMarks};

struct MatrixSettings {
  HttpSink http;
  Wording wording;
  std::string url;
  std::string token;
  std::string room;  // "!id:server", or an alias
  std::string message_type;
  std::vector<std::string> users;  // who is called
  bool whole_room = false;
};

struct Hint {
  std::string_view code;
  std::string_view hint;
};
constexpr std::array kHints{
    Hint{"M_FORBIDDEN", "is the user in the room, and may it write there? invite it, and join"},
    Hint{"M_UNKNOWN_TOKEN", "the token is not valid any more: log the user in anew"},
    Hint{"M_MISSING_TOKEN", "the token is not valid any more: log the user in anew"},
    Hint{"M_USER_DEACTIVATED", "the user was deactivated"},
    Hint{"M_CONSENT_NOT_GIVEN", "the user has to agree to the server's terms first"},
    Hint{"M_NOT_FOUND", "is there such a room on that server?"},
};

std::string_view html_escape(std::string_view point) {
  if (point == "&") return "&amp;";
  if (point == "<") return "&lt;";
  if (point == ">") return "&gt;";
  return point == "\"" ? "&quot;" : point;
}

ServiceWords matrix_words(const Object::Ptr& answer) {
  ServiceWords words;
  const std::string code = text_of(answer, "errcode");
  const std::string error = text_of(answer, "error");
  words.what = code + (code.empty() || error.empty() ? "" : ": ") + error;
  for (const Hint& it : kHints) {
    if (it.code == code) words.hint = it.hint;
  }
  const auto wait = number_of(answer, "retry_after_ms");
  if (wait && *wait >= 0 && *wait < 1e9) words.retry_after = Millis{static_cast<long>(*wait)};
  return words;
}

bool is_event_id(const std::string& id) {
  return id.size() > 1 && id[0] == '$' && is_plain_ref(id, "$:._-+/=", 255);
}

bool is_room_id(const std::string& id) {
  return id.size() > 1 && id[0] == '!' && is_plain_ref(id, "!:._-+/=[]~", 255);
}

bool is_unknown_root(const HttpResponse& response) {
  if (response.status != 400 && response.status != 404) return false;
  return is_one_of(text_of(parse_object(response.body), "errcode"),
                   {"M_UNKNOWN", "M_NOT_FOUND", "M_INVALID_PARAM"});
}

bool begins_incident(Kind kind) noexcept {
  return kind == Kind::down || kind == Kind::degraded || kind == Kind::unknown ||
         kind == Kind::over;
}

class Matrix final : public Notifier {
 public:
  explicit Matrix(MatrixSettings settings) : settings_(std::move(settings)) {}

  asio::awaitable<Outcome> send(const Delivery& delivery) const override {
    std::string room = settings_.room;
    if (room.starts_with('#')) {
      const HttpRequest look = get(delivery, "directory/room/" + percent_encode(room));
      const HttpResponse found = co_await delivery.http.perform(look);
      room = text_of(parse_object(found.body), "room_id");
      if (!is_room_id(room)) co_return not_resolved(delivery, found);
    }
    RefPair thread = thread_of(delivery.thread_ref);
    if (!thread.first.empty() && begins_incident(delivery.notification.message->kind)) {
      const HttpRequest look =
          get(delivery, "rooms/" + percent_encode(room) + "/event/" + percent_encode(thread.first));
      const HttpResponse found = co_await delivery.http.perform(look);
      if (is_redacted(found)) thread = {};
    }
    const HttpRequest request = put(delivery, room, "", message(delivery, thread));
    const HttpResponse response = co_await delivery.http.perform(request);
    if (!thread.first.empty() && is_unknown_root(response)) {
      const HttpRequest anew = put(delivery, room, "", message(delivery, {}));
      const HttpResponse again = co_await delivery.http.perform(anew);
      co_return judge(delivery, again, room, "");
    }
    co_return judge(delivery, response, room, thread.first);
  }

  bool updates() const override { return true; }

  asio::awaitable<Outcome> update(const Delivery& delivery) const override {
    const RefPair root = split_ref(ref_bound_to(destination(), delivery.root_ref), ' ');
    Outcome outcome;
    outcome.what = What::sent;
    if (!is_room_id(root.first) || !is_event_id(root.second)) co_return outcome;
    const HttpRequest request = put(delivery, root.first, "-update", edit(delivery, root.second));
    const HttpResponse response = co_await delivery.http.perform(request);
    outcome = outcome_of(settings_.http, response, matrix_words(parse_object(response.body)),
                         delivery.clock.wall());
    co_return outcome;
  }

  Pace pace() const override { return {"matrix:" + destination(), kSpacing, true}; }
  std::string sink() const override { return settings_.room + " at " + host_in(settings_.url); }

 private:
  std::string destination() const { return host_in(settings_.url) + " " + settings_.room; }

  // The first event and the latest one.
  RefPair thread_of(const std::string& ref) const {
    const RefPair parts = split_ref(ref_bound_to(destination(), ref), ' ');
    return is_event_id(parts.first) && is_event_id(parts.second) ? parts : RefPair{};
  }

  HttpRequest get(const Delivery& delivery, const std::string& path) const {
    HttpRequest request =
        request_to(settings_.http, delivery, settings_.url + "/_matrix/client/v3/" + path);
    add_bearer(request, settings_.token);
    return request;
  }

  HttpRequest put(const Delivery& delivery, const std::string& room, const std::string& suffix,
                  const Object& content) const {
    const std::string url = settings_.url + "/_matrix/client/v3/rooms/" + percent_encode(room) +
                            "/send/m.room.message/" +
                            percent_encode(delivery.notification.uid + suffix);
    HttpRequest request = json_request(settings_.http, delivery, url, json_text(content));
    request.method = "PUT";
    add_bearer(request, settings_.token);
    return request;
  }

  static bool is_redacted(const HttpResponse& response) {
    const Object::Ptr event = parse_object(response.body);
    if (response.status == 404) return text_of(event, "errcode") == "M_NOT_FOUND";
    return response.status == 200 && object_of(object_of(event, "unsigned"), "redacted_because");
  }

  Outcome not_resolved(const Delivery& delivery, const HttpResponse& response) const {
    Outcome outcome = outcome_of(settings_.http, response,
                                 matrix_words(parse_object(response.body)), delivery.clock.wall());
    if (outcome.what == What::sent) {
      outcome.what = What::later;
      outcome.reason = "the server did not tell which room the alias is for";
    }
    outcome.in_doubt = false;  // nothing was told yet
    return outcome;
  }

  Object text_content(const Words& words, bool call) const {
    std::string names;
    std::string links;
    for (const std::string& id : call ? settings_.users : std::vector<std::string>{}) {
      names += (names.empty() ? "" : " ") + id;
      links += " <a href=\"https://matrix.to/#/" + percent_encode(id) + "\">" + id + "</a>";
    }
    if (call && settings_.whole_room) {
      names += names.empty() ? "@room" : " @room";
      links += " @room";
    }
    Object content;
    content.set("msgtype", settings_.message_type);
    content.set("body", room_text(words, names, kPlain));
    content.set("format", "org.matrix.custom.html");
    content.set("formatted_body", html(words, links));
    content.set("m.mentions", mentions(call));
    return content;
  }

  static std::string html(const Words& words, const std::string& links) {
    FittedText title(kMostTitle, TextUnit::byte, html_escape);
    title.add(broken_up(words.title, kMarks));
    FittedText body(kMostHtml - kMostTitle, TextUnit::byte, html_escape);
    for (const std::string& line : words.lines) {
      body.add_markup("<br>");
      body.add(broken_up(line, kMarks));
    }
    return "<strong>" + title.text() + "</strong>" + links + body.text();
  }

  Object mentions(bool call) const {
    Object out;
    if (!call) return out;
    Array users;
    for (const std::string& id : settings_.users) users.add(id);
    if (users.size() > 0) out.set("user_ids", users);
    if (settings_.whole_room) out.set("room", true);
    return out;
  }

  Object message(const Delivery& delivery, const RefPair& thread) const {
    const bool call = calls_people(*delivery.notification.message);
    Object content = text_content(words_of(delivery, settings_.wording), call);
    if (thread.first.empty()) return content;
    Object latest;
    latest.set("event_id", thread.second);
    Object relation;
    relation.set("rel_type", "m.thread");
    relation.set("event_id", thread.first);
    relation.set("is_falling_back", true);
    relation.set("m.in_reply_to", latest);
    content.set("m.relates_to", relation);
    return content;
  }

  Object edit(const Delivery& delivery, const std::string& event) const {
    const Object now = text_content(words_of_update(delivery, settings_.wording), false);
    Object relation;
    relation.set("rel_type", "m.replace");
    relation.set("event_id", event);
    Object content = now;
    content.set("body", "* " + now.getValue<std::string>("body"));
    content.set("formatted_body", "* " + now.getValue<std::string>("formatted_body"));
    content.set("m.new_content", now);
    content.set("m.relates_to", relation);
    return content;
  }

  Outcome judge(const Delivery& delivery, const HttpResponse& response, const std::string& room,
                const std::string& root) const {
    const Object::Ptr answer = parse_object(response.body);
    Outcome outcome =
        outcome_of(settings_.http, response, matrix_words(answer), delivery.clock.wall());
    const std::string event = text_of(answer, "event_id");
    if (outcome.what != What::sent || !is_event_id(event)) return outcome;
    outcome.message_ref = bound_ref(destination(), room + " " + event);
    outcome.thread_ref = bound_ref(destination(), (root.empty() ? event : root) + " " + event);
    return outcome;
  }

  MatrixSettings settings_;
};

// "!opaque:server", "#name:server" or "@user:server".
bool is_matrix_id(const std::string& id, char sigil, bool with_server) {
  const bool plain = id.size() > 1 && id.size() <= 255 && id[0] == sigil &&
                     id.find_first_of(" \t\n\"<>") == std::string::npos;
  return plain && (!with_server || id.find(':', 1) != std::string::npos);
}

void parse_mention(Settings& settings, MatrixSettings& out) {
  for (const std::string& who : parse_people(settings, "mention")) {
    if (who == "room") {
      out.whole_room = true;
    } else if (is_matrix_id(who, '@', true)) {
      out.users.push_back(who);
    } else {
      settings.error("mention", "mention takes ids such as \"@alice:example.org\", or room");
    }
  }
}

std::shared_ptr<const Notifier> parse_matrix(Settings& settings) {
  MatrixSettings out;
  out.http = parse_http_sink(settings);
  out.wording = parse_wording(settings);
  out.url = parse_base_url(settings, "homeserver", "");
  if (out.url.empty() && !settings.has("homeserver")) {
    settings.error("homeserver",
                   "homeserver is missing: its address, such as https://matrix.example.org");
  }
  out.token = required_secret(settings, "token", out.http);
  out.room = settings.text("room");
  if (!is_matrix_id(out.room, '!', false) && !is_matrix_id(out.room, '#', true)) {
    const std::string want = "the room's id, such as \"!abc:example.org\", or its alias";
    settings.error("room", out.room.empty() ? "room is missing: " + want : "room is " + want);
  }
  out.message_type = "m." + settings.choice("msgtype", {"text", "notice"}, "text");
  parse_mention(settings, out);
  return std::make_shared<Matrix>(std::move(out));
}

}  // namespace

const NotifierType kMatrixNotifier{
    "matrix", "",
    "a Matrix room: one thread a check, its first message kept up to date; repeats are recognised",
    parse_matrix};

}  // namespace tocsin
