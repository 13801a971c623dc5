// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// process: counts the processes that meet all conditions, has their deaths watched, so that the
// next look comes when one dies and not at the next tick, and holds what they use against limits.
//
// CPU takes two samples. Each look leaves one for the check's next look; the first look of a check
// that has a limit for it, and a one-off that shows figures, wait a moment and take both.
#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "net/workers.h"
#include "probe/machine.h"
#include "probe/prober.h"
#include "probe/process_depth.h"
#include "probe/process_limits.h"
#include "probe/process_table.h"
#include "probe/process_words.h"
#include "probe/second_look.h"
#include "probe/types.h"
#include "probe/users.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::int64_t kMostProcesses = 1'000'000;
constexpr std::size_t kNotesMost = 50;    // processes that are listed one by one by `tocsin probe`
constexpr std::size_t kDetailsMost = 12;  // the same with an incident

struct ProcessSettings {
  ProcessQuery query;
  std::string user;  // as configured
  std::size_t min = 1;
  std::optional<std::size_t> max;
  ProcessLimits limits;
};

// --- words
// ------------------------------------------------------------------------------------------

// The conditions, as reasons and targets name them: `"worker" with command /--queue/ of www-data`.
std::string describe(const ProcessSettings& settings) {
  const ProcessQuery& query = settings.query;
  std::string out;
  const auto add = [&out](const std::string& part) { out += (out.empty() ? "" : " ") + part; };
  if (!query.name.empty()) add('"' + printable(query.name, 100) + '"');
  if (query.command) add("command /" + printable(query.command->source(), 100) + "/");
  if (!settings.user.empty()) add("user " + printable(settings.user, 64));
  if (!query.pid_file.empty()) add("pid file " + printable(query.pid_file, 100));
  return out;
}

std::string target_of(const ProcessSettings& settings) {
  const ProcessQuery& query = settings.query;
  if (query.name.empty()) return "process " + describe(settings);
  return "process " + printable(query.name, 100);
}

std::string count_of(std::size_t count) {
  if (count == 0) return "no process matches ";
  if (count == 1) return "1 process matches ";
  return std::to_string(count) + " processes match ";
}

std::string zombies_of(std::size_t count) {
  if (count == 0) return {};
  if (count == 1) return " (1 zombie does not count)";
  return " (" + std::to_string(count) + " zombies do not count)";
}

// --- probing
// ----------------------------------------------------------------------------------------

class ProcessProber final : public Prober {
 public:
  explicit ProcessProber(ProcessSettings settings) : settings_(std::move(settings)) {
    settings_.query.family = settings_.limits.family();
  }
  asio::awaitable<Result> probe(ProbeContext& context) const override;

 private:
  ProcessLook look(ProcessTable& processes) const;
  ProcessLook look_for_user(ProcessTable& processes) const;
  asio::awaitable<void> sample(ProbeContext& context, ProcessLook& seen,
                               std::optional<ProcessSample>& before) const;
  asio::awaitable<void> look_deep(ProbeContext& context, ProcessEvidence& evidence) const;
  void judge_count(Result& result, const ProcessLook& look) const;
  void judge(Result& result, const ProcessEvidence& evidence) const;

  ProcessSettings settings_;
};

ProcessSample sample_of(const ProcessLook& seen) {
  return {seen.at, seen.boot_ticks, members_of(seen, true)};
}

// The processes, a line each: the busiest first, then those with the most memory.
std::vector<std::string> list_processes(ProcessTable& processes, const ProcessEvidence& evidence,
                                        std::size_t most) {
  std::vector<FoundProcess> found = evidence.look.found;
  const auto weight = [&evidence](const FoundProcess& process) {
    return std::pair{own_cpu_percent(process, evidence), process.figures.rss_pages};
  };
  std::stable_sort(found.begin(), found.end(),
                   [&](const auto& a, const auto& b) { return weight(a) > weight(b); });
  const std::size_t more = found.size() > most ? found.size() - most : 0;
  found.resize(found.size() - more);
  processes.add_details(found);
  std::vector<std::string> out;
  for (const FoundProcess& process : found) {
    out.push_back(process_line(process, describe_figures(process, evidence)));
  }
  if (more > 0) out.push_back("and " + std::to_string(more) + " more");
  return out;
}

