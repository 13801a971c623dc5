// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Signals, and what becomes of the bus: on a private D-Bus with a stand-in for systemd, and with
// the real systemd where there is one.
#include <asio/detached.hpp>
#include <filesystem>

#include "probe/unit_fixture.h"
#include "support/no_descriptors.h"

namespace tocsin {

TEST_CASE("unit: a change is told by its signal, and what is no change is not", "[probe]") {
  if (!can_stand_in()) return;
  SystemdStandIn systemd;
  Looking at(systemd.address());
  systemd.set("x.service", kRunning);
  systemd.set("other.service", kRunning);
  CHECK(at.look("name: x", 7).verdict == Verdict::up);
  CHECK(at.look("name: x", 8).verdict == Verdict::up);
  CHECK(at.units().connections() == 1);  // one for all
  SECTION("its failure") {
    systemd.set("x.service", R"({"ActiveState": "failed", "SubState": "failed"})",
                R"({"Result": "exit-code"})");
    CHECK(at.is_told());
    CHECK(at.look("name: x", 7).verdict == Verdict::down);
  }
  SECTION("a restart") {
    systemd.set("x.service", "{}", R"({"NRestarts": 1})");
    CHECK(at.is_told());
  }
  SECTION("that it was unloaded") {
    systemd.tell(R"({"forget": "x.service"})");
    CHECK(at.is_told());
  }
  SECTION("not its status, not the same state, not another unit") {
    systemd.set("x.service", kRunning, R"({"StatusText": "busy", "MainPID": 4711})");
    systemd.set("other.service", R"({"ActiveState": "failed"})");
    at.settle();
    CHECK(at.times_told() == 0);
  }
  SECTION("not to a check that is gone") {
    at.units().forget(7);
    at.units().forget(8);
    CHECK(at.units().connections() == 0);
    systemd.set("x.service", R"({"ActiveState": "failed"})");
    at.settle();
    CHECK(at.times_told() == 0);
  }
}

TEST_CASE("unit: the run of a timer is told by its signal, too", "[probe]") {
  if (!can_stand_in()) return;
  SystemdStandIn systemd;
  Looking at(systemd.address());
  systemd.set("b.timer", R"({"ActiveState": "active", "SubState": "waiting"})",
              R"({"Unit": "b.service"})");
  systemd.set("b.service", "{}");
  CHECK(at.look("name: b.timer", 7).verdict == Verdict::up);
  systemd.set("b.service", R"({"ActiveState": "failed", "SubState": "failed"})",
              R"({"Result": "timeout"})");
  CHECK(at.is_told());
  CHECK(at.look("name: b.timer", 7).verdict == Verdict::down);
}

TEST_CASE("unit: our own look at an idle unit does not lead to the next one", "[probe]") {
  if (!can_stand_in()) return;
  SystemdStandIn systemd;
  Looking at(systemd.address());
  systemd.tell(R"({"file": "idle.service"})");
  CHECK(at.look("name: idle", 7).verdict == Verdict::down);
  systemd.tell(R"({"forget": "idle.service"})");  // as systemd does after having been asked
  at.settle();
  CHECK(at.times_told() == 0);
}

TEST_CASE("unit: a flood of changes is told at most four times a second", "[probe]") {
  if (!can_stand_in()) return;
  SystemdStandIn systemd;
  Looking at(systemd.address());
  systemd.set("x.service", kRunning);
  at.look("name: x", 7);
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 1; i <= 200; ++i) {
    systemd.set("x.service", "{}", R"({"NRestarts": )" + std::to_string(i) + "}");
  }
  at.settle();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  CHECK(at.times_told() >= 1);
  CHECK(static_cast<double>(at.times_told()) <= 2 + 4 * took.count());
}

TEST_CASE("unit: the bus dies and comes back", "[probe]") {
  if (!can_stand_in()) return;
  SystemdStandIn systemd;
  Looking at(systemd.address());
  systemd.set("x.service", kRunning);
  CHECK(at.look("name: x", 7).verdict == Verdict::up);
  systemd.stop();
  CHECK(at.is_told());
  const Result away = at.look("name: x", 7);
  CHECK(away.verdict == Verdict::unknown);
  CHECK(away.reason ==
        "cannot reach the bus: there is none (" + systemd.address() + "); is dbus running?");
  systemd.start();
  systemd.set("x.service", kRunning);
  CHECK(at.look("name: x", 7).verdict == Verdict::up);
  systemd.set("x.service", R"({"ActiveState": "failed"})");  // the new one is subscribed to, too
  CHECK(at.is_told());
}

