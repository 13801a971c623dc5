// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// The daemon's own life: signals, reload, systemd, its lock, its disk.
#include <signal.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "e2e/daemon.h"
#include "e2e/targets.h"
#include "support/raw_server.h"

using namespace tocsin;
using Catch::Matchers::Contains;

namespace {

const std::string kHead =
    "defaults: {interval: 200ms, timeout: 100ms, retry_interval: 100ms, down_after: 2}\n"
    "notifiers: [{name: terminal, console: {}}]\n";

std::string one_check(const std::string& name, const std::string& url) {
  return "  - {name: " + name + ", http: '" + url + "'}\n";
}

}  // namespace

TEST_CASE("run: SIGTERM and SIGINT stop it within five seconds with exit 0", "[e2e]") {
  WebTarget target;
  Daemon daemon;
  daemon.configure(kHead + "checks:\n" + one_check("web", target.url()));
  REQUIRE(daemon.start());
  REQUIRE(daemon.wait_state("web", "up"));
  SECTION("SIGTERM") {
    CHECK(daemon.terminate() == 0);
  }
  SECTION("SIGINT") {
    daemon.child().signal(SIGINT);
    CHECK(daemon.child().wait(std::chrono::seconds{20}) == 0);
  }
  CHECK_THAT(daemon.log(), Contains("event=stopped"));
}

TEST_CASE("run: it stops in time though targets hang", "[e2e]") {
  RawServer silent([](RawConnection& connection) { connection.hold(); });
  Daemon daemon;
  daemon.configure(kHead + "checks:\n  - {name: far, interval: 10s, timeout: 9s, http: '" +
                   silent.url("/") + "'}\n");
  REQUIRE(daemon.start());
  REQUIRE(eventually([&] { return silent.connections() > 0; }));
  CHECK(daemon.terminate() == 0);
}

TEST_CASE("run: a bad configuration exits 1 with every error", "[e2e]") {
  Daemon daemon;
  daemon.configure(kHead +
                   "checks:\n  - {name: web, htp: x}\n  - {name: web, tcp: '127.0.0.1:1'}\n");
  CHECK_FALSE(daemon.start());
  CHECK(daemon.child().wait(std::chrono::seconds{20}) == 1);
  CHECK_THAT(daemon.log(), Contains("did you mean \"http\"?") && Contains("duplicate check"));
}

TEST_CASE("run: a reload keeps states, a bad file changes nothing", "[e2e]") {
  WebTarget good;
  WebTarget bad;
  bad.answer(503);
  Daemon daemon;
  daemon.configure(kHead + "checks:\n" + one_check("good", good.url()) +
                   one_check("bad", bad.url()));
  REQUIRE(daemon.start());
  REQUIRE(daemon.wait_state("good", "up"));
  REQUIRE(daemon.wait_state("bad", "down"));

  daemon.configure(kHead + "checks: [oops\n");
  daemon.child().signal(SIGHUP);
  CHECK(daemon.wait_notify("the last reload failed"));
  CHECK_THAT(daemon.log(), Contains("ok=false"));
  CHECK(daemon.state_of("bad") == "down");

  daemon.configure(kHead + "checks:\n" + one_check("bad", bad.url()) +
                   one_check("new", good.url()));
  REQUIRE(daemon.reload());
  CHECK(daemon.wait_state("new", "up"));
  CHECK(daemon.state_of("bad") == "down");
  CHECK(daemon.wait_state("good", ""));
  CHECK(daemon.terminate() == 0);
  // Told once, though the daemon was told of two configurations meanwhile.
  const std::string out = daemon.out();
  CHECK(out.find("DOWN bad") == out.rfind("DOWN bad"));
}

TEST_CASE("run: a hundred reloads under load neither lose a check nor tell of one", "[e2e]") {
  // Times that a slow machine keeps too: it is the daemon that must not be wrong, not the target.
  const std::string head =
      "defaults: {interval: 2s, timeout: 2s, retry_interval: 500ms, down_after: 5}\n"
      "notifiers: [{name: terminal, console: {}}]\n";
  WebTarget target;
  std::string checks = "checks:\n";
  for (int i = 0; i < 200; ++i) checks += one_check("web-" + std::to_string(i), target.url());
  Daemon daemon;
  daemon.configure(head + checks);
  REQUIRE(daemon.start());
  for (int i = 0; i < 100; ++i) {
    daemon.configure(head + "storm_threshold: " + std::to_string(20 + i % 2) + "\n" + checks);
    REQUIRE(daemon.reload());
  }
  for (const int i : {0, 99, 199}) CHECK(daemon.wait_state("web-" + std::to_string(i), "up"));
  int status = 0;
  CHECK_THAT(daemon.get("/healthz", &status), Contains("ok"));
  CHECK(status == 200);
  CHECK(daemon.terminate() == 0);
  CHECK(daemon.out().find("DOWN") == std::string::npos);
}

