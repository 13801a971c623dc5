// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Limits are about groups: each process by itself, or all of them as one; with `with_children` a
// group has its descendants in it. Of groups that are beyond the same limit the worst is named and
// the others are counted, so that eight bad workers make one clause and not eight. Two figures know
// no groups: the youngest process decides on `uptime`, and zombies are counted together.
#include "probe/process_limits.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "probe/process_words.h"

namespace tocsin {
namespace {

constexpr double kMostCpu = 1'000'000;  // per cent of one CPU

struct Group {
  std::string who;  // "pid 123"
  std::vector<ProcessFigures> members;
  std::size_t descendants = 0;
};

std::string count(std::size_t number, const char* one, const char* many) {
  return std::to_string(number) + ' ' + (number == 1 ? one : many);
}

std::string pid_of(const ProcessFigures& process) {
  return "pid " + std::to_string(process.id.pid);
}

void sort_once(std::vector<ProcessFigures>& processes) {
  std::sort(processes.begin(), processes.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  const auto end = std::unique(processes.begin(), processes.end(),
                               [](const auto& a, const auto& b) { return a.id == b.id; });
  processes.erase(end, processes.end());
}

std::vector<ProcessFigures> family_of(const FoundProcess& process) {
  std::vector<ProcessFigures> out = process.descendants;
  out.push_back(process.figures);
  sort_once(out);
  return out;
}

Group group_of(const FoundProcess& process, bool with_children) {
  Group out;
  out.who = pid_of(process.figures);
  out.descendants = process.descendants.size();
  if (!with_children) {
    out.members = {process.figures};
    return out;
  }
  out.members = family_of(process);
  if (out.descendants > 0) out.who += " and its " + count(out.descendants, "child", "children");
  return out;
}

// Those found may be each other's descendants: they are then counted once.
Group group_of_all(const ProcessLook& look, bool with_children) {
  Group out;
  std::vector<ProcessFigures> families;
  for (const FoundProcess& process : look.found) {
    for (const ProcessFigures& child : process.descendants) families.push_back(child);
  }
  sort_once(families);
  out.descendants = families.size();
  out.members = members_of(look, with_children);
  out.who = look.found.size() == 1 ? pid_of(look.found[0].figures)
                                   : count(look.found.size(), "process", "processes") + " in all";
  return out;
}

std::vector<Group> groups_of(const ProcessLook& look, bool sum, bool with_children) {
  if (sum) return {group_of_all(look, with_children)};
  std::vector<Group> out;
  for (const FoundProcess& process : look.found) out.push_back(group_of(process, with_children));
  return out;
}

// --- figures of a group ------------------------------------------------------------------------

using Value = std::optional<double>;

Value cpu_of(const Group& group, const ProcessEvidence& evidence, bool with_children) {
  if (!evidence.before) return std::nullopt;
  return cpu_percent(*evidence.before, evidence.look.at, group.members, with_children);
}

double memory_of(const Group& group) {
  double out = 0;
  for (const ProcessFigures& process : group.members) out += resident_bytes(process);
  return out;
}

double threads_of(const Group& group) {
  double out = 0;
  for (const ProcessFigures& process : group.members) out += process.threads;
  return out;
}

// Nothing if it is known of none of them.
Value depth_of(const Group& group, const DepthLook& depth, Value ProcessDepth::*field) {
  Value out;
  for (const ProcessFigures& process : group.members) {
    const auto at = depth.of.find(process.id.pid);
    if (at == depth.of.end() || !(at->second.*field)) continue;
    out = out.value_or(0) + *(at->second.*field);
  }
  return out;
}

double age_of(const ProcessFigures& process, const ProcessLook& look) {
  const std::uint64_t now = std::max(look.boot_ticks, process.id.started);
  return static_cast<double>(now - process.id.started) / ticks_per_second();
}

const ProcessFigures& youngest(const ProcessLook& look) {
  const auto at =
      std::max_element(look.found.begin(), look.found.end(),
                       [](const auto& a, const auto& b) { return a.id.started < b.id.started; });
  return at->figures;
}

// --- judging -----------------------------------------------------------------------------------

// A percentage of open files is one of each process's own limit, whatever is summed.
std::vector<Figure> file_figures(const std::vector<Group>& groups, const ProcessEvidence& evidence,
                                 bool own_limits) {
  std::vector<Figure> out;
  for (const Group& group : groups) {
    const Value sum = depth_of(group, evidence.depth, &ProcessDepth::open_files);
    if (!own_limits && sum) out.push_back({"open files", *sum, 0, group.who});
    for (const ProcessFigures& process : group.members) {
      const auto at = evidence.depth.of.find(process.id.pid);
      if (!own_limits || at == evidence.depth.of.end() || !at->second.open_files) continue;
      out.push_back({"open files", *at->second.open_files, at->second.file_limit.value_or(0),
                     pid_of(process)});
    }
  }
  return out;
}

std::vector<Figure> figures_of(const std::vector<Group>& groups, const char* what, double whole,
                               const std::function<Value(const Group&)>& value_of) {
  std::vector<Figure> out;
  for (const Group& group : groups) {
    if (const Value value = value_of(group)) out.push_back({what, *value, whole, group.who});
  }
  return out;
}

void judge_uptime(Findings& findings, const ProcessLimits& limits, const ProcessLook& look) {
  const ProcessFigures& process = youngest(look);
  const double age = age_of(process, look);
  const auto bad = beyond(limits.uptime, {"", age});
  if (!bad) return;
  findings.add(bad->verdict, "restarted " + human_figure(Quantity::seconds, age) + " ago (" +
                                 pid_of(process) + "), " + wanted(limits.uptime, bad->limit));
}

void judge_zombies(Findings& findings, const ProcessLimits& limits, const ProcessLook& look) {
  std::string note;
  if (look.zombie_children > 0) {
    note = count(look.zombie_children, "of them a child that was not waited for",
                 "of them children that were not waited for");
  }
  judge(findings, limits.zombies,
        {"zombies", static_cast<double>(look.zombies + look.zombie_children), 0, note});
}

}  // namespace

ProcessLimits parse_process_limits(Settings& settings) {
  const LimitKind size{.quantity = Quantity::bytes, .of_whole = true};
  const LimitKind number{.quantity = Quantity::number};
  ProcessLimits out;
  out.cpu =
      parse_threshold(settings, "cpu", {.quantity = Quantity::percent, .most_percent = kMostCpu});
  out.memory = parse_threshold(settings, "memory", size);
  out.pss = parse_threshold(settings, "pss", size);
  out.threads = parse_threshold(settings, "threads", number);
  out.open_files =
      parse_threshold(settings, "open_files", {.quantity = Quantity::number, .of_whole = true});
  out.children = parse_threshold(settings, "children", number);
  out.uptime = parse_threshold(settings, "uptime", {.quantity = Quantity::seconds, .least = true});
  out.zombies = parse_threshold(settings, "zombies", number);
  out.sum = settings.choice("limits_for", {"each", "sum"}, "each") == "sum";
  out.with_children = settings.flag("with_children", false);
  return out;
}

std::vector<ProcessFigures> members_of(const ProcessLook& look, bool with_children) {
  std::vector<ProcessFigures> out;
  for (const FoundProcess& process : look.found) {
    out.push_back(process.figures);
    if (!with_children) continue;
    out.insert(out.end(), process.descendants.begin(), process.descendants.end());
  }
  sort_once(out);
  return out;
}

void judge_processes(Findings& findings, const ProcessLimits& limits,
                     const ProcessEvidence& evidence) {
  judge_zombies(findings, limits, evidence.look);
  if (evidence.look.found.empty()) return;
  const auto groups = groups_of(evidence.look, limits.sum, limits.with_children);
  const double ram = evidence.total_memory;
  const auto cpu = [&](const Group& group) {
    return cpu_of(group, evidence, limits.with_children);
  };
  const auto pss = [&](const Group& group) {
    return depth_of(group, evidence.depth, &ProcessDepth::pss);
  };
  const auto children = [](const Group& group) { return static_cast<double>(group.descendants); };
  judge_worst(findings, limits.cpu, figures_of(groups, "CPU", 0, cpu));
  judge_worst(findings, limits.memory, figures_of(groups, "memory", ram, memory_of));
  judge_worst(findings, limits.pss, figures_of(groups, "memory (PSS)", ram, pss));
  judge_worst(findings, limits.threads, figures_of(groups, "threads", 0, threads_of));
  judge_worst(findings, limits.open_files,
              file_figures(groups, evidence, limits.open_files.needs_whole()));
  judge_worst(findings, limits.children, figures_of(groups, "children", 0, children));
  judge_uptime(findings, limits, evidence.look);
  const bool needs_ram = limits.memory.needs_whole() || limits.pss.needs_whole();
  if (needs_ram && ram <= 0) findings.add(Verdict::unknown, "the machine's memory is not known");
  if (limits.depth().any() && !evidence.depth.trouble.empty()) {
    findings.add(Verdict::unknown, evidence.depth.trouble);
  }
}

std::vector<Metric> process_metrics(const ProcessLimits& limits, const ProcessEvidence& evidence) {
  const ProcessLook& look = evidence.look;
  std::vector<Metric> out;
  out.push_back(metric_of("processes", Quantity::number, static_cast<double>(look.found.size())));
  if (look.found.empty()) return out;
  const Group all = group_of_all(look, limits.with_children);
  // A limit that is each process's own says nothing of their sum.
  const bool alike = limits.sum || look.found.size() == 1;
  const auto add = [&](const char* name, const Threshold& threshold, Value value, double whole) {
    if (!value) return;
    const Figure figure{name, *value, whole, {}};
    out.push_back(alike ? metric_of(name, threshold, figure)
                        : metric_of(name, threshold.kind.quantity, *value));
  };
  add("cpu", limits.cpu, cpu_of(all, evidence, limits.with_children), 0);
  add("memory", limits.memory, memory_of(all), evidence.total_memory);
  add("threads", limits.threads, threads_of(all), 0);
  add("uptime", limits.uptime, age_of(youngest(look), look), 0);
  add("pss", limits.pss, depth_of(all, evidence.depth, &ProcessDepth::pss), evidence.total_memory);
  add("open_files", limits.open_files, depth_of(all, evidence.depth, &ProcessDepth::open_files), 0);
  if (limits.family()) {
    add("children", limits.children, static_cast<double>(all.descendants), 0);
    add("zombies", limits.zombies, static_cast<double>(look.zombies + look.zombie_children), 0);
  }
  return out;
}

int own_cpu_percent(const FoundProcess& process, const ProcessEvidence& evidence) {
  return static_cast<int>(cpu_of(group_of(process, false), evidence, false).value_or(0));
}

std::string describe_figures(const FoundProcess& process, const ProcessEvidence& evidence) {
  const Group group = group_of(process, false);
  std::string out;
  const auto add = [&out](const std::string& part) { out += (out.empty() ? "" : ", ") + part; };
  if (const Value cpu = cpu_of(group, evidence, false)) {
    add("cpu " + human_figure(Quantity::percent, *cpu));
  }
  add("memory " + human_size(memory_of(group)));
  if (const Value pss = depth_of(group, evidence.depth, &ProcessDepth::pss)) {
    add("pss " + human_size(*pss));
  }
  add("age " + human_figure(Quantity::seconds, age_of(process.figures, evidence.look)));
  add(count(process.figures.threads, "thread", "threads"));
  if (const Value files = depth_of(group, evidence.depth, &ProcessDepth::open_files)) {
    add(count(static_cast<std::size_t>(*files), "open file", "open files"));
  }
  if (process.state == 'D') add("in uninterruptible sleep");
  if (process.state == 'T') add("stopped");
  if (!process.descendants.empty()) add(count(process.descendants.size(), "child", "children"));
  return out;
}

}  // namespace tocsin
