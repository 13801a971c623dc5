// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/threshold.h"

#include <catch2/catch.hpp>

#include "probe/probe_fixture.h"

namespace tocsin {
namespace {

constexpr LimitKind kPercent{.quantity = Quantity::percent};
constexpr LimitKind kSize{.quantity = Quantity::bytes, .of_whole = true};
constexpr LimitKind kLeastSize{.quantity = Quantity::bytes, .least = true, .of_whole = true};
constexpr LimitKind kLeastTime{.quantity = Quantity::seconds, .least = true};
constexpr double kMiB = 1024.0 * 1024;

Result judged(const Threshold& threshold, const std::vector<Figure>& figures) {
  Findings findings;
  judge_worst(findings, threshold, figures);
  Result out;
  findings.tell(out);
  return out;
}

std::string told(const std::string& keys) {
  return problems_of("process: {name: x, " + keys + "}");
}

}  // namespace

TEST_CASE("threshold: beyond a limit is bad, at it is not", "[probe]") {
  const Threshold cpu{kPercent, Limit{80, true}, Limit{95, true}};
  CHECK(judged(cpu, {{"CPU", 80}}).verdict == Verdict::up);
  CHECK(judged(cpu, {{"CPU", 80}}).reason.empty());
  const Result degraded = judged(cpu, {{"CPU", 93, 0, "pid 123"}});
  CHECK(degraded.verdict == Verdict::degraded);
  CHECK(degraded.reason == "CPU 93 % (pid 123), wanted at most 80 %");
  const Result down = judged(cpu, {{"CPU", 99.9}});
  CHECK(down.verdict == Verdict::down);
  CHECK(down.reason == "CPU 100 %, wanted at most 95 %");
}

TEST_CASE("threshold: what is just beyond never reads like the limit itself", "[probe]") {
  CHECK(judged({kPercent, Limit{80, true}, {}}, {{"CPU", 80.04}}).reason ==
        "CPU 80.04 %, wanted at most 80 %");
  CHECK(judged({kSize, Limit{kMiB, false}, {}}, {{"memory", kMiB + 1}}).reason ==
        "memory 1048577 B, wanted at most 1 MiB");
}

TEST_CASE("threshold: less than a least limit is bad", "[probe]") {
  const Threshold uptime{kLeastTime, Limit{300, false}, {}};
  CHECK(judged(uptime, {{"uptime", 300}}).verdict == Verdict::up);
  CHECK(judged(uptime, {{"uptime", 12}}).reason == "uptime 12 s, wanted at least 5 min");
}

TEST_CASE("threshold: a percentage is one of the whole, and says nothing where there is none",
          "[probe]") {
  const Threshold free{kLeastSize, Limit{10, true}, Limit{5 * kMiB, false}};
  CHECK(judged(free, {{"free", 10 * kMiB, 100 * kMiB}}).verdict == Verdict::up);
  CHECK(judged(free, {{"free", 9 * kMiB, 100 * kMiB}}).reason == "free 9 %, wanted at least 10 %");
  CHECK(judged(free, {{"free", 4 * kMiB, 100 * kMiB}}).reason ==
        "free 4 MiB, wanted at least 5 MiB");
  CHECK(judged({kSize, Limit{10, true}, {}}, {{"memory", 5, 0}}).verdict == Verdict::up);
}

TEST_CASE("threshold: of several the worst is told and the others are counted", "[probe]") {
  const Threshold cpu{kPercent, Limit{80, true}, Limit{95, true}};
  CHECK(judged(cpu, {{"CPU", 85, 0, "pid 1"}, {"CPU", 99, 0, "pid 2"}, {"CPU", 3, 0, "pid 3"}})
            .reason == "CPU 99 % (pid 2, and 1 more), wanted at most 95 %");
  const Threshold age{kLeastTime, Limit{10, false}, {}};
  CHECK(judged(age, {{"age", 5, 0, "a"}, {"age", 2, 0, "b"}, {"age", 3, 0, "c"}}).reason ==
        "age 2 s (b, and 2 more), wanted at least 10 s");
}

TEST_CASE("threshold: the worst finding decides and comes first, the rest is joined or counted",
          "[probe]") {
  Findings findings;
  findings.add(Verdict::unknown, "u");
  findings.add(Verdict::degraded, "d1");
  findings.add(Verdict::down, "x");
  findings.add(Verdict::degraded, "d2");
  findings.add(Verdict::degraded, "d3");
  findings.add(Verdict::degraded, "d4");
  Result result;
  findings.tell(result);
  CHECK(result.verdict == Verdict::down);
  CHECK(result.reason == "x; d1; d2; d3; and 2 more");
  Result clean;
  Findings().tell(clean);
  CHECK(clean.verdict == Verdict::up);
}

TEST_CASE("threshold: a metric has its limits in its own unit", "[probe]") {
  const Metric free =
      metric_of("free", {kLeastSize, Limit{10, true}, Limit{5, false}}, {"", 30, 200});
  CHECK(free.value == 30);
  CHECK(free.unit == "B");
  CHECK(free.least == 0.0);
  CHECK(free.most == 200.0);
  CHECK(free.warn == "20:");
  CHECK(free.crit == "5:");
  CHECK(metric_of("cpu", {kPercent, Limit{80, true}, {}}, {"", 3}).warn == "80");
  CHECK(metric_of("memory", {kSize, Limit{80, true}, {}}, {"", 3}).warn.empty());
}

TEST_CASE("threshold: sizes and numbers are written for people", "[probe]") {
  CHECK(human_size(0) == "0 B");
  CHECK(human_size(823) == "823 B");
  CHECK(human_size(1023.9) == "1 KiB");
  CHECK(human_size(1536) == "1.5 KiB");
  CHECK(human_size(512 * kMiB) == "512 MiB");
  CHECK(human_size(1.9 * 1024 * kMiB) == "1.9 GiB");
  CHECK(human_number(3) == "3");
  CHECK(human_number(0.25) == "0.25");
  CHECK(human_number(1000) == "1000");
}

TEST_CASE("threshold: each way to write a limit is understood", "[probe]") {
  for (const char* keys :
       {"cpu: 80%", "cpu: 250%", "cpu: 0.5%", "cpu: '80 %'", "cpu: {degraded: 80%, down: 95%}",
        "cpu: {down: 95%}", "memory: 500MB", "memory: {degraded: 80%, down: 2GiB}", "threads: 0",
        "threads: {degraded: 10, down: 20.5}", "uptime: 5m", "uptime: {degraded: 5m, down: 10s}",
        "open_files: 90%", "open_files: {degraded: 90%, down: 100}"}) {
    INFO(keys);
    CHECK(told(keys).empty());
  }
}

TEST_CASE("threshold: each mistake in a limit is told", "[probe]") {
  CHECK(told("cpu: 80") == "error: percentage expected, such as 80%; got \"80\"\n");
  CHECK(told("cpu: -1%").find("percentage expected") != std::string::npos);
  CHECK(told("cpu: nan%").find("percentage expected") != std::string::npos);
  CHECK(told("cpu: 1e3%").find("percentage expected") != std::string::npos);
  CHECK(told("cpu: 1.2.3%").find("percentage expected") != std::string::npos);
  CHECK(told("cpu: '%'").find("percentage expected") != std::string::npos);
  CHECK(told("memory: 101%") ==
        "error: size or percentage of at most 100% expected, such as 500MB or 80%; got "
        "\"101%\"\n");
  CHECK(told("memory: much").find("error: size or percentage") == 0);
  CHECK(told("threads: many") == "error: number expected, such as 20; got \"many\"\n");
  CHECK(told("threads: 5%") == "error: number expected, such as 20; got \"5%\"\n");
  CHECK(told("uptime: 5") == "error: duration expected, such as 30s or 5m; got \"5\"\n");
  CHECK(told("cpu: {}") == "error: a limit is needed: a value, or 'degraded', 'down' or both\n");
  CHECK(told("cpu:") == "error: a limit is needed: a value, or 'degraded', 'down' or both\n");
  CHECK(told("cpu: {degraded: 90%, down: 80%}") ==
        "error: must be more than 'degraded', since it is worse\n");
  CHECK(told("uptime: {degraded: 10s, down: 5m}") ==
        "error: must be less than 'degraded', since it is worse\n");
  CHECK(told("cpu: {degarded: 80%}").find("did you mean \"degraded\"?") != std::string::npos);
  CHECK(told("cpu: [80%, 90%]").find("error: ") == 0);
}

}  // namespace tocsin
