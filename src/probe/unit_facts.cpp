// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/unit_facts.h"

#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <limits>
#include <utility>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kLongestName = 255;  // systemd.unit(5)
constexpr std::size_t kLongestText = 300;

constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kTypes{{
    {"service", "Service"},
    {"socket", "Socket"},
    {"target", "Target"},
    {"device", "Device"},
    {"mount", "Mount"},
    {"automount", "Automount"},
    {"swap", "Swap"},
    {"timer", "Timer"},
    {"path", "Path"},
    {"slice", "Slice"},
    {"scope", "Scope"},
}};

// The commands of services, sockets and mounts, by property: a(sasbttttuii).
constexpr std::array<std::string_view, 11> kCommands{
    "ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost", "ExecReload", "ExecStop",
    "ExecStopPre",   "ExecStopPost", "ExecMount", "ExecUnmount",   "ExecRemount"};

// Sorted.
constexpr std::array<std::string_view, 25> kFacts{"ActiveEnterTimestamp",
                                                  "ActiveExitTimestamp",
                                                  "ActiveState",
                                                  "CPUUsageNSec",
                                                  "ConditionResult",
                                                  "ConditionTimestamp",
                                                  "ExecMainCode",
                                                  "ExecMainStatus",
                                                  "Id",
                                                  "InactiveExitTimestamp",
                                                  "LastTriggerUSec",
                                                  "LoadError",
                                                  "LoadState",
                                                  "MemoryCurrent",
                                                  "NRestarts",
                                                  "NeedDaemonReload",
                                                  "RemainAfterExit",
                                                  "Result",
                                                  "StateChangeTimestamp",
                                                  "StatusText",
                                                  "SubState",
                                                  "TasksCurrent",
                                                  "Type",
                                                  "Unit",
                                                  "UnitFileState"};

const BusValue& at(const BusProperties& properties, std::string_view key) {
  static const BusValue kNothing;
  const auto found = properties.find(key);
  return found == properties.end() ? kNothing : found->second;
}

std::string text_at(const BusProperties& properties, std::string_view key) {
  return printable(at(properties, key).text(), kLongestText);
}

// Microseconds since 1970; "never" is 0 or all ones.
WallTime time_at(const BusProperties& properties, std::string_view key) {
  const std::uint64_t micros = at(properties, key).counter();
  constexpr std::uint64_t kYear9999 = 253'370'764'800'000'000;
  if (micros > kYear9999) return WallTime{};
  return WallTime{Millis{static_cast<std::int64_t>(micros / 1000)}};
}

