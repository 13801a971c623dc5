// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// file: whether a file is there, or the newest of those that match a pattern, and its age, size,
// owner, permissions, content and checksum. A worker looks, since any of it may block.
//
// How long the content is unchanged takes no memory that a restart could lose: the inode's change
// time says when it changed at the latest. What is remembered of the last look only refines that
// (a touched file has the same content) and saves reading what did not change.
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <system_error>
#include <utility>

#include "net/workers.h"
#include "probe/file_settings.h"
#include "probe/prober.h"
#include "probe/process_table.h"
#include "probe/process_words.h"
#include "probe/types.h"
#include "probe/users.h"
#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kPathShown = 200;
constexpr std::size_t kShown = 20;  // files that are listed one by one
constexpr std::chrono::minutes kClocksDiffer{5};
// A file that was written this moment may be written again within the same tick of its clock.
constexpr std::chrono::seconds kSettled{2};
constexpr Millis kForTelling{100};

std::string shown(const std::string& path) {
  return printable(path, kPathShown);
}

std::string octal(mode_t mode) {
  std::array<char, 16> out{};
  std::snprintf(out.data(), out.size(), "%04o", static_cast<unsigned>(mode & 07777U));
  return out.data();
}

std::string type_name(FileType type) {
  constexpr std::array<const char*, 8> kNames{
      "something unknown", "a file", "a directory",    "a symbolic link",
      "a socket",          "a fifo", "a block device", "a character device"};
  return kNames[static_cast<std::size_t>(type)];
}

double seconds_since(WallTime time, WallTime now) {
  return std::max(0.0, std::chrono::duration<double>(now - time).count());
}

class FileProber final : public Prober {
 public:
  explicit FileProber(FileSettings settings) : settings_(std::move(settings)) {}
  asio::awaitable<Result> probe(ProbeContext& context) const override;

 private:
  asio::awaitable<Worked> look(ProbeContext& context, std::shared_ptr<FileLook> into) const;
  void judge(Findings& findings, const FileLook& look, WallTime now) const;
  bool judge_presence(Findings& findings, const FileLook& look) const;
  void judge_error(Findings& findings, const FileLook& look) const;
  void judge_file(Findings& findings, const FileFacts& file, WallTime now) const;
  void judge_figures(Findings& findings, const FileLook& look, WallTime now) const;
  void judge_unchanged(Findings& findings, ProbeContext& context, const FileLook& look) const;
  std::vector<Metric> metrics(const FileLook& look, WallTime now) const;

  const FileSettings settings_;
};

std::string describe(const FileFacts& file, WallTime now) {
  const Millis age = now > file.modified() ? now - file.modified() : Millis{0};
  std::string out = shown(file.path) + ": " + type_name(type_of(file.mode)) + ", " +
                    human_size(static_cast<double>(file.identity.size)) + ", modified " +
                    human_duration(age) + " ago, mode " + octal(file.mode) + ", owner " +
                    show_user(file.user) + ':' + show_group(file.group);
  if (!file.sha256.empty()) out += ", sha256 " + file.sha256;
  return out;
}

std::vector<std::string> describe_all(const FileLook& look, WallTime now) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < look.files.size() && i < kShown; ++i) {
    out.push_back(describe(look.files[i], now));
  }
  if (look.matched > out.size()) out.push_back("in all: " + std::to_string(look.matched));
  return out;
}

asio::awaitable<Worked> FileProber::look(ProbeContext& context,
                                         std::shared_ptr<FileLook> into) const {
  const auto query = std::make_shared<FileQuery>(settings_.query);
  if (context.check != 0) query->remembered = context.processes.history(context.check).file;
  // The job gives up by itself, where it can, in time to say at what.
  const auto left = std::chrono::duration_cast<Millis>(context.deadline - context.clock.steady());
  const SteadyTime until = context.deadline - std::min(kForTelling, left / 4);
  const std::string proc = context.processes.proc();
  std::function<void()> job = [query, into, proc, until] {
    *into = look_at_files(*query, proc, until);
  };
  co_return co_await context.workers.run(context.check, std::move(job), context.deadline);
}

