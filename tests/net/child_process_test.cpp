// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Programs that misbehave in every way that plugins do, run for real. Nothing here sleeps: a
// program that has to be waited for says so by a file.
#include "net/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <filesystem>
#include <optional>
#include <sstream>

#include "support/child.h"
#include "support/no_descriptors.h"
#include "support/on_loop.h"
#include "support/temp_dir.h"
#include "util/process_tree.h"

namespace tocsin {
namespace {

using How = ChildEnd::How;
using namespace std::chrono_literals;

SteadyTime in(Millis time) {
  return std::chrono::steady_clock::now() + time;
}

ChildEnd run(ChildCommand command, Millis timeout = 20s) {
  asio::io_context loop;
  return on_loop(loop, run_child(std::move(command), in(timeout)));
}

ChildEnd shell(const std::string& script, Millis timeout = 20s) {
  return run({.arguments = {"/bin/sh", "-c", script}}, timeout);
}

// The pids in a file, one a line, once there are so many.
std::vector<pid_t> pids_in(const std::filesystem::path& file, std::size_t count) {
  std::vector<pid_t> out;
  REQUIRE(eventually([&] {
    out.clear();
    std::ifstream in(file);
    for (pid_t pid = 0; in >> pid;) out.push_back(pid);
    return out.size() >= count;
  }));
  return out;
}

bool lives(pid_t pid) {
  const auto node = read_process_node(pid);
  return node && !node->is_dead();
}

std::size_t entries(const char* folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder),
                                                std::filesystem::directory_iterator()));
}

std::size_t zombies_of_ours() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto node = read_process_node(std::stoi(name));
    if (node && node->parent == getpid() && node->is_dead()) ++count;
  }
  return count;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

}  // namespace

TEST_CASE("child: a program's exit status and both its outputs are told", "[net]") {
  const ChildEnd end = shell("echo one; echo two >&2; exit 7");
  CHECK(end.how == How::exited);
  CHECK(end.number == 7);
  CHECK(end.out == "one\n");
  CHECK(end.err == "two\n");
  CHECK_FALSE(end.cut);
  CHECK(end.killed_with_it == 0);
  CHECK(end.immortal == 0);
}

TEST_CASE("child: each exit status arrives as it is", "[net]") {
  for (const int status : {0, 1, 3, 4, 126, 255}) {
    const ChildEnd end = shell("exit " + std::to_string(status));
    CHECK((end.how == How::exited && end.number == status));
  }
}

TEST_CASE("child: a signal that ends it is named", "[net]") {
  const ChildEnd end = shell("echo last words; kill -SEGV $$");
  CHECK(end.how == How::killed);
  CHECK(end.number == SIGSEGV);
  CHECK(signal_name(end.number) == "SIGSEGV");
  CHECK(end.out == "last words\n");
  CHECK(signal_name(1000) == "signal 1000");
}

TEST_CASE("child: its environment is clean, and what is given is in it", "[net]") {
  setenv("TOCSIN_TEST_LEAK", "yes", 1);
  const ChildEnd end = run(
      {.arguments = {"/usr/bin/env"}, .environment = {{"SHOP", "a b=c"}, {"LANG", "de_DE.UTF-8"}}});
  unsetenv("TOCSIN_TEST_LEAK");
  auto lines = lines_of(end.out);
  std::sort(lines.begin(), lines.end());
  REQUIRE(lines.size() == 5);
  CHECK(lines[0] == "LANG=de_DE.UTF-8");
  CHECK(lines[1] == "LC_ALL=C");
  CHECK(lines[2] == std::string("PATH=") + kChildPath);
  CHECK(lines[3] == "SHOP=a b=c");
  CHECK(lines[4].starts_with("TOCSIN_RUN="));
}

TEST_CASE("child: no descriptor of ours reaches it, whatever its flags", "[net]") {
  const int leak = open("/dev/null", O_RDONLY);  // without O_CLOEXEC, as a careless library may
  REQUIRE(leak >= 0);
  const ChildEnd end = shell("ls /proc/self/fd");
  close(leak);
  CHECK(end.out == "0\n1\n2\n3\n");  // 3 is ls reading the folder
}

