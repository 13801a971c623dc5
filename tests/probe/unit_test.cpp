// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// What a unit's state makes of it: on a private D-Bus with a stand-in for systemd.
#include "probe/unit_fixture.h"

namespace tocsin {

TEST_CASE("unit: one that runs is up, with what it uses", "[probe]") {
  if (!can_stand_in()) return;
  SystemdStandIn systemd;
  Looking at(systemd.address());
  systemd.set("nginx.service", kRunning,
              R"({"MemoryCurrent": 1048576, "TasksCurrent": 3, "CPUUsageNSec": 1500000000,
                  "NRestarts": 1, "StatusText": "serving"})");
  const Result result = at.look("name: nginx");
  INFO(result.reason);
  CHECK(result.verdict == Verdict::up);
  CHECK(result.reason.empty());
  CHECK(metric(result, "memory") == 1048576);
  CHECK(metric(result, "tasks") == 3);
  CHECK(metric(result, "cpu") == 1.5);
  CHECK(metric(result, "restarts") == 1);
  CHECK(has_note(result, "state: active (running)"));
  CHECK(has_note(result, "loaded: loaded, enabled"));
  CHECK(has_note(result, "says: serving"));
  systemd.set("bare.service", kRunning);
  CHECK_FALSE(has_metric(at.look("name: bare"), "memory"));
}

TEST_CASE("unit: how it failed is in the reason", "[probe]") {
  if (!can_stand_in()) return;
  struct Row {
    const char* own;
    const char* reason;
  };
  const Row rows[] = {
      {R"({"Result": "exit-code", "ExecMainCode": 1, "ExecMainStatus": 1})",
       "failed: exit-code, status 1/FAILURE"},
      {R"({"Result": "exit-code", "ExecMainCode": 1, "ExecMainStatus": 203})",
       "failed: exit-code, status 203/EXEC"},
      {R"({"Result": "exit-code", "ExecMainCode": 1, "ExecMainStatus": 42})",
       "failed: exit-code, status 42"},
      {R"({"Result": "core-dump", "ExecMainCode": 3, "ExecMainStatus": 11})",
       "failed: killed by SIGSEGV (core dumped)"},
      {R"({"Result": "signal", "ExecMainCode": 2, "ExecMainStatus": 9})",
       "failed: killed by SIGKILL"},
      {R"({"Result": "oom-kill", "ExecMainCode": 2, "ExecMainStatus": 9})",
       "failed: oom-kill: out of memory; killed by SIGKILL"},
      {R"({"Result": "start-limit-hit", "ExecMainCode": 1, "ExecMainStatus": 1})",
       "failed: start-limit-hit: it was started too often, systemd has given up; status 1/FAILURE"},
      {R"({"Result": "timeout"})", "failed: timeout: starting or stopping took too long"},
      {R"({"Result": "watchdog", "ExecMainCode": 3, "ExecMainStatus": 6})",
       "failed: watchdog: it did not report to systemd in time; killed by SIGABRT (core dumped)"},
      {R"({"Result": "protocol"})", "failed: protocol: it did not do what its Type= asks for"},
      {R"({"Result": "something-new"})", "failed: something-new"},
      {R"({"Result": "exit-code", "ExecStartPre": [
            ["/bin/true", ["true"], false, 0, 0, 0, 0, 1, 1, 0],
            ["/bin/may", ["may"], true, 0, 0, 0, 0, 1, 1, 3],
            ["/usr/sbin/nginx", ["nginx", "-t", "hunter2"], false, 0, 0, 0, 0, 1, 1, 1]]})",
       "failed: exit-code, ExecStartPre /usr/sbin/nginx: status 1/FAILURE"},
  };
  SystemdStandIn systemd;
  Looking at(systemd.address());
  int number = 0;
  for (const Row& row : rows) {
    const std::string name = "x" + std::to_string(number++) + ".service";
    systemd.set(name,
                R"({"ActiveState": "failed", "SubState": "failed", "StateChangeTimestamp": )" +
                    before(at.clock_, std::chrono::minutes{3}) + "}",
                row.own);
    const Result result = at.look("name: " + name);
    CHECK(result.verdict == Verdict::down);
    CHECK(result.reason == std::string(row.reason) + ", 3 min ago");
    for (const std::string& note : result.notes) CHECK(note.find("hunter2") == std::string::npos);
  }
}

