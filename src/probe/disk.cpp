// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// disk: space and inodes of file systems, whether they are mounted, and whether they can be
// written.
//
// statfs() on a network file system whose server is gone does not return, so every path is looked
// at by a worker of its own, all at once, and one that hangs costs one thread for as long as it
// does. It is `down`, not `unknown`: whoever uses that file system hangs as we do.
#include <fnmatch.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>
#include <functional>
#include <memory>
#include <system_error>
#include <utility>

#include "net/workers.h"
#include "probe/disk_look.h"
#include "probe/prober.h"
#include "probe/process_table.h"
#include "probe/process_words.h"
#include "probe/threshold.h"
#include "probe/types.h"
#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr const char* kAll = "*";

struct DiskSettings {
  std::vector<std::string> paths;
  std::vector<std::string> exclude;
  std::vector<std::string> exclude_types;
  Threshold used;
  Threshold free;
  Threshold inodes_used;
  Threshold inodes_free;
  bool mounted = false;
  bool writable = true;
};

// Looks that are under way together. Shared by them and by who waits; on the loop only.
struct Round {
  explicit Round(const asio::any_io_executor& loop) : done(loop) {}

  std::vector<std::string> paths;
  std::vector<std::shared_ptr<DiskLook>> looks;
  std::vector<Worked> worked;
  std::size_t left = 0;
  asio::steady_timer done;
};

asio::awaitable<void> look_at_one(std::shared_ptr<Round> round, std::size_t index, Workers& workers,
                                  std::uint64_t key, SteadyTime deadline, std::string proc) {
  const auto look = round->looks[index];
  const std::string path = round->paths[index];
  std::function<void()> job = [look, proc, path] { *look = look_at_disk(proc, path); };
  round->worked[index] = co_await workers.run(key, std::move(job), deadline);
  if (--round->left == 0) round->done.cancel();
}

// A key of its own for each path of a check, so that one that hangs does not stand for the others.
std::uint64_t key_of(const ProbeContext& context, std::size_t index) noexcept {
  if (context.check == 0) return 0;
  return context.check | (static_cast<std::uint64_t>(index + 1) << 32U);
}