TEST_CASE("child: no signal is blocked or ignored in it", "[net]") {
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&blocked, number);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const auto pipe_before = signal(SIGPIPE, SIG_IGN);
  const ChildEnd end = shell("grep -E '^Sig(Blk|Ign)' /proc/self/status");
  signal(SIGPIPE, pipe_before);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  const auto lines = lines_of(end.out);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] == "SigBlk:\t0000000000000000");
  // 32 and 33 are glibc's own, which posix_spawn ignores while it works.
  const auto ignored = std::stoull(lines[1].substr(lines[1].find('\t')), nullptr, 16);
  CHECK((ignored & ~0x180000000ULL) == 0);
}

TEST_CASE("child: it has a session, a group and limits of its own", "[net]") {
  // The limit is set from outside, an instant after the program has begun.
  const ChildEnd end = shell(
      "while test $(ulimit -Sn) -gt 1024; do :; done; echo $$; cut -d' ' -f5,6 /proc/$$/stat; pwd");
  const auto lines = lines_of(end.out);
  REQUIRE(lines.size() == 3);
  CHECK(lines[1] == lines[0] + " " + lines[0]);
  CHECK(lines[2] == "/");
}

TEST_CASE("child: it reads what it is given, and runs where it is told", "[net]") {
  const TempDir dir;
  const std::string text(300'000, 'x');
  const ChildEnd end = run({.arguments = {"/bin/sh", "-c", "pwd; wc -c; cat /dev/stdin | wc -c"},
                            .input = text,
                            .directory = dir.path()});
  const auto lines = lines_of(end.out);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == std::filesystem::canonical(dir.path()).string());
  CHECK(lines[1] == "300000");
  CHECK(shell("wc -c").out == "0\n");
  // Who reads nothing of it is no trouble.
  const ChildEnd deaf = run({.arguments = {"/bin/true"}, .input = text});
  CHECK(deaf.how == How::exited);
}

TEST_CASE("child: a program is looked up in the PATH that it is given", "[net]") {
  const TempDir dir;
  const auto file = dir.write("my-tool", "#!/bin/sh\necho mine\n");
  chmod(file.c_str(), 0755);
  CHECK(run({.arguments = {"sh", "-c", "exit 5"}}).number == 5);
  const ChildEnd mine =
      run({.arguments = {"my-tool"}, .environment = {{"PATH", "/bin:" + dir.path().string()}}});
  CHECK(mine.out == "mine\n");
  const ChildEnd none = run({.arguments = {"my-tool"}});
  CHECK(none.how == How::not_started);
  CHECK(none.text == "there is no program my-tool in PATH");
}

TEST_CASE("child: why a program does not start is told", "[net]") {
  const TempDir dir;
  const std::string folder = dir.path();
  dir.write("plain", "echo hello\n");
  chmod((folder + "/plain").c_str(), 0644);
  dir.write("no-interpreter", "#!/no/such/interpreter\n");
  chmod((folder + "/no-interpreter").c_str(), 0755);
  dir.write("nonsense", "echo no first line\n");
  chmod((folder + "/nonsense").c_str(), 0755);
  const auto why = [](const std::string& program, const std::string& where = "/") {
    const ChildEnd end = run({.arguments = {program}, .directory = where});
    CHECK(end.how == How::not_started);
    return end.text;
  };
  CHECK(why(folder + "/none") == "there is no program " + folder + "/none");
  CHECK(why(folder + "/plain") == folder + "/plain is not executable for this user");
  CHECK(why(folder + "/no-interpreter") ==
        folder + "/no-interpreter needs an interpreter that is not there (see its first line)");
  CHECK(why(folder + "/nonsense") ==
        folder + "/nonsense is no program for this machine, nor a script that begins with #!");
  CHECK(why(folder) == folder + " is a directory");
  CHECK(why("/bin/true", folder + "/none") == "there is no directory " + folder + "/none");
  const ChildEnd long_one = run({.arguments = {"/bin/true", std::string(4'000'000, 'x')}});
  CHECK(long_one.text == "arguments, environment and all are too long for the kernel");
}