// All ones: not counted.
std::optional<std::uint64_t> counter_at(const BusProperties& properties, std::string_view key) {
  const auto found = properties.find(key);
  if (found == properties.end()) return std::nullopt;
  const std::uint64_t value = found->second.counter();
  if (value == std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
  return value;
}

bool failed(int code, int status) noexcept {
  return code == CLD_KILLED || code == CLD_DUMPED || (code == CLD_EXITED && status != 0);
}

// The first command that failed and was not allowed to ("-" before it). The arguments are not for
// showing: they may hold passwords.
void find_failed_command(UnitFacts& facts, const BusProperties& own) {
  for (const std::string_view key : kCommands) {
    for (const BusValue& command : at(own, key).list()) {
      const BusValue::List& parts = command.list();  // path, arguments, ignore, 4 times, pid, …
      if (parts.size() < 10 || parts[2].number() != 0) continue;
      const auto code = static_cast<int>(parts[8].number());
      const auto status = static_cast<int>(parts[9].number());
      if (!failed(code, status)) continue;
      facts.command = std::string(key) + " " + printable(parts[0].text(), 100);
      facts.command_code = code;
      facts.command_status = status;
      return;
    }
  }
}

bool may_stand_in_name(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::strchr(":-_.\\@", c) != nullptr;
}

std::string hex(char c) {
  constexpr const char* kDigits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  return {kDigits[byte >> 4U], kDigits[byte & 0x0FU]};
}

// systemd-escape(1) --path.
std::string escaped_path(std::string_view path) {
  std::string out;
  bool slash = false;
  for (const char c : path) {
    if (c == '/') {
      slash = !out.empty();
      continue;
    }
    if (std::exchange(slash, false)) out += '-';
    const bool plain = may_stand_in_name(c) && c != '-' && c != '\\' && c != '@';
    const bool hidden = c == '.' && out.empty();
    out += plain && !hidden ? std::string(1, c) : "\\x" + hex(c);
  }
  return out.empty() ? "-" : out;
}

struct ExitStatus {
  int status;
  std::string_view name;
};
constexpr std::array<ExitStatus, 52> kExitStatuses{{
    {1, "FAILURE"},
    {2, "INVALIDARGUMENT"},
    {3, "NOTIMPLEMENTED"},
    {4, "NOPERMISSION"},
    {5, "NOTINSTALLED"},
    {6, "NOTCONFIGURED"},
    {7, "NOTRUNNING"},
    {64, "USAGE"},
    {65, "DATAERR"},
    {66, "NOINPUT"},
    {69, "UNAVAILABLE"},
    {70, "SOFTWARE"},
    {71, "OSERR"},
    {73, "CANTCREAT"},
    {74, "IOERR"},
    {75, "TEMPFAIL"},
    {77, "NOPERM"},
    {78, "CONFIG"},
    {200, "CHDIR"},
    {201, "NICE"},
    {202, "FDS"},
    {203, "EXEC"},
    {204, "MEMORY"},
    {205, "LIMITS"},
    {206, "OOM_ADJUST"},
    {207, "SIGNAL_MASK"},
    {208, "STDIN"},
    {209, "STDOUT"},
    {210, "CHROOT"},
    {211, "IOPRIO"},
    {213, "SECUREBITS"},
    {214, "SETSCHEDULER"},
    {215, "CPUAFFINITY"},
    {216, "GROUP"},
    {217, "USER"},
    {218, "CAPABILITIES"},
    {219, "CGROUP"},
    {220, "SETSID"},
    {221, "CONFIRM"},
    {222, "STDERR"},
    {224, "PAM"},
    {225, "NETWORK"},
    {226, "NAMESPACE"},
    {227, "NO_NEW_PRIVILEGES"},
    {228, "SECCOMP"},
    {231, "APPARMOR_PROFILE"},
    {233, "RUNTIME_DIRECTORY"},
    {238, "STATE_DIRECTORY"},
    {239, "CACHE_DIRECTORY"},
    {240, "LOGS_DIRECTORY"},
    {241, "CONFIGURATION_DIRECTORY"},
    {243, "CREDENTIALS"},
}};

// systemd.exec(5), "Process Exit Codes".
std::string_view exit_status_name(int status) noexcept {
  for (const ExitStatus& row : kExitStatuses) {
    if (row.status == status) return row.name;
  }
  return {};
}

std::string signal_name(int number) {
  const char* name = sigabbrev_np(number);
  return name == nullptr ? "signal " + std::to_string(number) : "SIG" + std::string(name);
}

std::string ended_text(int code, int status) {
  if (code == CLD_EXITED) {
    const std::string_view name = exit_status_name(status);
    return "status " + std::to_string(status) + (name.empty() ? "" : "/" + std::string(name));
  }
  return "killed by " + signal_name(status) + (code == CLD_DUMPED ? " (core dumped)" : "");
}

// What a Result means where its name alone does not say it.
std::string_view result_meaning(std::string_view result) noexcept {
  struct Row {
    std::string_view result;
    std::string_view meaning;
  };
  constexpr std::array<Row, 8> kRows{{
      {"timeout", "starting or stopping took too long"},
      {"watchdog", "it did not report to systemd in time"},
      {"start-limit-hit", "it was started too often, systemd has given up"},
      {"service-start-limit-hit", "its service was started too often, systemd has given up"},
      {"trigger-limit-hit", "it was triggered too often, systemd has given up"},
      {"oom-kill", "out of memory"},
      {"resources", "systemd lacked what it takes to start it"},
      {"protocol", "it did not do what its Type= asks for"},
  }};
  for (const Row& row : kRows) {
    if (row.result == result) return row.meaning;
  }
  return {};
}

}  // namespace

bool is_unit_suffix(std::string_view suffix) noexcept {
  return std::any_of(kTypes.begin(), kTypes.end(),
                     [suffix](const auto& type) { return type.first == suffix; });
}

std::string_view suffix_of(std::string_view name) noexcept {
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string_view{} : name.substr(dot + 1);
}

std::string interface_of(std::string_view name) {
  const std::string_view suffix = suffix_of(name);
  for (const auto& [type, interface] : kTypes) {
    if (type == suffix) return "org.freedesktop.systemd1." + std::string(interface);
  }
  return {};
}

