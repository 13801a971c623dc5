// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// What is told at calendar times, with the real binary: once an occasion, whenever the daemon dies.
#include <fstream>
#include <memory>

#include "e2e/town.h"
#include "util/duration.h"

using namespace tocsin;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

// A scheduled message at that moment.
std::string scheduled(WallTime at) {
  const std::string text = human_time(at);
  return "scheduled_messages:\n  - {name: tapes, at: '" + text.substr(0, text.size() - 4) +
         "', time_zone: UTC, text: change the tapes}\n";
}

// A daemon that runs, and has known for a second at least that something is to be told soon.
struct Occasion {
  std::unique_ptr<Town> town;
  WallTime at;
};

Occasion an_occasion() {
  for (Millis lead = 3s; lead < 200s; lead *= 3) {
    Occasion out{std::make_unique<Town>(),
                 std::chrono::ceil<std::chrono::seconds>(wall_now()) + lead};
    out.town->configure(scheduled(out.at));
    REQUIRE(out.town->daemon.start());
    if (wall_now() < out.at - 1s) return out;
  }
  FAIL("the daemon does not start in time");
  return {};
}

}  // namespace

TEST_CASE("scheduled: an occasion is told once, whenever the daemon dies around it", "[e2e]") {
  const auto [its_town, at] = an_occasion();
  Town& town = *its_town;
  // Killed again and again, from before its time until it is surely told.
  const WallTime its_end = at + 1500ms;
  std::size_t kills = 0;
  REQUIRE(eventually(
      [&] {
        town.daemon.kill9();
        ++kills;
        return town.daemon.start() && wall_now() > its_end;
      },
      std::chrono::seconds{120}));
  CHECK(kills > 2);
  town.catch_up("tapes");
  CHECK(count_of(town.told("tapes"), "ℹ️ INFO change the tapes") == 1);
}

TEST_CASE("scheduled: check-config says when each is told next, and prints what loads again",
          "[e2e]") {
  Daemon daemon;  // never started: its directory is what is wanted
  daemon.configure("notifiers: [{name: ops, console: {}}]\nchecks: [{name: a, tcp: 'a:1'}]\n" +
                   scheduled(wall_now() + 1h));
  const std::string file = (daemon.dir() / "tocsin.yaml").string();
  const std::vector<std::string> check{Daemon::binary(), "check-config", "--config", file};
  std::vector<std::string> print = check;
  print.emplace_back("--print");
  const Ran plain = run_program(check);
  CHECK(plain.status == 0);
  CHECK_THAT(plain.out, Contains("1 scheduled message\n") &&
                            Contains("  scheduled message tapes: next told 20"));
  const std::string printed = run_program(print).out;
  CHECK_THAT(printed, Contains("\n# scheduled message tapes: next told 20"));
  std::ofstream(file) << printed;
  CHECK(run_program(print).out == printed);
}

TEST_CASE("scheduled: what came while the daemon was off is told when it is back", "[e2e]") {
  const auto [its_town, at] = an_occasion();
  Town& town = *its_town;
  CHECK(town.daemon.terminate() == 0);
  const WallTime its_time = at;
  REQUIRE(eventually([&] { return wall_now() > its_time; }, std::chrono::seconds{120}));
  REQUIRE(town.daemon.start());
  REQUIRE(town.chat.wait_for(1, Town::kLong));
  REQUIRE(town.daemon.reload());
  town.catch_up("tapes");
  CHECK(count_of(town.told("tapes"), "change the tapes") == 1);
}