TEST_CASE("child: having no descriptors left is our fault and not the program's", "[net]") {
  asio::io_context loop;
  on_loop(loop, run_child({.arguments = {"/bin/true"}}, in(20s)));
  ChildEnd end;
  {
    const NoDescriptors none;
    end = on_loop(loop, run_child({.arguments = {"/bin/true"}}, in(20s)));
  }
  CHECK(end.how == How::no_means);
  CHECK(end.text == "no program can be started: Too many open files");
}

TEST_CASE("child: at the deadline it is killed, signals ignored or stopped or not", "[net]") {
  const std::string ignoring = "trap '' TERM INT HUP; echo ready; while :; do sleep 1000; done";
  const std::string stopped = "echo ready; kill -STOP $$";
  for (const std::string& script : {ignoring, stopped}) {
    INFO(script);
    const ChildEnd end = shell(script, 2s);
    CHECK(end.how == How::late);
    CHECK(end.out == "ready\n");
    CHECK(end.immortal == 0);
  }
  CHECK(zombies_of_ours() == 0);
}

TEST_CASE("child: at the deadline all that it started dies with it", "[net]") {
  const TempDir dir;
  const std::string file = dir.path() / "pids";
  // A child; one in a session of its own; one that lost both its parents; that with an empty
  // environment; and one below those.
  const std::string script =
      "sh -c 'echo $$ >>" + file + "; exec sleep 1000' & " + "setsid sh -c 'echo $$ >>" + file +
      "; exec sleep 1000' & " + "(setsid sh -c 'echo $$ >>" + file + "; sleep 1000 & wait' & ) ; " +
      "(env -i setsid sh -c 'echo $$ >>" + file + "; exec sleep 1000' & ) ; " + "wait; sleep 1000";
  asio::io_context loop;
  std::optional<ChildEnd> end;
  asio::co_spawn(loop, run_child({.arguments = {"/bin/sh", "-c", script}}, in(5s)),
                 [&](std::exception_ptr, ChildEnd got) { end = std::move(got); });
  const auto bound = in(60s);
  while (!end && loop.run_one_until(bound) > 0) {
  }
  REQUIRE(end);
  CHECK(end->how == How::late);
  const auto pids = pids_in(file, 4);
  CHECK(pids.size() == 4);
  for (const pid_t pid : pids) CHECK_FALSE(lives(pid));
  CHECK(end->killed_with_it >= 5);
  CHECK(end->immortal == 0);
  CHECK(zombies_of_ours() == 0);
}

TEST_CASE("child: what it leaves behind ends with it, and holds nobody up", "[net]") {
  const TempDir dir;
  const std::string file = dir.path() / "pids";
  // The orphan keeps standard output open, which would keep whoever waits for its end.
  const std::string script = "(setsid sh -c 'echo $$ >>" + file +
                             "; exec sleep 1000' & ) ; while ! test -s " + file +
                             "; do :; done; echo done";
  const ChildEnd end = shell(script, 20s);
  CHECK(end.how == How::exited);
  CHECK(end.out == "done\n");
  CHECK(end.killed_with_it == 1);
  CHECK_FALSE(lives(pids_in(file, 1).front()));
  CHECK(zombies_of_ours() == 0);
}

TEST_CASE("child: one that closes its outputs and lives on is waited for", "[net]") {
  const ChildEnd end = shell("exec >&- 2>&-; sleep 0.3; exit 9");
  CHECK((end.how == How::exited && end.number == 9));
}

TEST_CASE("child: endless output is read, thrown away and ended", "[net]") {
  const ChildEnd end = shell("while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done | cat; ", 1s);
  CHECK((end.how == How::late || end.how == How::flooded));
  const ChildEnd fast = run({.arguments = {"yes"}}, 60s);
  CHECK(fast.how == How::flooded);
  CHECK(fast.out.size() == kChildOutputMost);
  CHECK(fast.cut);
  const ChildEnd both = shell("yes >&2", 60s);
  CHECK(both.how == How::flooded);
  CHECK(both.err.size() == kChildOutputMost);
}

TEST_CASE("child: more output than is kept does not keep it from ending", "[net]") {
  const ChildEnd end = shell("head -c 3000000 /dev/zero; echo late; exit 2");
  CHECK(end.how == How::exited);
  CHECK(end.number == 2);
  CHECK(end.out.size() == kChildOutputMost);
  CHECK(end.cut);
}

