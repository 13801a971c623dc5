// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/wording.h"

#include <algorithm>
#include <array>
#include <asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/load.h"
#include "net/http_client.h"
#include "net/resolver.h"
#include "net/workers.h"
#include "notify/notify_fixture.h"
#include "notify/registry.h"
#include "notify/text.h"
#include "probe/registry.h"
#include "support/fake_clock.h"
#include "support/temp_dir.h"
#include "util/text.h"

namespace tocsin {
namespace {

using Lines = std::vector<std::string>;

// A notifier that has nothing but its words.
class Worded final : public Notifier {
 public:
  explicit Worded(Wording its) : wording(std::move(its)) {}
  asio::awaitable<Outcome> send(const Delivery&) const override { co_return Outcome{}; }
  Pace pace() const override { return {"worded"}; }
  std::string sink() const override { return "nowhere"; }

  Wording wording;
};

std::shared_ptr<const Notifier> parse_worded(Settings& settings) {
  return std::make_shared<Worded>(parse_wording(settings));
}

constexpr std::array kTypes{NotifierType{"worded", "", "words alone", parse_worded}};

Loaded loaded(const std::string& settings, bool resolve_secrets = true) {
  const TempDir folder;
  const auto file = folder.write("t.yaml", "notifiers:\n  - name: it\n    worded: " + settings +
                                               "\nchecks:\n  - {name: c, tcp: \"127.0.0.1:1\"}\n");
  Loaded out =
      load_config(file, check_types(), kTypes, LoadOptions{.resolve_secrets = resolve_secrets});
  return out;
}

// Without the file's name.
std::string problems(const std::string& settings, bool resolve_secrets = true) {
  std::string out;
  for (const Problem& problem : loaded(settings, resolve_secrets).problems) {
    const std::string text = problem.text();
    out += text.substr(text.find("t.yaml:") + 7) + "\n";
  }
  return out;
}

Wording wording(const std::string& settings) {
  INFO(problems(settings));
  const Loaded all = loaded(settings);
  REQUIRE(all.config);
  return dynamic_cast<const Worded&>(*all.config->notifiers.front().notifier).wording;
}

// The clock stands at the time of a_message.
struct Desk {
  asio::io_context loop{1};
  Resolver resolver{loop};
  HttpClient http{loop, resolver};
  Workers workers{loop};
  FakeClock clock;

