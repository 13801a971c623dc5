// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/procfs.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "support/temp_dir.h"

namespace tocsin {
namespace {

// A line of /proc/PID/stat with that beginning.
std::string stat_line(const std::string& head, const std::string& flags,
                      const std::string& threads) {
  return head + " 1 7 7 0 -1 " + flags + " 99 0 0 0 0 0 0 0 20 0 " + threads +
         " 0 214714 3133440 362 18446744073709551615 1 2 140733520475968 0 0 0 0 0";
}

}  // namespace

TEST_CASE("procfs: a stat line is understood whatever the process calls itself", "[probe]") {
  const auto plain = parse_process_stat(stat_line("7 (nginx) S", "4194304", "3"));
  REQUIRE(plain);
  CHECK(plain->pid == 7);
  CHECK(plain->parent == 1);
  CHECK(plain->state == 'S');
  CHECK(plain->comm == "nginx");
  CHECK(plain->threads == 3);
  CHECK(plain->started == 214714);
  CHECK(plain->stack == 140733520475968);
  CHECK_FALSE(plain->is_dead());
  CHECK_FALSE(plain->is_kernel_thread());

  const auto hostile = parse_process_stat(stat_line("7 (a) S 9 (b) R", "0", "1"));
  REQUIRE(hostile);
  CHECK(hostile->comm == "a) S 9 (b");
  CHECK(hostile->state == 'R');
}

TEST_CASE("procfs: zombies and kernel threads are known, a lost first thread is no death",
          "[probe]") {
  CHECK(parse_process_stat(stat_line("7 (x) Z", "4194304", "1"))->is_dead());
  CHECK_FALSE(parse_process_stat(stat_line("7 (x) Z", "4194304", "4"))->is_dead());
  CHECK(parse_process_stat(stat_line("2 (kthreadd) S", "2129984", "1"))->is_kernel_thread());
}

TEST_CASE("procfs: a line that is cut or nonsense is refused", "[probe]") {
  const std::string good = stat_line("7 (nginx) S", "0", "3");
  for (const std::string& wrong :
       {std::string(), std::string("7"), std::string("7 (nginx)"), std::string("7 (nginx) "),
        std::string("(nginx) S 1"), std::string(")("), good.substr(0, 60), "x" + good}) {
    INFO(wrong);
    CHECK_FALSE(parse_process_stat(wrong));
  }
}

TEST_CASE("procfs: arguments are joined by one space", "[probe]") {
  using namespace std::string_literals;
  CHECK(join_arguments("worker\0--queue\0mail\0"s) == "worker --queue mail");
  CHECK(join_arguments("nginx: master process\0\0\0\0"s) == "nginx: master process");
  CHECK(join_arguments("").empty());
}

TEST_CASE("procfs: this very process is found as it is", "[probe]") {
  ProcFs procfs;
  std::vector<pid_t> pids;
  REQUIRE_FALSE(procfs.list(pids));
  CHECK(std::find(pids.begin(), pids.end(), getpid()) != pids.end());
  ProcessStat stat;
  REQUIRE_FALSE(procfs.read_stat(getpid(), stat));
  CHECK(stat.parent == getppid());
  CHECK(procfs.read_exe(getpid()) == "test_probe_process");
  CHECK(procfs.read_cmdline(getpid()).find("test_probe") != std::string::npos);
  CHECK(procfs.read_user(getpid()) == geteuid());
  CHECK(procfs.read_stat(4'194'304, stat) == std::errc::no_such_process);

  ProcFs nowhere("/no/such/folder");
  CHECK(nowhere.list(pids));
}

TEST_CASE("procfs: a pid file is read, and each thing wrong with it is told", "[probe]") {
  const TempDir dir;
  const auto read = [&](const std::string& text) {
    return read_pid_file(dir.write("x.pid", text).string());
  };
  const std::string named = "pid file " + (dir.path() / "x.pid").string();
  CHECK(read("123\n").pid == 123);
  CHECK(read("  123").pid == 123);
  CHECK(read("123\n/var/lib/postgresql\n1700000000\n").pid == 123);
  for (const char* wrong : {"", "\n", "x", "12x", "0", "-1", "4194305", "99999999999999"}) {
    INFO(wrong);
    const PidFile file = read(wrong);
    CHECK_FALSE(file.pid);
    CHECK(file.wrong == named + " holds no process id");
  }
  CHECK(read_pid_file("/no/such/x.pid").wrong == "pid file /no/such/x.pid is missing");
  CHECK(read_pid_file("/proc/self/cmdline/x.pid").wrong.ends_with("is missing"));
  CHECK(read_pid_file(dir.path().string()).wrong.ends_with("is not a plain file"));

  const std::string fifo = (dir.path() / "fifo").string();
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(read_pid_file(fifo).wrong.ends_with("is not a plain file"));

  if (geteuid() == 0) {
    WARN("root reads everything: a pid file without permission is not tried");
  } else {
    const auto path = dir.write("secret.pid", "1");
    chmod(path.c_str(), 0);
    CHECK(read_pid_file(path.string()).trouble.ends_with("cannot be read: Permission denied"));
  }
}

}  // namespace tocsin
