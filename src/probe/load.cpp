// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// load: the load average, how busy the CPUs are, and the pressure on CPU and I/O, as /proc tells
// them. Shares of CPU time are those between two looks: each look leaves its sample for the next
// one; the first look of a check that has a limit for them waits a moment and takes both.
#include <array>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "probe/machine.h"
#include "probe/pressure_limits.h"
#include "probe/prober.h"
#include "probe/process_table.h"
#include "probe/process_words.h"
#include "probe/second_look.h"
#include "probe/threshold.h"
#include "probe/types.h"

namespace tocsin {
namespace {

constexpr double kMostLoad = 1'000'000;  // per cent of the CPUs
constexpr std::size_t kProcessesShown = 10;

struct LoadSettings {
  std::array<Threshold, 3> average;  // over 1, 5 and 15 minutes
  Threshold cpu;
  Threshold iowait;
  Threshold steal;
  PressureLimits cpu_pressure;
  PressureLimits io_pressure;

  bool shares() const noexcept { return cpu.set() || iowait.set() || steal.set(); }
  bool shares_of_cpus() const noexcept {
    return average[0].needs_whole() || average[1].needs_whole() || average[2].needs_whole();
  }
  bool averages() const noexcept {
    return average[0].set() || average[1].set() || average[2].set();
  }
};

constexpr std::array<const char*, 3> kAverages{"load1", "load5", "load15"};
constexpr std::array<const char*, 3> kMinutes{"1 min", "5 min", "15 min"};

// Of all CPU time between two looks, in per cent.
struct Shares {
  double busy = 0;  // neither idle nor waiting for I/O; what was stolen is in it
  double iowait = 0;
  double steal = 0;
};

std::optional<Shares> shares_between(const CpuTimes& before, const CpuTimes& now) noexcept {
  // iowait may go backwards, by the kernel's own words, and all of them do when a CPU goes away.
  const auto since = [](std::uint64_t then, std::uint64_t later) {
    return later > then ? static_cast<double>(later - then) : 0.0;
  };
  const double idle = since(before.idle, now.idle);
  const double iowait = since(before.iowait, now.iowait);
  const double steal = since(before.steal, now.steal);
  const double busy = since(before.user, now.user) + since(before.system, now.system) + steal;
  const double all = idle + iowait + busy;
  if (all <= 0) return std::nullopt;
  return Shares{busy * 100 / all, iowait * 100 / all, steal * 100 / all};
}

std::string unreadable(const std::string& path, int error) {
  const std::string why =
      error == 0 ? "it is not what the kernel writes" : std::generic_category().message(error);
  return path + " cannot be read: " + why;
}

class LoadProber final : public Prober {
 public:
  explicit LoadProber(LoadSettings settings) : settings_(std::move(settings)) {}
  asio::awaitable<Result> probe(ProbeContext& context) const override;

 private:
  asio::awaitable<std::optional<Shares>> look_at_shares(ProbeContext& context,
                                                        Findings& findings) const;
  void judge_shares(Findings& findings, const Shares& shares, Result& result) const;
  void look_at_averages(ProbeContext& context, Findings& findings, Result& result) const;