  Words words(const Message& message, const Wording& its, bool late = false) {
    const Notification notification = a_notification(message);
    Words said;
    Delivery delivery{notification, http, resolver, workers, clock, {}, {}, late, &said};
    const Words out = words_of(delivery, its);
    CHECK(said.title == out.title);
    CHECK(said.lines == out.lines);
    CHECK(said.link == out.link);
    return out;
  }
};

Words words(const Message& message, const std::string& settings, bool late = false) {
  return Desk().words(message, wording(settings), late);
}

Lines lines(const Message& message, const std::string& settings, bool late = false) {
  return words(message, settings, late).lines;
}

}  // namespace

TEST_CASE("wording: without a template, words are those of text.h", "[notify]") {
  for (const Kind kind : kKinds) {
    INFO(to_string(kind));
    const Message message = a_message(kind);
    const Words got = words(message, "{}");
    CHECK(got.title == first_line(message));
    CHECK(got.lines == body_lines(message, message.decided_at, std::nullopt));
    CHECK(got.link == "https://wiki.example.net/shop");
  }
  Message message = a_message(Kind::down);
  message.runbook = "see the wiki";
  CHECK(words(message, "{}").link.empty());
  message.runbook = "javascript:alert(1)";
  CHECK(words(message, "{}").link.empty());
  message.runbook = "https://wiki.example.net/a\nb";
  CHECK(words(message, "{}").link.empty());
}

TEST_CASE("wording: title and text are changed apart and together", "[notify]") {
  const Message message = a_message(Kind::down);
  const Words both = words(
      message,
      "{template: {title: \"{state} {name}: {reason}\", text: \"{reason}\\n{labels.team}\"}}");
  CHECK(both.title == "DOWN web-01: connection refused (127.0.0.1:8080)");
  CHECK(both.lines == Lines{"connection refused (127.0.0.1:8080)", "shop"});
  CHECK(both.link == "https://wiki.example.net/shop");
  const Words title = words(message, "{template: {title: \"{name}\"}}");
  CHECK(title.title == "web-01");
  CHECK(title.lines == body_lines(message, message.decided_at, std::nullopt));
  const Words text = words(message, "{template: {text: \"{name}\"}}");
  CHECK(text.title == first_line(message));
  CHECK(text.lines == Lines{"web-01"});
  CHECK(joined(text) == first_line(message) + "\nweb-01");
}

TEST_CASE("wording: a lone text is that of the lines below the title", "[notify]") {
  const Words got = words(a_message(Kind::down), "{template: \"{labels.team}\"}");
  CHECK(got.title == first_line(a_message(Kind::down)));
  CHECK(got.lines == Lines{"shop"});
}

TEST_CASE("wording: a kind of message has words of its own, else those of all", "[notify]") {
  const std::string settings =
      "{template: {title: \"{kind} {name}\", text: \"{reason}\", up: {title: \"{name} is back\"}, "
      "reminder: \"still, for {duration}\"}}";
  CHECK(words(a_message(Kind::up), settings).title == "web-01 is back");
  CHECK(lines(a_message(Kind::up), settings) == Lines{"200 OK"});
  CHECK(words(a_message(Kind::reminder), settings).title == "REMINDER web-01");
  CHECK(lines(a_message(Kind::reminder), settings) == Lines{"still, for 15 s"});
  CHECK(words(a_message(Kind::over), settings).title == "UP web-01 (was DOWN)");
  CHECK(words(a_message(Kind::info), "{template: {info: {title: \"news: {reason}\"}}}").title ==
        "news: connection refused (127.0.0.1:8080)");
  CHECK(words(a_message(Kind::down), "{template: {up: {title: x}}}").title ==
        first_line(a_message(Kind::down)));
}

TEST_CASE("wording: what was over before it was told names both states in its title", "[notify]") {
  const Message message = a_message(Kind::over);
  CHECK(words(message, "{template: {title: \"{name}: {state}\"}}").title ==
        "web-01: UP (was DOWN)");
  CHECK(words(message, "{language: de, template: {title: \"{name}\"}}").title ==
        "web-01 (war DOWN)");
  CHECK(words(message, "{template: {title: \"{name} was {worst}\"}}").title == "web-01 was DOWN");
}

TEST_CASE("wording: what flaps has words of its own, else those of all", "[notify]") {
  Message message = a_message(Kind::flapping);
  message.reason = "changes too often: 6 changes in 14 min";
  const std::string own =
      "{template: {text: mine, flapping: {title: \"{kind} {name}\", text: \"now {state}: "
      "{reason}\"}}}";
  CHECK(words(message, own).title == "FLAPPING web-01");
  CHECK(lines(message, own) == Lines{"now DOWN: changes too often: 6 changes in 14 min"});
  CHECK(lines(a_message(Kind::down), own) == Lines{"mine"});
  CHECK(lines(message, "{template: {text: mine}}") == Lines{"mine"});
}

TEST_CASE("wording: the note is said beneath the title, whatever the template leaves out",
          "[notify]") {
  Message message = a_message(Kind::down);
  message.note = "not acknowledged for 10 min\nwith it unreachable: a, b";
  CHECK(lines(message, "{template: {text: \"{name}\"}}") ==
        Lines{"not acknowledged for 10 min", "with it unreachable: a, b", "web-01"});
  CHECK(lines(message, "{template: {text: \"{name}\\n{note}\"}}") ==
        Lines{"web-01", "not acknowledged for 10 min", "with it unreachable: a, b"});
  CHECK(lines(message, "{template: {title: \"{name}: {note}\", text: \"{name}\"}}") ==
        Lines{"web-01"});
  CHECK(lines(message, "{template: {title: \"{name}\"}}") ==
        body_lines(message, message.decided_at, std::nullopt));
}

TEST_CASE("wording: what is not about a check is told as built in", "[notify]") {
  const std::string settings = "{template: {title: mine, text: mine}}";
  for (const Kind kind : kKinds) {
    INFO(to_string(kind));
    const Message message = a_message(kind);
    const bool about_a_check = !message.check.empty();
    CHECK(words(message, settings).title.starts_with("mine") == about_a_check);
    CHECK((lines(message, settings) == Lines{"mine"}) == about_a_check);
  }
  Message posted = a_message(Kind::info);
  posted.check.clear();
  CHECK(words(posted, settings).title == first_line(posted));
}

TEST_CASE("wording: a title that comes out empty is the one built in", "[notify]") {
  CHECK(words(a_message(Kind::down), "{template: {title: \"{labels.owner}\"}}").title ==
        first_line(a_message(Kind::down)));
}

TEST_CASE("wording: a title is one line within its bound, whatever is in it", "[notify]") {
  Message message = hostile_message(Kind::down, hostile_text() + std::string(9000, 'x'));
  message.details = "one\ntwo\nthree";
  CHECK(words(message, "{template: {title: \"{name}: {details}\"}}").title ==
        "web-01: one two three");
  for (const std::string text : {"{body}", "{reason}{reason}{target}", "{details} {body}"}) {
    const std::string title = words(message, "{template: {title: \"" + text + "\"}}").title;
    CHECK(printable(title, title.size()) == title);
    CHECK(title.size() <= 1300);
  }
}

TEST_CASE("wording: late and not stored is said, whatever the template leaves out", "[notify]") {
  Message message = a_message(Kind::down);
  message.durable = false;
  const std::string not_durable =
      "not durable (not stored on disk): a restart may lose or repeat this";
  CHECK(lines(message, "{template: \"{name}\"}", true) ==
        Lines{"web-01", "delivered late", not_durable});
  CHECK(lines(message, "{template: \"!! {late}\\n{name}\"}", true) ==
        Lines{"!! delivered late", "web-01", not_durable});
  const Lines all = lines(message, "{template: \"{body}\"}", true);
  CHECK(std::count(all.begin(), all.end(), "delivered late") == 1);
  CHECK(std::count(all.begin(), all.end(), not_durable) == 1);
  message.durable = true;
  CHECK(lines(message, "{template: {title: \"{late}: {name}\", text: \"{name}\"}}", true) ==
        Lines{"web-01"});
}

TEST_CASE("wording: a test says so, whatever the template leaves out", "[notify]") {
  Message message = a_message(Kind::down);
  message.type = kTestType;
  message.reason = "this is a test; nothing is down";
  CHECK(lines(message, "{template: {title: \"{name}\", text: \"{target}\"}}") ==
        Lines{"127.0.0.1:8080", "this is a test; nothing has happened"});
  CHECK(
      lines(message, "{language: de, template: {title: \"{name}\", text: \"{target}\"}}").back() ==
      "dies ist ein Test; es ist nichts passiert");
  CHECK(lines(message, "{template: \"{name}\"}") == Lines{"web-01"});  // the title says it
  CHECK(lines(message, "{template: {title: \"{name}\", text: \"{reason}\"}}") ==
        Lines{"this is a test; nothing is down"});
}

TEST_CASE("wording: language and time zone are the notifier's own", "[notify]") {
  const Words german = words(a_message(Kind::up), "{language: de, time_zone: Europe/Berlin}");
  CHECK(german.title == "✅ UP web-01 — war 31 min lang DOWN: connection refused (127.0.0.1:8080)");
  CHECK(german.lines[1] == "Dauer 31 min: 02.01.2026 03:33:05 CET bis 02.01.2026 04:04:05 CET");
  const Wording its = wording("{language: fr, time_zone: America/New_York}");
  CHECK(its.language == "fr");
  CHECK(its.time_zone == "America/New_York");
  CHECK(human_time(its, a_message(Kind::up).decided_at) == "01/01/2026 22:04:05 EST");
  CHECK(duration_text(its, std::chrono::hours{49}) == "2 j 1 h");
  CHECK(human_time(Wording{}, a_message(Kind::up).decided_at) == "2026-01-02 03:04:05 UTC");
}

TEST_CASE("wording: each mistake is told at its place", "[notify]") {
  CHECK(problems("{template: {title: \"{nam}\"}}") ==
        "3:32: error: unknown placeholder {nam}; did you mean {name}?\n");
  CHECK(problems("{template: \"{name\"}") ==
        "3:24: error: the brace of \"{name\" is not closed; a brace itself is written {{\n");
  CHECK(problems("{template: {text: \"a\", up: {text: \"}\"}}}") ==
        "3:47: error: a } without its {; a brace itself is written }}\n");
  CHECK(problems("{template: {down: \"{}\"}}") ==
        "3:31: error: empty braces; a brace itself is written {{ or }}\n");
  CHECK(problems("{template: {title: \"a\\nb\"}}") == "3:32: error: a title is a single line\n");
  CHECK(problems("\n      template:\n        text: |\n          {name}\n          {resaon}") ==
        "5:15: error: line 2 of it: unknown placeholder {resaon}; did you mean {reason}?\n");
  CHECK(problems("{template: {titl: x}}") ==
        "3:25: error: unknown key \"titl\"; did you mean \"title\"?\n");
  CHECK(problems("{template: {upp: x}}") ==
        "3:25: error: unknown key \"upp\"; did you mean \"up\"?\n");
  CHECK(problems("{template: [a]}").find("error: ") != std::string::npos);
  CHECK(problems("{time_zone: Europe/Berlni}") ==
        "3:25: error: no time zone is called \"Europe/Berlni\"; one is called Europe/Berlin\n");
  CHECK(problems("{time_zone: ../../etc/passwd}") ==
        "3:25: error: no time zone is called \"../../etc/passwd\"; one is called Europe/Berlin\n");
  CHECK(problems("{language: german}") ==
        "3:24: error: one of de, en, es, fr expected; got \"german\"\n");
  CHECK(problems("{language: eng}") ==
        "3:24: error: one of de, en, es, fr expected; got \"eng\"; did you mean \"en\"?\n");
}

TEST_CASE("wording: a secret cannot be in a template, and none is needed to look at one",
          "[notify]") {
  const TempDir folder;
  const std::string file = folder.write("s", "sesame").string();
  const std::string text = problems("{template: {title: \"${file:" + file + "}\"}}");
  CHECK(text.find("cannot be used here, since this value is shown") != std::string::npos);
  CHECK(text.find("sesame") == std::string::npos);
  CHECK(problems("{template: {title: \"${env:TOCSIN_NO_SUCH} {name}\"}}", false).empty());
}

TEST_CASE("wording: the example is valid, and shows every placeholder and language", "[notify]") {
  const auto file = std::filesystem::path(TOCSIN_SOURCE_DIR) / "etc/examples/wording.yaml";
  const Loaded all = load_config(file, check_types(), notifier_types(), {});
  for (const Problem& problem : all.problems) UNSCOPED_INFO(problem.text());
  CHECK(all.problems.empty());
  REQUIRE(all.config);
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  for (const PlaceholderRow& row : placeholders()) {
    INFO(row.name);
    CHECK(text.str().find("{" + std::string(row.name) + "}") != std::string::npos);
  }
  for (const Language* language : languages()) {
    INFO(language->code);
    CHECK(text.str().find(" " + std::string(language->code)) != std::string::npos);
  }
}

TEST_CASE("wording: a dollar and braces are braces", "[notify]") {
  CHECK(words(a_message(Kind::down), "{template: {title: \"$${{name}} {name}\"}}").title ==
        "${name} web-01");
}

}  // namespace tocsin