void explain(Result& result, ProcessTable& processes, const ProcessEvidence& evidence) {
  result.notes.push_back("found: " + std::to_string(evidence.look.found.size()));
  for (std::string& line : list_processes(processes, evidence, kNotesMost)) {
    result.notes.push_back(std::move(line));
  }
  if (!evidence.look.hidden.empty()) result.notes.push_back(evidence.look.hidden);
  if (!evidence.depth.trouble.empty()) result.notes.push_back(evidence.depth.trouble);
}

asio::awaitable<Result> ProcessProber::probe(ProbeContext& context) const {
  const SteadyTime begun = context.clock.steady();
  Result result;
  ProcessLook seen = look(context.processes);
  if (context.check != 0) context.processes.watch(context.check, seen.found);
  std::optional<ProcessSample> before;
  co_await sample(context, seen, before);
  ProcessEvidence evidence{seen, std::move(before), {}, 0};
  co_await look_deep(context, evidence);
  if (settings_.limits.memory.needs_whole() || settings_.limits.pss.needs_whole()) {
    const ReadFile meminfo = read_kernel_file(context.processes.proc() + "/meminfo");
    evidence.total_memory = parse_meminfo(meminfo.text).value_or(MemInfo{}).total;
  }
  judge(result, evidence);
  result.metrics = process_metrics(settings_.limits, evidence);
  if (context.explain) explain(result, context.processes, evidence);
  if (result.verdict != Verdict::up) {
    result.details = joined_lines(list_processes(context.processes, evidence, kDetailsMost));
  }
  result.took = micros_between(begun, context.clock.steady());
  co_return result;
}

// Leaves this look's sample for the next one, and gives the one to compare with.
asio::awaitable<void> ProcessProber::sample(ProbeContext& context, ProcessLook& seen,
                                            std::optional<ProcessSample>& before) const {
  ProcessSample now = sample_of(seen);
  if (context.check != 0) {
    Recent<ProcessSample>& history = context.processes.history(context.check).processes;
    if (const ProcessSample* last = history.before(seen.at)) before = *last;
    history.keep(now);
  }
  const bool limited = settings_.limits.cpu.set();
  if (before || seen.found.empty() || !(limited || context.explain)) co_return;
  co_await wait_for_second_look(context, limited ? kBetweenLooks : kBetweenShown);
  before = std::move(now);
  seen = look(context.processes);
}

asio::awaitable<void> ProcessProber::look_deep(ProbeContext& context,
                                               ProcessEvidence& evidence) const {
  const DepthWanted wanted = context.explain ? DepthWanted{true, true} : settings_.limits.depth();
  if (!wanted.any() || evidence.look.found.empty()) co_return;
  std::vector<ProcessId> ids;
  for (const auto& process : members_of(evidence.look, settings_.limits.with_children)) {
    ids.push_back(process.id);
  }
  const auto depth = std::make_shared<DepthLook>();
  const std::string proc = context.processes.proc();
  const SteadyTime until = context.deadline;
  std::function<void()> job = [depth, proc, ids, wanted, until] {
    *depth = read_depth(proc, ids, wanted, until);
  };
  const Worked worked = co_await context.workers.run(context.check, std::move(job), until);
  if (worked == Worked::done) {
    evidence.depth = std::move(*depth);
  } else if (worked == Worked::no_worker) {
    evidence.depth.trouble = "memory (PSS) and open files were not read: every worker is busy";
  } else {
    evidence.depth.trouble =
        "memory (PSS) and open files were not read in time: the process holds a lock";
  }
}

