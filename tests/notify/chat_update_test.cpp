// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/chat_update.h"

#include <catch2/catch.hpp>

#include "notify/notify_fixture.h"

namespace tocsin {
namespace {

std::string line(Message message, Millis after = std::chrono::minutes{12}) {
  return standing_line(message, message.since + after);
}

}  // namespace

TEST_CASE("chat update: an open incident, by its state", "[notify]") {
  Message message = a_message(Kind::reminder);
  CHECK(line(message) == "🔴 DOWN web-01 — open for 12 min: connection refused (127.0.0.1:8080)");
  message.kind = Kind::degraded;
  message.to = State::degraded;
  message.reason = "slow: 900 ms";
  CHECK(line(message) == "🟡 DEGRADED web-01 — open for 12 min: slow: 900 ms");
  message.kind = Kind::reminder;
  message.to = State::unknown;
  message.reason.clear();
  CHECK(line(message) == "⚪ UNKNOWN web-01 — open for 12 min");
  message.since = WallTime{};
  CHECK(standing_line(message, message.decided_at) == "⚪ UNKNOWN web-01 — open");
}

TEST_CASE("chat update: one that flaps is open, whatever it is just now", "[notify]") {
  Message message = a_message(Kind::flapping);
  message.reason = "changes too often: 6 changes in 14 min";
  for (const State state : {State::up, State::down}) {
    message.to = state;
    CHECK(line(message) ==
          "🌊 FLAPPING web-01 — open for 12 min: changes too often: 6 changes in 14 min");
  }
}

TEST_CASE("chat update: an acknowledged one names who", "[notify]") {
  Message message = a_message(Kind::acknowledged);
  message.reason = "by Ann";
  CHECK(line(message) == "👀 web-01 — acknowledged by Ann, DOWN for 12 min");
  message.reason = "by Ann until 2026-01-02 09:00:00 UTC: on it";
  message.worst_reason = "connection refused";
  CHECK(line(message) ==
        "👀 web-01 — acknowledged by Ann until 2026-01-02 09:00:00 UTC: on it, DOWN for 12 min: "
        "connection refused");
  message.reason = "until 2026-01-02 09:00:00 UTC";
  message.worst_reason.clear();
  CHECK(line(message) == "👀 web-01 — acknowledged until 2026-01-02 09:00:00 UTC, DOWN for 12 min");
  message.reason = "Ann: on it";
  CHECK(line(message) == "👀 web-01 — acknowledged: Ann: on it, DOWN for 12 min");
  message.reason.clear();
  CHECK(line(message) == "👀 web-01 — acknowledged, DOWN for 12 min");
}

TEST_CASE("chat update: news of an open incident do not hide how it stands", "[notify]") {
  Message message = a_message(Kind::info);
  message.reason = "the job has finished";
  CHECK(line(message) == "🔴 DOWN web-01 — open for 12 min");
}

TEST_CASE("chat update: one that is over says how long it was, whenever it is told", "[notify]") {
  for (const Kind kind : {Kind::up, Kind::over}) {
    const Message message = a_message(kind);
    CHECK(line(message, std::chrono::hours{9}) ==
          "✅ web-01 — over after 31 min: was DOWN: connection refused (127.0.0.1:8080)");
  }
  Message gone = a_message(Kind::unwatched);
  CHECK(line(gone) == "⏹️ web-01 — no longer watched; it was DOWN for 15 s");
}

TEST_CASE("chat update: a hostile text stays in its line", "[notify]") {
  for (const Kind kind : kKinds) {
    const std::string text = line(hostile_message(kind, hostile_text()));
    CHECK(text.find_first_of("\n\r\x1b") == std::string::npos);
  }
}

}  // namespace tocsin
