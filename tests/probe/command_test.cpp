// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "probe/probe_fixture.h"
#include "support/child.h"

namespace tocsin {
namespace {

// A script without a single quote, which flow style would need.
Result shell(std::string script, const std::string& more = "") {
  for (auto at = script.find('$'); at != std::string::npos; at = script.find('$', at + 2)) {
    script.insert(at, "$");  // $$ is a plain $ in a configuration
  }
  return probe("timeout: 20s, command: {command: [/bin/sh, -c, '" + script + "']" + more + "}");
}

bool notes_have(const Result& result, const std::string& text) {
  return std::any_of(result.notes.begin(), result.notes.end(),
                     [&](const std::string& note) { return note.find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("command: exit statuses 0 to 3 are the verdicts of the plugin guidelines", "[probe]") {
  const std::pair<int, Verdict> table[] = {
      {0, Verdict::up}, {1, Verdict::degraded}, {2, Verdict::down}, {3, Verdict::unknown}};
  for (const auto& [status, verdict] : table) {
    const Result result = shell("echo \"THE WORDS - of it | a=1\"; exit " + std::to_string(status));
    CHECK(result.verdict == verdict);
    CHECK(result.reason == "THE WORDS - of it");
    REQUIRE(result.metrics.size() == 1);
    CHECK(result.metrics.front().name == "a");
  }
}

TEST_CASE("command: any other exit status is down, with its number", "[probe]") {
  const Result four = shell("echo half done; exit 4");
  CHECK(four.verdict == Verdict::down);
  CHECK(four.reason == "exit status 4: half done");
  CHECK(shell("exit 255").reason == "exit status 255");
  CHECK(shell("no-such-command-here").reason ==
        "exit status 127 (a shell's word for \"no such command\"): /bin/sh: 1: "
        "no-such-command-here: not found");
}

TEST_CASE("command: one that was killed is down, with the signal's name", "[probe]") {
  const Result result = shell("echo before; kill -SEGV $$");
  CHECK(result.verdict == Verdict::down);
  CHECK(result.reason.starts_with("killed by SIGSEGV"));
  CHECK(result.reason.ends_with(": before"));
  CHECK(shell("kill -KILL $$").reason == "killed by SIGKILL");
}

TEST_CASE("command: standard error speaks where standard output is silent", "[probe]") {
  const Result silent = shell("echo oh no >&2; echo and more >&2; exit 2");
  CHECK(silent.reason == "oh no");
  CHECK(silent.details == "stderr: oh no\nand more");
  const Result both = shell("echo CRITICAL; echo long text; echo why >&2; exit 2");
  CHECK(both.reason == "CRITICAL");
  CHECK(both.details == "long text\nstderr: why");
  const Result good = shell("echo OK; echo long; echo chatter >&2");
  CHECK(good.details == "long");
  CHECK(shell("exit 2").reason == "exit status 2, without a word");
  CHECK(shell("exit 0").reason.empty());
}

TEST_CASE("command: one that is not done in time is down, and dead", "[probe]") {
  const Result result = probe(
      "timeout: 2s, command: [/bin/sh, -c, 'trap \"\" TERM; echo begun; sleep 1000 & "
      "setsid sleep 1000 & sleep 1000']");
  CHECK(result.verdict == Verdict::down);
  CHECK(result.reason == "timed out after 2 s; killed with its 3 children; it had said: begun");
  const Result alone = probe("timeout: 1s, command: [sleep, '1000']");
  CHECK(alone.reason == "timed out after 1 s; killed");
}

TEST_CASE("command: endless output is down", "[probe]") {
  const Result result = probe("timeout: 60s, interval: 60s, command: [yes]");
  CHECK(result.verdict == Verdict::down);
  CHECK(result.reason == "wrote more than 16 MiB; killed; it had said: y");
}

TEST_CASE("command: megabyte lines, binary output and none at all do no harm", "[probe]") {
  const Result line = shell("head -c 5000000 /dev/zero | tr \"\\000\" x; exit 1");
  CHECK(line.verdict == Verdict::degraded);
  CHECK(line.reason.size() < 600);
  const Result binary = shell("head -c 20000 /dev/urandom; exit 1");
  CHECK(binary.verdict == Verdict::degraded);
  CHECK(binary.details.size() <= Result::kMostDetails);
  CHECK(shell("printf \"no newline\"").reason == "no newline");
}

TEST_CASE("command: a plugin that is not there is unknown, with what to do", "[probe]") {
  const TempDir dir;
  const std::string path = dir.path();
  const Result missing = probe("command: [" + path + "/check_nothing]");
  CHECK(missing.verdict == Verdict::unknown);
  CHECK(missing.reason ==
        "there is no program " + path + "/check_nothing; install it, or correct 'command'");
  dir.write("check_mine", "#!/bin/sh\n");
  chmod((path + "/check_mine").c_str(), 0644);
  const Result closed = probe("command: [" + path + "/check_mine]");
  CHECK(closed.verdict == Verdict::unknown);
  CHECK(closed.reason.starts_with(path + "/check_mine is not executable for this user"));
}

TEST_CASE("command: slower than response_time is degraded", "[probe]") {
  const Result result = shell("sleep 0.2; echo fine", ", response_time: 100ms");
  CHECK(result.verdict == Verdict::degraded);
  CHECK(result.reason.starts_with("slow: "));
  CHECK(shell("true", ", response_time: 19s").verdict == Verdict::up);
}

TEST_CASE("command: environment, standard input and directory arrive; secrets are not shown",
          "[probe]") {
  const TempDir dir;
  const auto file = dir.write("secret", "hunter22");
  const std::string reference = "\"${file:" + file.string() + "}\"";
  const Result result =
      shell("test \"$TOKEN\" = \"$(cat)\" && test ${#TOKEN} -eq 8 && pwd",
            ", environment: {TOKEN: " + reference + "}, stdin: " + reference +
                ", directory: " + dir.path().string());
  CHECK(result.verdict == Verdict::up);
  CHECK(result.reason == std::filesystem::canonical(dir.path()).string());
  for (const std::string& note : result.notes) CHECK(note.find("hunter22") == std::string::npos);
  CHECK(notes_have(result, "environment: TOKEN="));
  CHECK(notes_have(result, "ended: exit status 0"));
}

TEST_CASE("command: a probe tells what ran and what it said", "[probe]") {
  const Result result =
      shell("echo \"WARN | t=2s;1;3 nonsense\"; echo hm >&2; (sleep 1000 >&- 2>&- &) ; exit 1");
  CHECK(notes_have(result, "command: /bin/sh -c echo"));
  CHECK(notes_have(result, "stdout: \"WARN | t=2s;1;3 nonsense\""));
  CHECK(notes_have(result, "stderr: hm"));
  CHECK(notes_have(result, "metric: t = 2s, warning outside 1, critical outside 3"));
  CHECK(notes_have(result, "not performance data: nonsense"));
  CHECK(notes_have(result, "it left a process running, ended now"));
}

TEST_CASE("command: mistakes are told where they are made", "[probe]") {
  const TempDir dir;
  const auto file = dir.write("secret", "hunter22");
  const auto told = [](const std::string& settings) {
    const std::string text = problems_of("command: " + settings);
    INFO(settings << ": " << text);
    CHECK(text.find("hunter22") == std::string::npos);
    return text;
  };
  const auto has = [](const std::string& text, const std::string& part) {
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
  };
  has(told("[/bin/true, \"${file:" + file.string() + "}\"]"),
      "error: a secret from ${file:} or ${credential:} cannot be an argument, since everybody on "
      "the machine sees arguments (ps); give it in 'environment' or 'stdin'");
  has(told("[/usr/bin/curl, 'http://me:hunter22@host/x']"),
      "error: a URL with a password in an argument; arguments show in ps");
  has(told("[/bin/true, --db-password=x]"),
      "warning: an argument looks as if it were a secret; arguments show in ps");
  has(told("'/bin/echo hello'"), "error: a list is needed, [program, argument, …]");
  has(told("[]"), "error: no program is named");
  has(told("{stdin: x}"), "error: 'command' is missing");
  has(told("[bin/true]"), "error: the program is neither an absolute path nor a name in PATH");
  has(told("['']"), "error: the program is neither an absolute path nor a name in PATH");
  has(told("[/no/such/thing]"), "warning: there is no such program here now");
  has(told("{command: [/bin/true], environment: {a-b: c}}"),
      "error: no name for a variable: \"a-b\"");
  has(told("{command: [/bin/true], directory: here}"), "error: not an absolute path");
  has(told("{command: [/bin/true], response_time: 1h}"), "error: ");
  CHECK(told("[/bin/true, 'http://host/x?a=b@c:d', --token-file=/x]").empty());
}

}  // namespace tocsin
