// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/text.h"

#include <catch2/catch.hpp>

#include "notify/notify_fixture.h"
#include "util/text.h"

namespace tocsin {
namespace {

using Lines = std::vector<std::string>;

std::string first(const Message& message) {
  return first_line(message);
}

Lines body(const Message& message, Millis later = {}, std::optional<Millis> late = {}) {
  return body_lines(message, message.decided_at + later, late);
}

}  // namespace

TEST_CASE("text: DOWN, whole", "[notify]") {
  const Message message = a_message(Kind::down);
  CHECK(first(message) == "🔴 DOWN web-01 — connection refused (127.0.0.1:8080)");
  CHECK(body(message) ==
        Lines{"target: 127.0.0.1:8080", "since 2026-01-02 03:03:50 UTC (15 s ago), 3 probes failed",
              "incident 42", "runbook: https://wiki.example.net/shop", "about: the web shop",
              "labels: team=shop, tier=front", "told by mon-1"});
}

TEST_CASE("text: the first line of each kind", "[notify]") {
  Message message = a_message(Kind::degraded);
  message.reason = "slow: 900 ms";
  CHECK(first(message) == "🟡 DEGRADED web-01 — slow: 900 ms");
  message.kind = Kind::unknown;
  message.reason = "no descriptors left";
  CHECK(first(message) == "⚪ UNKNOWN web-01 — no descriptors left");

  CHECK(first(a_message(Kind::up)) ==
        "✅ UP web-01 — was DOWN for 31 min: connection refused (127.0.0.1:8080)");
  CHECK(first(a_message(Kind::over)) ==
        "✅ UP (was DOWN) web-01 — down for 31 min: connection refused (127.0.0.1:8080)");
  CHECK(first(a_message(Kind::reminder)) ==
        "🔁 REMINDER web-01 — still DOWN: connection refused (127.0.0.1:8080)");
  CHECK(first(a_message(Kind::unwatched)) ==
        "⏹️ NO LONGER WATCHED web-01 — it was DOWN: connection refused (127.0.0.1:8080)");

  message = a_message(Kind::info);
  message.reason = "finished after 12 min";
  CHECK(first(message) == "ℹ️ INFO web-01 — finished after 12 min");

  message = a_message(Kind::flapping);
  message.check = "disk-1";
  message.reason =
      "changes too often: 6 changes in 14 min; changes are counted, not told, until it is calm";
  CHECK(first(message) ==
        "🌊 FLAPPING disk-1 — changes too often: 6 changes in 14 min; changes are counted, not "
        "told, until it is calm");

  message = a_message(Kind::daemon);
  message.reason = "the disk is full: state is kept in memory";
  CHECK(first(message) == "⚠️ TOCSIN mon-1 — the disk is full: state is kept in memory");
  message = a_message(Kind::test);
  message.reason.clear();
  CHECK(first(message) == "🔔 TEST mon-1 — messages arrive here");
  message = a_message(Kind::digest);
  message.reason = "DOWN 2 checks: a, b\nDOWN, connection refused: a, b";
  CHECK(first(message) == "📋 DIGEST — DOWN 2 checks: a, b");
}

TEST_CASE("text: parts that are not known are left out", "[notify]") {
  Message message = a_message(Kind::up);
  message.worst_reason.clear();
  CHECK(first(message) == "✅ UP web-01 — was DOWN for 31 min");
  message.since = {};
  CHECK(first(message) == "✅ UP web-01 — was DOWN");
  message.worst = State::pending;
  message.from = State::degraded;
  CHECK(first(message) == "✅ UP web-01 — was DEGRADED");
  message = Message{};
  message.kind = Kind::down;
  message.check = "web-01";
  CHECK(first(message) == "🔴 DOWN web-01");
  CHECK(body(message).empty());
  message.since = WallTime{std::chrono::seconds{100}};  // and the clock was set back since
  CHECK(body_lines(message, WallTime{}, {}) == Lines{"since 1970-01-01 00:01:40 UTC"});
}

TEST_CASE("text: an UP says how long it lasted, and what is now", "[notify]") {
  const Lines lines = body(a_message(Kind::up));
  CHECK(lines == Lines{"target: 127.0.0.1:8080",
                       "lasted 31 min: 2026-01-02 02:33:05 UTC to 2026-01-02 03:04:05 UTC",
                       "now: 200 OK", "incident 42", "runbook: https://wiki.example.net/shop",
                       "about: the web shop", "labels: team=shop, tier=front", "told by mon-1"});
  CHECK(body(a_message(Kind::over)) == lines);
}

TEST_CASE("text: what was before is told when one trouble follows another", "[notify]") {
  Message message = a_message(Kind::down);
  message.from = State::degraded;
  CHECK(body(message)[2] == "was DEGRADED before");
  message.kind = Kind::degraded;
  message.from = State::down;
  message.to = State::degraded;
  message.failed_probes = 1;
  CHECK(body(message)[1] == "since 2026-01-02 03:03:50 UTC (15 s ago), 1 probe was degraded");
  CHECK(body(message)[2] == "was DOWN before");
  message.to = State::unknown;
  message.kind = Kind::unknown;
  message.failed_probes = 3;
  CHECK(body(message)[1] == "since 2026-01-02 03:03:50 UTC (15 s ago), 3 probes could not tell");
  message = a_message(Kind::reminder);
  message.from = State::down;
  CHECK(body(message, std::chrono::hours{2})[1] ==
        "since 2026-01-02 03:03:50 UTC (2 h ago), 3 probes failed");
  CHECK(body(message)[2] == "incident 42");
}

TEST_CASE("text: what flaps is told with where it stands now", "[notify]") {
  Message message = a_message(Kind::flapping);
  message.from = State::down;
  message.to = State::up;
  message.failed_probes = 0;
  CHECK(body(message) == Lines{"target: 127.0.0.1:8080", "since 2026-01-02 03:03:50 UTC (15 s ago)",
                               "now: UP", "incident 42", "runbook: https://wiki.example.net/shop",
                               "about: the web shop", "labels: team=shop, tier=front",
                               "told by mon-1"});
  message.from = State::degraded;
  message.to = State::down;
  CHECK(body(message)[2] == "now: DOWN");
  message.to = State::pending;
  CHECK(body(message)[2] == "incident 42");
}

TEST_CASE("text: the note comes first of all lines, whatever the kind", "[notify]") {
  for (const Kind kind : kKinds) {
    INFO(to_string(kind));
    Message message = a_message(kind);
    const Lines without = body(message);
    const std::string title = first(message);
    message.note = "not acknowledged for 10 min\nwith it unreachable: a, b, c and 37 more";
    Lines expected{"not acknowledged for 10 min", "with it unreachable: a, b, c and 37 more"};
    expected.insert(expected.end(), without.begin(), without.end());
    CHECK(body(message) == expected);
    CHECK(first(message) == title);
  }
}

TEST_CASE("text: a note is bounded in lines and in each line", "[notify]") {
  Message message = a_message(Kind::daemon);
  for (int i = 1; i <= 8; ++i) message.note += "\n\r\n  line " + std::to_string(i) + "\x1b";
  const Lines eight = body(message);
  REQUIRE(eight.size() == 8);
  CHECK(eight[0] == "line 1");
  CHECK(eight[7] == "line 8");
  message.note += "\nline 9\nline 10";
  const Lines cut = body(message);
  REQUIRE(cut.size() == 8);
  CHECK(cut[6] == "line 7");
  CHECK(cut[7] == "… (3 lines)");
  message.note = std::string(5000, 'x');
  CHECK(body(message)[0].size() <= 1000);
}

TEST_CASE("text: somebody's own message is its text, its link, its details", "[notify]") {
  Message message;
  message.kind = Kind::info;
  message.instance = "mon-1";
  message.reason = "v42 is out";
  CHECK(first(message) == "ℹ️ INFO v42 is out");
  CHECK(body(message) == Lines{"told by mon-1"});
  message.runbook = "https://ci.example/42";
  message.details = "by ci\nwith 12 changes";
  CHECK(body(message) ==
        Lines{"https://ci.example/42", "by ci", "with 12 changes", "told by mon-1"});
}

TEST_CASE("text: details come last, of many lines the first and the last ones", "[notify]") {
  Message message = a_message(Kind::info);
  message.since = {};
  message.failed_probes = 0;
  message.incident = 0;
  message.details = "copied 12 files\n\n  to <b>nas</b>\x1b[0m\r\n";
  const Lines lines = body(message);
  REQUIRE(lines.size() == 7);
  CHECK(lines[4] == "copied 12 files");
  CHECK(lines[5] == "to <b>nas</b> [0m");
  CHECK(lines[6] == "told by mon-1");

  message.details.clear();
  for (int i = 1; i <= 13; ++i) message.details += "line " + std::to_string(i) + "\n";
  CHECK(body(message).size() == 5 + 13);
  message.details += "line 14";
  const Lines cut = body(message);
  REQUIRE(cut.size() == 5 + 13);
  CHECK(cut[7] == "line 4");
  CHECK(cut[8] == "… (2 lines)");
  CHECK(cut[9] == "line 7");
  CHECK(cut[16] == "line 14");
}

TEST_CASE("text: late and not stored is said", "[notify]") {
  Message message = a_message(Kind::down);
  message.durable = false;
  const Lines lines = body(message, {}, std::chrono::minutes{12});
  CHECK(lines[6] == "delivered 12 min late");
  CHECK(lines[7] == "not durable (not stored on disk): a restart may lose or repeat this");
  CHECK(body(message, {}, Millis{-5})[6] == "delivered late");

  Notification notification = a_notification(message);
  const WallTime now = notification.created_at + std::chrono::minutes{12};
  CHECK(late_by(notification, now, true) == Millis{std::chrono::minutes{12}});
  CHECK(late_by(notification, now, false) == std::nullopt);
}

TEST_CASE("text: a digest tells each of its lines, the daemon only itself", "[notify]") {
  Message message = a_message(Kind::digest);
  message.reason = "DOWN 3 checks: a, b, c\nDOWN, connection refused: a, b\r\n\nDOWN: c\n";
  CHECK(body(message) == Lines{"DOWN, connection refused: a, b", "DOWN: c", "told by mon-1"});
  message.reason = "many";
  for (int i = 0; i < 203; ++i) message.reason += "\nDOWN: c" + std::to_string(i);
  const Lines lines = body(message);
  REQUIRE(lines.size() == 202);
  CHECK(lines[200] == "… and 3 more");
  CHECK(body(a_message(Kind::daemon)).empty());
}

TEST_CASE("text: hostile values stay on their line, whatever the kind", "[notify]") {
  for (const Kind kind : kKinds) {
    INFO(to_string(kind));
    Message message = hostile_message(kind, hostile_text() + std::string(1 << 20, 'x'));
    message.details = hostile_text() + std::string(10'000, '\n') + hostile_text();
    message.note = message.details;
    Lines lines = body(message, {}, Millis{0});
    lines.push_back(first(message));
    for (const std::string& line : lines) {
      CHECK(printable(line, line.size()) == line);
      CHECK(line.size() <= 4100);
    }
    CHECK(first(message).size() <= 1300);
    CHECK(lines.size() <= 11 + 13 + 8);
  }
}

}  // namespace tocsin
