// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// The commands that need no daemon, as a shell sees them: what is printed, where, and the exit
// code.
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "e2e/daemon.h"
#include "e2e/targets.h"
#include "support/chat_stand_in.h"
#include "support/temp_dir.h"

using namespace tocsin;
using Catch::Matchers::Contains;

namespace {

Ran tocsin_program(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), Daemon::binary());
  return run_program(arguments);
}

struct ConfigFile {
  explicit ConfigFile(const std::string& yaml) { daemon.configure(yaml); }
  std::string path() const { return (daemon.dir() / "tocsin.yaml").string(); }
  Daemon daemon;  // never started: its directory is what is wanted
};

const std::string kNotifiers = "notifiers: [{name: terminal, console: {}}]\n";

}  // namespace

TEST_CASE("cli: wrong usage exits 64, help and version exit 0", "[e2e]") {
  CHECK(tocsin_program({}).status == 64);
  CHECK(tocsin_program({"frobnicate"}).status == 64);
  CHECK(tocsin_program({"run", "--frobnicate"}).status == 64);
  CHECK(tocsin_program({"probe"}).status == 64);
  CHECK(tocsin_program({"test-notify"}).status == 64);
  const Ran help = tocsin_program({"--help"});
  CHECK(help.status == 0);
  CHECK_THAT(help.out, Contains("check-config") && Contains("probe"));
  const Ran version = tocsin_program({"--version"});
  CHECK(version.status == 0);
  CHECK_THAT(version.out, Contains("tocsin 0."));
  CHECK(tocsin_program({"probe", "--help"}).status == 0);
}

TEST_CASE("cli: check-config prints every error with its place and exits 1", "[e2e]") {
  ConfigFile file(
      kNotifiers +
      "checks:\n  - name: a\n    htpp: http://127.0.0.1/\n  - name: b\n    tcp: nonsense\n");
  const Ran ran = tocsin_program({"check-config", "--config", file.path()});
  CHECK(ran.status == 1);
  CHECK(ran.out.empty());
  CHECK_THAT(ran.err, Contains("tocsin.yaml:7:5: error: ") && Contains("did you mean \"http\"?") &&
                          Contains("tocsin.yaml:9:"));
}

TEST_CASE("cli: options stand before or after the command", "[e2e]") {
  ConfigFile file(kNotifiers + "checks:\n  - {name: a, tcp: '127.0.0.1:1'}\n");
  CHECK(tocsin_program({"--config", file.path(), "check-config"}).status == 0);
  CHECK(tocsin_program({"check-config", "--config", file.path()}).status == 0);
}

TEST_CASE("cli: a secret is neither printed nor needed with --no-secrets", "[e2e]") {
  ConfigFile file(
      "notifiers:\n  - name: ops\n    google_chat: {webhook_url: \"${env:TOCSIN_TEST_HOOK}\"}\n"
      "checks:\n  - {name: a, tcp: '127.0.0.1:1'}\n");
  const Ran unset = tocsin_program({"check-config", "--config", file.path()});
  CHECK(unset.status == 1);
  CHECK_THAT(unset.err, Contains("TOCSIN_TEST_HOOK"));
  CHECK(tocsin_program({"check-config", "--no-secrets", "--config", file.path()}).status == 0);
  const std::vector<std::string> print{Daemon::binary(), "check-config", "--print", "--config",
                                       file.path()};
  const Ran shown = run_program(
      print,
      {"TOCSIN_TEST_HOOK=https://chat.googleapis.com/v1/spaces/AAA/messages?key=k&token=sesame"});
  CHECK(shown.status == 0);
  CHECK_THAT(shown.out, Contains("name: a") && Contains("interval: 30s") && !Contains("sesame"));
}

