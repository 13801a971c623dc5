// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <sys/resource.h>

#include <asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "probe/probe_fixture.h"
#include "probe/process_table.h"
#include "probe/stranger.h"

namespace tocsin {
namespace {

std::string pid_text(const Stranger& process) {
  return "pid " + std::to_string(process.pid());
}

bool notes_hold(const Result& result, const std::string& text) {
  for (const std::string& note : result.notes) {
    if (note.find(text) != std::string::npos) return true;
  }
  return false;
}

ProcessQuery named(const std::string& name) {
  ProcessQuery query;
  query.name = name;
  return query;
}

// A table on a loop of its own, and the checks it wants looked at again.
struct TableFixture {
  explicit TableFixture(const std::string& proc = "/proc")
      : table(
            loop, [this](std::uint32_t check) { again.push_back(check); }, proc) {}

  // Turns the loop until so many were told; false if they are not within the bound.
  bool told(std::size_t count, Millis bound = std::chrono::seconds{20}) {
    const auto end = std::chrono::steady_clock::now() + bound;
    while (again.size() < count && std::chrono::steady_clock::now() < end) {
      loop.restart();
      loop.run_one_until(end);
    }
    return again.size() >= count;
  }
  void watch(std::uint32_t check, const std::string& name) {
    table.watch(check, table.look(named(name), false).found);
  }