TEST_CASE("unit: one that is not active is down, and the reason says why", "[probe]") {
  if (!can_stand_in()) return;
  SystemdStandIn systemd;
  Looking at(systemd.address());
  const auto reason = [&](const std::string& unit, const std::string& own = "{}") {
    systemd.set("x.service", unit, own);
    const Result result = at.look("name: x.service");
    CHECK(result.verdict == Verdict::down);
    return result.reason;
  };
  CHECK(reason("{}") == "inactive (dead)");
  CHECK(reason(R"({"StateChangeTimestamp": )" + before(at.clock_, std::chrono::hours{3}) + "}") ==
        "inactive (dead) for 3 h");
  CHECK(reason(R"({"StateChangeTimestamp": 0, "UnitFileState": "disabled"})") ==
        "inactive (dead), disabled: it does not start at boot");
  CHECK(reason(R"({"UnitFileState": "enabled", "ConditionTimestamp": 5})") ==
        "inactive (dead), its conditions were not met when it was started");
  CHECK(reason(R"({"ConditionResult": true})", R"({"Type": "oneshot"})") ==
        "inactive (dead); a oneshot service is active only while it runs: `expect: not_failed` "
        "suits it");
  CHECK(reason(R"({"LoadState": "masked"})") == "masked: it cannot be started");
  CHECK(reason(R"({"LoadState": "bad-setting", "LoadError": ["x", "Unit has no ExecStart"]})") ==
        "its unit file cannot be used: Unit has no ExecStart");
  CHECK(reason(R"({"LoadState": "loaded", "ActiveState": "deactivating",
                   "SubState": "stop-sigterm"})") == "stopping (stop-sigterm)");
  CHECK(reason(R"({"ActiveState": "maintenance", "SubState": ""})") == "maintenance");
}

TEST_CASE("unit: one that is not there is down, with the name that was meant", "[probe]") {
  if (!can_stand_in()) return;
  SystemdStandIn systemd;
  Looking at(systemd.address());
  systemd.set("nginx.service", kRunning);
  systemd.tell(R"({"file": "postgresql.service"})");
  const Result loaded = at.look("name: ngnix");
  CHECK(loaded.verdict == Verdict::down);
  CHECK(loaded.reason == "there is no such unit; did you mean nginx.service?");
  CHECK(at.look("name: postgressql").reason ==
        "there is no such unit; did you mean postgresql.service?");
  CHECK(at.look("name: something-else-altogether").reason == "there is no such unit");
}

TEST_CASE("unit: what is wanted may be that it does not run, or does not fail", "[probe]") {
  if (!can_stand_in()) return;
  SystemdStandIn systemd;
  Looking at(systemd.address());
  const auto verdicts = [&](const std::string& unit) {
    systemd.set("x.service", unit, R"({"Type": "oneshot"})");
    std::string out;
    for (const char* wanted : {"active", "inactive", "not_failed"}) {
      const Result result = at.look("name: x, expect: " + std::string(wanted));
      out += std::string(to_string(result.verdict)) + " ";
      if (result.verdict != Verdict::up) CHECK_FALSE(result.reason.empty());
    }
    return out;
  };
  CHECK(verdicts(R"({"ActiveState": "active", "SubState": "exited"})") == "up down up ");
  CHECK(verdicts(R"({"ActiveState": "inactive", "SubState": "dead"})") == "down up up ");
  CHECK(verdicts(R"({"ActiveState": "activating", "SubState": "start"})") == "degraded down up ");
  CHECK(verdicts(R"({"ActiveState": "deactivating", "SubState": "stop"})") == "down degraded up ");
  CHECK(verdicts(R"({"ActiveState": "reloading", "SubState": "reload"})") == "up down up ");
  CHECK(verdicts(R"({"ActiveState": "failed", "SubState": "failed"})") == "down down down ");
  CHECK(verdicts(R"({"ActiveState": "activating", "SubState": "auto-restart"})") ==
        "down down down ");
  CHECK(verdicts(R"({"ActiveState": "inactive", "SubState": "dead", "LoadState": "masked"})") ==
        "down up up ");
  CHECK(verdicts(R"({"LoadState": "not-found"})") == "down up down ");
}