  const LoadSettings settings_;
};

// Nothing if it cannot be read, for which `error` is the errno.
std::optional<MachineSample> sample(ProbeContext& context, int& error) {
  const ReadFile file = read_kernel_file(context.processes.proc() + "/stat");
  error = file.error;
  const auto times = parse_cpu_times(file.text);
  if (!times) return std::nullopt;
  return MachineSample{context.clock.steady(), *times};
}

int rank(const ProcessStat& process) noexcept {
  return process.state == 'D' ? 2 : process.state == 'R' ? 1 : 0;
}

// Those that the load average counts: the first question of whoever is paged.
std::vector<std::string> counted(ProcessTable& processes) {
  const auto found =
      processes.first(kProcessesShown,
                      [](const ProcessStat& a, const ProcessStat& b) { return rank(a) > rank(b); });
  std::vector<std::string> out;
  for (const FoundProcess& process : found) {
    if (process.state == 'D') out.push_back(process_line(process, "uninterruptible"));
    if (process.state == 'R') out.push_back(process_line(process, "running or ready to"));
  }
  return out;
}

void tell_processes(Result& result, ProbeContext& context) {
  const bool bad = result.verdict == Verdict::degraded || result.verdict == Verdict::down;
  if (!bad && !context.explain) return;
  const std::vector<std::string> lines = counted(context.processes);
  if (bad) result.details = joined_lines(lines);
  if (context.explain) result.notes.insert(result.notes.end(), lines.begin(), lines.end());
}

asio::awaitable<Result> LoadProber::probe(ProbeContext& context) const {
  const SteadyTime begun = context.clock.steady();
  Result result;
  Findings findings;
  const auto shares = co_await look_at_shares(context, findings);
  look_at_averages(context, findings, result);
  if (shares) judge_shares(findings, *shares, result);
  if (shares && context.explain) {
    result.notes.push_back("CPU: busy " + human_figure(Quantity::percent, shares->busy) +
                           ", waiting for I/O " + human_figure(Quantity::percent, shares->iowait) +
                           ", stolen " + human_figure(Quantity::percent, shares->steal));
  }
  const std::string& proc = context.processes.proc();
  judge_pressure(findings, settings_.cpu_pressure, proc, "cpu", result, context.explain);
  judge_pressure(findings, settings_.io_pressure, proc, "io", result, context.explain);
  findings.tell(result);
  tell_processes(result, context);
  result.took = micros_between(begun, context.clock.steady());
  co_return result;
}

asio::awaitable<std::optional<Shares>> LoadProber::look_at_shares(ProbeContext& context,
                                                                  Findings& findings) const {
  const bool limited = settings_.shares();
  int error = 0;
  auto now = sample(context, error);
  std::optional<MachineSample> before;
  if (now && context.check != 0) {
    Recent<MachineSample>& history = context.processes.history(context.check).machine;
    if (const MachineSample* last = history.before(now->at)) before = *last;
    history.keep(*now);
  }
  if (now && !before && (limited || context.explain)) {
    co_await wait_for_second_look(context, limited ? kBetweenLooks : kBetweenShown);
    before = std::exchange(now, sample(context, error));
  }
  if (!now && limited) {
    findings.add(Verdict::unknown, unreadable(context.processes.proc() + "/stat", error));
  }
  if (!now || !before) co_return std::nullopt;
  co_return shares_between(before->times, now->times);
}

void LoadProber::judge_shares(Findings& findings, const Shares& shares, Result& result) const {
  const auto one = [&](const char* name, const Threshold& limit, const Figure& figure) {
    judge(findings, limit, figure);
    result.metrics.push_back(metric_of(name, limit, figure));
  };
  one("cpu", settings_.cpu, {"CPU", shares.busy});
  one("iowait", settings_.iowait, {"CPU time waiting for I/O", shares.iowait});
  one("steal", settings_.steal, {"CPU time stolen by the host", shares.steal});
}

void LoadProber::look_at_averages(ProbeContext& context, Findings& findings, Result& result) const {
  const std::string path = context.processes.proc() + "/loadavg";
  const ReadFile file = read_kernel_file(path);
  const auto load = parse_loadavg(file.text);
  if (!load && settings_.averages()) findings.add(Verdict::unknown, unreadable(path, file.error));
  if (!load) return;
  const ReadFile stat = read_kernel_file(context.processes.proc() + "/stat");
  const auto times = parse_cpu_times(stat.text);
  const unsigned cpus = times ? times->cpus : 0;
  if (cpus == 0 && settings_.shares_of_cpus()) {
    findings.add(Verdict::unknown, "the number of CPUs is not known: " +
                                       unreadable(context.processes.proc() + "/stat", stat.error));
  }
  const std::string on = "on " + std::to_string(cpus) + (cpus == 1 ? " CPU" : " CPUs");
  for (std::size_t i = 0; i < kAverages.size(); ++i) {
    const double average = load->average[i];
    Figure figure{"load over " + std::string(kMinutes[i]), average, static_cast<double>(cpus), on};
    const auto bad = beyond(settings_.average[i], figure);
    if (bad && bad->limit.percent) figure.note = human_number(average) + ' ' + on;
    judge(findings, settings_.average[i], figure);
    Metric metric = metric_of(kAverages[i], settings_.average[i], figure);
    metric.most.reset();  // the CPUs are no bound
    result.metrics.push_back(std::move(metric));
  }
  if (!context.explain) return;
  result.notes.push_back("load: " + human_number(load->average[0]) + ", " +
                         human_number(load->average[1]) + ", " + human_number(load->average[2]) +
                         ' ' + on + "; " + std::to_string(load->runnable) + " of " +
                         std::to_string(load->tasks) + " tasks running or ready to");
}

ParsedCheck parse(Settings& settings, Millis) {
  const LimitKind share{.quantity = Quantity::percent};
  const LimitKind average{
      .quantity = Quantity::number, .of_whole = true, .most_percent = kMostLoad};
  LoadSettings load;
  for (std::size_t i = 0; i < kAverages.size(); ++i) {
    load.average[i] = parse_threshold(settings, kAverages[i], average);
  }
  load.cpu = parse_threshold(settings, "cpu", share);
  load.iowait = parse_threshold(settings, "iowait", share);
  load.steal = parse_threshold(settings, "steal", share);
  load.cpu_pressure = parse_pressure_limits(settings, "cpu_pressure");
  load.io_pressure = parse_pressure_limits(settings, "io_pressure");
  bool given = false;
  for (const char* key :
       {"load1", "load5", "load15", "cpu", "iowait", "steal", "cpu_pressure", "io_pressure"}) {
    given = settings.has(key) || given;
  }
  if (!given) {
    settings.error(
        "a limit is needed: one of 'load1', 'load5', 'load15', 'cpu', 'iowait', 'steal', "
        "'cpu_pressure' and 'io_pressure'");
  }
  return {std::make_shared<LoadProber>(load), "load of this machine"};
}

}  // namespace

const CheckType kLoadCheck{
    .name = "load",
    .short_key = "load5",
    .summary = "this machine's load average, CPU time, and pressure on CPU and I/O",
    .parse = parse,
    .looks_here = true,
};

}  // namespace tocsin
