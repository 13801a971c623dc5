// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// The commands that need no daemon, as a shell sees them: what is printed, where, and the exit
// code.
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "e2e/daemon.h"
#include "e2e/targets.h"

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

TEST_CASE("cli: test-notify sends one message, or says why not", "[e2e]") {
  ConfigFile file(
      "notifiers:\n  - name: terminal\n    console: {}\n  - name: nowhere\n    google_chat: "
      "{webhook_url: "
      "'http://127.0.0.1:1/v1/spaces/AAA/messages?key=k&token=sesame'}\n"
      "checks:\n  - {name: a, tcp: '127.0.0.1:1', notify: [terminal, nowhere]}\n");
  const Ran sent = tocsin_program({"test-notify", "terminal", "--config", file.path()});
  CHECK(sent.status == 0);
  CHECK_THAT(sent.out, Contains("TEST") && Contains("sent to terminal"));
  const Ran refused = tocsin_program({"test-notify", "nowhere", "--config", file.path()});
  CHECK(refused.status == 1);
  CHECK_THAT(refused.err, Contains("connection refused") && !Contains("sesame"));
  CHECK(tocsin_program({"test-notify", "terminl", "--config", file.path()}).status == 1);
}

TEST_CASE("cli: what is shipped is valid", "[e2e]") {
  const std::filesystem::path etc = std::filesystem::path(TOCSIN_SOURCE_DIR) / "etc";
  CHECK(tocsin_program({"check-config", "--no-secrets", "--config", (etc / "tocsin.yaml").string()})
            .status == 0);
  CHECK(tocsin_program({"check-config", "--config", (etc / "demo.yaml").string()}).status == 0);
  for (const auto& entry : std::filesystem::directory_iterator(etc / "examples")) {
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
