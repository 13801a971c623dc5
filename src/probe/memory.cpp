// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// memory: the machine's memory, swap and memory pressure, as /proc tells them. "Used" is what the
// kernel could not hand out without swapping (MemTotal - MemAvailable): caches that can be dropped
// are not in it. Reading takes microseconds and waits for nobody, so no worker is needed.
#include <array>
#include <memory>
#include <system_error>
#include <utility>

#include "probe/machine.h"
#include "probe/pressure_limits.h"
#include "probe/prober.h"
#include "probe/process_table.h"
#include "probe/process_words.h"
#include "probe/threshold.h"
#include "probe/types.h"

namespace tocsin {
namespace {

constexpr std::size_t kLargestShown = 5;

struct MemorySettings {
  Threshold used;
  Threshold available;
  Threshold swap_used;
  PressureLimits pressure;

  bool any() const noexcept {
    return used.set() || available.set() || swap_used.set() || pressure.set();
  }
};

std::string of_total(double left, const char* word, double total) {
  return human_size(left) + ' ' + word + " of " + human_size(total);
}

class MemoryProber final : public Prober {
 public:
  explicit MemoryProber(MemorySettings settings) : settings_(std::move(settings)) {}
  asio::awaitable<Result> probe(ProbeContext& context) const override;

 private:
  void judge_memory(Findings& findings, const MemInfo& memory, Result& result) const;

  const MemorySettings settings_;
};

void explain(Result& result, const MemInfo& memory) {
  result.notes.push_back("memory: " + of_total(memory.available, "available", memory.total));
  result.notes.push_back(memory.swap_total > 0
                             ? "swap: " + of_total(memory.swap_free, "free", memory.swap_total)
                             : "swap: none");
}

// Who has most of it: the first question of whoever is paged.
std::vector<std::string> largest(ProcessTable& processes) {
  const auto found = processes.first(kLargestShown, [](const ProcessStat& a, const ProcessStat& b) {
    return a.rss_pages > b.rss_pages;
  });
  std::vector<std::string> out;
  for (const FoundProcess& process : found) {
    out.push_back(process_line(process, "memory " + human_size(resident_bytes(process.figures))));
  }
  return out;
}

asio::awaitable<Result> MemoryProber::probe(ProbeContext& context) const {
  const SteadyTime begun = context.clock.steady();
  const std::string& proc = context.processes.proc();
  Result result;
  Findings findings;
  const ReadFile file = read_kernel_file(proc + "/meminfo");
  if (const auto memory = parse_meminfo(file.text)) {
    if (context.explain) explain(result, *memory);
    judge_memory(findings, *memory, result);
  } else {
    const std::string why = file.error == 0 ? "it is not what the kernel writes"
                                            : std::generic_category().message(file.error);
    findings.add(Verdict::unknown, proc + "/meminfo cannot be read: " + why);
  }
  judge_pressure(findings, settings_.pressure, proc, "memory", result, context.explain);
  findings.tell(result);
  const bool bad = result.verdict == Verdict::degraded || result.verdict == Verdict::down;
  if (bad || context.explain) {
    const std::vector<std::string> lines = largest(context.processes);
    if (bad) result.details = joined_lines(lines);
    if (context.explain) result.notes.insert(result.notes.end(), lines.begin(), lines.end());
  }
  result.took = micros_between(begun, context.clock.steady());
  co_return result;
}

void MemoryProber::judge_memory(Findings& findings, const MemInfo& memory, Result& result) const {
  const std::string left = of_total(memory.available, "available", memory.total);
  const double swap_used = memory.swap_total - memory.swap_free;
  const std::string swap_left = of_total(memory.swap_free, "free", memory.swap_total);
  const Figure used{"memory used", memory.total - memory.available, memory.total, left};
  const Figure available{"memory available", memory.available, memory.total, left};
  const Figure swap{"swap used", swap_used, memory.swap_total, swap_left};
  judge(findings, settings_.used, used);
  judge(findings, settings_.available, available);
  judge(findings, settings_.swap_used, swap);
  result.metrics.push_back(metric_of("used", settings_.used, used));
  result.metrics.push_back(metric_of("available", settings_.available, available));
  result.metrics.push_back(metric_of("swap_used", settings_.swap_used, swap));
}

ParsedCheck parse(Settings& settings, Millis) {
  const LimitKind most{.quantity = Quantity::bytes, .of_whole = true};
  const LimitKind least{.quantity = Quantity::bytes, .least = true, .of_whole = true};
  MemorySettings memory;
  memory.used = parse_threshold(settings, "used", most);
  memory.available = parse_threshold(settings, "available", least);
  memory.swap_used = parse_threshold(settings, "swap_used", most);
  memory.pressure = parse_pressure_limits(settings, "pressure");
  bool given = false;
  for (const char* key : {"used", "available", "swap_used", "pressure"}) {
    given = settings.has(key) || given;
  }
  if (!given) {
    settings.error("a limit is needed: one of 'used', 'available', 'swap_used' and 'pressure'");
  }
  return {std::make_shared<MemoryProber>(std::move(memory)), "memory of this machine"};
}

}  // namespace

const CheckType kMemoryCheck{
    .name = "memory",
    .short_key = "used",
    .summary = "this machine's memory, swap and memory pressure",
    .parse = parse,
    .looks_here = true,
};

}  // namespace tocsin
