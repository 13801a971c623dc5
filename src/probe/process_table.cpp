// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// What is read when. Every scan reads /proc/PID/stat of every process (about 7 µs each): it tells
// whether the process is alive, whether it is still the same one, and its short name. The names of
// the program and of its first arguments are read once a process and kept until it runs another
// program: exec changes the short name, or else, where we may see it, the place of the stack. The
// command line is read in every scan in which a check asks for it, since a process may rewrite it
// at any time (as nginx and PostgreSQL do), but not that of a process in state D: reading it could
// wait for the same lock as the process does, and so would every probe of this loop.
//
// A scan serves the looks of the slot in which it was made and no later one; a death that is told
// ends it at once.
#include "probe/process_table.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <unordered_set>
#include <utility>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr Millis kScanServes{20};
// Whoever has died this moment is a zombie until its parent looks: no news. Later it is.
constexpr Millis kFresh{1000};
constexpr pid_t kInit = 1;
constexpr std::string_view kGrant =
    "(it is mounted with hidepid, or the unit has ProtectProc=; set ProtectProc=default, or grant "
    "CAP_SYS_PTRACE)";

bool is_gone(const std::error_code& error) noexcept {
  return error == std::errc::no_such_process;
}

bool is_forbidden(const std::error_code& error) noexcept {
  return error == std::errc::permission_denied || error == std::errc::operation_not_permitted;
}

std::string file_name(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

// Whether the kernel would show `name` as this short name.
bool is_cut_to(std::string_view name, std::string_view comm) noexcept {
  return name.substr(0, kCommLength) == comm;
}

// Of a dead one the command line is gone and its program too: only the short name is left to tell
// by.
bool is_named(const ProcessQuery& query, const ProcessStat& dead) noexcept {
  return !query.name.empty() && is_cut_to(query.name, dead.comm);
}

bool is_fresh(SteadyTime died_at) noexcept {
  return std::chrono::steady_clock::now() < died_at + kFresh;
}

ProcessFigures figures_of(const ProcessStat& stat) noexcept {
  return {{stat.pid, stat.started}, stat.parent,    stat.ticks,
          stat.waited_ticks,        stat.rss_pages, stat.threads};
}

bool exists(pid_t pid) noexcept {
  return kill(pid, 0) == 0 || errno == EPERM;
}

}  // namespace

ProcessTable::ProcessTable(asio::io_context& loop, std::function<void(std::uint32_t)> look_again,
                           std::string proc)
    : self_(getpid()),
      proc_(std::move(proc)),
      procfs_(proc_),
      watch_(loop, procfs_, [this, again = std::move(look_again)](std::uint32_t check) {
        scanned_at_ = {};
        again(check);
      }) {}

ProcessLook ProcessTable::look(const ProcessQuery& query, bool details) {
  ProcessLook out;
  if (query.pid_file.empty()) {
    look_at_all(query, details, out);
  } else {
    look_at_one(query, details, out);
  }
  if (query.family && !out.found.empty()) add_families(query, out);
  return out;
}

void ProcessTable::forget(std::uint32_t check) {
  watch_.forget(check);
  histories_.erase(check);
}

CheckHistory* ProcessTable::known_history(std::uint32_t check) noexcept {
  const auto at = histories_.find(check);
  return at == histories_.end() ? nullptr : &at->second;
}

void ProcessTable::add_details(std::vector<FoundProcess>& found) {
  for (FoundProcess& process : found) {
    process.user = procfs_.read_user(process.id.pid);
    if (process.state == 'D') continue;
    process.command = join_arguments(procfs_.read_cmdline(process.id.pid));
  }
}

std::vector<FoundProcess> ProcessTable::first(std::size_t count, Before before) {
  refresh();
  std::vector<Known*> order;
  for (auto& [pid, process] : known_) {
    if (pid != self_) order.push_back(&process);
  }
  const auto middle = order.begin() + static_cast<std::ptrdiff_t>(std::min(count, order.size()));
  std::partial_sort(order.begin(), middle, order.end(),
                    [before](const Known* a, const Known* b) { return before(a->stat, b->stat); });
  std::vector<FoundProcess> out;
  for (auto at = order.begin(); at != middle; ++at) out.push_back(found_of(**at, false));
  add_details(out);
  return out;
}