  asio::io_context loop;
  std::vector<std::uint32_t> again;
  ProcessTable table;
};

}  // namespace

TEST_CASE("process: a name that runs is up, one that does not is down", "[probe]") {
  const OwnProgram program;
  const std::string keys = "process: " + program.name();
  const Result none = probe(keys);
  CHECK(none.verdict == Verdict::down);
  CHECK(none.reason == "no process matches \"" + program.name() + "\"; at least 1 expected");

  const Stranger process(program.path(), program.arguments());
  const Result one = probe(keys);
  CHECK(one.verdict == Verdict::up);
  CHECK(one.reason.empty());
  CHECK(notes_hold(one, "found: 1"));
  CHECK(notes_hold(one, pid_text(process)));
  CHECK(notes_hold(one, program.path().string() + " 1000"));
  CHECK(make_check(keys)->target == "process " + program.name());
}

TEST_CASE("process: min and max are kept, and the count is told", "[probe]") {
  const OwnProgram program;
  const Stranger first(program.path(), program.arguments());
  const Stranger second(program.path(), program.arguments());
  const auto with = [&](const std::string& more) {
    return probe("process: {name: " + program.name() + ", " + more + "}");
  };
  CHECK(with("min: 2, max: 2").verdict == Verdict::up);
  const std::string quoted = "\"" + program.name() + "\"";
  CHECK(with("min: 3").reason == "2 processes match " + quoted + "; at least 3 expected");
  CHECK(with("max: 1").reason == "2 processes match " + quoted + "; at most 1 expected");
  CHECK(with("min: 0, max: 0").verdict == Verdict::down);
}

TEST_CASE("process: a name longer than the kernel keeps is met in full", "[probe]") {
  const OwnProgram program("long-name-of-a-program-");
  const Stranger process(program.path(), program.arguments());
  SECTION("by the program's file") {
    CHECK(probe("process: " + program.name()).verdict == Verdict::up);
  }
  SECTION("but not by its beginning") {
    const std::string cut = program.name().substr(0, program.name().size() - 1);
    CHECK(probe("process: " + cut).verdict == Verdict::down);
  }
  SECTION("for a script too, which its interpreter runs") {
    const TempDir dir;
    const std::string name = "long-script-" + program.name();
    const auto script =
        dir.write(name, "#!/bin/sh\nread -r line < " + (dir.path() / "fifo").string() + "\n");
    std::filesystem::permissions(script, std::filesystem::perms::owner_all);
    REQUIRE(mkfifo((dir.path() / "fifo").c_str(), 0600) == 0);
    const Stranger running(script, {script.string()});
    CHECK(eventually([&] { return probe("process: " + name).verdict == Verdict::up; }));
  }
}

TEST_CASE("process: argument 0 is a name too", "[probe]") {
  const OwnProgram program;
  const std::string other = program.name() + "-by-another-name";
  const Stranger process(program.path(), {"/usr/lib/" + other, "1000"});
  CHECK(probe("process: " + other).verdict == Verdict::up);
}

TEST_CASE("process: the command line is searched by a pattern, arguments joined by one space",
          "[probe]") {
  const OwnProgram program;
  const Stranger process(program.path(), {"worker", "1000", "2000"});
  const auto with = [&](const std::string& pattern) {
    return probe("process: {name: " + program.name() + ", command: '" + pattern + "'}");
  };
  CHECK(with("^worker 1000 2000$").verdict == Verdict::up);
  CHECK(with("0 2").verdict == Verdict::up);
  const Result result = with("^worker 3");
  CHECK(result.verdict == Verdict::down);
  CHECK(result.reason ==
        "no process matches \"" + program.name() + "\" command /^worker 3/; at least 1 expected");
  CHECK(probe("process: {command: '" + program.name() + "$'}").verdict == Verdict::down);
}

TEST_CASE("process: the user must be the one", "[probe]") {
  const OwnProgram program;
  const Stranger process(program.path(), program.arguments());
  const auto of = [&](const std::string& user) {
    return probe("process: {name: " + program.name() + ", user: '" + user + "'}");
  };
  CHECK(of(std::to_string(geteuid())).verdict == Verdict::up);
  CHECK(of(std::to_string(geteuid() + 4242)).verdict == Verdict::down);
  if (geteuid() == 0) CHECK(of("root").verdict == Verdict::up);
  const Result nobody = of("no-such-user");
  CHECK(nobody.verdict == Verdict::down);
  CHECK(nobody.reason == "there is no user \"no-such-user\"");
  CHECK(problems_of("process: {name: x, user: no-such-user}") ==
        "warning: there is no such user here now\n");
}

TEST_CASE("process: a pid file names the one process that counts", "[probe]") {
  const TempDir dir;
  const OwnProgram program;
  Stranger process(program.path(), program.arguments());
  const Stranger other(program.path(), program.arguments());
  const auto file = dir.write("x.pid", std::to_string(process.pid()) + "\n");
  const std::string pid_file = "pid_file: " + file.string();
  const std::string pid = std::to_string(process.pid());
  const auto with = [](const std::string& keys) { return probe("process: {" + keys + "}"); };

  CHECK(with(pid_file).verdict == Verdict::up);
  CHECK(with(pid_file + ", name: " + program.name()).verdict == Verdict::up);
  const Result foreign = with(pid_file + ", name: nginx");
  CHECK(foreign.verdict == Verdict::down);
  CHECK(foreign.reason == "pid file names " + pid + ", which does not match: it is \"" +
                              program.name().substr(0, 15) + "\"");
  CHECK(with("pid_file: /no/such.pid").reason == "pid file /no/such.pid is missing");

  process.die();
  CHECK(eventually([&] { return with(pid_file).verdict == Verdict::down; }));
  const std::string reason = with(pid_file).reason;
  CHECK((reason == "pid file names " + pid + ", which is gone" ||
         reason == "pid file names " + pid + ", which is a zombie"));
}

TEST_CASE("process: a zombie does not count, and the reason says that it is one", "[probe]") {
  const OwnProgram program;
  // The shell starts it and turns into a sleep that waits for nobody.
  const Stranger parent("/bin/sh", {"sh", "-c", program.path().string() + " 0 & exec sleep 1000"});
  CHECK(eventually([&] {
    return probe("process: " + program.name()).reason ==
           "no process matches \"" + program.name() +
               "\"; at least 1 expected (1 zombie does not count)";
  }));
}

TEST_CASE("process table: who died this moment is no zombie yet to speak of", "[probe]") {
  const OwnProgram program;
  // The shell starts it and turns into a sleep that waits for nobody.
  const Stranger parent("/bin/sh",
                        {"sh", "-c", program.path().string() + " 1000 & exec sleep 1000"});
  TableFixture f;
  const auto look = [&] { return f.table.look(named(program.name()), false); };
  REQUIRE(eventually([&] { return look().found.size() == 1; }));
  f.watch(1, program.name());
  kill(look().found[0].id.pid, SIGKILL);
  REQUIRE(f.told(1));
  CHECK(look().found.empty());
  CHECK(look().zombies == 0);
  CHECK(eventually([&] { return look().zombies == 1; }));
}

TEST_CASE("process: our own process and its children are never found", "[probe]") {
  CHECK(probe("process: test_probe_process").verdict == Verdict::down);
  const OwnProgram program;
  const Child child({program.path().string(), "1000"}, {});
  CHECK(probe("process: " + program.name()).verdict == Verdict::down);
}

TEST_CASE("process: kernel threads do not count", "[probe]") {
  CHECK(probe("process: kthreadd").verdict == Verdict::down);
}

TEST_CASE("process: each mistake in its keys is told", "[probe]") {
  const auto told = [](const std::string& keys) { return problems_of("process: " + keys); };
  CHECK(told("{}") == "error: one of 'name', 'command' and 'pid_file' is needed\n");
  CHECK(told("/usr/sbin/nginx") ==
        "error: a name, not a path; use 'command' for the whole command line\n");
  CHECK(told("{name: x, min: 3, max: 2}") == "error: less than 'min'\n");
  CHECK(told("{name: x, min: -1}").find("error: ") == 0);
  CHECK(told("{pid_file: x.pid}") == "error: not an absolute path\n");
  CHECK(told("{pid_file: /x.pid, min: 2}") == "error: a pid file names one process\n");
  CHECK(told("{command: '('}").find("error: ") == 0);
  CHECK(told("{name: x, commmand: y}").find("did you mean \"command\"?") != std::string::npos);
  CHECK(
      told("{name: worker, command: 'worker --queue .*', pid_file: \"\", min: 2, max: 8}").empty());
}

TEST_CASE("process table: what the kernel hides makes a result unknown, never down", "[probe]") {
  const TempDir proc;
  TableFixture f(proc.path().string());
  SECTION("hidden") {
    const ProcessLook look = f.table.look(named("nginx"), false);
    CHECK(look.found.empty());
    CHECK(look.hidden.find("other users' processes are hidden in /proc") == 0);
    CHECK(look.hidden.find("ProtectProc=default") != std::string::npos);
  }
  SECTION("process 1 is there: all are") {
    proc.write("1/stat", "1 (init) S 0 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0 0 0 0 0");
    CHECK(f.table.look(named("init"), false).found.size() == 1);
    CHECK(f.table.look(named("init"), false).hidden.empty());
  }
  SECTION("no /proc at all") {
    TableFixture gone("/no/such/folder");
    CHECK(gone.table.look(named("nginx"), false).trouble ==
          "cannot look at the processes: No such file or directory");
  }
}

TEST_CASE("process table: a look that lacks descriptors is our own trouble", "[probe]") {
  TableFixture f;
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit none = before;
  none.rlim_cur = 3;
  setrlimit(RLIMIT_NOFILE, &none);
  const ProcessLook look = f.table.look(named("nginx"), false);
  setrlimit(RLIMIT_NOFILE, &before);
  CHECK(look.trouble == "cannot look at the processes: Too many open files");
}

TEST_CASE("process table: a process that runs another program has that one's name", "[probe]") {
  const OwnProgram first;
  const OwnProgram second;
  const TempDir dir;
  const std::string fifo = (dir.path() / "go").string();
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  const std::string script = "read -r x < " + fifo + "; exec " + second.path().string() + " 1000";
  std::filesystem::copy_file("/bin/sh", dir.path() / first.name());
  const Stranger process(dir.path() / first.name(), {first.name(), "-c", script});
  TableFixture f;
  const auto finds = [&](const std::string& name) {
    return f.table.look(named(name), false).found.size() == 1;
  };
  REQUIRE(finds(first.name()));
  CHECK_FALSE(finds(second.name()));
  dir.write("go", "\n");
  CHECK(eventually([&] { return finds(second.name()); }));
  CHECK_FALSE(finds(first.name()));
}

TEST_CASE("process table: a death is told at once, to every check that found it", "[probe]") {
  const OwnProgram program;
  Stranger process(program.path(), program.arguments());
  TableFixture f;
  f.watch(7, program.name());
  f.watch(8, program.name());
  CHECK(f.table.watched() == 1);
  process.die();
  REQUIRE(f.told(2));
  CHECK(std::vector<std::uint32_t>{7, 8} == f.again);
  CHECK(f.table.watched() == 0);
  CHECK(f.table.look(named(program.name()), false).found.empty());
}

TEST_CASE("process table: a forgotten check is not told, nor one that finds others now",
          "[probe]") {
  const OwnProgram program;
  const OwnProgram other;
  Stranger process(program.path(), program.arguments());
  Stranger last(other.path(), other.arguments());
  TableFixture f;
  for (const std::uint32_t check : {1, 2, 3}) f.watch(check, program.name());
  f.table.forget(1);
  f.watch(2, other.name());
  process.die();
  REQUIRE(f.told(1));
  last.die();
  REQUIRE(f.told(2));
  CHECK(std::vector<std::uint32_t>{3, 2} == f.again);
}

TEST_CASE("process table: many deaths are told in a few calls, the last one among them",
          "[probe]") {
  const OwnProgram program;
  std::vector<std::unique_ptr<Stranger>> crowd;
  for (int i = 0; i < 12; ++i) {
    crowd.push_back(std::make_unique<Stranger>(program.path(), program.arguments()));
  }
  TableFixture f;
  f.watch(1, program.name());
  REQUIRE(f.table.watched() == 12);
  for (auto& process : crowd) process->die();
  REQUIRE(f.told(2));
  CHECK(f.table.watched() == 0);
  CHECK_FALSE(f.told(3, Millis{400}));
}

TEST_CASE("process table: a pid that somebody else has now counts as a death", "[probe]") {
  const OwnProgram program;
  const Stranger process(program.path(), program.arguments());
  TableFixture f;
  auto found = f.table.look(named(program.name()), false).found;
  REQUIRE(found.size() == 1);
  found[0].id.started += 1;
  f.table.watch(5, found);
  CHECK(f.again.empty());  // not from within the call
  CHECK(f.told(1));
  CHECK(f.table.watched() == 0);
}

TEST_CASE("process table: the watched take a quarter of the descriptors at most", "[probe]") {
  const OwnProgram program;
  std::vector<std::unique_ptr<Stranger>> crowd;
  for (int i = 0; i < 12; ++i) {
    crowd.push_back(std::make_unique<Stranger>(program.path(), program.arguments()));
  }
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit few = before;
  few.rlim_cur = 40;
  setrlimit(RLIMIT_NOFILE, &few);
  TableFixture f;
  setrlimit(RLIMIT_NOFILE, &before);
  f.watch(1, program.name());
  CHECK(f.table.watched() == 10);
  CHECK(f.table.look(named(program.name()), false).found.size() == 12);
}

}  // namespace tocsin