ProcessLook ProcessProber::look(ProcessTable& processes) const {
  if (!settings_.user.empty() && !settings_.query.user) return look_for_user(processes);
  return processes.look(settings_.query, false);
}

// The user was unknown when the configuration was loaded; perhaps it is there now.
ProcessLook ProcessProber::look_for_user(ProcessTable& processes) const {
  ProcessQuery query = settings_.query;
  query.user = find_user(settings_.user);
  if (query.user) return processes.look(query, false);
  ProcessLook nothing;
  nothing.wrong = "there is no user \"" + printable(settings_.user, 64) + '"';
  return nothing;
}

void ProcessProber::judge(Result& result, const ProcessEvidence& evidence) const {
  judge_count(result, evidence.look);
  if (result.verdict != Verdict::up) return;
  Findings findings;
  judge_processes(findings, settings_.limits, evidence);
  findings.tell(result);
}

void ProcessProber::judge_count(Result& result, const ProcessLook& look) const {
  const std::size_t count = look.found.size();
  const bool too_few = count < settings_.min;
  const bool too_many = settings_.max && count > *settings_.max;
  if (!look.trouble.empty()) {
    result.verdict = Verdict::unknown;
    result.reason = look.trouble;
  } else if (!look.hidden.empty() && !too_many && (too_few || settings_.max)) {
    result.verdict = Verdict::unknown;
    result.reason = look.hidden;
  } else if (!too_few && !too_many) {
    result.verdict = Verdict::up;
  } else {
    result.verdict = Verdict::down;
    const std::string wanted = too_few ? "at least " + std::to_string(settings_.min)
                                       : "at most " + std::to_string(*settings_.max);
    result.reason = count_of(count) + describe(settings_) + "; " + wanted + " expected" +
                    zombies_of(look.zombies);
    if (!look.wrong.empty()) result.reason = look.wrong;
  }
}

// --- parsing
// ----------------------------------------------------------------------------------------

void parse_user(Settings& settings, ProcessSettings& process) {
  process.user = settings.text("user");
  if (process.user.empty()) return;
  process.query.user = find_user(process.user);
  if (!process.query.user) settings.warn("user", "there is no such user here now");
}

ParsedCheck parse(Settings& settings, Millis) {
  ProcessSettings process;
  process.query.name = settings.text("name");
  const std::string command = settings.pattern("command");
  parse_user(settings, process);
  process.query.pid_file = settings.text("pid_file");
  process.limits = parse_process_limits(settings);
  process.min = static_cast<std::size_t>(settings.integer("min", 1, {0, kMostProcesses}));
  const auto max = settings.integer("max", kMostProcesses, {0, kMostProcesses});
  if (settings.has("max")) process.max = static_cast<std::size_t>(max);
  if (!command.empty()) process.query.command = std::make_shared<Pattern>(command);

  const ProcessQuery& query = process.query;
  if (query.name.empty() && !query.command && query.pid_file.empty()) {
    settings.error("one of 'name', 'command' and 'pid_file' is needed");
  }
  if (query.name.find('/') != std::string::npos) {
    settings.error("name", "a name, not a path; use 'command' for the whole command line");
  }
  if (process.max && *process.max < process.min) settings.error("max", "less than 'min'");
  if (!query.pid_file.empty() && process.min > 1) {
    settings.error("min", "a pid file names one process");
  }
  if (!query.pid_file.empty() && query.pid_file.front() != '/') {
    settings.error("pid_file", "not an absolute path");
  }
  std::string target = target_of(process);
  return {std::make_shared<ProcessProber>(std::move(process)), std::move(target)};
}

}  // namespace

const CheckType kProcessCheck{
    .name = "process",
    .short_key = "name",
    .summary =
        "counts processes by name, command line, user or pid file, sees them die and restart, "
        "and holds what they use against limits",
    .parse = parse,
    .looks_here = true,
};

}  // namespace tocsin
