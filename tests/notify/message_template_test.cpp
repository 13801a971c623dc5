// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/message_template.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

#include "notify/notify_fixture.h"
#include "notify/text.h"
#include "util/text.h"

namespace tocsin {
namespace {

using Lines = std::vector<std::string>;

const Locale kLocale;

// Filled a minute after it was decided.
Lines filled(const std::string& text, const Message& message, bool late = false,
             const Locale& locale = kLocale) {
  const ParsedTemplate parsed = MessageTemplate::parse(text);
  INFO(text);
  REQUIRE(parsed.mistakes.empty());
  const Notification notification = a_notification(message);
  return parsed.value.fill(
      {notification, message.decided_at + std::chrono::minutes{1}, late, locale});
}

std::string one(const std::string& text, const Message& message) {
  const Lines lines = filled(text, message);
  REQUIRE(lines.size() <= 1);
  return lines.empty() ? std::string() : lines.front();
}

Lines mistakes(const std::string& text) {
  ParsedTemplate parsed = MessageTemplate::parse(text);
  CHECK(parsed.value.empty() == (!parsed.mistakes.empty() || trim(text).empty()));
  return std::move(parsed.mistakes);
}

std::string mistake(const std::string& text) {
  const Lines all = mistakes(text);
  REQUIRE(all.size() == 1);
  return all.front();
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

// What each placeholder is, but for `body` and `labels.KEY`.
using Values = std::map<std::string, std::string>;

Values values_of(const Message& message) {
  Values out;
  for (const PlaceholderRow& row : placeholders()) {
    if (row.name == "body") continue;
    out[std::string(row.name)] = one("{" + std::string(row.name) + "}", message);
  }
  return out;
}

const Values kOfDown{
    {"decided_at", "2026-01-02 03:04:05 UTC"},
    {"description", "the web shop"},
    {"details", ""},
    {"duration", "1 min 15 s"},
    {"failed_probes", "3"},
    {"from", "UP"},
    {"incident", "42"},
    {"instance", "mon-1"},
    {"kind", "DOWN"},
    {"labels", "team=shop, tier=front"},
    {"late", ""},
    {"name", "web-01"},
    {"note", ""},
    {"now", "2026-01-02 03:05:05 UTC"},
    {"probes", "3 probes failed"},
    {"reason", "connection refused (127.0.0.1:8080)"},
    {"runbook", "https://wiki.example.net/shop"},
    {"since", "2026-01-02 03:03:50 UTC"},
    {"state", "DOWN"},
    {"story", "connection refused (127.0.0.1:8080)"},
    {"symbol", "🔴"},
    {"target", "127.0.0.1:8080"},
    {"thread", "web-01"},
    {"title", "🔴 DOWN web-01 — connection refused (127.0.0.1:8080)"},
    {"type", "tcp"},
    {"until", ""},
    {"worst", ""},
    {"worst_reason", ""},
};

}  // namespace

TEST_CASE("template: the names of placeholders are sorted and found", "[notify]") {
  const auto all = placeholders();
  CHECK(std::is_sorted(all.begin(), all.end(),
                       [](const auto& a, const auto& b) { return a.name < b.name; }));
  for (const PlaceholderRow& row : all) CHECK(find_placeholder(row.name) == row.placeholder);
  CHECK(find_placeholder("") == std::nullopt);
  CHECK(find_placeholder("zzz") == std::nullopt);
  CHECK(find_placeholder("label") == std::nullopt);
}

TEST_CASE("template: each placeholder's value in a DOWN", "[notify]") {
  CHECK(values_of(a_message(Kind::down)) == kOfDown);
}

TEST_CASE("template: what is another in an UP", "[notify]") {
  Values expected = kOfDown;
  for (const auto& [name, value] :
       Values{{"duration", "31 min"},
              {"from", "DOWN"},
              {"kind", "UP"},
              {"reason", "200 OK"},
              {"since", "2026-01-02 02:33:05 UTC"},
              {"state", "UP"},
              {"story", "was DOWN for 31 min: connection refused (127.0.0.1:8080)"},
              {"symbol", "✅"},
              {"title", "✅ UP web-01 — was DOWN for 31 min: connection refused (127.0.0.1:8080)"},
              {"until", "2026-01-02 03:04:05 UTC"},
              {"worst", "DOWN"},
              {"worst_reason", "connection refused (127.0.0.1:8080)"},
              {"probes", "3 probes failed"}}) {
    expected[name] = value;
  }
  CHECK(values_of(a_message(Kind::up)) == expected);
}

TEST_CASE("template: what is not known is empty", "[notify]") {
  Message message;
  message.kind = Kind::down;
  for (const auto& [name, value] : values_of(message)) {
    INFO(name);
    const bool always =
        name == "kind" || name == "symbol" || name == "title" || name == "now" || name == "thread";
    CHECK(value.empty() != always);
  }
  CHECK(filled("{body}", message).empty());
  CHECK(filled("{labels.team}", message).empty());
  message.since = WallTime{std::chrono::hours{1}};  // and the clock was set back since
  CHECK(one("{duration}", message).empty());
}

TEST_CASE("template: the lines that are built in are a placeholder, too", "[notify]") {
  const Message message = a_message(Kind::down);
  const WallTime now = message.decided_at + std::chrono::minutes{1};
  Lines expected = body_lines(message, now, std::nullopt);
  CHECK(filled("{body}", message) == expected);
  expected.insert(expected.begin(), "first");
  expected.emplace_back("last");
  CHECK(filled("first\n{body}\nlast", message) == expected);
}

TEST_CASE("template: labels are found by their keys", "[notify]") {
  Message message = a_message(Kind::down);
  message.labels.emplace_back("data center", "fra 1");
  message.labels.emplace_back("a|b", "never reached");
  CHECK(one("{labels.team}/{labels.tier}", message) == "shop/front");
  CHECK(one("{labels.data center}", message) == "fra 1");
  CHECK(one("{ labels.team }", message) == "shop");
  CHECK(one("[{labels.owner}{labels.team}]", message) == "[shop]");
  CHECK(one("{labels.owner|nobody}", message) == "nobody");
  CHECK(one("{labels.owner| nobody at all }", message) == " nobody at all ");
  CHECK(one("{labels.team|nobody}", message) == "shop");
  CHECK(one("{labels.a|b}", message) == "b");
  CHECK(one("{incident|none}", message) == "42");
}

TEST_CASE("template: a line is left out when all its placeholders are empty", "[notify]") {
  Message message = a_message(Kind::down);
  CHECK(filled("a\nowner: {labels.owner}\nb", message) == Lines{"a", "b"});
  CHECK(filled("owner: {labels.owner}, team: {labels.team}", message) ==
        Lines{"owner: , team: shop"});
  CHECK(filled("owner: {labels.owner|}", message).empty());
  CHECK(filled("owner: {labels.owner|-}", message) == Lines{"owner: -"});
  CHECK(filled("\n\n  \nno placeholders\n\n", message) == Lines{"no placeholders"});
  CHECK(filled("{late}", message).empty());
  CHECK(filled("!! {late}", message, true) == Lines{"!! delivered 1 min late"});
}

TEST_CASE("template: braces are written twice", "[notify]") {
  const Message message = a_message(Kind::down);
  CHECK(one("{{", message) == "{");
  CHECK(one("}}", message) == "}");
  CHECK(one("{{name}}", message) == "{name}");
  CHECK(one("{{{name}}}", message) == "{web-01}");
  CHECK(one("{{\"check\": \"{name}\"}}", message) == "{\"check\": \"web-01\"}");
}

TEST_CASE("template: details are as many lines as they have", "[notify]") {
  Message message = a_message(Kind::info);
  message.details = "one\n\ntwo\x1b[0m\r\nthree";
  CHECK(filled("{details}", message) == Lines{"one", "two [0m", "three"});
  CHECK(filled("log: {details}.\nend", message) == Lines{"log: one", "two [0m", "three.", "end"});
}

TEST_CASE("template: language and zone are those of the notifier", "[notify]") {
  Locale locale;
  locale.language = find_language("de");
  locale.time_zone = TimeZone::find("Europe/Berlin").value();
  CHECK(filled("{since}, {probes}, {story}, {late}", a_message(Kind::up), true, locale) ==
        Lines{"02.01.2026 03:33:05 CET, 3 Prüfungen fehlgeschlagen, war 31 min lang DOWN: "
              "connection refused (127.0.0.1:8080), 1 min verspätet zugestellt"});
}

TEST_CASE("template: a note has as many lines as it has", "[notify]") {
  Message message = a_message(Kind::down);
  message.note = "not acknowledged for 10 min\nwith it unreachable: a, b";
  CHECK(filled("because {note}\n{name}", message) ==
        Lines{"because not acknowledged for 10 min", "with it unreachable: a, b", "web-01"});
  message.note.clear();
  CHECK(filled("because {note}\n{name}", message) == Lines{"web-01"});
}

TEST_CASE("template: a value is a text, whatever braces it has", "[notify]") {
  Message message = a_message(Kind::down);
  message.reason = "{name} {{x}} {labels.team} }";
  message.labels = {{"team", "{reason}"}};
  CHECK(one("{reason} / {labels.team} / {name}", message) ==
        "{name} {{x}} {labels.team} } / {reason} / web-01");
}

TEST_CASE("template: hostile values stay on their line, printable and bounded", "[notify]") {
  for (const Kind kind : kKinds) {
    INFO(to_string(kind));
    const std::string hostile = hostile_text() + std::string(1 << 18, 'x');
    Message message = hostile_message(kind, hostile);
    message.check = message.type = hostile;
    message.details = message.note = hostile + repeated("\n" + hostile_text(), 50);
    for (const PlaceholderRow& row : placeholders()) {
      INFO(row.name);
      const bool many = row.name == "body" || row.name == "details" || row.name == "note";
      const Lines lines = filled("<{" + std::string(row.name) + "}>", message, true);
      CHECK(lines.size() <= (many ? 40 : 1));
      for (const std::string& line : lines) {
        CHECK(printable(line, line.size()) == line);
        CHECK(line.size() <= MessageTemplate::kMostLineBytes);
      }
    }
  }
}

TEST_CASE("template: what comes out is bounded in lines and in each line", "[notify]") {
  Message message = a_message(Kind::down);
  message.reason = repeated("漢", 5000);
  const Lines wide = filled(repeated("{reason}", 100), message);
  REQUIRE(wide.size() == 1);
  CHECK(wide[0].size() <= MessageTemplate::kMostLineBytes);
  CHECK(is_valid_utf8(wide[0]));
  CHECK(wide[0].ends_with("…"));
  message.details = repeated("line\n", 13);
  const Lines many = filled(repeated("{details}\n", 100), message);
  CHECK(many.size() == MessageTemplate::kMostLines);
}

TEST_CASE("template: its own text is made fit, blanks stay as they were meant", "[notify]") {
  const Message message = a_message(Kind::down);
  CHECK(one("a  b   {name}", message) == "a  b   web-01");
  CHECK(one("  - {name}", message) == "  - web-01");
  CHECK(one("a\tb\x1b[31m\xff {name}", message) == "a b [31m\xEF\xBF\xBD web-01");
  CHECK(filled("a\r\n{name}\r\n", message) == Lines{"a", "web-01"});
}

TEST_CASE("template: each mistake is told, with what to write", "[notify]") {
  CHECK(mistake("{nam}") == "unknown placeholder {nam}; did you mean {name}?");
  CHECK(mistake("{Name}") == "unknown placeholder {Name}; did you mean {name}?");
  CHECK(mistake("{label.team}") == "unknown placeholder {label.team}; did you mean {labels.team}?");
  CHECK(mistake("{lables.team|x}") ==
        "unknown placeholder {lables.team}; did you mean {labels.team}?");
  CHECK(mistake("{xyzzyxyzzy}") ==
        "unknown placeholder {xyzzyxyzzy}; known are body, decided_at, description, details, "
        "duration, failed_probes, from, incident, instance, kind, labels, late, name, note, now, "
        "probes, reason, runbook, since, state, story, symbol, target, thread, title, type, until, "
        "worst, worst_reason, labels.KEY");
  CHECK(mistake("{labels.}") == "{labels.} names no label; {labels} are all of them");
  CHECK(mistake("{}") == "empty braces; a brace itself is written {{ or }}");
  CHECK(mistake("{|x}") == "empty braces; a brace itself is written {{ or }}");
  CHECK(mistake("{name") == "the brace of \"{name\" is not closed; a brace itself is written {{");
  CHECK(mistake("a { b") == "the brace of \"{ b\" is not closed; a brace itself is written {{");
  CHECK(mistake("{") == "the brace of \"{\" is not closed; a brace itself is written {{");
  CHECK(mistake("{state {name}") ==
        "the brace of \"{state\" is not closed; a brace itself is written {{");
  CHECK(mistake("a } b") == "a } without its {; a brace itself is written }}");
  CHECK(mistake("{name}}") == "a } without its {; a brace itself is written }}");
}

TEST_CASE("template: of several lines, a mistake names its own; all are told", "[notify]") {
  CHECK(mistakes("{name}\n{nam}\n{reason\n}") ==
        Lines{"line 2 of it: unknown placeholder {nam}; did you mean {name}?",
              "line 3 of it: the brace of \"{reason\" is not closed; a brace itself is written {{",
              "line 4 of it: a } without its {; a brace itself is written }}"});
  CHECK(mistake("{nam}\n") == "unknown placeholder {nam}; did you mean {name}?");
  CHECK(mistakes(repeated("}x", 1000)).size() == 10);
}

TEST_CASE("template: too long and too many are refused", "[notify]") {
  CHECK(mistakes(repeated("x", MessageTemplate::kMostBytes)).empty());
  CHECK(mistake(repeated("x", MessageTemplate::kMostBytes + 1)) ==
        "a template has at most 8000 bytes");
  CHECK(mistakes(repeated("{name}", MessageTemplate::kMostParts)).empty());
  CHECK(mistake(repeated("{name}", MessageTemplate::kMostParts + 1)) ==
        "a template has at most 100 placeholders");
}

TEST_CASE("template: a mistake quotes no control character and not much", "[notify]") {
  const std::string text = mistake("{" + std::string(1000, 'x') + "\x1b[31m}");
  CHECK(printable(text, text.size()) == text);
  CHECK(text.size() < 500);
}

TEST_CASE("template: nothing is nothing", "[notify]") {
  CHECK(MessageTemplate().empty());
  CHECK(MessageTemplate::parse("").value.empty());
  CHECK(MessageTemplate::parse("").mistakes.empty());
  CHECK(MessageTemplate::parse("\n\n").value.empty());
}

}  // namespace tocsin