// Whatever is no letter and no digit, and a digit at the start, is its code.
std::string unit_path(std::string_view name) {
  std::string out = "/org/freedesktop/systemd1/unit/";
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool digit = c >= '0' && c <= '9';
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    out += letter || (digit && i > 0) ? std::string(1, c) : "_" + hex(c);
  }
  return name.empty() ? out + "_" : out;
}

std::string unit_name(std::string_view text, std::string& error) {
  std::string name(text);
  if (text.starts_with('/')) name = escaped_path(text) + ".mount";
  if (!is_unit_suffix(suffix_of(name))) name += ".service";
  const std::string_view stem = std::string_view(name).substr(0, name.rfind('.'));
  const bool legal = std::all_of(name.begin(), name.end(), may_stand_in_name);
  if (text.empty() || stem.empty() || stem.front() == '@' || !legal) {
    error = "not a unit's name: \"" + printable(text, 100) + '"';
  } else if (name.size() > kLongestName) {
    error = "longer than a unit's name may be (255)";
  } else if (stem.ends_with('@')) {
    error = "a template; name an instance of it: \"" + printable(stem, 100) + "INSTANCE." +
            std::string(suffix_of(name)) + '"';
  }
  return name;
}

bool is_unit_fact(std::string_view property) {
  return std::binary_search(kFacts.begin(), kFacts.end(), property) ||
         std::find(kCommands.begin(), kCommands.end(), property) != kCommands.end();
}

UnitFacts unit_facts(const BusProperties& unit, const BusProperties& own) {
  UnitFacts out;
  update(out.standing, unit);
  update(out.standing, own);
  out.id = text_at(unit, "Id");
  out.load_state = text_at(unit, "LoadState");
  const BusValue::List& load_error = at(unit, "LoadError").list();  // name, text
  if (load_error.size() == 2) out.load_error = printable(load_error[1].text(), kLongestText);
  out.file_state = text_at(unit, "UnitFileState");
  const bool looked = at(unit, "ConditionTimestamp").counter() > 0;
  out.conditions_met = !looked || at(unit, "ConditionResult").number() != 0;
  out.needs_reload = at(unit, "NeedDaemonReload").number() != 0;
  out.inactive_exit = time_at(unit, "InactiveExitTimestamp");
  out.active_enter = time_at(unit, "ActiveEnterTimestamp");
  out.active_exit = time_at(unit, "ActiveExitTimestamp");
  out.changed = time_at(unit, "StateChangeTimestamp");
  out.oneshot = at(own, "Type").text() == "oneshot" && at(own, "RemainAfterExit").number() == 0;
  out.code = static_cast<int>(at(own, "ExecMainCode").number());
  out.status = static_cast<int>(at(own, "ExecMainStatus").number());
  find_failed_command(out, own);
  out.status_text = text_at(own, "StatusText");
  out.memory = counter_at(own, "MemoryCurrent");
  out.tasks = counter_at(own, "TasksCurrent");
  out.cpu = counter_at(own, "CPUUsageNSec");
  out.triggers = text_at(own, "Unit");
  out.last_trigger = time_at(own, "LastTriggerUSec");
  return out;
}

bool update(UnitStanding& standing, const BusProperties& changed) {
  const UnitStanding before = standing;
  const auto take = [&changed](std::string_view key, std::string& into) {
    if (changed.contains(key)) into = text_at(changed, key);
  };
  take("ActiveState", standing.active_state);
  take("SubState", standing.sub_state);
  take("Result", standing.result);
  if (changed.contains("NRestarts")) standing.restarts = at(changed, "NRestarts").counter();
  return standing != before;
}

std::string failure_text(const UnitFacts& facts) {
  const std::string& result = facts.standing.result;
  if (result.empty() || result == "success") return {};
  const bool of_main = failed(facts.code, facts.status);
  std::string ended = of_main ? ended_text(facts.code, facts.status) : "";
  if (!of_main && !facts.command.empty()) {
    ended = facts.command + ": " + ended_text(facts.command_code, facts.command_status);
  }
  // The signal says it all.
  if ((result == "signal" || result == "core-dump") && !ended.empty()) return ended;
  const std::string_view meaning = result_meaning(result);
  std::string out = result;
  if (!meaning.empty()) out += ": " + std::string(meaning);
  if (!ended.empty()) out += (out == "exit-code" ? ", " : "; ") + ended;
  return out;
}

}  // namespace tocsin