TEST_CASE("unit: starting, stopping and reloading may take their time, and no more", "[probe]") {
  if (!can_stand_in()) return;
  SystemdStandIn systemd;
  Looking at(systemd.address());
  const auto look = [&](const std::string& state, const std::string& since, Millis age,
                        const std::string& keys = "") {
    systemd.set("x.service", R"({"ActiveState": ")" + state + R"(", "SubState": "sub", ")" + since +
                                 R"(": )" + before(at.clock_, age) + "}");
    const Result result = at.look("name: x" + keys);
    return std::string(to_string(result.verdict)) + " " + result.reason;
  };
  const auto minute = std::chrono::minutes{1};
  CHECK(look("activating", "InactiveExitTimestamp", minute) == "degraded starting (sub) for 1 min");
  CHECK(look("activating", "InactiveExitTimestamp", 5 * minute) ==
        "down still starting (sub) for 5 min");
  CHECK(look("activating", "InactiveExitTimestamp", minute, ", settle_within: 30s") ==
        "down still starting (sub) for 1 min");
  CHECK(look("activating", "InactiveExitTimestamp", 500 * minute, ", settle_within: 0") ==
        "degraded starting (sub) for 8 h 20 min");
  CHECK(look("activating", "InactiveExitTimestamp", 500 * minute, ", expect: not_failed") == "up ");
  CHECK(look("activating", "InactiveExitTimestamp", 500 * minute,
             ", expect: not_failed, settle_within: 8h") ==
        "down still starting (sub) for 8 h 20 min");
  CHECK(look("reloading", "StateChangeTimestamp", minute) == "up ");
  CHECK(look("reloading", "StateChangeTimestamp", 5 * minute) ==
        "degraded still reloading for 5 min");
  CHECK(look("deactivating", "ActiveExitTimestamp", 5 * minute) ==
        "down still stopping (sub) for 5 min");
}

TEST_CASE("unit: restarts are counted within a time", "[probe]") {
  if (!can_stand_in()) return;
  SystemdStandIn systemd;
  Looking at(systemd.address());
  const std::string keys = "name: x, restarts: {degraded: 2, down: 4}, restarts_within: 10m";
  const auto look = [&](int restarts) {
    systemd.set("x.service", kRunning, R"({"NRestarts": )" + std::to_string(restarts) + "}");
    return at.look(keys, 7);
  };
  CHECK(look(57).verdict == Verdict::up);  // nobody knows when these were
  CHECK(look(59).verdict == Verdict::up);
  systemd.set("x.service", R"({"ActiveState": "activating", "SubState": "auto-restart"})",
              R"({"Result": "exit-code", "ExecMainCode": 1, "ExecMainStatus": 1})");
  const Result waits = at.look(keys, 7);
  CHECK(waits.verdict == Verdict::down);
  CHECK(waits.reason == "waiting to be restarted after: exit-code, status 1/FAILURE");
  systemd.set("x.service", "{}",
              R"({"Result": "success", "ExecMainCode": 0, "ExecMainStatus": 0})");
  const Result third = look(60);
  CHECK(third.verdict == Verdict::degraded);
  CHECK(third.reason ==
        "restarted 3 times within 10 min, wanted at most 2, last after: exit-code, status "
        "1/FAILURE");
  at.clock_.advance(std::chrono::minutes{9});
  CHECK(look(62).verdict == Verdict::down);
  at.clock_.advance(std::chrono::minutes{2});
  CHECK(look(62).verdict == Verdict::up);       // two of them in the last ten minutes
  CHECK(look(1).verdict == Verdict::degraded);  // started from outside, and restarted since
  const Result once = at.look(keys);
  CHECK(once.verdict == Verdict::up);  // one look knows of no time
}

TEST_CASE("unit: a timer is judged by its last run, too", "[probe]") {
  if (!can_stand_in()) return;
  SystemdStandIn systemd;
  Looking at(systemd.address());
  const auto hour = std::chrono::hours{1};
  const auto look = [&](Millis last, const std::string& keys = "") {
    systemd.set("backup.timer",
                R"({"ActiveState": "active", "SubState": "waiting", "ActiveEnterTimestamp": )" +
                    before(at.clock_, 100 * hour) + "}",
                R"({"Unit": "backup.service", "LastTriggerUSec": )" +
                    (last == Millis{0} ? "0" : before(at.clock_, last)) + "}");
    const Result result = at.look("name: backup.timer" + keys);
    return std::string(to_string(result.verdict)) + " " + result.reason;
  };
  CHECK(look(hour) == "down it starts backup.service, which is not there");
  systemd.set("backup.service", "{}", R"({"Type": "oneshot"})");
  CHECK(look(hour) == "up ");
  CHECK(look(26 * hour) == "up ");
  CHECK(look(26 * hour, ", last_run: 25h") ==
        "degraded time since the last run 1 d 2 h, wanted at most 1 d 1 h");
  CHECK(look(26 * hour, ", last_run: {down: 25h}") ==
        "down time since the last run 1 d 2 h, wanted at most 1 d 1 h");
  CHECK(look(Millis{0}, ", last_run: 25h") ==
        "degraded no run since the timer was started, which is 4 d 4 h, wanted at most 1 d 1 h");
  systemd.set("backup.service",
              R"({"ActiveState": "failed", "SubState": "failed", "StateChangeTimestamp": )" +
                  before(at.clock_, 2 * hour) + "}",
              R"({"Result": "exit-code", "ExecMainCode": 1, "ExecMainStatus": 2})");
  CHECK(look(hour) ==
        "down the last run of backup.service failed: exit-code, status 2/INVALIDARGUMENT, 2 h ago");
}

