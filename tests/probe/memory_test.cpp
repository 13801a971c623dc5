// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <catch2/catch.hpp>

#include "probe/machine_fixture.h"

namespace tocsin {
namespace {

struct Fixture {
  Result look(const std::string& settings) {
    MachineLoop loop(clock, kernel.path());
    return loop.look("memory: " + settings);
  }
  SystemClock clock;
  KernelFiles kernel;  // 1,000,000 kB, 250,000 available; swap 500,000, 400,000 free
};

const Metric* metric(const Result& result, const std::string& name) {
  for (const Metric& one : result.metrics) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("memory: used, available and swap are held against their limits", "[probe]") {
  Fixture f;
  CHECK(f.look("75%").verdict == Verdict::up);
  const Result used = f.look("74%");
  CHECK(used.verdict == Verdict::degraded);
  CHECK(used.reason == "memory used 75 % (244 MiB available of 977 MiB), wanted at most 74 %");
  CHECK(f.look("{used: {degraded: 50%, down: 70%}}").verdict == Verdict::down);
  CHECK(f.look("{available: 200MB}").verdict == Verdict::up);
  CHECK(f.look("{available: {down: 300MB}}").reason ==
        "memory available 244 MiB (244 MiB available of 977 MiB), wanted at least 286 MiB");
  CHECK(f.look("{swap_used: 20%}").verdict == Verdict::up);
  CHECK(f.look("{swap_used: 19%}").reason ==
        "swap used 20 % (391 MiB free of 488 MiB), wanted at most 19 %");
}

TEST_CASE("memory: without swap none is used", "[probe]") {
  Fixture f;
  f.kernel.memory(1000, 500, 0, 0);
  CHECK(f.look("{swap_used: 0%}").verdict == Verdict::up);
}

TEST_CASE("memory: pressure is held against its limits, each by itself", "[probe]") {
  Fixture f;
  CHECK(f.look("{pressure: 12.5%}").verdict == Verdict::up);
  CHECK(f.look("{pressure: 12%}").reason ==
        "memory pressure (some, 60 s) 12.5 %, wanted at most 12 %");
  CHECK(f.look("{pressure: {full_avg300: {degraded: 10%, down: 20%}}}").reason ==
        "memory pressure (full, 300 s) 30 %, wanted at most 20 %");
  CHECK(f.look("{pressure: {some_avg10: 2%, some_avg300: 3%, full_avg10: 0%}}").verdict ==
        Verdict::up);
}

TEST_CASE("memory: what cannot be read is unknown, with what to do", "[probe]") {
  Fixture f;
  std::filesystem::remove(f.kernel.dir.path() / "pressure" / "memory");
  const Result pressure = f.look("{pressure: 10%}");
  CHECK(pressure.verdict == Verdict::unknown);
  CHECK(pressure.reason == f.kernel.path() +
                               "/pressure/memory cannot be read: No such file or directory (the "
                               "kernel needs CONFIG_PSI, on some distributions also psi=1 on its "
                               "command line)");
  CHECK(f.look("75%").verdict == Verdict::up);  // nobody asked for it
  f.kernel.dir.write("meminfo", "MemTotal: 5 kB\n");
  const Result broken = f.look("75%");
  CHECK(broken.verdict == Verdict::unknown);
  CHECK(broken.reason ==
        f.kernel.path() + "/meminfo cannot be read: it is not what the kernel writes");
}

TEST_CASE("memory: figures come along, and who has most of it when it is bad", "[probe]") {
  Fixture f;
  const Result good = f.look("{used: {degraded: 80%, down: 90%}}");
  REQUIRE(metric(good, "used") != nullptr);
  CHECK(metric(good, "used")->value == 750'000.0 * 1024);
  CHECK(metric(good, "used")->most == 1'000'000.0 * 1024);
  CHECK(metric(good, "used")->warn == "819200000");
  CHECK(metric(good, "memory_pressure_some_avg60")->value == 12.5);
  CHECK(good.details.empty());
  CHECK(f.look("1%").details.find("pid 1, user root, memory ") == 0);
}

TEST_CASE("memory: the real machine is looked at", "[probe]") {
  const Result result = probe("memory: {used: 100%, available: 0%}");
  CHECK(result.verdict == Verdict::up);
  REQUIRE(metric(result, "used") != nullptr);
  CHECK(metric(result, "used")->value > 0);
  CHECK(metric(result, "used")->value < metric(result, "used")->most);
  CHECK(result.notes.size() >= 3);
  CHECK(probe("memory: 0%").verdict == Verdict::degraded);
}

TEST_CASE("memory: each mistake in its keys is told", "[probe]") {
  CHECK(problems_of("memory: {}") ==
        "error: a limit is needed: one of 'used', 'available', 'swap_used' and 'pressure'\n");
  CHECK(problems_of("memory: 90") ==
        "error: size or percentage of at most 100% expected, such as 500MB or 80%; got \"90\"\n");
  CHECK(problems_of("memory: {pressure: {some_avg61: 5%}}").find("unknown key") !=
        std::string::npos);
  CHECK(make_check("memory: 90%")->target == "memory of this machine");
}

}  // namespace tocsin