TEST_CASE("child: other programs that run meanwhile are left alone", "[net]") {
  const TempDir dir;
  const std::string file = dir.path() / "pids";
  const std::string go = dir.path() / "go";
  asio::io_context loop;
  std::optional<ChildEnd> patient;
  // It has an orphan of the hardest kind, which might be anybody's.
  const std::string script = "(env -i setsid sh -c 'echo $$ >>" + file +
                             "; exec sleep 1000' & ) ; sleep 1000 & while ! test -e " + go +
                             "; do sleep 0.01; done; kill -0 $! && echo untouched";
  asio::co_spawn(loop, run_child({.arguments = {"/bin/sh", "-c", script}}, in(60s)),
                 [&](std::exception_ptr, ChildEnd got) { patient = std::move(got); });
  REQUIRE(eventually([&] {
    loop.poll();
    return std::filesystem::exists(file) && std::filesystem::file_size(file) > 1;
  }));
  const pid_t orphan = pids_in(file, 1).front();
  std::optional<ChildEnd> hasty;
  asio::co_spawn(loop,
                 run_child({.arguments = {"/bin/sh", "-c", "sleep 1000 & sleep 1000"}}, in(300ms)),
                 [&](std::exception_ptr, ChildEnd got) { hasty = std::move(got); });
  const auto bound = in(60s);
  while (!hasty && loop.run_one_until(bound) > 0) {
  }
  REQUIRE(hasty);
  CHECK(hasty->how == How::late);
  CHECK(lives(orphan));
  dir.write("go", "");
  while (!patient && loop.run_one_until(bound) > 0) {
  }
  REQUIRE(patient);
  CHECK(patient->how == How::exited);
  CHECK(patient->out == "untouched\n");
  CHECK_FALSE(lives(orphan));
  CHECK(zombies_of_ours() == 0);
}

TEST_CASE("child: a run that is abandoned is killed with all it started", "[net]") {
  const TempDir dir;
  const std::string file = dir.path() / "pids";
  const std::string script = "sh -c 'echo $$ >>" + file + "; exec sleep 1000' & echo $$ >>" + file +
                             "; setsid sh -c 'echo $$ >>" + file + "; exec sleep 1000'";
  {
    asio::io_context loop;
    asio::co_spawn(loop, run_child({.arguments = {"/bin/sh", "-c", script}}, in(60s)),
                   asio::detached);
    REQUIRE(eventually([&] {
      loop.poll();
      std::ifstream in(file);
      std::size_t lines = 0;
      for (std::string line; std::getline(in, line);) ++lines;
      return lines == 3;
    }));
  }
  for (const pid_t pid : pids_in(file, 3)) CHECK_FALSE(lives(pid));
  CHECK(zombies_of_ours() == 0);
}

TEST_CASE("child: a thousand runs leave no zombie, no descriptor, no thread", "[net]") {
  shell("true");
  const std::size_t descriptors = entries("/proc/self/fd");
  const std::size_t threads = entries("/proc/self/task");
  asio::io_context loop;
  std::size_t good = 0;
  for (int batch = 0; batch < 100; ++batch) {
    std::size_t ended = 0;
    for (int i = 0; i < 10; ++i) {
      // Every tenth leaves somebody behind.
      const std::string script = i == 0 ? "(sleep 1000 &) ; echo x" : "echo x";
      asio::co_spawn(loop, run_child({.arguments = {"/bin/sh", "-c", script}}, in(60s)),
                     [&](std::exception_ptr, ChildEnd end) {
                       ++ended;
                       good += end.how == How::exited && end.out == "x\n" ? 1 : 0;
                     });
    }
    loop.restart();
    const auto bound = in(60s);
    while (ended < 10 && loop.run_one_until(bound) > 0) {
    }
  }
  loop.run();
  CHECK(good == 1000);
  CHECK(zombies_of_ours() == 0);
  CHECK(entries("/proc/self/task") == threads);
  // The loop has a few of its own.
  CHECK(entries("/proc/self/fd") <= descriptors + 3);
}

}  // namespace tocsin
