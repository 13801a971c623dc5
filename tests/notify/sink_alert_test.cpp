// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/sink_alert.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "notify/notify_fixture.h"
#include "notify/sink_text.h"
#include "notify/sink_urgency.h"
#include "util/text.h"

namespace tocsin {

TEST_CASE("sink_alert: an alert is named by its thread, and by its check in a shared one",
          "[notify]") {
  const auto key = [](const std::string& check, const std::string& thread) {
    Message message = a_message(Kind::down);
    message.check = check;
    return alert_key(a_notification(std::move(message), thread));
  };
  CHECK(key("web-01", "web-01") == "web-01");
  CHECK(key("web-01", "web-01 #42") == "web-01 #42");
  CHECK(key("web-01", "shop") == "shop / web-01");
  CHECK(key("web", "web-01") == "web-01 / web");
  CHECK(key("", "tocsin/mon-1") == "tocsin/mon-1");
  CHECK(key("web-01", "") == "web-01");
}

TEST_CASE("sink_alert: what ends an incident is as bad as its worst", "[notify]") {
  Message message = a_message(Kind::up);
  CHECK(alert_state(message) == State::down);
  message.worst = State::pending;
  message.from = State::degraded;
  CHECK(alert_state(message) == State::degraded);
  Message reminder = a_message(Kind::reminder);
  reminder.to = State::unknown;
  CHECK(alert_state(reminder) == State::unknown);
}

TEST_CASE("sink_alert: what flaps keeps its alert open, as bad as its worse state", "[notify]") {
  CHECK(alert_move(Kind::flapping) == AlertMove::raise);
  const auto flaps = [](State from, State to, State worst = State::pending) {
    Message message = a_message(Kind::flapping);
    message.from = from;
    message.to = to;
    message.worst = worst;
    return message;
  };
  CHECK(alert_state(flaps(State::down, State::up)) == State::down);
  CHECK(alert_state(flaps(State::up, State::down)) == State::down);
  CHECK(alert_state(flaps(State::degraded, State::up)) == State::degraded);
  CHECK(alert_state(flaps(State::down, State::degraded)) == State::down);
  CHECK(alert_state(flaps(State::up, State::unknown)) == State::unknown);
  CHECK(alert_state(flaps(State::up, State::up, State::degraded)) == State::degraded);
  CHECK(alert_state(flaps(State::up, State::up)) == State::down);
  // Only what is worse than the alert that is open makes another one of it.
  CHECK(changed_while_open(flaps(State::degraded, State::down)));
  CHECK_FALSE(changed_while_open(flaps(State::down, State::degraded)));
  CHECK_FALSE(changed_while_open(flaps(State::down, State::up)));
  CHECK_FALSE(changed_while_open(flaps(State::up, State::down)));
  const Urgency urgency{.down = 5, .degraded = 4, .unknown = 3, .up = 2};
  CHECK(urgency.of(flaps(State::down, State::up)) == 5);
  CHECK(urgency.of(flaps(State::up, State::degraded)) == 4);
  CHECK(urgency.of(flaps(State::unknown, State::up)) == 3);
}

TEST_CASE("sink_alert: an incident changes only from one bad state to another", "[notify]") {
  const auto changed = [](Kind kind, State from) {
    Message message = a_message(kind);
    message.from = from;
    return changed_while_open(message);
  };
  CHECK(changed(Kind::down, State::degraded));
  CHECK(changed(Kind::degraded, State::down));
  CHECK_FALSE(changed(Kind::down, State::up));
  CHECK_FALSE(changed(Kind::down, State::pending));
  CHECK_FALSE(changed(Kind::down, State::down));
  CHECK_FALSE(changed(Kind::up, State::down));
  CHECK_FALSE(changed(Kind::reminder, State::degraded));
}

TEST_CASE("sink_alert: a plain key is itself if it can be, and stays apart from others",
          "[notify]") {
  CHECK(plain_key("web-01_a", "-_", 64) == "web-01_a");
  CHECK(plain_key(std::string(64, 'k'), "-_", 64) == std::string(64, 'k'));
  std::set<std::string> keys;
  for (const std::string& key :
       {std::string("web/01"), std::string("web 01"), std::string("web.01"), std::string("é"),
        std::string(), std::string(".."), std::string(65, 'k'), std::string(66, 'k')}) {
    const std::string plain = plain_key(key, "-_", 64);
    INFO(plain);
    CHECK(plain.size() <= 64);
    CHECK(plain.find_first_of("/. ") == std::string::npos);
    CHECK(plain == plain_key(key, "-_", 64));
    keys.insert(plain);
  }
  CHECK(keys.size() == 8);
  CHECK(plain_key("a/b", "-_", 64).starts_with("a-b-"));
  CHECK(plain_key("a/b", "_", 40).size() <= 40);
  CHECK(plain_key("a/b", "_", 40).find('-') == std::string::npos);
}

TEST_CASE("sink_alert: a text that fits is whole, and a longer one is cut between code points",
          "[notify]") {
  CHECK(fitted_text("12345", 5, TextUnit::code_point) == "12345");
  CHECK(fitted_text("123456", 5, TextUnit::code_point) == "1234…");
  CHECK(fitted_text("ééééé", 5, TextUnit::code_point) == "ééééé");
  CHECK(fitted_text("🔔🔔🔔", 6, TextUnit::utf16) == "🔔🔔🔔");
  CHECK(fitted_text("🔔🔔🔔", 5, TextUnit::utf16) == "🔔🔔…");
  CHECK(fitted_text("ééé", 5, TextUnit::byte) == "é…");
}

TEST_CASE("sink_alert: lines below the title stand each on its own, within the limit", "[notify]") {
  Words words;
  words.lines = {"a <b>", "c"};
  CHECK(text_below(words, FittedText(100, TextUnit::byte)) == "a <b>\nc");
  CHECK(text_below(words, FittedText(100, TextUnit::byte, without_angles)) == "a ‹b›\nc");
  FittedText begun(100, TextUnit::byte);
  begun.add("title");
  CHECK(text_below(words, begun) == "title\na <b>\nc");
  CHECK(text_below(words, FittedText(7, TextUnit::byte)).size() <= 7);
  CHECK(text_below({}, FittedText(100, TextUnit::byte)).empty());
}

TEST_CASE("sink_alert: a digest is as loud as the worst that it holds", "[notify]") {
  const Urgency urgency{.down = 5, .degraded = 4, .unknown = 3, .up = 2};
  Message digest = a_message(Kind::digest);
  CHECK(urgency.of(digest) == 5);
  digest.to = State::degraded;
  CHECK(urgency.of(digest) == 4);
  digest.to = State::up;
  CHECK(urgency.of(digest) == 2);
  CHECK(urgency.loudest() == 5);
}

}  // namespace tocsin
