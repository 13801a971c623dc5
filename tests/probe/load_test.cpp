// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <catch2/catch.hpp>

#include "probe/machine_fixture.h"
#include "support/fake_clock.h"

namespace tocsin {
namespace {

struct Fixture {
  Result look(const std::string& settings) { return loop.look("load: " + settings); }
  // The CPU times went on to these, a minute later.
  void later(const std::string& ticks) {
    clock.advance(std::chrono::minutes{1});
    kernel.cpu(ticks);
  }

  FakeClock clock;
  KernelFiles kernel;  // load 1.50 3.25 2.00, two CPUs
  MachineLoop loop{clock, kernel.path()};
};

double value_of(const Result& result, const std::string& name) {
  for (const Metric& one : result.metrics) {
    if (one.name == name) return one.value;
  }
  return -1;
}

}  // namespace

TEST_CASE("load: averages are held against numbers and shares of the CPUs", "[probe]") {
  Fixture f;
  CHECK(f.look("3.25").verdict == Verdict::up);
  const Result high = f.look("3");
  CHECK(high.verdict == Verdict::degraded);
  CHECK(high.reason == "load over 5 min 3.25 (on 2 CPUs), wanted at most 3");
  CHECK(f.look("163%").verdict == Verdict::up);
  CHECK(f.look("{load5: {degraded: 100%, down: 150%}}").reason ==
        "load over 5 min 162 % (3.25 on 2 CPUs), wanted at most 150 %");
  CHECK(f.look("{load1: 1}").reason == "load over 1 min 1.5 (on 2 CPUs), wanted at most 1");
  CHECK(f.look("{load15: 2}").verdict == Verdict::up);
  CHECK(value_of(high, "load1") == 1.5);
  CHECK(value_of(high, "load5") == 3.25);
  CHECK(value_of(high, "load15") == 2);
}

TEST_CASE("load: shares of CPU time are those since the look before", "[probe]") {
  Fixture f;  // cpu: user nice system idle iowait irq softirq steal
  CHECK(value_of(f.look("100"), "cpu") == -1);
  f.later("160 5 110 820 5 0 0 0");  // 75 of 100 busy, 5 waiting, 20 idle
  const Result busy = f.look("{load5: 100, cpu: 70%, iowait: 5%}");
  CHECK(busy.verdict == Verdict::degraded);
  CHECK(busy.reason == "CPU 75 %, wanted at most 70 %");
  CHECK(value_of(busy, "iowait") == 5);
  f.later("160 5 110 830 65 0 0 30");  // 10 idle, 60 waiting, 30 stolen
  const Result stolen = f.look("{cpu: 30%, iowait: {down: 50%}, steal: 20%}");
  CHECK(stolen.verdict == Verdict::down);
  CHECK(stolen.reason ==
        "CPU time waiting for I/O 60 %, wanted at most 50 %; CPU time stolen by the host 30 %, "
        "wanted at most 20 %");
  CHECK(value_of(stolen, "cpu") == 30);
}

TEST_CASE("load: a look right after another is compared with an older one", "[probe]") {
  Fixture f;
  f.look("100");
  f.later("150 0 100 850 0 0 0 0");
  CHECK(value_of(f.look("100"), "cpu") == 50);
  f.clock.advance(Millis{10});
  f.kernel.cpu("151 0 100 850 0 0 0 0");
  CHECK(value_of(f.look("100"), "cpu") == Approx(100.0 * 51 / 101));
}

TEST_CASE("load: the first look with a limit for CPU time takes two samples", "[probe]") {
  const Result result = probe("timeout: 1s, load: {cpu: 100%, steal: 100%}");
  CHECK(result.verdict == Verdict::up);
  CHECK(value_of(result, "cpu") >= 0);
  CHECK(value_of(result, "cpu") <= 100);
}

TEST_CASE("load: CPU times that go backwards are no news", "[probe]") {
  Fixture f;
  f.look("100");
  f.later("100 0 100 700 0 0 0 0");  // a CPU went away
  CHECK(value_of(f.look("100"), "cpu") == -1);
  f.later("100 0 100 800 0 0 0 0");
  CHECK(f.look("{cpu: 1%}").verdict == Verdict::up);
}

TEST_CASE("load: pressure on CPU and I/O is held against its limits", "[probe]") {
  Fixture f;
  CHECK(f.look("{cpu_pressure: 12%}").reason ==
        "cpu pressure (some, 60 s) 12.5 %, wanted at most 12 %");
  CHECK(f.look("{io_pressure: {full_avg300: {down: 20%}}}").reason ==
        "io pressure (full, 300 s) 30 %, wanted at most 20 %");
  f.kernel.dir.write("pressure/cpu", "some avg10=1.00 avg60=2.00 avg300=3.00 total=1\n");
  const Result old = f.look("{cpu_pressure: {full_avg10: 1%}}");
  CHECK(old.verdict == Verdict::unknown);
  CHECK(old.reason == "this kernel does not tell cpu pressure (full, 10 s)");
}

TEST_CASE("load: what cannot be read is unknown, and only if it is asked for", "[probe]") {
  Fixture f;
  f.kernel.dir.write("loadavg", "x");
  CHECK(f.look("{cpu_pressure: 50%}").verdict == Verdict::up);
  CHECK(f.look("5").reason ==
        f.kernel.path() + "/loadavg cannot be read: it is not what the kernel writes");
  std::filesystem::remove(f.kernel.dir.path() / "stat");
  const Result stat = f.look("{cpu: 50%}");
  CHECK(stat.verdict == Verdict::unknown);
  CHECK(stat.reason == f.kernel.path() + "/stat cannot be read: No such file or directory");
  f.kernel.dir.write("loadavg", "1.50 3.25 2.00 3/456 7890\n");
  CHECK(f.look("5").verdict == Verdict::up);
  CHECK(f.look("100%").reason.find("the number of CPUs is not known: ") == 0);
}

TEST_CASE("load: who runs or hangs is told when it is bad", "[probe]") {
  Fixture f;
  f.kernel.dir.write("7/stat", "7 (nfsd) D 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 0 7 0 0 0 0");
  f.kernel.dir.write("7/status", "Name:\tnfsd\nUid:\t0\t0\t0\t0\n");
  f.kernel.dir.write("8/stat", "8 (job) R 1 8 8 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 0 7 0 0 0 0");
  f.kernel.dir.write("8/status", "Name:\tjob\nUid:\t0\t0\t0\t0\n");
  f.kernel.dir.write("8/cmdline", std::string("job\0--hard\0", 11));
  CHECK(f.look("5").details.empty());
  CHECK(f.look("1").details ==
        "pid 7, user root, uninterruptible: [nfsd]\n"
        "pid 8, user root, running or ready to: job --hard");
}

TEST_CASE("load: each mistake in its keys is told", "[probe]") {
  CHECK(problems_of("load: {}").find("error: a limit is needed: one of 'load1', 'load5'") == 0);
  CHECK(problems_of("load: high") ==
        "error: number or percentage expected, such as 20 or 80%; got \"high\"\n");
  CHECK(problems_of("load: {cpu: 101%}") ==
        "error: percentage of at most 100% expected, such as 80%; got \"101%\"\n");
  CHECK(problems_of("load: 400%").empty());
}

}  // namespace tocsin
