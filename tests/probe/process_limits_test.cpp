// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Limits of `process` on real processes that burn, grow, fork, start anew and leave zombies.
#include <catch2/catch.hpp>
#include <regex>

#include "probe/machine_fixture.h"
#include "probe/own_mounts.h"
#include "probe/stranger.h"

namespace tocsin {
namespace {

// A Python program that does what it is told, then says so by a file, then sleeps; told from others
// by a word in its arguments.
class Script {
 public:
  explicit Script(const std::string& what)
      : word_("tocsin-test-" + std::to_string(getpid()) + "-" + std::to_string(++number())),
        process_("/usr/bin/python3",
                 {"python3", "-c",
                  "import os, sys, time, threading, resource, subprocess\n" + what +
                      "\nopen(sys.argv[2], 'w').write('done')\nwhile True: time.sleep(1000)",
                  word_, (dir_.path() / "done").string()}) {
    REQUIRE(eventually([&] {
      std::error_code ignored;
      return std::filesystem::file_size(dir_.path() / "done", ignored) == 4;
    }));
  }
  pid_t pid() const noexcept { return process_.pid(); }
  std::string who() const { return "pid " + std::to_string(pid()); }
  // Settings that find it, and more of them.
  std::string with(const std::string& more) const {
    return "process: {command: ' " + word_ + " ', " + more + "}";
  }