TEST_CASE("cli: probe exits as a Nagios plugin and shows why", "[e2e]") {
  WebTarget target;
  ConfigFile file(
      kNotifiers + "checks:\n  - name: good\n    http: " + target.url() +
      "\n  - name: slow\n    http: {url: '" + target.url() +
      "', expect: {response_time: 1ms, status: 200}}\n  - name: bad\n    http: {url: '" +
      target.url() +
      "', expect: {status: 418}}\n  - name: none\n    process: no-such-process-anywhere\n");
  const Ran good = tocsin_program({"probe", "good", "--config", file.path()});
  CHECK(good.status == 0);
  CHECK_THAT(good.out, Contains("UP  good") && Contains("connect") && Contains("first byte") &&
                           Contains("total"));
  const Ran bad = tocsin_program({"probe", "bad", "good", "--config", file.path()});
  CHECK(bad.status == 2);
  CHECK_THAT(bad.out,
             Contains("DOWN  bad") && Contains("418 expected") && Contains(target.address()));
  const Ran missing = tocsin_program({"probe", "god", "--config", file.path()});
  CHECK(missing.status == 3);
  CHECK_THAT(missing.err, Contains("did you mean \"good\"?"));
  const Ran all = tocsin_program({"probe", "--all", "--config", file.path()});
  CHECK(all.status == 2);
  CHECK_THAT(all.out, Contains("4 checks: "));
  CHECK(all.out.find("bad") < all.out.find("good"));
  CHECK(all.out.find('\x1b') == std::string::npos);
}