asio::awaitable<std::shared_ptr<Round>> look_at_all(ProbeContext& context,
                                                    std::vector<std::string> paths) {
  const auto loop = co_await asio::this_coro::executor;
  auto round = std::make_shared<Round>(loop);
  round->paths = std::move(paths);
  round->left = round->paths.size();
  round->worked.assign(round->left, Worked::late);
  for (std::size_t i = 0; i < round->paths.size(); ++i) {
    round->looks.push_back(std::make_shared<DiskLook>());
  }
  round->done.expires_at(SteadyTime::max());
  for (std::size_t i = 0; i < round->paths.size(); ++i) {
    asio::co_spawn(loop,
                   look_at_one(round, i, context.workers, key_of(context, i), context.deadline,
                               context.processes.proc()),
                   asio::detached);
  }
  std::error_code ignored;
  if (round->left > 0) {
    co_await round->done.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  co_return round;
}

// --- judging -----------------------------------------------------------------------------------

std::string message(int error) {
  return std::generic_category().message(error);
}

std::string sandboxed(const std::string& path) {
  return path +
         " is hidden by the unit's sandbox (PrivateTmp=, ProtectHome=; drop-in "
         "50-files-and-homes.conf)";
}

void judge_error(Findings& findings, const DiskLook& look) {
  if (look.hidden) {
    findings.add(Verdict::unknown, sandboxed(look.path));
  } else if (look.error == ENOENT || look.error == ENOTDIR) {
    findings.add(Verdict::down, look.path + " does not exist");
  } else if (look.error == EACCES) {
    findings.add(Verdict::unknown, look.path +
                                       " cannot be looked at: permission denied (let the user that "
                                       "Tocsin runs as search the folders above it)");
  } else if (look.error == EMFILE || look.error == ENFILE || look.error == ENOMEM) {
    findings.add(Verdict::unknown, look.path + " cannot be looked at: " + message(look.error));
  } else {
    findings.add(Verdict::down, look.path + " cannot be looked at: " + message(look.error));
  }
}

void judge_late(Findings& findings, const std::string& path, Worked worked, Millis after) {
  switch (worked) {
    case Worked::done: return;
    case Worked::late:
      findings.add(Verdict::down, path + " did not answer within " + human_duration(after) +
                                      " (a network file system whose server is gone?)");
      return;
    case Worked::still_running:
      findings.add(Verdict::down, path + " still does not answer: an earlier look hangs");
      return;
    case Worked::no_worker:
      findings.add(Verdict::unknown, path + " was not looked at: every worker is busy");
      return;
  }
}

class DiskProber final : public Prober {
 public:
  explicit DiskProber(DiskSettings settings) : settings_(std::move(settings)) {}
  asio::awaitable<Result> probe(ProbeContext& context) const override;

 private:
  asio::awaitable<std::vector<std::string>> expand(ProbeContext& context, Findings& findings) const;
  bool is_excluded(const Mount& mount) const;
  void judge(Findings& findings, const DiskLook& look) const;
  void judge_figures(Findings& findings, const DiskLook& look, Result& result) const;

  const DiskSettings settings_;
};

std::string describe(const DiskLook& look) {
  const double size = look.used + look.free;
  const double inodes = look.inodes_used + look.inodes_free;
  const auto percent = [](double part, double whole) {
    return whole > 0 ? human_figure(Quantity::percent, part * 100 / whole) : std::string("-");
  };
  std::string out = look.path + ": ";
  if (look.mount) out += look.mount->type + " from " + printable(look.mount->source, 100) + ", ";
  out += percent(look.used, size) + " of " + human_size(size) + " used, " + human_size(look.free) +
         " free; inodes: " + percent(look.inodes_used, inodes) + " used";
  if (look.mount && look.mount->read_only) out += "; read-only";
  return out;
}

asio::awaitable<Result> DiskProber::probe(ProbeContext& context) const {
  const SteadyTime begun = context.clock.steady();
  Result result;
  Findings findings;
  std::vector<std::string> paths = co_await expand(context, findings);
  const auto round = co_await look_at_all(context, std::move(paths));
  const auto after = std::chrono::duration_cast<Millis>(context.clock.steady() - begun);
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < round->paths.size(); ++i) {
    judge_late(findings, round->paths[i], round->worked[i], after);
    if (round->worked[i] != Worked::done) continue;
    const DiskLook& look = *round->looks[i];
    judge(findings, look);
    if (look.error != 0 || look.hidden) continue;
    judge_figures(findings, look, result);
    lines.push_back(describe(look));
  }
  findings.tell(result);
  if (result.verdict != Verdict::up) result.details = joined_lines(lines);
  if (context.explain) result.notes = std::move(lines);
  result.took = micros_between(begun, context.clock.steady());
  co_return result;
}

bool DiskProber::is_excluded(const Mount& mount) const {
  const auto fits = [&](const std::string& pattern) {
    return fnmatch(pattern.c_str(), mount.point.c_str(), 0) == 0;
  };
  const auto& types = settings_.exclude_types;
  return std::any_of(settings_.exclude.begin(), settings_.exclude.end(), fits) ||
         std::find(types.begin(), types.end(), mount.type) != types.end();
}

// The paths, with `*` in the place of what it stands for.
asio::awaitable<std::vector<std::string>> DiskProber::expand(ProbeContext& context,
                                                             Findings& findings) const {
  std::vector<std::string> out;
  bool all = false;
  for (const std::string& path : settings_.paths) {
    if (path == kAll) {
      all = true;
    } else {
      out.push_back(path);
    }
  }
  if (!all) co_return out;
  const auto mounts = std::make_shared<std::vector<Mount>>();
  const std::string proc = context.processes.proc();
  std::function<void()> job = [mounts, proc] { *mounts = list_disks(proc); };
  const std::uint64_t key = context.check;
  const Worked worked = co_await context.workers.run(key, std::move(job), context.deadline);
  if (worked != Worked::done || mounts->empty()) {
    findings.add(Verdict::unknown, proc + "/self/mountinfo tells no file system");
    co_return out;
  }
  for (const Mount& mount : *mounts) {
    const bool named = std::find(out.begin(), out.end(), mount.point) != out.end();
    if (!named && !is_excluded(mount)) out.push_back(mount.point);
  }
  co_return out;
}

