// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// What is held back and told with the real binary: a dead switch, a silence by the command line,
// many checks at once; across kill -9.
#include "e2e/targets.h"
#include "e2e/town.h"

using namespace tocsin;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

constexpr Millis kLong = Town::kLong;
constexpr const char* kFast =
    "defaults: {interval: 300ms, timeout: 250ms, retry_interval: 100ms, down_after: 2, "
    "up_after: 1, flapping: 0}\n";

std::string tcp(const std::string& name, const WebTarget& target, const std::string& more = {}) {
  return "  - {name: " + name + ", tcp: '" + target.address() + "'" + more + "}\n";
}

Ran command(const Town& town, std::vector<std::string> words) {
  words.insert(words.begin(), Daemon::binary());
  words.insert(words.begin() + 2, {"--config", town.config()});
  return run_program(words);
}

}  // namespace

TEST_CASE("signal: a dead switch is one page that names what is behind it, kill -9 or not",
          "[e2e]") {
  WebTarget machine;
  WebTarget lone;
  Town town;
  town.configure(tcp("switch", machine) + tcp("a", machine, ", depends_on: [switch]") +
                 tcp("b", machine, ", depends_on: [switch]") +
                 tcp("c", lone, ", depends_on: [switch]") + kFast);
  REQUIRE(town.daemon.start());
  for (const char* name : {"switch", "a", "b", "c"}) REQUIRE(town.daemon.wait_state(name, "up"));
  machine.stop();
  lone.stop();
  for (const char* name : {"switch", "a", "b", "c"}) REQUIRE(town.daemon.wait_state(name, "down"));
  town.catch_up("mark 1");
  REQUIRE(town.told("switch").size() == 1);
  CHECK_THAT(town.told("switch")[0],
             StartsWith("🔴 DOWN switch — connection refused") &&
                 Contains("3 checks depend on it and are not told of while it is down: a, b, c"));
  town.daemon.kill9();
  REQUIRE(town.daemon.start());
  machine.go();
  for (const char* name : {"switch", "a", "b"}) REQUIRE(town.daemon.wait_state(name, "up"));
  // The one that is still down when the switch is back.
  REQUIRE(eventually([&] { return !town.told("c").empty(); }, kLong));
  CHECK_THAT(town.told("c")[0], StartsWith("🔴 DOWN c") && Contains("while switch was down"));
  lone.go();
  REQUIRE(town.daemon.wait_state("c", "up"));
  town.catch_up("mark 2");
  CHECK(town.told("switch").size() == 2);
  CHECK(town.told("c").size() == 2);
  CHECK(town.told("a").empty());
  CHECK(town.told("b").empty());
  const Ran why = command(town, {"why", "a"});
  CHECK(why.status == 0);
  CHECK_THAT(why.out, Contains("DOWN not told to ops: switch is down"));
  CHECK(town.daemon.terminate() == 0);
  // What it recorded of all this can be replayed with other settings.
  const Ran same = command(town, {"replay"});
  INFO(same.err);
  CHECK(same.status == 0);
  CHECK_THAT(same.out, Contains("DOWN switch") && Contains("DOWN c"));
  const Ran patient = command(town, {"replay", "--set", "down_after=1000"});
  CHECK_THAT(patient.out, !Contains("DOWN switch"));
}

TEST_CASE("signal: a silence holds until its end, and is not forgotten by kill -9", "[e2e]") {
  WebTarget target;
  Town town;
  town.configure(tcp("db-1", target) + kFast);
  REQUIRE(town.daemon.start());
  REQUIRE(town.daemon.wait_state("db-1", "up"));
  const Ran none = command(town, {"silence", "web-*", "1h"});
  CHECK(none.status == 1);
  const Ran begun =
      command(town, {"silence", "db-*", "1h", "--why", "moving house", "--by", "bob"});
  INFO(begun.err);
  REQUIRE(begun.status == 0);
  CHECK_THAT(begun.out, Contains("1 check"));
  target.stop();
  REQUIRE(town.daemon.wait_state("db-1", "down"));
  town.daemon.kill9();
  REQUIRE(town.daemon.start());
  const Ran list = command(town, {"silence", "--list"});
  CHECK_THAT(list.out, Contains("db-*") && Contains("bob") && Contains("moving house"));
  const Ran why = command(town, {"why", "db-1"});
  CHECK_THAT(why.out, Contains("silenced until ") && Contains("by bob: moving house"));
  town.catch_up("mark");
  CHECK(town.told("db-1").empty());
  REQUIRE(command(town, {"silence", "--end", "1"}).status == 0);
  REQUIRE(eventually([&] { return !town.told("db-1").empty(); }, kLong));
  CHECK_THAT(town.told("db-1")[0], StartsWith("🔴 DOWN db-1") &&
                                       Contains("while it was silenced (until ") &&
                                       Contains("by bob: moving house"));
  CHECK(command(town, {"silence", "--end", "1"}).status == 1);
  CHECK(town.daemon.terminate() == 0);
}

TEST_CASE("signal: many checks that fail at once are a handful of messages", "[e2e]") {
  constexpr std::size_t kChecks = 60;
  WebTarget machine;
  Town town;
  std::string checks;
  const auto name = [](std::size_t i) { return "web-" + std::to_string(100 + i); };
  for (std::size_t i = 0; i < kChecks; ++i) {
    checks += tcp(name(i), machine, ", labels: {dc: north}");
  }
  town.configure(checks + kFast);
  REQUIRE(town.daemon.start());
  for (std::size_t i = 0; i < kChecks; ++i) REQUIRE(town.daemon.wait_state(name(i), "up"));
  machine.stop();
  const auto all_named = [&] {
    std::string all;
    for (const std::string& text : town.told("tocsin/storms")) all += text;
    std::size_t named = 0;
    for (std::size_t i = 0; i < kChecks; ++i) {
      if (all.find(name(i)) != std::string::npos || !town.told(name(i)).empty()) ++named;
    }
    return named == kChecks;
  };
  REQUIRE(eventually(all_named, kLong));
  CHECK(town.chat.seen().requests <= 10);
  CHECK_FALSE(town.told("tocsin/storms").empty());
  CHECK_THAT(town.told("tocsin/storms")[0], Contains("dc=north") && Contains("connection refused"));
  CHECK(town.daemon.terminate() == 0);
}