asio::awaitable<Result> FileProber::probe(ProbeContext& context) const {
  const SteadyTime begun = context.clock.steady();
  Result result;
  Findings findings;
  const auto seen = std::make_shared<FileLook>();
  const Worked worked = co_await look(context, seen);
  const auto after = std::chrono::duration_cast<Millis>(context.clock.steady() - begun);
  const std::string path = shown(settings_.query.path);
  const WallTime now = context.clock.wall();
  if (worked == Worked::done) {
    judge(findings, *seen, now);
    judge_unchanged(findings, context, *seen);
    result.metrics = metrics(*seen, now);
    const std::vector<std::string> lines = describe_all(*seen, now);
    if (context.explain) result.notes = lines;
    if (!findings.empty()) result.details = joined_lines(lines);
  } else if (worked == Worked::no_worker) {
    findings.add(Verdict::unknown, path + " was not looked at: every worker is busy");
  } else {
    const bool again = worked == Worked::still_running;
    findings.add(Verdict::down, path + (again ? " still does not answer: an earlier look hangs"
                                              : " did not answer within " + human_duration(after)));
  }
  findings.tell(result);
  result.took = micros_between(begun, context.clock.steady());
  co_return result;
}

// --- judging -----------------------------------------------------------------------------------

void FileProber::judge(Findings& findings, const FileLook& look, WallTime now) const {
  if (!judge_presence(findings, look)) return;
  for (const FileFacts& file : look.files) judge_file(findings, file, now);
  judge_figures(findings, look, now);
}

void FileProber::judge_error(Findings& findings, const FileLook& look) const {
  const std::string path = shown(settings_.query.path);
  const std::string why = std::generic_category().message(look.error);
  if (look.error == EACCES) {
    findings.add(Verdict::unknown, path +
                                       " cannot be looked at: permission denied (let the user that "
                                       "Tocsin runs as search the folders above it)");
  } else {
    const bool ours = look.error == EMFILE || look.error == ENFILE || look.error == ENOMEM;
    findings.add(ours ? Verdict::unknown : Verdict::down, path + " cannot be looked at: " + why);
  }
}

// Whether there is something to judge further.
bool FileProber::judge_presence(Findings& findings, const FileLook& look) const {
  const std::string path = shown(settings_.query.path);
  const bool missing = look.error == ENOENT || look.error == ENOTDIR;
  if (look.hidden) {
    findings.add(Verdict::unknown, path +
                                       " is hidden by the unit's sandbox (PrivateTmp=, "
                                       "ProtectHome=; drop-in 50-files-and-homes.conf)");
    return false;
  }
  if (!look.trouble.empty()) findings.add(Verdict::unknown, path + ": " + look.trouble);
  if (look.error != 0 && !missing) {
    judge_error(findings, look);
    return false;
  }
  const Presence presence = settings_.presence;
  if (look.matched == 0 && presence == Presence::wanted && look.trouble.empty()) {
    findings.add(Verdict::down,
                 settings_.query.glob ? "nothing matches " + path : path + " does not exist");
  }
  if (look.matched > 0 && presence == Presence::unwanted) {
    const std::string first = shown(look.files.front().path);
    findings.add(Verdict::down,
                 first + " exists" +
                     (look.matched > 1 ? ", and " + std::to_string(look.matched - 1) + " more"
                                       : std::string()) +
                     ", wanted none");
  }
  return presence != Presence::unwanted && (look.matched > 0 || settings_.query.glob);
}