void DiskProber::judge(Findings& findings, const DiskLook& look) const {
  if (look.error != 0 || look.hidden) {
    judge_error(findings, look);
    return;
  }
  if (settings_.mounted && !look.is_mount) {
    const std::string on = look.mount ? " (it is a folder on " + look.mount->point + ")" : "";
    findings.add(Verdict::down, "nothing is mounted at " + look.path + on);
  }
  if (settings_.writable && look.mount && look.mount->read_only) {
    findings.add(Verdict::down, look.path + " is mounted read-only");
  }
  if (look.used + look.free <= 0) {
    findings.add(Verdict::unknown, look.path + " is on a file system that has no size");
  }
}

void DiskProber::judge_figures(Findings& findings, const DiskLook& look, Result& result) const {
  const double size = look.used + look.free;
  const double inodes = look.inodes_used + look.inodes_free;
  const std::string space_left = human_size(look.free) + " free of " + human_size(size);
  const std::string inodes_left =
      human_number(look.inodes_free, 0) + " free of " + human_number(inodes, 0);
  const auto one = [&](const char* name, const Threshold& limit, Figure figure) {
    if (figure.whole <= 0) return;
    figure.what += " on " + look.path;
    tocsin::judge(findings, limit, figure);
    result.metrics.push_back(metric_of(name + (' ' + look.path), limit, figure));
  };
  one("used", settings_.used, {"space used", look.used, size, space_left});
  one("free", settings_.free, {"space free", look.free, size, space_left});
  one("inodes_used", settings_.inodes_used, {"inodes used", look.inodes_used, inodes, inodes_left});
  one("inodes_free", settings_.inodes_free, {"inodes free", look.inodes_free, inodes, inodes_left});
}

// --- parsing -----------------------------------------------------------------------------------

// What is asked for where nothing is: of space, and of inodes.
Threshold built_in(const LimitKind& kind) {
  return {kind, Limit{90, true}, Limit{97, true}};
}

void parse_paths(Settings& settings, DiskSettings& disk) {
  disk.paths = settings.list("path");
  if (disk.paths.empty()) settings.error("'path' is needed: a folder, a list of them, or \"*\"");
  bool all = false;
  for (const std::string& path : disk.paths) {
    if (path == kAll) {
      all = true;
    } else if (!path.starts_with('/')) {
      settings.error("path", "\"" + printable(path, 100) + "\" is not an absolute path");
    }
  }
  disk.exclude = settings.list("exclude");
  disk.exclude_types = settings.list("exclude_types");
  for (const char* key : {"exclude", "exclude_types"}) {
    if (settings.has(key) && !all) settings.error(key, "only with path: \"*\"");
  }
  disk.mounted = settings.flag("mounted", false);
  if (disk.mounted && all) {
    settings.error("mounted", "\"*\" stands for what is mounted: name the paths that must be");
  }
}

std::string target_of(const DiskSettings& disk) {
  std::string out = "disk";
  for (const std::string& path : disk.paths) out += ' ' + printable(path, 100);
  return printable(out, 300);
}

ParsedCheck parse(Settings& settings, Millis) {
  const LimitKind most{.quantity = Quantity::bytes, .of_whole = true};
  const LimitKind least{.quantity = Quantity::bytes, .least = true, .of_whole = true};
  const LimitKind most_inodes{.quantity = Quantity::number, .of_whole = true};
  const LimitKind least_inodes{.quantity = Quantity::number, .least = true, .of_whole = true};
  DiskSettings disk;
  parse_paths(settings, disk);
  disk.used = parse_threshold(settings, "used", most);
  disk.free = parse_threshold(settings, "free", least);
  disk.inodes_used = parse_threshold(settings, "inodes_used", most_inodes);
  disk.inodes_free = parse_threshold(settings, "inodes_free", least_inodes);
  disk.writable = settings.flag("writable", true);
  if (!disk.used.set() && !disk.free.set()) disk.used = built_in(most);
  if (!disk.inodes_used.set() && !disk.inodes_free.set()) disk.inodes_used = built_in(most_inodes);
  std::string target = target_of(disk);
  return {std::make_shared<DiskProber>(std::move(disk)), std::move(target)};
}

}  // namespace

const CheckType kDiskCheck{
    .name = "disk",
    .short_key = "path",
    .summary =
        "file systems: space, inodes, mounted and writable; a dead network mount hangs nothing",
    .parse = parse,
    .looks_here = true,
};

}  // namespace tocsin