TEST_CASE("run: systemd is told READY, RELOADING with its time, STOPPING, and fed", "[e2e]") {
  WebTarget target;
  Daemon daemon;
  daemon.configure(kHead + "checks:\n" + one_check("web", target.url()));
  REQUIRE(daemon.start_with({"WATCHDOG_USEC=600000"}));
  CHECK(daemon.wait_notify("WATCHDOG=1"));
  daemon.child().signal(SIGHUP);
  CHECK(daemon.wait_notify("RELOADING=1\nMONOTONIC_USEC="));
  CHECK(daemon.wait_notify("READY=1"));
  daemon.child().signal(SIGTERM);
  CHECK(daemon.wait_notify("STOPPING=1"));
  CHECK(daemon.child().wait(std::chrono::seconds{20}) == 0);
}

TEST_CASE("run: a second daemon on the same state directory names the first and exits 1", "[e2e]") {
  WebTarget target;
  Daemon first;
  first.configure(kHead + "checks:\n" + one_check("web", target.url()));
  REQUIRE(first.start());
  const Ran second =
      run_program({Daemon::binary(), "run", "--config", (first.dir() / "tocsin.yaml").string()});
  CHECK(second.status == 1);
  CHECK_THAT(second.err, Contains("pid " + std::to_string(first.child().pid())));
  CHECK(first.terminate() == 0);
}

TEST_CASE("run: a damaged database is set aside, told, and monitoring goes on", "[e2e]") {
  WebTarget target;
  Daemon daemon;
  daemon.configure(kHead + "checks:\n" + one_check("web", target.url()));
  std::filesystem::create_directories(daemon.dir() / "state");
  std::ofstream(daemon.dir() / "state" / "tocsin.db")
      << "this is not a database, and it is not empty either";
  REQUIRE(daemon.start());
  CHECK(daemon.wait_state("web", "up"));
  CHECK(eventually([&] { return daemon.out().find("set aside as") != std::string::npos; }));
  bool kept = false;
  for (const auto& entry : std::filesystem::directory_iterator(daemon.dir() / "state")) {
    kept = kept || entry.path().filename().string().starts_with("tocsin.db.damaged-");
  }
  CHECK(kept);
  CHECK(daemon.terminate() == 0);
}

TEST_CASE("run: a state directory that cannot be made leaves it paging from memory, and says so",
          "[e2e]") {
  WebTarget target;
  target.answer(503);
  Daemon daemon;
  daemon.configure(kHead + "checks:\n" + one_check("web", target.url()));
  std::ofstream(daemon.dir() / "state") << "a file where a directory should be";
  REQUIRE(daemon.start());
  CHECK(daemon.wait_state("web", "down"));
  CHECK(eventually([&] { return daemon.out().find("DOWN web") != std::string::npos; }));
  CHECK_THAT(daemon.out(), Contains("nothing can be stored"));
  CHECK_THAT(daemon.out(), Contains("not durable"));
  CHECK(daemon.terminate() == 0);
}

TEST_CASE("run: a port of the web side that is taken stops no page", "[e2e]") {
  WebTarget target;
  target.answer(503);
  Daemon daemon;
  daemon.configure(kHead + "checks:\n" + one_check("web", target.url()));
  // The web side's socket is in use by a daemon that lives.
  Daemon other;
  other.configure(kHead + "checks:\n" + one_check("web", target.url()));
  REQUIRE(other.start());
  std::string yaml = read_file(daemon.dir() / "tocsin.yaml");
  const std::string mine = (daemon.dir() / "web.sock").string();
  yaml.replace(yaml.find(mine), mine.size(), (other.dir() / "web.sock").string());
  std::ofstream(daemon.dir() / "tocsin.yaml") << yaml;
  REQUIRE(daemon.start());
  CHECK(eventually([&] { return daemon.out().find("DOWN web") != std::string::npos; }));
  CHECK_THAT(daemon.out(), Contains("the web side is off"));
}