void ProcessTable::watch(std::uint32_t check, const std::vector<FoundProcess>& found) {
  std::vector<ProcessId> ids;
  ids.reserve(found.size());
  for (const FoundProcess& process : found) ids.push_back(process.id);
  watch_.set(check, ids);
}

// --- scanning
// ---------------------------------------------------------------------------------------

void ProcessTable::refresh() {
  const SteadyTime now = std::chrono::steady_clock::now();
  if (scan_ != 0 && now - scanned_at_ <= kScanServes) return;
  ++scan_;
  scan_error_ = scan();
  // From the scan's end: a slow one must still serve its slot.
  scanned_at_ = std::chrono::steady_clock::now();
  figures_at_ = scanned_at_;
  figures_ticks_ = boot_ticks();
}

std::error_code ProcessTable::scan() {
  some_hidden_ = false;
  if (const std::error_code error = procfs_.list(pids_)) return error;
  bool init_seen = false;
  for (const pid_t pid : pids_) {
    ProcessStat stat;
    const std::error_code error = procfs_.read_stat(pid, stat);
    if (is_gone(error)) continue;
    if (is_forbidden(error)) {
      some_hidden_ = true;
      continue;
    }
    if (error) return error;
    init_seen = init_seen || pid == kInit;
    remember(std::move(stat));
  }
  // Every machine and every container has a process 1: who does not see it does not see others.
  some_hidden_ = some_hidden_ || !init_seen;
  std::erase_if(known_, [this](const auto& entry) { return entry.second.seen != scan_; });
  return {};
}

ProcessTable::Known& ProcessTable::remember(ProcessStat stat) {
  Known& known = known_[stat.pid];
  const bool same_process = known.stat.started == stat.started;
  const bool same_program =
      same_process && known.stat.comm == stat.comm && known.stat.stack == stat.stack;
  if (!same_program) known.identified = false;
  if (!same_process) known.command_read = 0;
  const bool was_alive = same_process && !known.stat.is_dead();
  if (!same_process) known.died_at = {};
  if (was_alive && stat.is_dead()) known.died_at = std::chrono::steady_clock::now();
  known.stat = std::move(stat);
  known.seen = scan_;
  return known;
}

void ProcessTable::identify(Known& process) {
  if (std::exchange(process.identified, true)) return;
  process.exe = procfs_.read_exe(process.stat.pid);
  const std::string arguments = procfs_.read_cmdline(process.stat.pid);
  const std::string_view all = arguments;
  const std::size_t end = std::min(all.find('\0'), all.size());
  const std::string_view rest = all.substr(std::min(end + 1, all.size()));
  process.argument0 = file_name(all.substr(0, end));
  process.argument1 = file_name(rest.substr(0, rest.find('\0')));
}

const std::string& ProcessTable::command_of(Known& process) {
  const bool known = process.command_read != 0;
  if (process.command_read == scan_ || (known && process.stat.state == 'D')) {
    return process.command;
  }
  process.command = join_arguments(procfs_.read_cmdline(process.stat.pid));
  process.command_read = scan_;
  return process.command;
}

FoundProcess ProcessTable::found_of(Known& process, bool details) {
  FoundProcess out;
  out.figures = figures_of(process.stat);
  out.id = out.figures.id;
  out.comm = process.stat.comm;
  out.state = process.stat.state;
  if (!details) return out;
  out.user = procfs_.read_user(process.stat.pid);
  out.command = command_of(process);
  return out;
}

// --- matching
// ---------------------------------------------------------------------------------------

bool ProcessTable::has_name(Known& process, const std::string& name) {
  if (process.stat.comm == name) return true;
  identify(process);
  if (process.exe == name || process.argument0 == name) return true;
  // A script: the interpreter runs it as its first argument, under its name cut short.
  return name.size() > kCommLength && is_cut_to(name, process.stat.comm) &&
         process.argument1 == name;
}

bool ProcessTable::matches(Known& process, const ProcessQuery& query) {
  if (!query.name.empty() && !has_name(process, query.name)) return false;
  if (query.command && !query.command->matches(command_of(process))) return false;
  return !query.user || procfs_.read_user(process.stat.pid) == query.user;
}

