// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// process: counts the processes that meet all conditions, and has their deaths watched, so that the
// next look comes when one dies and not at the next tick.
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "probe/prober.h"
#include "probe/process_table.h"
#include "probe/types.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::int64_t kMostProcesses = 1'000'000;
constexpr std::size_t kNotesMost = 50;  // processes that are listed one by one
constexpr std::size_t kCommandShown = 300;

struct ProcessSettings {
  ProcessQuery query;
  std::string user;  // as configured
  std::size_t min = 1;
  std::optional<std::size_t> max;
};

// --- users
// ------------------------------------------------------------------------------------------

std::optional<uid_t> parse_uid(std::string_view text) noexcept {
  uid_t uid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), uid);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return uid;
}

// Nothing if there is no such user.
std::optional<uid_t> find_user(const std::string& name) {
  if (const auto uid = parse_uid(name)) return uid;
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 16 * 1024> buffer;
  getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) return std::nullopt;
  return found->pw_uid;
}

std::string show_user(uid_t uid) {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 16 * 1024> buffer;
  getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? std::to_string(uid) : found->pw_name;
}

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
  explicit ProcessProber(ProcessSettings settings) : settings_(std::move(settings)) {}
  asio::awaitable<Result> probe(ProbeContext& context) const override;

 private:
  ProcessLook look(ProcessTable& processes, bool details) const;
  void judge(Result& result, const ProcessLook& look) const;
  static void explain(Result& result, const ProcessLook& look);

  const ProcessSettings settings_;
};

asio::awaitable<Result> ProcessProber::probe(ProbeContext& context) const {
  const SteadyTime begun = context.clock.steady();
  Result result;
  const ProcessLook seen = look(context.processes, context.explain);
  if (context.check != 0) context.processes.watch(context.check, seen.found);
  judge(result, seen);
  if (context.explain) explain(result, seen);
  result.took = micros_between(begun, context.clock.steady());
  co_return result;
}

ProcessLook ProcessProber::look(ProcessTable& processes, bool details) const {
  if (settings_.user.empty() || settings_.query.user)
    return processes.look(settings_.query, details);
  // The user was unknown when the configuration was loaded; perhaps it is there now.
  ProcessQuery query = settings_.query;
  query.user = find_user(settings_.user);
  if (query.user) return processes.look(query, details);
  ProcessLook nothing;
  nothing.wrong = "there is no user \"" + printable(settings_.user, 64) + '"';
  return nothing;
}

void ProcessProber::judge(Result& result, const ProcessLook& look) const {
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

void ProcessProber::explain(Result& result, const ProcessLook& look) {
  result.notes.push_back("found: " + std::to_string(look.found.size()));
  for (const FoundProcess& process : look.found) {
    if (result.notes.size() > kNotesMost) break;
    const std::string user = process.user ? show_user(*process.user) : "?";
    result.notes.push_back("pid " + std::to_string(process.id.pid) + ", user " + user + ": " +
                           printable(process.command, kCommandShown));
  }
  if (!look.hidden.empty()) result.notes.push_back(look.hidden);
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
    .summary = "counts processes by name, command line, user or pid file; sees them die",
    .parse = parse,
};

}  // namespace tocsin