void FileProber::judge_file(Findings& findings, const FileFacts& file, WallTime now) const {
  const auto down = [&](const std::string& what) {
    findings.add(Verdict::down, shown(file.path) + ' ' + what);
  };
  const FileType type = type_of(file.mode);
  if (settings_.query.type != FileType::any && settings_.query.type != type) {
    down("is " + type_name(type) + ", wanted " + type_name(settings_.query.type));
    return;
  }
  const auto& content = settings_.query;
  const bool reads = content.content.set() || content.hash || !content.sha256_file.empty();
  if (reads && type != FileType::file) down("is " + type_name(type) + ": it is not read");
  if (!settings_.owner.empty() && find_user(settings_.owner) != file.user) {
    down("belongs to user " + show_user(file.user) + ", wanted " + printable(settings_.owner, 64));
  }
  if (!settings_.group.empty() && find_group(settings_.group) != file.group) {
    down("belongs to group " + show_group(file.group) + ", wanted " +
         printable(settings_.group, 64));
  }
  if (settings_.mode && *settings_.mode != (file.mode & 07777U)) {
    down("has mode " + octal(file.mode) + ", wanted " + octal(*settings_.mode));
  }
  const bool dated = settings_.max_age.set() || settings_.min_age.set();
  if (dated && file.modified() > now + kClocksDiffer) {
    findings.add(Verdict::degraded, shown(file.path) + " is dated " +
                                        human_duration(file.modified() - now) + " in the future");
  }
  for (const std::string& wrong : file.wrong) down(wrong);
  const std::string& wanted = settings_.sha256.empty() ? file.wanted_sha256 : settings_.sha256;
  if (!wanted.empty() && !file.sha256.empty() && wanted != file.sha256) {
    down("has the SHA-256 " + file.sha256.substr(0, 12) + "…, wanted " + wanted.substr(0, 12) +
         "…");
  }
  if (!file.trouble.empty()) {
    findings.add(Verdict::unknown, shown(file.path) + ": " + file.trouble);
  }
}

void FileProber::judge_figures(Findings& findings, const FileLook& look, WallTime now) const {
  std::vector<Figure> ages;
  std::vector<Figure> sizes;
  for (const FileFacts& file : look.files) {
    const std::string path = shown(file.path);
    ages.push_back({"age", seconds_since(file.modified(), now), 0, path});
    sizes.push_back({"size", static_cast<double>(file.identity.size), 0, path});
  }
  judge_worst(findings, settings_.max_age, ages);
  judge_worst(findings, settings_.min_age, ages);
  judge_worst(findings, settings_.max_size, sizes);
  judge_worst(findings, settings_.min_size, sizes);
  const Figure count{"number of files that match " + shown(settings_.query.path),
                     static_cast<double>(look.matched)};
  tocsin::judge(findings, settings_.max_count, count);
  tocsin::judge(findings, settings_.min_count, count);
}

void FileProber::judge_unchanged(Findings& findings, ProbeContext& context,
                                 const FileLook& look) const {
  if (look.files.size() != 1 || look.files.front().sha256.empty() || settings_.query.glob) return;
  const FileFacts& file = look.files.front();
  const WallTime now = context.clock.wall();
  CheckHistory* history = context.processes.known_history(context.check);
  const bool same = history != nullptr && history->file && history->file->sha256 == file.sha256;
  const WallTime since = same ? history->file->content_since : file.changed();
  if (history != nullptr) {
    const bool settled = file.changed() + kSettled < now;
    history->file = FileMemory{settled ? file.identity : FileIdentity{}, file.sha256, since};
  }
  const double age = seconds_since(since, now);
  const auto bad = beyond(settings_.unchanged_for, {"", age});
  if (!bad) return;
  findings.add(bad->verdict, shown(file.path) + " changed " + human_figure(Quantity::seconds, age) +
                                 " ago, " + wanted(settings_.unchanged_for, bad->limit));
}

std::vector<Metric> FileProber::metrics(const FileLook& look, WallTime now) const {
  std::vector<Metric> out;
  if (settings_.query.glob) {
    const Threshold& limit = settings_.max_count.set() ? settings_.max_count : settings_.min_count;
    out.push_back(metric_of("count", limit, {"", static_cast<double>(look.matched)}));
  }
  if (look.files.size() != 1) return out;
  const FileFacts& file = look.files.front();
  const Threshold& age = settings_.max_age.set() ? settings_.max_age : settings_.min_age;
  const Threshold& size = settings_.max_size.set() ? settings_.max_size : settings_.min_size;
  out.push_back(metric_of("age", age, {"", seconds_since(file.modified(), now)}));
  out.push_back(metric_of("size", size, {"", static_cast<double>(file.identity.size)}));
  return out;
}

ParsedCheck parse(Settings& settings, Millis) {
  FileSettings file = parse_file_settings(settings);
  std::string target = "file " + shown(file.query.path);
  return {std::make_shared<FileProber>(std::move(file)), std::move(target)};
}

}  // namespace

const CheckType kFileCheck{
    .name = "file",
    .short_key = "path",
    .summary =
        "a file, or the newest of a pattern: there or not, age, size, owner, content, checksum",
    .parse = parse,
    .looks_here = true,
};

}  // namespace tocsin