void ProcessTable::add(Known& process, const ProcessQuery& query, bool details, ProcessLook& into) {
  if (process.stat.is_kernel_thread()) return;
  if (process.stat.is_dead()) {
    if (is_named(query, process.stat) && !is_fresh(process.died_at)) ++into.zombies;
    return;
  }
  if (!matches(process, query)) return;
  into.found.push_back(found_of(process, details));
}

void ProcessTable::sort_families() {
  if (std::exchange(families_of_, scan_) == scan_) return;
  families_.clear();
  for (const auto& [pid, process] : known_) families_.emplace_back(process.stat.parent, pid);
  std::sort(families_.begin(), families_.end());
}

// Whoever was seen is not followed again: the parts of a scan are not of one moment, and pids may
// have gone round meanwhile.
void ProcessTable::descend(FoundProcess& from, std::vector<pid_t>& zombies) {
  std::unordered_set<pid_t> seen{from.id.pid};
  std::vector<pid_t> parents{from.id.pid};
  while (!parents.empty()) {
    const pid_t parent = parents.back();
    parents.pop_back();
    auto at = std::lower_bound(families_.begin(), families_.end(), std::pair{parent, pid_t{0}});
    for (; at != families_.end() && at->first == parent; ++at) {
      if (!seen.insert(at->second).second) continue;
      const Known& child = known_.at(at->second);
      if (child.stat.is_dead()) {
        if (!is_fresh(child.died_at)) zombies.push_back(at->second);
        continue;
      }
      from.descendants.push_back(figures_of(child.stat));
      parents.push_back(at->second);
    }
  }
}

void ProcessTable::add_families(const ProcessQuery& query, ProcessLook& into) {
  refresh();
  if (scan_error_) {
    into.trouble = "cannot look at the processes: " + scan_error_.message();
    return;
  }
  sort_families();
  std::vector<pid_t> zombies;
  for (FoundProcess& found : into.found) descend(found, zombies);
  std::sort(zombies.begin(), zombies.end());
  zombies.erase(std::unique(zombies.begin(), zombies.end()), zombies.end());
  // Those of the name asked for are in `zombies` already.
  if (query.pid_file.empty()) {
    std::erase_if(zombies, [&](pid_t pid) { return is_named(query, known_.at(pid).stat); });
  }
  into.zombie_children = zombies.size();
}

void ProcessTable::look_at_all(const ProcessQuery& query, bool details, ProcessLook& into) {
  refresh();
  into.at = figures_at_;
  into.boot_ticks = figures_ticks_;
  if (scan_error_) {
    into.trouble = "cannot look at the processes: " + scan_error_.message();
    return;
  }
  if (some_hidden_)
    into.hidden = "other users' processes are hidden in /proc " + std::string(kGrant);
  for (auto& [pid, process] : known_) {
    if (pid == self_ || process.stat.parent == self_) continue;
    add(process, query, details, into);
  }
  std::sort(into.found.begin(), into.found.end(),
            [](const FoundProcess& a, const FoundProcess& b) { return a.id < b.id; });
}

void ProcessTable::look_at_one(const ProcessQuery& query, bool details, ProcessLook& into) {
  PidFile file = read_pid_file(query.pid_file);
  into.wrong = std::move(file.wrong);
  into.trouble = std::move(file.trouble);
  if (!file.pid) return;

  into.at = std::chrono::steady_clock::now();
  into.boot_ticks = boot_ticks();
  const pid_t pid = *file.pid;
  const std::string named = "pid file names " + std::to_string(pid) + ", which ";
  ProcessStat stat;
  const std::error_code error = procfs_.read_stat(pid, stat);
  if (is_forbidden(error) || (is_gone(error) && exists(pid))) {
    into.trouble = named + "is hidden in /proc " + std::string(kGrant);
  } else if (is_gone(error)) {
    into.wrong = named + "is gone";
  } else if (error) {
    into.trouble = named + "cannot be looked at: " + error.message();
  }
  if (error) return;

  Known process;
  process.stat = std::move(stat);
  process.seen = scan_;
  add(process, query, details, into);
  if (!into.found.empty()) return;
  if (process.stat.is_dead()) {
    into.wrong = named + "is a zombie";
  } else {
    into.wrong = named + "does not match: it is \"" + printable(process.stat.comm, 64) + '"';
  }
}

}  // namespace tocsin