TEST_CASE("unit: mounts, sockets and targets are units, too", "[probe]") {
  if (!can_stand_in()) return;
  SystemdStandIn systemd;
  Looking at(systemd.address());
  systemd.set("srv-my\\\\x2ddata.mount", R"({"ActiveState": "active", "SubState": "mounted"})");
  CHECK(at.look("name: /srv/my-data/").verdict == Verdict::up);
  systemd.set(
      "srv-my\\\\x2ddata.mount", R"({"ActiveState": "failed", "SubState": "failed"})",
      R"({"Result": "exit-code", "ExecMount": [["/bin/mount", [], false, 0, 0, 0, 0, 1, 1, 32]]})");
  const Result mount = at.look("name: /srv/my-data");
  CHECK(mount.reason == "failed: exit-code, ExecMount /bin/mount: status 32");
  systemd.set("ssh.socket", R"({"ActiveState": "failed", "SubState": "failed"})",
              R"({"Result": "service-start-limit-hit"})");
  CHECK(at.look("name: ssh.socket").reason ==
        "failed: service-start-limit-hit: its service was started too often, systemd has given up");
  systemd.set("multi-user.target", R"({"ActiveState": "active", "SubState": "active"})");
  CHECK(at.look("name: multi-user.target").verdict == Verdict::up);
}

TEST_CASE("unit: one that would not start at boot is degraded where that is wanted", "[probe]") {
  if (!can_stand_in()) return;
  SystemdStandIn systemd;
  Looking at(systemd.address());
  systemd.set("x.service", kRunning);
  CHECK(at.look("name: x, enabled: true").verdict == Verdict::up);
  systemd.set("x.service", R"({"UnitFileState": "disabled"})");
  CHECK(at.look("name: x").verdict == Verdict::up);
  const Result result = at.look("name: x, enabled: true");
  CHECK(result.verdict == Verdict::degraded);
  CHECK(result.reason == "disabled: it does not start at boot");
}

TEST_CASE("unit: each bad key is told", "[probe]") {
  const auto told = [](const std::string& keys) { return problems_of("unit: " + keys); };
  CHECK(told("{}").find("error: 'name' is missing") != std::string::npos);
  CHECK(told("'a b'").find("error: not a unit's name: \"a b\"") != std::string::npos);
  CHECK(told("'.service'").find("error: not a unit's name") != std::string::npos);
  CHECK(told("getty@.service")
            .find("error: a template; name an instance of it: "
                  "\"getty@INSTANCE.service\"") != std::string::npos);
  CHECK(told("'" + std::string(250, 'a') + "'").find("error: longer than a unit's name may be") !=
        std::string::npos);
  CHECK(told("{name: x, bus: session}").find("error: \"system\", \"user\" or a socket") !=
        std::string::npos);
  CHECK(told("{name: x, bus: 'unixexec:path=/bin/sh'}").find("error: ") != std::string::npos);
  CHECK(told("{name: x, bus: 'unix:path=/a;unixexec:path=/b'}").find("error: ") !=
        std::string::npos);
  CHECK(told("{name: x, expect: up}").find("error: ") != std::string::npos);
  CHECK(told("{name: x, restarts: many}").find("error: number expected") != std::string::npos);
  CHECK(told("{name: x, restarts: 1000}").find("error: must be below 1000") != std::string::npos);
  CHECK(told("{name: x, last_run: 25h}").find("error: it is for timers") != std::string::npos);
  CHECK(told("{name: x, settle_within: soon}").find("error: ") != std::string::npos);
  CHECK(told("{name: app@1, bus: user, restarts: 5}").empty());
  CHECK(make_check("unit: nginx")->target == "unit nginx.service");
  CHECK(make_check("unit: {name: app, bus: user}")->target == "unit app.service (bus user)");
}

}  // namespace tocsin