 private:
  static int& number() {
    static int last = 0;
    return last;
  }
  TempDir dir_;
  const std::string word_;
  Stranger process_;
};

bool fits(const std::string& text, const std::string& pattern) {
  INFO(text);
  const bool out = std::regex_search(text, std::regex(pattern));
  CHECK(out);
  return out;
}

const Metric* metric(const Result& result, const std::string& name) {
  for (const Metric& one : result.metrics) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

std::string all(const std::vector<std::string>& notes) {
  std::string out;
  for (const std::string& note : notes) out += note + '\n';
  return out;
}

}  // namespace

TEST_CASE("process: one that burns CPU is told, one that sleeps is not", "[probe]") {
  const TempDir dir;
  const Script idle("pass");
  // Burns, and says so beforehand: what it is told to do never ends.
  const Script burner("threading.Thread(target=lambda: [None for _ in iter(int, 1)]).start()");
  const Result result = probe(burner.with("cpu: {degraded: 1%, down: 9000%}"));
  CHECK(result.verdict == Verdict::degraded);
  fits(result.reason, "^CPU [0-9.]+ % \\(" + burner.who() + "\\), wanted at most 1 %$");
  fits(all(result.notes), burner.who() + ", user \\w+, cpu [0-9.]+ %, memory ");
  CHECK(probe(idle.with("cpu: {degraded: 50%}")).verdict == Verdict::up);
}

TEST_CASE("process: a daemon's looks tell the CPU since the look before, from the second look on",
          "[probe]") {
  const Script burner("threading.Thread(target=lambda: [None for _ in iter(int, 1)]).start()");
  const SystemClock clock;
  MachineLoop loop(clock);
  const CheckPtr check = make_check(burner.with("memory: 90%"));
  CHECK(metric(loop.look(check), "cpu") == nullptr);
  CHECK(eventually([&] {
    const Result result = loop.look(check);
    const Metric* cpu = metric(result, "cpu");
    return cpu != nullptr && cpu->value > 0;
  }));
}

TEST_CASE("process: what children burn counts with with_children, and not without", "[probe]") {
  const Script parent(
      "subprocess.Popen(['/bin/sh', '-c', 'while kill -0 $PPID 2>&-; do :; done'])");
  const Result own = probe(parent.with("cpu: 1%"));
  CHECK(own.verdict == Verdict::up);
  const Result tree = probe(parent.with("cpu: 1%, with_children: true"));
  CHECK(tree.verdict == Verdict::degraded);
  fits(tree.reason,
       "^CPU [0-9.]+ % \\(" + parent.who() + " and its 1 child\\), wanted at most 1 %$");
  const Result found = probe(parent.with("children: 0"));
  CHECK(found.reason == "children 1 (" + parent.who() + "), wanted at most 0");
}

TEST_CASE("process: one that grows is told, by what is resident and by its fair share", "[probe]") {
  const Script process("x = bytearray(os.urandom(1) * (64 << 20))");
  fits(probe(process.with("memory: 60MiB")).reason,
       "^memory [0-9.]+ MiB \\(" + process.who() + "\\), wanted at most 60 MiB$");
  fits(probe(process.with("pss: {down: 60MiB}")).reason,
       "^memory \\(PSS\\) [0-9.]+ MiB \\(" + process.who() + "\\), wanted at most 60 MiB$");
  fits(probe(process.with("memory: 0.01%")).reason, "^memory [0-9.]+ % ");
  const Result fine = probe(process.with("memory: 1GiB, pss: {degraded: 90%}"));
  CHECK(fine.verdict == Verdict::up);
  REQUIRE(metric(fine, "memory") != nullptr);
  CHECK(metric(fine, "memory")->value > 64 << 20);
  CHECK(metric(fine, "memory")->warn == "1073741824");
  REQUIRE(metric(fine, "pss") != nullptr);
  CHECK(metric(fine, "pss")->value <= metric(fine, "memory")->value + (1 << 20));
}

TEST_CASE("process: threads and open files are counted", "[probe]") {
  const Script process(
      "for _ in range(5): threading.Thread(target=lambda: time.sleep(1000)).start()\n"
      "resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))\n"
      "kept = [open('/dev/null') for _ in range(60)]");
  CHECK(probe(process.with("threads: 5")).reason ==
        "threads 6 (" + process.who() + "), wanted at most 5");
  CHECK(probe(process.with("threads: 6")).verdict == Verdict::up);
  fits(probe(process.with("open_files: {down: 60}")).reason,
       "^open files 6[0-9] \\(" + process.who() + "\\), wanted at most 60$");
  fits(probe(process.with("open_files: 60%")).reason, "^open files 6[0-9] % .* at most 60 %$");
  CHECK(probe(process.with("open_files: {degraded: 200, down: 90%}")).verdict == Verdict::up);
}

TEST_CASE("process: a restart is told for as long as the new one is young", "[probe]") {
  const Script process("pass");
  const Result young = probe(process.with("uptime: 1h"));
  CHECK(young.verdict == Verdict::degraded);
  fits(young.reason, "^restarted [0-9]+ m?s ago \\(" + process.who() + "\\), wanted at least 1 h$");
  CHECK(eventually([&] { return probe(process.with("uptime: 1s")).verdict == Verdict::up; }));
}

TEST_CASE("process: zombies that nobody waits for are told", "[probe]") {
  const Script parent("if os.fork() == 0: os._exit(0)");
  CHECK(eventually([&] {
    return probe(parent.with("zombies: 0")).reason ==
           "zombies 1 (1 of them a child that was not waited for), wanted at most 0";
  }));
  CHECK(probe(parent.with("zombies: 1")).verdict == Verdict::up);
  CHECK(probe(parent.with("children: 0")).verdict == Verdict::up);  // it does not live
}

TEST_CASE("process: a zombie is counted once, by its name or as a child", "[probe]") {
  const OwnProgram program;
  const Stranger parent(
      "/bin/sh",
      {"sh", "-c", program.path().string() + " 0 & exec " + program.path().string() + " 1000"});
  const std::string keys = "process: {name: " + program.name() + ", zombies: 0}";
  CHECK(eventually([&] { return probe(keys).reason == "zombies 1, wanted at most 0"; }));
}

TEST_CASE("process: several of one pattern are each judged, or all together", "[probe]") {
  const OwnProgram program;
  std::vector<std::unique_ptr<Stranger>> crowd;
  for (int i = 0; i < 3; ++i) {
    crowd.push_back(std::make_unique<Stranger>(program.path(), program.arguments()));
  }
  const auto with = [&](const std::string& more) {
    return probe("process: {name: " + program.name() + ", " + more + "}");
  };
  CHECK(with("threads: 1").verdict == Verdict::up);
  fits(with("threads: 0").reason, "^threads 1 \\(pid [0-9]+, and 2 more\\), wanted at most 0$");
  const Result sum = with("threads: {degraded: 2}, limits_for: sum");
  CHECK(sum.verdict == Verdict::degraded);
  CHECK(sum.reason == "threads 3 (3 processes in all), wanted at most 2");
  REQUIRE(metric(sum, "threads") != nullptr);
  CHECK(metric(sum, "threads")->value == 3);
  CHECK(metric(sum, "threads")->warn == "2");
  // Their sum has no limit where the limit is each one's.
  CHECK(metric(with("threads: 1"), "threads")->warn.empty());
}

TEST_CASE("process: the wrong number comes before any limit", "[probe]") {
  const OwnProgram program;
  const Result none = probe("process: {name: " + program.name() + ", threads: 0, uptime: 5m}");
  CHECK(none.verdict == Verdict::down);
  CHECK(none.reason == "no process matches \"" + program.name() + "\"; at least 1 expected");
  CHECK(probe("process: {name: " + program.name() + ", min: 0, threads: 0, uptime: 5m}").verdict ==
        Verdict::up);
}

TEST_CASE("process: what takes a permission that we lack is unknown, with what to grant",
          "[probe]") {
  if (geteuid() != 0) {
    WARN("not root: a process of another user is not tried");
    return;
  }
  const Script process("pass");
  const AsNobody nobody;
  const Result files = probe(process.with("open_files: 10000"));
  CHECK(files.verdict == Verdict::unknown);
  CHECK(files.reason == "open files of " + process.who() +
                            " cannot be read: permission denied (grant CAP_SYS_PTRACE: drop-in "
                            "20-other-users-processes.conf, or run as the same user)");
  CHECK(probe(process.with("pss: 10GiB")).verdict == Verdict::unknown);
  CHECK(probe(process.with("memory: 10GiB, threads: 10, cpu: 9999%")).verdict == Verdict::up);
  // What is known to be bad outweighs what is not known.
  CHECK(probe(process.with("pss: 10GiB, threads: {down: 0}")).verdict == Verdict::down);
}

TEST_CASE("process: figures come along, and the processes when it is bad", "[probe]") {
  const OwnProgram program;
  const Stranger process(program.path(), program.arguments());
  const Result good = probe("process: " + program.name());
  for (const char* name : {"processes", "cpu", "memory", "threads", "uptime"}) {
    INFO(name);
    CHECK(metric(good, name) != nullptr);
  }
  CHECK(good.details.empty());
  fits(all(good.notes),
       "pid " + std::to_string(process.pid()) +
           ", user \\w+, cpu [0-9.]+ %, memory [0-9.]+ [KM]iB, pss [0-9.]+ [KM]iB, "
           "age .*, 1 thread, [0-9]+ open files: " +
           program.path().string() + " 1000");
  const Result bad = probe("process: {name: " + program.name() + ", max: 0, min: 0}");
  CHECK(bad.verdict == Verdict::down);
  fits(bad.details, "^pid " + std::to_string(process.pid()) + ", user ");
}

TEST_CASE("process: by a pid file limits hold too, children included", "[probe]") {
  const Script parent("subprocess.Popen(['/bin/cat'], stdin=subprocess.PIPE)");
  const TempDir dir;
  const auto file = dir.write("x.pid", std::to_string(parent.pid()));
  const Result result = probe("process: {pid_file: " + file.string() + ", children: 0}");
  CHECK(result.verdict == Verdict::degraded);
  CHECK(result.reason == "children 1 (" + parent.who() + "), wanted at most 0");
}

TEST_CASE("process: each mistake in its limits is told", "[probe]") {
  const auto told = [](const std::string& keys) {
    return problems_of("process: {name: x, " + keys + "}");
  };
  CHECK(told("limits_for: all").find("error: one of each, sum expected; got \"all\"") == 0);
  CHECK(told("with_children: perhaps").find("error: true or false expected") == 0);
  CHECK(told("memory: {degraded: 10%, down: 1GB}, zombies: 0, children: 10").empty());
}

}  // namespace tocsin