TEST_CASE("unit: systemd leaves the bus and comes back", "[probe]") {
  if (!can_stand_in()) return;
  SystemdStandIn systemd;
  Looking at(systemd.address());
  systemd.set("x.service", kRunning);
  CHECK(at.look("name: x", 7).verdict == Verdict::up);
  systemd.tell(R"({"leave": true})");
  const Result away = at.look("name: x", 7);
  CHECK(away.verdict == Verdict::unknown);
  CHECK(away.reason == "systemd is not on this bus: it is not the init here, or of no such user");
  systemd.tell(R"({"return": true})");
  CHECK(at.is_told());
  CHECK(at.look("name: x", 7).verdict == Verdict::up);
  CHECK(systemd.tell(R"({"asked": true})").back() == '1');  // it has been subscribed to again
  systemd.set("x.service", R"({"ActiveState": "failed"})");
  CHECK(at.is_told());
}

// UBSan opens a pipe to look at an exception, and takes the lack of one for a broken exception.
#ifdef __SANITIZE_ADDRESS__
constexpr unsigned kFewest = 1;
#else
constexpr unsigned kFewest = 0;
#endif

TEST_CASE("unit: whoever cannot be asked makes it unknown, in time", "[probe]") {
  if (!can_stand_in()) return;
  SystemdStandIn systemd;
  systemd.set("x.service", kRunning);
  SECTION("a systemd that hangs") {
    Looking at(systemd.address());
    systemd.tell(R"({"hang": true})");
    const Result result = at.look("name: x", 0, Millis{300});
    CHECK(result.verdict == Verdict::unknown);
    CHECK(result.reason == "systemd did not answer in time");
  }
  SECTION("one that refuses") {
    Looking at(systemd.address());
    systemd.tell(R"({"deny": true})");
    const Result result = at.look("name: x");
    CHECK(result.verdict == Verdict::unknown);
    CHECK(result.reason == "the bus does not let this user ask systemd: Permission denied");
  }
  SECTION("no descriptors") {
    Looking at(systemd.address());
    at.look("name: x");  // the library is loaded
    Looking other(systemd.address());
    const CheckPtr check = make_check("unit: {bus: '" + systemd.address() + "', name: x}");
    for (unsigned spare = kFewest; spare <= 1; ++spare) {
      const NoDescriptors none(spare);
      const Result result = other.look_by(*check, 0, std::chrono::seconds{20});
      CHECK(result.verdict == Verdict::unknown);
      CHECK(result.reason == "cannot reach the bus: Too many open files (" + systemd.address() +
                                 "); is dbus running?");
    }
  }
}

TEST_CASE("unit: a hundred looks at once share one connection", "[probe]") {
  if (!can_stand_in()) return;
  SystemdStandIn systemd;
  systemd.set("x.service", kRunning);
  Looking at(systemd.address());
  ProbeTools tools([](std::uint32_t) {});
  const SystemClock clock;
  ProbeContext context = tools.context(clock, clock.steady() + std::chrono::seconds{25});
  const CheckPtr check = make_check("unit: {bus: '" + systemd.address() + "', name: x}");
  int up = 0;
  int done = 0;
  for (int i = 0; i < 100; ++i) {
    asio::co_spawn(tools.loop(), check->prober->probe(context),
                   [&](std::exception_ptr error, const Result& result) {
                     CHECK(error == nullptr);
                     if (result.verdict == Verdict::up) ++up;
                     ++done;
                   });
  }
  while (done < 100 && tools.loop().run_one() > 0) CHECK(tools.units().connections() <= 1);
  CHECK(up == 100);
}

TEST_CASE("unit: probes that are abandoned leave nothing behind", "[probe]") {
  if (!can_stand_in()) return;
  SystemdStandIn systemd;
  systemd.tell(R"({"hang": true})");
  const SystemClock clock;
  ProbeTools tools([](std::uint32_t) {});
  ProbeContext context = tools.context(clock, clock.steady() + std::chrono::seconds{25});
  const CheckPtr check = make_check("unit: {bus: '" + systemd.address() + "', name: x}");
  for (int i = 0; i < 5; ++i) {
    asio::co_spawn(tools.loop(), check->prober->probe(context), asio::detached);
  }
  for (int i = 0; i < 20; ++i) tools.loop().poll();
  CHECK(tools.units().connections() == 1);
}

TEST_CASE("unit: the real systemd is asked", "[probe]") {
  if (!std::filesystem::exists("/run/systemd/system")) {
    WARN("skipped: systemd is not the init here");
    return;
  }
  const Result journal = probe("timeout: 20s, unit: systemd-journald.service");
  INFO(journal.reason);
  CHECK(journal.verdict == Verdict::up);
  const Result none = probe("timeout: 20s, unit: no-such-thing-at-all.service");
  CHECK(none.verdict == Verdict::down);
}

}  // namespace tocsin
