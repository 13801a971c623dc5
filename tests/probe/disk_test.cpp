// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <catch2/catch.hpp>

#include "probe/machine_fixture.h"
#include "probe/own_mounts.h"

namespace tocsin {
namespace {

struct Fixture {
  explicit Fixture(const std::string& proc = "/proc") : loop(clock, proc) {}
  Result look(const std::string& settings) { return loop.look("disk: " + settings); }
  SystemClock clock;
  MachineLoop loop;
};

double value_of(const Result& result, const std::string& name) {
  for (const Metric& one : result.metrics) {
    if (one.name == name) return one.value;
  }
  return -1;
}

}  // namespace

TEST_CASE("disk: a file system that fills is degraded, then down", "[probe]") {
  const TempDir dir;
  if (!have_own_mounts()) return;
  const OwnMount mount("tmpfs", dir.path(), "size=1024k,nr_inodes=100");
  Fixture f;
  const std::string path = dir.path().string();
  CHECK(f.look(path).verdict == Verdict::up);

  dir.write("a", std::string(940 * 1024, 'x'));  // 235 of 256 blocks: 91.8 %
  const Result degraded = f.look(path);
  CHECK(degraded.verdict == Verdict::degraded);
  CHECK(degraded.reason ==
        "space used on " + path + " 92 % (84 KiB free of 1 MiB), wanted at most 90 %");
  CHECK(value_of(degraded, "used " + path) == 940 * 1024);
  CHECK(value_of(degraded, "free " + path) == 84 * 1024);
  CHECK(degraded.details.find(path + ": tmpfs from tmpfs, 92 % of 1 MiB used, 84 KiB free") == 0);

  dir.write("b", std::string(60 * 1024, 'x'));
  CHECK(f.look(path).verdict == Verdict::down);
  CHECK(f.look("{path: " + path + ", used: 99%}").verdict == Verdict::up);
  CHECK(f.look("{path: " + path + ", free: {degraded: 100KiB, down: 1KiB}}").reason ==
        "space free on " + path + " 24 KiB (24 KiB free of 1 MiB), wanted at least 100 KiB");
}

TEST_CASE("disk: a file system without inodes left is told, with space enough", "[probe]") {
  const TempDir dir;
  if (!have_own_mounts()) return;
  const OwnMount mount("tmpfs", dir.path(), "size=1024k,nr_inodes=100");
  Fixture f;
  const std::string path = dir.path().string();
  for (int i = 0; i < 91; ++i) dir.write(std::to_string(i), "");
  const Result result = f.look(path);
  CHECK(result.verdict == Verdict::degraded);
  CHECK(result.reason == "inodes used on " + path + " 92 % (8 free of 100), wanted at most 90 %");
  CHECK(f.look("{path: " + path + ", inodes_free: {down: 9}}").reason ==
        "inodes free on " + path + " 8 (8 free of 100), wanted at least 9");
  CHECK(f.look("{path: " + path + ", inodes_used: 92}").verdict == Verdict::up);
}

TEST_CASE("disk: a file system that was remounted read-only is down, unless it is meant to be",
          "[probe]") {
  const TempDir dir;
  if (!have_own_mounts()) return;
  const OwnMount mount("tmpfs", dir.path(), "size=1024k");
  Fixture f;
  const std::string path = dir.path().string();
  CHECK(f.look(path).verdict == Verdict::up);
  mount.remount_read_only();
  CHECK(f.look(path).verdict == Verdict::down);
  CHECK(f.look(path).reason == path + " is mounted read-only");
  CHECK(f.look("{path: " + path + ", writable: false}").verdict == Verdict::up);
}

TEST_CASE("disk: a mount that is missing is down", "[probe]") {
  const TempDir dir;
  Fixture f;
  const std::string path = dir.path().string();
  const std::string keys = "{path: " + path + ", mounted: true, used: 100%, inodes_used: 100%}";
  const Result missing = f.look(keys);
  CHECK(missing.verdict == Verdict::down);
  CHECK(missing.reason.find("nothing is mounted at " + path + " (it is a folder on /") == 0);
  CHECK(f.look("/no/such/folder").verdict == Verdict::down);
  CHECK(f.look("/no/such/folder").reason == "/no/such/folder does not exist");
  if (!have_own_mounts()) return;
  const OwnMount mount("tmpfs", dir.path(), "size=1024k");
  CHECK(f.look(keys).verdict == Verdict::up);
}

TEST_CASE("disk: a file system that does not answer is down, and holds up no other", "[probe]") {
  const TempDir dir;
  if (!have_own_mounts()) return;
  const DeadMount dead(dir.path());
  if (!dead.mounted()) {
    WARN("no /dev/fuse: a file system that hangs is not tried");
    return;
  }
  Fixture f;
  const std::string path = dir.path().string();
  const CheckPtr check =
      make_check("timeout: 500ms, disk: {path: [" + path + ", /], used: 100%, inodes_used: 100%}");
  const Result late = f.loop.look(check);
  CHECK(late.verdict == Verdict::down);
  CHECK(late.reason.find(path + " did not answer within ") == 0);
  CHECK(value_of(late, "used /") > 0);
  const Result again = f.loop.look(check);
  CHECK(again.verdict == Verdict::down);
  CHECK(again.reason == path + " still does not answer: an earlier look hangs");
  CHECK(value_of(again, "used /") > 0);
}

TEST_CASE("disk: a file system that gives errors is down", "[probe]") {
  const TempDir dir;
  if (!have_own_mounts()) return;
  DeadMount dead(dir.path());
  if (!dead.mounted()) return;
  dead.abort();  // as a FUSE server that crashed
  Fixture f;
  const Result result = f.look(dir.path().string());
  CHECK(result.verdict == Verdict::down);
  CHECK(result.reason ==
        dir.path().string() + " cannot be looked at: Transport endpoint is not connected");
}

TEST_CASE("disk: * is every local file system but those excluded", "[probe]") {
  const TempDir proc;
  const std::string other = (proc.path() / "other").string();
  const std::string third = (proc.path() / "third").string();
  std::filesystem::create_directories(other);
  std::filesystem::create_directories(third);
  proc.write("filesystems", "nodev\ttmpfs\n\text4\n\tvfat\n");
  proc.write("self/mountinfo",
             "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
             "2 1 8:2 / " +
                 other +
                 " rw - ext4 /dev/sdb rw\n"
                 "3 1 8:3 / " +
                 third +
                 " rw - vfat /dev/sdc rw\n"
                 "4 1 0:5 / /run rw - tmpfs tmpfs rw\n");
  Fixture f(proc.path().string());
  const auto seen = [&](const std::string& settings) {
    const Result result = f.look("{path: '*', used: 100%, inodes_used: 100%" + settings + "}");
    CHECK(result.verdict == Verdict::up);
    std::string out;
    for (const auto& [path, name] : {std::pair<std::string, const char*>{"/", "a"},
                                     {other, "b"},
                                     {third, "c"},
                                     {"/run", "d"}}) {
      if (value_of(result, "used " + path) >= 0) out += name;
    }
    return out;
  };
  CHECK(seen("") == "abc");
  CHECK(seen(", exclude_types: [vfat]") == "ab");
  CHECK(seen(", exclude: ['" + proc.path().string() + "/*']") == "a");
  CHECK(seen(", exclude: " + other) == "ac");

  proc.write("self/mountinfo", "");
  const Result none = f.look("'*'");
  CHECK(none.verdict == Verdict::unknown);
  CHECK(none.reason == proc.path().string() + "/self/mountinfo tells no file system");
}

TEST_CASE("disk: read-only is what the machine has, not what our own sandbox makes of it",
          "[probe]") {
  const TempDir proc;
  Fixture f(proc.path().string());
  const auto look = [&](const char* ours, const char* machines) {
    proc.write("self/mountinfo", ours);
    proc.write("1/mountinfo", machines);
    return f.look("{path: /, used: 100%, inodes_used: 100%}").verdict;
  };
  const char* sandboxed = "1 0 8:1 / / ro - ext4 a rw\n";  // ProtectSystem=strict
  CHECK(look(sandboxed, "1 0 8:1 / / rw - ext4 a rw\n") == Verdict::up);
  CHECK(look(sandboxed, "") == Verdict::up);
  CHECK(look(sandboxed, "1 0 8:1 / / ro - ext4 a rw\n") == Verdict::down);
  CHECK(look("1 0 8:1 / / rw - ext4 a ro\n", "") == Verdict::down);
}

TEST_CASE("disk: what the unit's sandbox hides is unknown, not down", "[probe]") {
  const TempDir proc;
  proc.write("self/mountinfo",
             "1 0 8:1 / / rw - ext4 a rw\n"
             "2 1 8:1 /tmp/systemd-private-5e-tocsin.service-x/tmp /tmp rw - ext4 a rw\n");
  Fixture f(proc.path().string());
  const Result result = f.look("/tmp/no-such-mount");
  CHECK(result.verdict == Verdict::unknown);
  CHECK(result.reason ==
        "/tmp/no-such-mount is hidden by the unit's sandbox (PrivateTmp=, "
        "ProtectHome=; drop-in 50-files-and-homes.conf)");
  CHECK(f.look("/tmp").verdict == Verdict::unknown);
}

TEST_CASE("disk: a path that we may not look at is unknown", "[probe]") {
  const TempDir dir;
  const auto hidden = dir.path() / "hidden";
  std::filesystem::create_directories(hidden / "mount");
  std::filesystem::permissions(hidden, std::filesystem::perms::none);
  std::filesystem::permissions(dir.path(), std::filesystem::perms(0755));
  const AsNobody nobody;
  Fixture f;
  const Result result = f.look((hidden / "mount").string());
  CHECK(result.verdict == Verdict::unknown);
  CHECK(result.reason.find(" cannot be looked at: permission denied (let the user") !=
        std::string::npos);
}

TEST_CASE("disk: a file system without a size is unknown", "[probe]") {
  const Result result = probe("disk: /proc");
  CHECK(result.verdict == Verdict::unknown);
  CHECK(result.reason == "/proc is on a file system that has no size");
}

TEST_CASE("disk: the real machine is looked at", "[probe]") {
  const Result result = probe("disk: {path: [/], used: 100%, inodes_used: 100%, writable: false}");
  CHECK(result.verdict == Verdict::up);
  REQUIRE_FALSE(result.notes.empty());
  CHECK(result.notes[0].find("/: ") == 0);
  CHECK(result.notes[0].find(" free; inodes: ") != std::string::npos);
}

TEST_CASE("disk: each mistake in its keys is told", "[probe]") {
  const auto told = [](const std::string& keys) { return problems_of("disk: " + keys); };
  CHECK(told("{}") == "error: 'path' is needed: a folder, a list of them, or \"*\"\n");
  CHECK(told("var") == "error: \"var\" is not an absolute path\n");
  CHECK(told("{path: /, exclude: /x}") == "error: only with path: \"*\"\n");
  CHECK(told("{path: /, exclude_types: vfat}") == "error: only with path: \"*\"\n");
  CHECK(told("{path: '*', mounted: true}") ==
        "error: \"*\" stands for what is mounted: name the paths that must be\n");
  CHECK(told("{path: /, used: 90}") ==
        "error: size or percentage of at most 100% expected, such as 500MB or 80%; got \"90\"\n");
  CHECK(told("{path: /, free: {degraded: 5%, down: 10%}}") ==
        "error: must be less than 'degraded', since it is worse\n");
  CHECK(told("[/, /var]").empty());
  CHECK(told("'*'").empty());
  CHECK(make_check("disk: [/, /var]")->target == "disk / /var");
}

}  // namespace tocsin
