// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/machine.h"

#include <catch2/catch.hpp>

#include "probe/cpu_history.h"
#include "probe/mounts.h"

namespace tocsin {
namespace {

// ticks and waited ticks of CPU; a process that started so many ticks after boot.
ProcessFigures figures(pid_t pid, pid_t parent, std::uint64_t started, std::uint64_t ticks,
                       std::uint64_t waited = 0) {
  ProcessFigures out;
  out.id = {pid, started};
  out.parent = parent;
  out.ticks = ticks;
  out.waited_ticks = waited;
  return out;
}

constexpr SteadyTime kThen{std::chrono::hours{1}};
constexpr std::uint64_t kThenTicks = 1000;

// Per cent of one CPU, 10 s after `before`; a tick is a thousandth of them.
double percent(std::vector<ProcessFigures> before, const std::vector<ProcessFigures>& now,
               bool children = false) {
  const ProcessSample sample{kThen, kThenTicks, std::move(before)};
  const auto out = cpu_percent(sample, kThen + std::chrono::seconds{10}, now, children);
  return out.value_or(-1) * ticks_per_second() / 100;
}

}  // namespace

TEST_CASE("cpu: what was used since the look before is told in per cent of one CPU", "[probe]") {
  CHECK(percent({figures(7, 1, 5, 300)}, {figures(7, 1, 5, 800)}) == Approx(50));
  CHECK(percent({figures(7, 1, 5, 300)}, {figures(7, 1, 5, 300)}) == 0);
  CHECK(percent({figures(7, 1, 5, 0), figures(8, 1, 5, 0)},
                {figures(7, 1, 5, 1000), figures(8, 1, 5, 1000)}) == Approx(200));
}

TEST_CASE("cpu: who started since counts from its start, who was there unseen does not",
          "[probe]") {
  CHECK(percent({}, {figures(7, 1, kThenTicks + 1, 100)}) == Approx(10));
  CHECK(percent({}, {figures(7, 1, kThenTicks - 1, 100)}) == 0);
  // The same pid, another process.
  CHECK(percent({figures(7, 1, 5, 900)}, {figures(7, 1, kThenTicks + 5, 100)}) == Approx(10));
}

TEST_CASE("cpu: what a child used that has ended is its parent's, and only once", "[probe]") {
  // The child used 400 ticks before the look, 100 after, and was waited for.
  const std::vector<ProcessFigures> before{figures(7, 1, 5, 0), figures(8, 7, 6, 400)};
  const std::vector<ProcessFigures> now{figures(7, 1, 5, 50, 500)};
  CHECK(percent(before, now, true) == Approx(15));
  CHECK(percent(before, now, false) == Approx(5));
}

TEST_CASE("cpu: what was handed up over a parent that ended too is counted once", "[probe]") {
  const std::vector<ProcessFigures> before{figures(7, 1, 5, 0), figures(8, 7, 6, 100),
                                           figures(9, 8, 7, 200)};
  CHECK(percent(before, {figures(7, 1, 5, 0, 350)}, true) == Approx(5));
}

TEST_CASE("cpu: a child that went without being waited for takes nothing off below zero",
          "[probe]") {
  const std::vector<ProcessFigures> before{figures(7, 1, 5, 0), figures(8, 7, 6, 400)};
  CHECK(percent(before, {figures(7, 1, 5, 10)}, true) == 0);
}

TEST_CASE("cpu: without time between two looks there is no figure", "[probe]") {
  CHECK_FALSE(cpu_percent({kThen, kThenTicks, {}}, kThen, {figures(7, 1, 5, 1)}, false));
}

TEST_CASE("cpu: a young sample is not compared with, nor does it push out an older one",
          "[probe]") {
  Recent<ProcessSample> recent;
  CHECK(recent.before(kThen) == nullptr);
  recent.keep({kThen, 1, {}});
  CHECK(recent.before(kThen + Millis{999}) == nullptr);
  recent.keep({kThen + Millis{999}, 2, {}});
  REQUIRE(recent.before(kThen + Millis{1000}) != nullptr);
  CHECK(recent.before(kThen + Millis{1000})->boot_ticks == 1);
  recent.keep({kThen + Millis{5000}, 3, {}});
  CHECK(recent.before(kThen + Millis{5500})->boot_ticks == 1);
  CHECK(recent.before(kThen + Millis{6000})->boot_ticks == 3);
}

TEST_CASE("machine: the kernel's files are understood, and nonsense is refused", "[probe]") {
  const auto memory = parse_meminfo(
      "MemTotal:       1000 kB\nMemFree: 5 kB\nMemAvailable:    600 kB\nBuffers: x kB\n"
      "SwapTotal:       10 kB\nSwapFree:          4 kB\n");
  REQUIRE(memory);
  CHECK(memory->total == 1000 * 1024);
  CHECK(memory->available == 600 * 1024);
  CHECK(memory->swap_total - memory->swap_free == 6 * 1024);
  CHECK_FALSE(parse_meminfo(""));
  CHECK_FALSE(parse_meminfo("MemTotal: 0 kB\nMemAvailable: 0 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB"));

  const auto load = parse_loadavg("0.50 1.25 10.00 3/456 7890\n");
  REQUIRE(load);
  CHECK(load->average[2] == 10);
  CHECK(load->tasks == 456);
  for (const char* wrong : {"", "1", "1 2 3", "1 2 3 4", "a b c 1/2 3"}) {
    CHECK_FALSE(parse_loadavg(wrong));
  }

  const auto cpu = parse_cpu_times("cpu  10 1 20 700 5 1 2 3 100 0\ncpu0 1\ncpu1 1\nintr 5 6\n");
  REQUIRE(cpu);
  CHECK(cpu->user == 11);
  CHECK(cpu->system == 23);
  CHECK(cpu->steal == 3);
  CHECK(cpu->cpus == 2);
  for (const char* wrong :
       {"", "cpu 1 2 3", "cpu0 1 2 3 4 5 6 7 8", "cpu  1 2 3 4 5 6 7 8 9 10\n"}) {
    CHECK_FALSE(parse_cpu_times(wrong));
  }

  const auto pressure = parse_pressure(
      "some avg10=0.25 avg60=1.00 avg300=2.00 total=5\nfull avg10=x avg60 avg300=9.00\n\nmore\n");
  REQUIRE(pressure);
  CHECK(pressure->percent[0] == 0.25);
  CHECK_FALSE(pressure->percent[3]);
  CHECK_FALSE(pressure->percent[4]);
  CHECK(pressure->percent[5] == 9);
  CHECK_FALSE(parse_pressure(""));
}

TEST_CASE("machine: what is cut short anywhere is understood or refused, and nothing worse",
          "[probe]") {
  const std::string text =
      "1 0 8:1 / /a\\040b rw,relatime shared:1 - ext4 /dev/\\13 rw,ro\n"
      "cpu  10 1 20 700 5 1 2 3 100 0\ncpu0 1\nMemTotal:  5 kB\nsome avg10=1 avg60\n";
  for (std::size_t begin = 0; begin < text.size(); ++begin) {
    for (std::size_t length = 0; begin + length <= text.size(); ++length) {
      const std::string part = text.substr(begin, length);
      for (const Mount& mount : parse_mountinfo(part)) CHECK(mount.point.starts_with('/'));
      CHECK_FALSE(parse_meminfo(part));
      CHECK_FALSE(parse_loadavg(part));
      parse_cpu_times(part);
      parse_pressure(part);
    }
  }
}

TEST_CASE("mounts: lines are understood, escapes and optional fields too", "[probe]") {
  const auto mounts = parse_mountinfo(
      "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
      "27 1 254:0 / / ro,relatime shared:1 - ext4 /dev/vda rw,discard\n"
      "28 27 8:1 /part /mnt/with\\040space rw shared:2 master:1 - xfs /dev/sd\\134a1 ro,nouuid\n"
      "cut short\n"
      "\n");
  REQUIRE(mounts.size() == 3);
  CHECK(mounts[1].read_only);
  CHECK_FALSE(mounts[1].read_only_file_system);
  CHECK(mounts[2].point == "/mnt/with space");
  CHECK(mounts[2].root == "/part");
  CHECK(mounts[2].source == "/dev/sd\\a1");
  CHECK(mounts[2].type == "xfs");
  CHECK_FALSE(mounts[2].read_only);
  CHECK(mounts[2].read_only_file_system);
  CHECK(parse_mountinfo("").empty());
}

TEST_CASE("mounts: a path is on the nearest mount above it, of two at one place the last",
          "[probe]") {
  const auto mounts = parse_mountinfo(
      "1 0 8:1 / / rw - ext4 a rw\n"
      "2 1 8:2 / /var rw - ext4 b rw\n"
      "3 1 8:3 / /var rw - ext4 c rw\n");
  CHECK(mount_of(mounts, "/")->device == "8:1");
  CHECK(mount_of(mounts, "/variable")->device == "8:1");
  CHECK(mount_of(mounts, "/var")->device == "8:3");
  CHECK(mount_of(mounts, "/var/log/x")->device == "8:3");
  CHECK(mount_of({}, "/") == nullptr);
}

TEST_CASE("mounts: the real ones are local, hold files for good, and come once each", "[probe]") {
  const auto mounts = parse_mountinfo(
      "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
      "2 1 8:1 /x /bind rw - ext4 /dev/sda1 rw\n"
      "3 1 8:2 / /srv/data rw - xfs /dev/sdb rw\n"
      "4 1 0:5 / /run rw - tmpfs tmpfs rw\n"
      "5 1 0:6 / /nfs rw - nfs4 server:/x rw\n"
      "6 1 7:0 / /snap/x ro - squashfs /dev/loop0 ro\n"
      "7 1 0:7 / /tank rw - zfs tank rw\n"
      "8 1 8:1 /tmp/systemd-private-5-tocsin.service-x/tmp /tmp rw - ext4 /dev/sda1 rw\n"
      "9 1 8:9 / /over rw - ext4 /dev/sdz rw\n"
      "10 9 0:9 / /over rw - tmpfs tmpfs rw\n");
  std::vector<std::string> points;
  for (const Mount& mount : real_mounts(mounts, "nodev\ttmpfs\n\text4\n\txfs\n\tsquashfs\n")) {
    points.push_back(mount.point);
  }
  CHECK(points == std::vector<std::string>{"/", "/srv/data", "/tank"});
  CHECK(is_sandbox(mounts[7]));
  CHECK_FALSE(is_sandbox(mounts[0]));
  // A container's root is no device, and still the one that fills.
  CHECK(real_mounts(parse_mountinfo("1 0 0:50 / / rw - overlay overlay rw\n"), "").size() == 1);
}

}  // namespace tocsin
