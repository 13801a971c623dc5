// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// The plugins of Debian's monitoring-plugins-basic, as they are, against real things.
#include <catch2/catch.hpp>
#include <filesystem>

#include "net/stream_fixture.h"
#include "probe/probe_fixture.h"
#include "support/child.h"
#include "support/nginx.h"

namespace tocsin {
namespace {

constexpr const char* kFolder = "/usr/lib/nagios/plugins/";

bool are_there() {
  const bool there = std::filesystem::exists(std::string(kFolder) + "check_load");
  if (!there) WARN("skipped: monitoring-plugins-basic is not installed");
  return there;
}

Result plugin(const std::string& command) {
  return probe("timeout: 20s, command: [" + command + "]");
}

std::vector<std::string> names_of(const Result& result) {
  std::vector<std::string> out;
  for (const Metric& metric : result.metrics) out.push_back(metric.name);
  return out;
}

}  // namespace

TEST_CASE("plugins: check_dummy's four statuses", "[probe]") {
  if (!are_there()) return;
  const std::pair<const char*, Verdict> table[] = {{"OK: hello", Verdict::up},
                                                   {"WARNING: hello", Verdict::degraded},
                                                   {"CRITICAL: hello", Verdict::down},
                                                   {"UNKNOWN: hello", Verdict::unknown}};
  int status = 0;
  for (const auto& [text, verdict] : table) {
    const Result result = plugin("check_dummy, '" + std::to_string(status++) + "', hello");
    CHECK(result.verdict == verdict);
    CHECK(result.reason == text);
  }
}

TEST_CASE("plugins: check_load, its three averages", "[probe]") {
  if (!are_there()) return;
  const Result good = plugin("check_load, -w, '9999,9999,9999', -c, '9999,9999,9999'");
  CHECK(good.verdict == Verdict::up);
  CHECK(good.reason.find("load average") != std::string::npos);
  CHECK(names_of(good) == std::vector<std::string>{"load1", "load5", "load15"});
  CHECK(good.metrics.front().crit == "9999.000");
  CHECK(good.metrics.front().least == 0.0);
}

TEST_CASE("plugins: check_disk, whose thresholds are met and are not", "[probe]") {
  if (!are_there()) return;
  const Result good = plugin("check_disk, -w, '1', -c, '1', -p, /");
  CHECK(good.verdict == Verdict::up);
  REQUIRE(names_of(good) == std::vector<std::string>{"/"});
  CHECK(good.metrics.front().value > 0);
  CHECK(good.metrics.front().most.value_or(0) > 0);
  const Result bad = plugin("check_disk, -w, '100%', -c, '100%', -p, /");
  CHECK(bad.verdict == Verdict::down);
  CHECK(bad.reason.starts_with("DISK CRITICAL - free space: /"));
}

TEST_CASE("plugins: check_procs finds a process, and nobody", "[probe]") {
  if (!are_there()) return;
  const Child sleeper({"/bin/sleep", "98765.4"}, {});
  const Result good = plugin("check_procs, -c, '1:', -a, '98765.4'");
  CHECK(good.verdict == Verdict::up);
  const Result bad = plugin("check_procs, -c, '1:', -C, no-such-thing");
  CHECK(bad.verdict == Verdict::down);
  CHECK(bad.reason == "PROCS CRITICAL: 0 processes with command name 'no-such-thing'");
}

TEST_CASE("plugins: check_http and check_tcp, against a server and against nobody", "[probe]") {
  if (!are_there()) return;
  const Nginx nginx({});
  nginx.put("index.html", "hello\n");
  const std::string port = std::to_string(nginx.port());
  const Result http = plugin("check_http, -I, 127.0.0.1, -p, '" + port + "'");
  CHECK(http.verdict == Verdict::up);
  CHECK(http.reason.starts_with("HTTP OK: HTTP/1.1 200 OK"));
  CHECK(names_of(http) == std::vector<std::string>{"time", "size"});
  CHECK(http.metrics[0].unit == "s");
  CHECK(http.metrics[1].unit == "B");
  const Result wrong = plugin("check_http, -I, 127.0.0.1, -u, /none, -p, '" + port + "'");
  CHECK(wrong.verdict == Verdict::degraded);
  const Result tcp = plugin("check_tcp, -H, 127.0.0.1, -p, '" + port + "'");
  CHECK(tcp.verdict == Verdict::up);
  const Result refused =
      plugin("check_tcp, -H, 127.0.0.1, -p, '" + std::to_string(free_port()) + "'");
  CHECK(refused.verdict == Verdict::down);
  CHECK(refused.reason.find("onnection refused") != std::string::npos);
}

TEST_CASE("plugins: one that hangs is killed at our timeout and not at its own", "[probe]") {
  if (!are_there()) return;
  const std::uint16_t port = free_port();
  const Listener silent("127.0.0.1", port);
  const Result result = probe("timeout: 2s, command: [check_http, -I, 127.0.0.1, -t, '600', -p, '" +
                              std::to_string(port) + "']");
  CHECK(result.verdict == Verdict::down);
  CHECK(result.reason.starts_with("timed out after 2 s; killed"));
}

TEST_CASE("plugins: check_users, check_ssh and check_ntp_time answer", "[probe]") {
  if (!are_there()) return;
  const Result users = plugin("check_users, -w, '9999', -c, '9999'");
  CHECK(users.verdict == Verdict::up);
  CHECK(names_of(users) == std::vector<std::string>{"users"});
  const std::string nobody = std::to_string(free_port());
  CHECK(plugin("check_ssh, -p, '" + nobody + "', 127.0.0.1").verdict == Verdict::down);
  const Result ntp = plugin("check_ntp_time, -H, 127.0.0.1, -t, '2', -p, '" + nobody + "'");
  CHECK(ntp.verdict != Verdict::up);
  CHECK_FALSE(ntp.reason.empty());
}

TEST_CASE("plugins: scripts in Perl and shell: check_file_age and check_log", "[probe]") {
  if (!are_there()) return;
  const TempDir dir;
  const auto file = dir.write("fresh", "some bytes");
  const Result age = plugin("check_file_age, -f, " + file.string());
  CHECK(age.verdict == Verdict::up);
  CHECK(names_of(age) == std::vector<std::string>{"age", "size"});
  const Result gone = plugin("check_file_age, -f, " + file.string() + "-gone");
  CHECK(gone.verdict == Verdict::down);
  const auto log = dir.write("log", "all is well\n");
  const std::string check =
      "check_log, -F, " + log.string() + ", -O, " + (dir.path() / "old").string() + ", -q, panic";
  CHECK(plugin(check).verdict == Verdict::up);
  dir.write("log", "all is well\npanic: no\n");
  const Result panic = plugin(check);
  CHECK(panic.verdict == Verdict::down);
  CHECK(panic.reason.find("panic: no") != std::string::npos);
}

TEST_CASE("plugins: usage errors are unknown, never down", "[probe]") {
  if (!are_there()) return;
  const Result result = plugin("check_tcp, --no-such-option");
  CHECK(result.verdict == Verdict::unknown);
  CHECK_FALSE(result.reason.empty());
}

}  // namespace tocsin