namespace {

const std::string kOneCheck = "checks:\n  - {name: a, tcp: '127.0.0.1:1'}\n";

std::string chat_notifier(const std::string& url) {
  return "notifiers:\n  - name: ops\n    google_chat: {webhook_url: '" + url + "'}\n";
}

std::size_t count(const std::string& text, const std::string& piece) {
  std::size_t found = 0;
  for (auto at = text.find(piece); at != text.npos; at = text.find(piece, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("cli: test-notify sends DOWN, REMINDER and UP, and shows what was said", "[e2e]") {
  ConfigFile file(kNotifiers + kOneCheck);
  const Ran sent = tocsin_program({"test-notify", "terminal", "--config", file.path()});
  CHECK(sent.status == 0);
  CHECK(sent.err.empty());
  CHECK_THAT(sent.out,
             Contains("terminal (console, standard output)") &&
                 Contains("  🔴 DOWN tocsin/test — this is a test; nothing is down\n") &&
                 Contains("  🔁 REMINDER tocsin/test — still DOWN: this is a test; nothing is "
                          "down\n") &&
                 Contains("  ✅ UP tocsin/test — was DOWN for 30 s: this is a test; nothing was "
                          "down\n") &&
                 Contains("sent to terminal: DOWN, REMINDER, UP"));
  const auto down = sent.out.find("\nDOWN\n");
  const auto reminder = sent.out.find("\nREMINDER\n");
  const auto up = sent.out.find("\nUP\n");
  CHECK(down < reminder);
  CHECK(reminder < up);
  CHECK(up != std::string::npos);
}

TEST_CASE("cli: test-notify shows one message alone, by the notifier's own template", "[e2e]") {
  ConfigFile file(
      "notifiers:\n  - name: terminal\n    console: {language: de, template: {title: '{name} is "
      "{state}', text: '{target}'}}\n" +
      kOneCheck);
  const Ran sent =
      tocsin_program({"test-notify", "terminal", "--only", "up", "--config", file.path()});
  CHECK(sent.status == 0);
  CHECK_THAT(sent.out, Contains("\nUP\n") && !Contains("\nDOWN\n") && !Contains("\nREMINDER\n") &&
                           Contains("  tocsin/test is UP\n") &&
                           Contains("  dies ist ein Test; es ist nichts passiert\n"));
  CHECK(tocsin_program({"test-notify", "terminal", "--only", "sideways"}).status == 64);
}

TEST_CASE("cli: test-notify lands in one thread, in order, and shows no secret", "[e2e]") {
  ChatStandIn chat;
  ConfigFile file(chat_notifier(chat.webhook_url()) + kOneCheck);
  const Ran sent = tocsin_program({"test-notify", "ops", "--config", file.path()});
  CHECK(sent.err.empty());
  CHECK(sent.status == 0);
  const ChatStandIn::Seen seen = chat.seen();
  CHECK(seen.invalid() == 0);
  CHECK(seen.requests == 3);
  const auto texts = seen.texts("tocsin/test");
  REQUIRE(texts.size() == 3);
  CHECK_THAT(texts[0], Contains("DOWN tocsin/test") && Contains("this is a test"));
  CHECK_THAT(texts[1], Contains("REMINDER tocsin/test") && Contains("this is a test"));
  CHECK_THAT(texts[2], Contains("UP tocsin/test") && Contains("this is a test"));
  const auto threads = seen.threads("tocsin/test");
  REQUIRE(threads.size() == 1);
  CHECK_THAT(sent.out, Contains("thread " + threads[0]) && Contains(", message spaces/"));
  const std::string query = chat.webhook_url().substr(chat.webhook_url().find("key="));
  const std::string token = query.substr(query.find("token=") + 6);
  CHECK(sent.out.find(token) == std::string::npos);
}

TEST_CASE("cli: test-notify says why nothing was sent, and what the daemon would do", "[e2e]") {
  ConfigFile file(chat_notifier("http://127.0.0.1:1/v1/spaces/AAA/messages?key=k&token=sesame") +
                  kOneCheck);
  const Ran refused = tocsin_program({"test-notify", "ops", "--config", file.path()});
  CHECK(refused.status == 1);
  CHECK_THAT(refused.err, Contains("tocsin: DOWN: not sent to ops (spaces/AAA): ") &&
                              Contains("connection refused") &&
                              Contains("the daemon would try again later") && !Contains("sesame"));
  CHECK_THAT(refused.out, Contains("ops: failed") && !Contains("sent") && !Contains("REMINDER") &&
                              !Contains("sesame"));
  const Ran typo = tocsin_program({"test-notify", "op", "--config", file.path()});
  CHECK(typo.status == 1);
  CHECK_THAT(typo.err, Contains("no notifier is named \"op\"; did you mean \"ops\"?"));
}

TEST_CASE("cli: test-notify ends what it began, whatever fails in between", "[e2e]") {
  ChatStandIn chat;
  chat.script(ChatStep::slow(Millis{1}));
  chat.script(ChatStep::error(403));
  ConfigFile file(chat_notifier(chat.webhook_url()) + kOneCheck);
  const Ran ran = tocsin_program({"test-notify", "ops", "--config", file.path()});
  CHECK(ran.status == 1);
  CHECK_THAT(ran.err,
             Contains("tocsin: REMINDER: not sent to ops") && Contains("becomes a dead letter"));
  CHECK_THAT(ran.out, Contains("ops: failed; sent: DOWN, UP"));
  CHECK(chat.seen().texts("tocsin/test").size() == 2);
}

TEST_CASE("cli: test-notify --all tells every notifier, two of one space at its pace", "[e2e]") {
  ChatStandIn chat;
  const std::string url = chat.webhook_url();
  ConfigFile file("notifiers:\n  - {name: ops, google_chat: '" + url +
                  "'}\n  - {name: dev, google_chat: '" + url +
                  "'}\n  - {name: terminal, console: {}}\ndefaults: {notify: [ops]}\n" + kOneCheck);
  const Ran ran =
      tocsin_program({"test-notify", "--all", "--only", "down", "--config", file.path()});
  CHECK(ran.status == 0);
  CHECK(ran.err.empty());
  CHECK_THAT(ran.out, Contains("3 notifiers: 3 sent, 0 failed"));
  CHECK(count(ran.out, "\nsent to ") == 3);
  CHECK(chat.seen().texts("tocsin/test").size() == 2);
  CHECK(tocsin_program({"test-notify", "ops", "--all", "--config", file.path()}).status == 64);
}

TEST_CASE("cli: what is shipped is valid", "[e2e]") {
  const std::filesystem::path etc = std::filesystem::path(TOCSIN_SOURCE_DIR) / "etc";
  CHECK(tocsin_program({"check-config", "--no-secrets", "--config", (etc / "tocsin.yaml").string()})
            .status == 0);
  CHECK(tocsin_program({"check-config", "--config", (etc / "demo.yaml").string()}).status == 0);
  for (const auto& entry : std::filesystem::directory_iterator(etc / "examples")) {
    if (entry.path().extension() != ".yaml") continue;
    CAPTURE(entry.path());
    const Ran ran =
        tocsin_program({"check-config", "--no-secrets", "--config", entry.path().string()});
    CHECK(ran.status == 0);
    // What an example names need not be there: that is a warning, and nothing else is said.
    std::istringstream lines(ran.err);
    for (std::string line; std::getline(lines, line);) {
      CHECK_THAT(line, Contains(": warning: ") &&
                           (Contains("cannot be read now") || Contains("no such program here")));
    }
  }
}

TEST_CASE("cli: route needs no daemon, and names the nearest check", "[e2e]") {
  ConfigFile file(kNotifiers + "checks:\n  - {name: web-01, tcp: '127.0.0.1:1'}\n");
  const auto route = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"route", "--config", file.path()});
    return tocsin_program(std::move(words));
  };
  const Ran ran = route({"web-01", "--at", "2026-11-21T22:30:00+01:00"});
  CHECK(ran.status == 0);
  CHECK_THAT(ran.out, Contains("web-01 at 2026-11-21 21:30:00 UTC, critical\n") &&
                          Contains("DOWN      terminal (defaults)\n"));
  const Ran none = route({"web-1"});
  CHECK(none.status == 1);
  CHECK(none.err == "tocsin: no check is named \"web-1\"; did you mean \"web-01\"?\n");
  const Ran when = route({"web-01", "--at", "tomorrow"});
  CHECK(when.status == 1);
  CHECK_THAT(when.err, Contains("--at takes a time such as 2026-11-21T22:30:00Z; got"));
  CHECK(route({}).status == 64);
}

TEST_CASE("cli: silence and maintenance refuse what they cannot mean", "[e2e]") {
  ConfigFile file(kNotifiers + "checks:\n  - {name: web-01, tcp: '127.0.0.1:1'}\n");
  for (const char* word : {"silence", "maintenance"}) {
    const auto run = [&](std::vector<std::string> words) {
      words.insert(words.begin(), {word, "--config", file.path()});
      return tocsin_program(std::move(words));
    };
    CHECK(run({}).status == 64);
    CHECK(run({"web-*"}).status == 64);
    CHECK(run({"web-*", "1h", "--list"}).status == 64);
    CHECK(run({"--list", "--end", "7"}).status == 64);
    CHECK(run({"--end", "0"}).status == 64);
    const Ran time = run({"web-*", "soon"});
    CHECK(time.status == 1);
    CHECK(time.err == "tocsin: DURATION is a time such as 30m, 2h or 1d; got \"soon\"\n");
    const Ran label = run({"web-*", "1h", "--label", "team"});
    CHECK(label.status == 1);
    CHECK(label.err == "tocsin: --label takes KEY=VALUE, each key once; got \"team\"\n");
  }
  CHECK(tocsin_program({"why"}).status == 64);
}

TEST_CASE("cli: replay prints what would have been told, and whom", "[e2e]") {
  const TempDir dir;
  const std::string config = (dir.path() / "tocsin.yaml").string();
  std::ofstream(config) << "state_dir: " << dir.path().string() << R"(
notifiers: [{name: ops, console: {}}]
checks:
  - {name: web-01, tcp: "127.0.0.1:1"}
  - {name: web-02, tcp: "127.0.0.1:2"}
)";
  const std::string results = std::string(TOCSIN_SOURCE_DIR) + "/etc/examples/replay-results.jsonl";
  Ran ran = tocsin_program({"replay", results, "--config", config});
  CHECK(ran.status == 0);
  CHECK(ran.err.empty());
  CHECK_THAT(ran.out, Contains("2026-11-20 12:00:48 UTC [ops] web-01: 🔴 DOWN web-01 — answered "
                               "502 Bad Gateway\n"));
  CHECK_THAT(ran.out, Contains("\n  [ops] 5 messages, 3 pages among them, "));
  ran = tocsin_program({"replay", results, "--set", "down_after=10", "--config", config});
  CHECK(ran.status == 0);
  CHECK_THAT(ran.out, !Contains("web-01"));
  ran = tocsin_program({"replay", results, "--set", "down_after=0", "--config", config});
  CHECK(ran.status == 1);
  CHECK(ran.err == "tocsin: --set down_after takes a number from 1 to 1000; got \"0\"\n");
  // Without a file: what the daemon recorded, which there is none of.
  ran = tocsin_program({"replay", "--config", config});
  CHECK(ran.status == 1);
  CHECK_THAT(ran.err, Contains("/results.jsonl: error: cannot be read: No such file or directory"));
}
